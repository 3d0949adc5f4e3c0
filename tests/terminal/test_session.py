"""A person at a real terminal."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.gateway_process import command
from tests.support.tmux import terminal, tmux_is_here

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not tmux_is_here(), reason="tmux is not installed")]


def person(tmp_path: Path) -> dict[str, str]:
    """Somebody with an empty home."""
    return {
        "HOME": str(tmp_path),
        "MODEL_ROUTER_HOME": str(tmp_path / "mr"),
        "TMPDIR": str(tmp_path),
        "LANG": "C.UTF-8",
    }


def test_the_demo_is_looked_at_and_left(tmp_path: Path) -> None:
    with terminal(command("demo"), tmp_path, person(tmp_path)) as screen:
        screen.wait_for("serving", "Backends", "Routes")
        screen.press("2")
        screen.wait_for("Write a prompt")
        screen.write("drop the production database")
        screen.wait_for("human_confirm", "destructive")
        screen.press("Escape")
        screen.wait_for("Routes")
        screen.press("3")
        screen.wait_for("FOLLOWING")
        screen.press("/")
        screen.wait_for("esc clears")
        screen.write("route:coding")
        screen.press("Enter")
        screen.wait_for("filter: route:coding", "Receipt")
        screen.press("?")
        screen.wait_for("Everywhere")
        screen.press("Escape")
        screen.wait_gone("Everywhere")
        screen.press("d")
        screen.press("q")
        if "under way" in screen.text():
            screen.press("y")
        assert screen.wait_until_left() == 0
