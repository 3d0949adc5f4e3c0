"""Quantiles of any number of values in a few hundred counters."""

from __future__ import annotations

from math import ceil, exp, log

GROWTH = 1.02
"""Each bucket reaches this much further than the one before; a quantile is within 1 % of the true value."""

SCALE = 1 / log(GROWTH)
ZERO = -10_000
"""The bucket of zero and of whatever is no positive number."""


def bucket_of(value: float) -> int:
    """The bucket of a value."""
    return int(log(value) * SCALE // 1) if value > 0 else ZERO


def middle(bucket: int) -> float:
    """The value that stands for a bucket, at most 1 % from any in it."""
    return exp((bucket + 0.5) / SCALE) if bucket != ZERO else 0.0


def add_all(target: dict[int, int], counts: dict[int, int]) -> None:
    """Add one histogram to another."""
    for bucket, count in counts.items():
        target[bucket] = target.get(bucket, 0) + count


def quantile(counts: dict[int, int], share: float) -> float | None:
    """The value that ``share`` of all do not exceed (nearest rank); None when there are none."""
    total = sum(counts.values())
    rank = max(1, ceil(share * total))
    for bucket in sorted(counts):
        rank -= counts[bucket]
        if rank <= 0:
            return middle(bucket)
    return None
