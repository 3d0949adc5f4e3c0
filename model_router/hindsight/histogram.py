"""Quantiles of any number of values in a few hundred counters.

A bucket is what is left of a value as a 32-bit float when only seven bits of its mantissa are kept. So each bucket is
at most 1/128 of its values wide, and its middle is within 0.4 % of each of them. Negative values count as nothing.
"""

from __future__ import annotations

import struct
import sys
from array import array
from collections import Counter
from collections.abc import Mapping
from math import ceil

_UPPER_HALVES = slice(1, None, 2) if sys.byteorder == "little" else slice(0, None, 2)
_NEGATIVE = 0x8000


class Histogram:
    """Counts of values; adding is one append, :meth:`settle` counts what was added since."""

    __slots__ = ("_fresh", "add", "counts")

    def __init__(self) -> None:
        self._fresh = array("f")
        self.add = self._fresh.append
        self.counts: Counter[int] = Counter()

    def settle(self) -> None:
        """Count the values that were added, and let them go."""
        if self._fresh:
            self.counts.update(memoryview(self._fresh.tobytes()).cast("H")[_UPPER_HALVES].tolist())
            del self._fresh[:]


def quantile(counts: Mapping[int, int], share: float) -> float | None:
    """The value that ``share`` of all do not exceed (nearest rank), within 0.4 %; None when there are none."""
    total = sum(counts.values())
    rank = max(1, ceil(share * total))
    for bucket in sorted(counts, key=_value):
        rank -= counts[bucket]
        if rank <= 0:
            return _value(bucket)
    return None


def _value(bucket: int) -> float:
    """The middle of a bucket."""
    if bucket >= _NEGATIVE or bucket == 0:
        return 0.0
    lower, upper = (struct.unpack("<f", struct.pack("<I", bits << 16))[0] for bits in (bucket, bucket + 1))
    return float(lower + upper) / 2 if upper < float("inf") else float(sys.float_info.max)
