"""Sizes and spans of time in words, and sizes from words."""

from __future__ import annotations

import re

from model_router.errors import UsageError

_UNITS = ("B", "kB", "MB", "GB", "TB")
_WRITTEN = re.compile(r"(\d+(?:\.\d+)?)\s*([kKmMgG]?)(i?)[bB]?(?:/s)?")
_POWERS = {"": 0, "k": 1, "m": 2, "g": 3}


def size_words(size: float) -> str:
    """``4.92 GB``: powers of a thousand, as hubs and disks are labelled."""
    index = 0
    while abs(size) >= 999.5 and index < len(_UNITS) - 1:
        size /= 1000
        index += 1
    return f"{size:.0f} {_UNITS[index]}" if index == 0 else f"{size:.3g} {_UNITS[index]}"


def time_words(seconds: float) -> str:
    """``4 s``, ``3 min``, ``2 h 05 min``."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    if minutes < 100:
        return f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60:02} min"


def parse_rate(text: str) -> int:
    """Bytes per second from ``500k``, ``10M``, ``1.5 MiB/s``.

    Raises:
        UsageError: it is no such thing, or nothing would ever arrive.
    """
    found = _WRITTEN.fullmatch(text.strip())
    rate = 0
    if found:
        rate = int(float(found[1]) * (1024 if found[3] else 1000) ** _POWERS[found[2].lower()])
    if rate < 1000:
        raise UsageError(f"{text!r} is no rate", "Write bytes per second like 500k, 10M or 1.5MiB, at least 1k.")
    return rate
