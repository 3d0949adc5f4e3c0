"""One file, several processes that add to it: each holds its lock while it does.

The lock is the system's and advisory. It goes with the process, so none can be left behind. Where there is none, as on
Windows and some network folders, everybody goes on without.
"""

from __future__ import annotations

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
