"""Changing a person's file: the new one comes in one step, and a copy of the old one can stay."""

from __future__ import annotations

import os
import shutil
from datetime import datetime
from pathlib import Path


def back_up(path: Path, now: datetime) -> Path:
    """A copy beside the file, ``NAME.20260131-235959.bak``; it takes the place of no earlier copy."""
    stamp = now.strftime("%Y%m%d-%H%M%S")
    copy, number = path.with_name(f"{path.name}.{stamp}.bak"), 1
    while os.path.lexists(copy):
        number += 1
        copy = path.with_name(f"{path.name}.{stamp}-{number}.bak")
    shutil.copy2(path, copy)
    return copy


def write_private(path: Path, data: bytes) -> None:
    """Replace a file in one step; only the person may read it."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}.draft")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
