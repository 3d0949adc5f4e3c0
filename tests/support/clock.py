"""A clock for promises about time: it stands still while this process waits for a processor."""

from __future__ import annotations

import time
from pathlib import Path

_TASKS = Path("/proc/self/task")


def now() -> float:
    """Seconds; what other programs on a busy machine take does not count, where the system tells it (Linux)."""
    return time.monotonic() - starved()


def starved() -> float:
    """Seconds that this process's threads have stood in line for a processor, by the scheduler's count."""
    waited = 0
    try:
        for task in _TASKS.iterdir():
            waited += int((task / "schedstat").read_text("ascii").split()[1])
    except (OSError, IndexError):
        return 0.0
    return waited / 1e9
