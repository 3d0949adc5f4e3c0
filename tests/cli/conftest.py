"""Commands as a person runs them: inside this process for breadth, in a process of their own where that matters."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from model_router.cli.main import cli
from model_router.cli.running import run


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended and what it printed."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str], home: Path) -> Callable[..., Ended]:
    """Run ``model-router`` with these arguments in this process; the person's folder is empty at first."""

    def call(*arguments: str) -> Ended:
        code = run(cli, arguments, "model-router")
        captured = capsys.readouterr()
        assert "Traceback" not in captured.err
        return Ended(code, captured.out, captured.err)

    return call


@pytest.fixture
def process(tmp_path: Path) -> Callable[..., Ended]:
    """Run ``python -m model_router`` in a process of its own, with an empty home and from another folder."""

    def call(*arguments: str, stdin: bytes = b"", **environ: str) -> Ended:
        ended = subprocess.run(
            [sys.executable, "-m", "model_router", *arguments],
            input=stdin,
            capture_output=True,
            timeout=60,
            check=False,
            cwd="/",
            env={**os.environ, "MODEL_ROUTER_HOME": str(tmp_path / "home"), **environ},
        )
        return Ended(ended.returncode, ended.stdout.decode(), ended.stderr.decode())

    return call
