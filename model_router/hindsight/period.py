"""Periods as people write them: ``2h``, ``2026-01-31``, ``2026-01-31T10:00``."""

from __future__ import annotations

import re
from datetime import datetime

from model_router.errors import UsageError

_UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
_SPAN = re.compile(r"(\d{1,9})([smhdw])", re.ASCII)


def parse_moment(text: str, now: float) -> float:
    """A moment as unix seconds: a span back from ``now``, or a date or time, local unless it names its zone.

    Raises:
        UsageError: it is neither.
    """
    match = _SPAN.fullmatch(text.strip().lower())
    if match is not None:
        return now - int(match[1]) * _UNITS[match[2]]
    try:
        return datetime.fromisoformat(text.strip()).timestamp()
    except (ValueError, OverflowError, OSError):
        raise UsageError(
            f"{text[:60]!r} is no time",
            "Write a span back from now (30m, 2h, 7d) or a date (2026-01-31, 2026-01-31T10:00).",
        ) from None
