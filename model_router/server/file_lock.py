"""Locks of files between processes: for a moment, by those who add to one file, or for life, as a sign of life.

The number of a process says little of whether it lives: another may have it by now, and in a container every gateway
has the same. A lock is the system's and advisory; it goes with the process that has it, however that ends, so none can
be left behind. Where there is none, as on Windows and some network folders, everybody goes on without.
"""

from __future__ import annotations

import contextlib
import os
import sys
import time

if sys.platform != "win32":
    import fcntl

LOCK_SECONDS = 1.0
_PAUSE_SECONDS = 0.001


def lock(file: int, longest: float = LOCK_SECONDS) -> bool:
    """Take the lock of an open file; says whether it was had. Nobody who has been stopped in the midst of his writing
    can hold others up: after ``longest`` seconds they go on without.
    """
    if sys.platform == "win32":
        return False
    deadline = time.monotonic() + longest
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                return False
            time.sleep(_PAUSE_SECONDS)
        except OSError:
            return False  # a file system without locks
        else:
            return True


def unlock(file: int) -> None:
    """Let the lock go; nothing happens where it was not had."""
    if sys.platform != "win32":
        try:
            fcntl.flock(file, fcntl.LOCK_UN)
        except OSError:
            return  # a file system without locks


def hold(file: int) -> int:
    """Hold an open file until it is closed; what was given comes back. Some network disks cannot, and hold nothing.

    On Windows, where an open file could be neither renamed nor removed, it is closed, and -1 comes back.
    """
    if sys.platform == "win32":
        os.close(file)
        return -1
    with contextlib.suppress(OSError):
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    return file


def is_held(file: int, pid: int) -> bool:
    """Whether the process that holds an open file lives; ``pid`` is its number, for where files cannot be held."""
    if sys.platform != "win32":
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        except OSError:
            pass
        else:
            fcntl.flock(file, fcntl.LOCK_UN)
            return False
    import psutil

    return psutil.pid_exists(pid)
