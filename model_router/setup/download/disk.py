"""The file system as downloads need it: room, writing, locks. Passed in, so that a test may fill the disk."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

RESERVE_SHARE = 0.05
RESERVE_BYTES = 2 * 1024**3
"""What stays free beside a download: a twentieth of it, and 2 GiB for everything else on that disk."""


class Disk:
    """The real one."""

    def free(self, folder: Path) -> int | None:
        """Free bytes where ``folder`` is or will be, for this user; ``None`` when that cannot be told."""
        place = folder
        while not place.exists() and place != place.parent:
            place = place.parent
        try:
            return shutil.disk_usage(place).free
        except OSError:
            return None

    def write(self, descriptor: int, data: bytes) -> None:
        """All of ``data``, or ``OSError``."""
        view = memoryview(data)
        while view:
            view = view[os.write(descriptor, view) :]


def room_needed(size: int) -> int:
    """Bytes that have to be free before ``size`` bytes are fetched."""
    return int(size * (1 + RESERVE_SHARE)) + RESERVE_BYTES


def sync_folder(folder: Path) -> None:
    """Make renames in ``folder`` last; systems that cannot open folders need no such thing."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def try_lock(descriptor: int) -> bool:
    """Take a file for this process, until it is closed or the process ends, however that happens."""
    try:
        if os.name == "nt":
            import msvcrt

            # Far behind every end of a file: on Windows a locked range cannot be written by others.
            os.lseek(descriptor, 2**62, os.SEEK_SET)
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]  # Windows has it
            os.lseek(descriptor, 0, os.SEEK_SET)
        else:
            import fcntl

            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
