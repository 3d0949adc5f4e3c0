"""Changing a person's file: a copy with its time stays, and the new one comes in one step."""

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
