"""Lengths of a context as people write them."""

from __future__ import annotations

import re

_WRITTEN = re.compile(r"(?P<digits>[0-9]{1,9}(?:[_,][0-9]{3})*)\s*(?P<unit>[kKmM]?)", re.ASCII)
_UNITS = {"": 1, "k": 1024, "m": 1024 * 1024}


def token_count(text: str) -> int | None:
    """Tokens from ``32768``, ``32,768``, ``32k`` or ``1M``: k is 1024, as contexts are counted. Else ``None``."""
    found = _WRITTEN.fullmatch(text.strip())
    if found is None:
        return None
    return int(re.sub("[_,]", "", found["digits"])) * _UNITS[found["unit"].lower()]
