"""Freed memory goes back to the system.

glibc keeps what large requests took, because it may be needed again; a program that runs all day should not look, for
the rest of it, like its busiest moment.
"""

from __future__ import annotations

import ctypes
import sys


def give_back() -> None:
    """Hand back what is free (``malloc_trim(3)``); takes a few milliseconds. Nothing happens without glibc."""
    if not sys.platform.startswith("linux"):
        return
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
