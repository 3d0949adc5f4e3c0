"""The application in a real terminal: tmux draws what a person would see, and types what a person would type."""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import subprocess
import time
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

WITHIN = 45.0
"""Seconds for what takes well under one on a machine that has nothing else to do."""


def tmux_is_here() -> bool:
    """Whether this machine has tmux."""
    return shutil.which("tmux") is not None


@dataclass(frozen=True, slots=True)
class Terminal:
    """A terminal of its own, with one program in it; ``name`` is the socket that no other tmux uses."""

    name: str

    def text(self) -> str:
        """What stands on the screen."""
        return self._tmux("capture-pane", "-p", "-t", "main")

    def press(self, *keys: str) -> None:
        """Keys by their names (``Enter``, ``Escape``, ``C-q``) or single characters."""
        self._tmux("send-keys", "-t", "main", *keys)

    def write(self, text: str) -> None:
        """Text as it is."""
        self._tmux("send-keys", "-t", "main", "-l", text)

    def wait_for(self, *words: str) -> str:
        """Wait until all of these stand on the screen, and give the screen.

        Raises:
            AssertionError: they do not come; the message has what stands there.
        """
        deadline = time.monotonic() + WITHIN
        while True:
            text = self.text()
            if all(word in text for word in words):
                return text
            assert time.monotonic() < deadline, f"{words} did not come; the screen:\n{text}"
            time.sleep(0.05)

    def leave(self) -> int:
        """Press q, say yes when it asks, and give the exit code."""
        self.press("q")
        deadline = time.monotonic() + WITHIN
        while "LEFT WITH " not in (text := self.text()):
            if "y yes" in text:
                self.press("y")
            assert time.monotonic() < deadline, f"it does not leave; the screen:\n{text}"
            time.sleep(0.1)
        return self.wait_until_left()

    def wait_gone(self, word: str) -> str:
        """Wait until a word no longer stands on the screen. After Escape always: with another key it would be Alt."""
        deadline = time.monotonic() + WITHIN
        while word in (text := self.text()):
            assert time.monotonic() < deadline, f"{word!r} stays; the screen:\n{text}"
            time.sleep(0.05)
        return text

    def wait_until_left(self) -> int:
        """Wait until the program has ended, and give its exit code."""
        found = self.wait_for("LEFT WITH ")
        return int(found.partition("LEFT WITH ")[2].split()[0])

    def _tmux(self, *arguments: str) -> str:
        done = subprocess.run(
            ["tmux", "-L", self.name, *arguments], capture_output=True, text=True, timeout=30, check=True
        )
        return done.stdout


@contextlib.contextmanager
def terminal(
    command: list[str], folder: Path, environ: Mapping[str, str], *, columns: int = 120, rows: int = 40
) -> Iterator[Terminal]:
    """Run a command in a terminal of so many cells; everything is gone afterwards."""
    name = f"model-router-{uuid.uuid4().hex[:12]}"
    settings = " ".join(f"{key}={shlex.quote(value)}" for key, value in environ.items())
    run = f"env -u COLUMNS -u LINES {settings} {shlex.join(command)}"  # who runs the tests may have another size
    line = f"cd {shlex.quote(str(folder))}; {run}; echo LEFT WITH $?; sleep 600"
    start = [
        "tmux",
        "-L",
        name,
        "-f",
        os.devnull,
        "new-session",
        "-d",
        "-s",
        "main",
        "-x",
        str(columns),
        "-y",
        str(rows),
    ]
    subprocess.run([*start, "sh", "-c", line], check=True, timeout=30, env=os.environ | {"TERM": "xterm-256color"})
    try:
        yield Terminal(name)
    finally:
        subprocess.run(["tmux", "-L", name, "kill-server"], check=False, capture_output=True, timeout=30)
