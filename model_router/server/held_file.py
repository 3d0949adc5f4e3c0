"""A file that its process holds while it lives: whoever finds it later can tell whether that process is gone.

The number of a process says little: another may have it by now, and in a container every gateway has the same. A lock
goes with the process that holds it, however that ends.
"""

from __future__ import annotations

import contextlib
import os
import sys

if sys.platform != "win32":
    import fcntl


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
