"""The packages that ours is compared with, each in a virtual environment of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

VERSION = "0.7.2"
_ENVIRONMENTS = Path(__file__).resolve().parent.parent / ".venv"


def python(requirement: str = f"hermes-router=={VERSION}", folder: str = "peer") -> Path | None:
    """The interpreter of that environment, made when missing; None, with a word on stderr, where it cannot be had.

    ``folder`` is where in ``.venv`` it lies; packages that can share one may.
    """
    home = _ENVIRONMENTS / folder
    interpreter = home / "bin" / "python"
    marker = home / f".{requirement}"
    if not marker.exists():
        print(f"installing {requirement} into {home} ...", file=sys.stderr)
        try:
            subprocess.run([sys.executable, "-m", "venv", str(home)], check=True, capture_output=True)
            subprocess.run([interpreter, "-m", "pip", "install", "-q", requirement], check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError) as error:
            print(f"{requirement} cannot be installed here ({error}); it is left out", file=sys.stderr)
            return None
        marker.touch()
    return interpreter
