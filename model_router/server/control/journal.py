"""The newest events with numbers, for those who follow them from outside."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass
from itertools import islice

from model_router.server.events import RequestEvent
from model_router.server.happenings import GatewayEvent

_CAPACITY = 1_000


@dataclass(frozen=True, slots=True)
class Batch:
    """Events in order; ``first`` is the number of the first of them. ``missed`` have gone before they could be read."""

    first: int
    events: tuple[RequestEvent | GatewayEvent, ...]
    missed: int

    @property
    def cursor(self) -> int:
        """What to ask with for those after these."""
        return self.first + len(self.events) - 1


class Journal:
    """Events are numbered from 1. Used on the server's loop only; ``newest`` may be read from any thread."""

    def __init__(self, capacity: int = _CAPACITY) -> None:
        self.newest = 0
        self.closed = False
        self._events: deque[RequestEvent | GatewayEvent] = deque(maxlen=capacity)
        self._waiters: set[asyncio.Future[None]] = set()

    def append(self, event: RequestEvent | GatewayEvent) -> None:
        """Add one; well under a microsecond while nobody follows."""
        self._events.append(event)
        self.newest += 1
        if self._waiters:
            self._wake()

    def after(self, cursor: int, limit: int = 500) -> Batch:
        """The events behind a cursor. One that lies ahead, from an earlier life of the gateway, counts as none."""
        oldest = self.newest - len(self._events) + 1
        wanted = cursor + 1 if cursor <= self.newest else 1
        first = max(wanted, oldest)
        found = islice(self._events, first - oldest, first - oldest + limit)
        return Batch(first, tuple(found), first - wanted)

    async def more(self, cursor: int) -> None:
        """Wait until there is something behind a cursor, or there will never be."""
        if self.newest > cursor or self.closed:
            return
        waiter = asyncio.get_running_loop().create_future()
        self._waiters.add(waiter)
        try:
            await waiter
        finally:
            self._waiters.discard(waiter)

    def close(self) -> None:
        """Nothing comes any more."""
        self.closed = True
        self._wake()

    def _wake(self) -> None:
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_result(None)
