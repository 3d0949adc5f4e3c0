"""What a server prints: a file of its own, bounded, that its user alone reads."""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
from pathlib import Path

_LARGEST = 10_485_760
_READ = 262_144


def open_log(path: Path) -> int:
    """Open it to be written on at its end; what is long already is put aside as ``.1`` first.

    Raises:
        OSError: it cannot be written.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with contextlib.suppress(FileNotFoundError):
        found = path.stat()
        if stat.S_ISREG(found.st_mode) and found.st_size > _LARGEST:
            path.replace(_older(path))
            _older(path).chmod(0o600)
    file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_NONBLOCK", 0), 0o600)
    if hasattr(os, "O_NONBLOCK"):
        os.set_blocking(file, True)
    if hasattr(os, "fchmod") and stat.S_ISREG(os.fstat(file).st_mode):
        with contextlib.suppress(PermissionError):  # somebody else's file, in which one may write
            os.fchmod(file, 0o600)
    return file


def shorten_log(path: Path) -> None:
    """Copy it to ``.1`` and empty it when it is too long: the server that writes to it has it open and keeps it."""
    with contextlib.suppress(OSError):
        found = path.stat()
        if not stat.S_ISREG(found.st_mode) or found.st_size <= _LARGEST:
            return
        older = _older(path)
        older.unlink(missing_ok=True)
        with (
            path.open("rb") as long,
            os.fdopen(os.open(older, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as copy,
        ):
            shutil.copyfileobj(long, copy)
        os.truncate(path, 0)


def tail(path: Path, lines: int) -> list[str]:
    """Its last lines."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - _READ))
            text = file.read().decode("utf-8", "replace")
    except OSError:
        return []
    return text.splitlines()[-lines:]


def _older(path: Path) -> Path:
    return path.with_name(f"{path.name}.1")
