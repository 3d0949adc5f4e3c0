"""How fast bytes come, and a limit for it. The clock is passed in."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

_WINDOW = 5.0
_SAMPLE = 0.1


class Throttle:
    """At most ``rate`` bytes a second, over all who take from it; ``None`` is no limit."""

    def __init__(self, rate: int | None, clock: Callable[[], float]) -> None:
        self._rate = rate
        self._clock = clock
        self._due = 0.0

    async def take(self, size: int) -> None:
        """Wait until ``size`` more bytes are within the limit."""
        if self._rate is None:
            return
        now = self._clock()
        self._due = max(self._due, now) + size / self._rate
        if self._due > now:
            await asyncio.sleep(self._due - now)


class RateMeter:
    """Bytes per second over the last few seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._total = 0
        self._samples: deque[tuple[float, int]] = deque([(clock(), 0)])

    def count(self, size: int) -> None:
        """So many bytes have come."""
        self._total += size
        now = self._clock()
        if now - self._samples[-1][0] >= _SAMPLE:
            self._samples.append((now, self._total))
            while len(self._samples) > 2 and self._samples[1][0] < now - _WINDOW:
                self._samples.popleft()

    def rate(self) -> float | None:
        """``None`` until it can be told."""
        start, before = self._samples[0]
        passed = self._clock() - start
        return (self._total - before) / passed if passed >= _SAMPLE else None
