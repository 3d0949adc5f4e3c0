"""The package that ours is compared with, in a virtual environment of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

VERSION = "0.7.2"
HOME = Path(__file__).resolve().parent.parent / ".venv" / "peer"


def python(requirement: str = f"hermes-router=={VERSION}") -> Path | None:
    """The interpreter of that environment, made when missing; None, with a word on stderr, where it cannot be had."""
    interpreter = HOME / "bin" / "python"
    marker = HOME / f".{requirement}"
    if not marker.exists():
        print(f"installing {requirement} into {HOME} ...", file=sys.stderr)
        try:
            subprocess.run([sys.executable, "-m", "venv", str(HOME)], check=True, capture_output=True)
            subprocess.run([interpreter, "-m", "pip", "install", "-q", requirement], check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError) as error:
            print(f"{requirement} cannot be installed here ({error}); ours is measured alone", file=sys.stderr)
            return None
        marker.touch()
    return interpreter
