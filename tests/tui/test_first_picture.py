"""The first picture waits for nothing that only the gateway or another screen needs."""

from __future__ import annotations

import subprocess
import sys


def test_the_first_picture_needs_no_client_no_yaml_and_no_other_screen() -> None:
    heavy = ("httpx", "yaml", "quart", "model_router.engine.words", "model_router.tui.screens.config")
    code = f"import sys, model_router.tui.app; print([name for name in {heavy!r} if name in sys.modules])"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert ended.stdout.strip() == "[]"
