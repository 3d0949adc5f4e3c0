"""The line before a backend that takes only so many requests at once.

    place = line.enter()              # LineFull: try the next backend
    async with place:                 # waits for its turn; leaving frees the place, on whatever way
        ...

A stream that wants to say how it stands waits itself:

    try:
        while place.position:                      # 3rd, 2nd, 1st in line
            async with asyncio.timeout(15):
                await place.change()
        ...
    finally:
        place.leave()

First come, first served; but a person's request overtakes a client's housekeeping (titles, tags), ten times at most.
"""

from __future__ import annotations

import asyncio
import math
from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import TracebackType

_MOST_OVERTAKES = 10
_UNKNOWN_SECONDS = 5.0
"""What a request is thought to take before one has been seen through."""
_NEWEST_SHARE = 0.2
"""How much the newest duration counts in the mean."""
_LONGEST_ADVICE = 60


class LineFull(Exception):
    """So many wait already. ``retry_after`` is the number of whole seconds until those who wait are likely through."""

    def __init__(self, waiting: int, retry_after: int) -> None:
        super().__init__(f"has {waiting} requests waiting already" if waiting else "takes no more requests now")
        self.waiting = waiting
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True)
class LineSnapshot:
    """How a line stands; ``mean_seconds`` is what recent requests took, None before the first."""

    parallel: int
    queue: int
    serving: int
    waiting: int
    mean_seconds: float | None


class Place:
    """One request's place. ``position`` is 0 when it is its turn, 1 when it is the next, and so on.

    The position is the one that it has if nobody comes any more; who overtakes makes it higher again.
    """

    __slots__ = ("_changed", "_line", "_number", "_overtaken", "_since", "_turn", "position", "utility")

    def __init__(self, line: Line, number: int, *, utility: bool) -> None:
        self.utility = utility
        self.position = -1
        self._line: Line | None = line
        self._number = number
        self._overtaken = 0
        self._since = 0.0
        self._turn: asyncio.Future[None] | None = None
        self._changed: asyncio.Future[None] | None = None

    async def turn(self) -> None:
        """Wait until it is its turn."""
        if self.position:
            self._turn = asyncio.get_running_loop().create_future()
            await self._turn

    async def change(self) -> int:
        """Wait until the position is another, and give it; 0 at once when it is its turn already."""
        if self.position:
            self._changed = asyncio.get_running_loop().create_future()
            await self._changed
        return self.position

    def leave(self) -> None:
        """Free the place, waiting or not. Twice is fine."""
        line, self._line = self._line, None
        if line is not None:
            line._left(self)

    async def __aenter__(self) -> Place:
        try:
            await self.turn()
        except BaseException:
            self.leave()  # its turn may have come in the very moment in which the client left
            raise
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc_value: BaseException | None, tb: TracebackType | None
    ) -> None:
        self.leave()

    def _move(self, position: int) -> None:
        if position == self.position:
            return
        self.position = position
        for waiter in (self._changed, None if position else self._turn):
            if waiter is not None and not waiter.done():
                waiter.set_result(None)


class Line:
    """The line of one backend. ``parallel`` requests are served at once, ``queue`` may wait. Used on one loop only."""

    def __init__(self, parallel: int, queue: int, clock: Callable[[], float]) -> None:
        self._parallel = parallel
        self._queue = queue
        self._clock = clock
        self._serving = 0
        self._entered = 0
        self._mains: deque[Place] = deque()
        self._utilities: deque[Place] = deque()
        self._mean: float | None = None

    def enter(self, *, utility: bool = False) -> Place:
        """Take a place; it must be left.

        Raises:
            LineFull: nothing is free and no more may wait.
        """
        waiting = len(self._mains) + len(self._utilities)
        if self._serving >= self._parallel and waiting >= self._queue:
            raise LineFull(waiting, self.estimate(waiting))
        self._entered += 1
        place = Place(self, self._entered, utility=utility)
        if self._serving < self._parallel:  # nobody waits then
            self._serve(place)
        else:
            (self._utilities if utility else self._mains).append(place)
            self._tell()
        return place

    def resize(self, parallel: int, queue: int) -> None:
        """Take new bounds, as the configuration has changed. Who is there stays."""
        self._parallel, self._queue = parallel, queue
        self._serve_next()

    def estimate(self, position: int) -> int:
        """Whole seconds until it is the turn of the one at this position, judged by recent requests; 1 to 60."""
        seconds = (_UNKNOWN_SECONDS if self._mean is None else self._mean) * position / self._parallel
        return max(1, min(_LONGEST_ADVICE, math.ceil(seconds)))

    def snapshot(self) -> LineSnapshot:
        """How it stands now."""
        waiting = len(self._mains) + len(self._utilities)
        return LineSnapshot(self._parallel, self._queue, self._serving, waiting, self._mean)

    def _left(self, place: Place) -> None:
        if place.position:
            (self._utilities if place.utility else self._mains).remove(place)
            self._tell()
            return
        self._serving -= 1
        seconds = self._clock() - place._since
        self._mean = seconds if self._mean is None else self._mean + _NEWEST_SHARE * (seconds - self._mean)
        self._serve_next()

    def _serve_next(self) -> None:
        moved = False
        while self._serving < self._parallel and (self._mains or self._utilities):
            place = next(self._order())
            if place.utility:
                self._utilities.popleft()
            else:
                self._mains.popleft()
                for waiting in self._utilities:
                    waiting._overtaken += waiting._number < place._number
            self._serve(place)
            moved = True
        if moved:
            self._tell()

    def _serve(self, place: Place) -> None:
        self._serving += 1
        place._since = self._clock()
        place._move(0)

    def _tell(self) -> None:
        for position, place in enumerate(self._order(), 1):
            place._move(position)

    def _order(self) -> Iterator[Place]:
        """Those who wait, in the order in which they are served if nobody comes or leaves."""
        mains, utilities = deque(self._mains), deque(self._utilities)
        served: list[int] = []
        while mains and utilities:
            main, utility = mains[0], utilities[0]
            overtaken = utility._overtaken + len(served) - bisect_right(served, utility._number)
            if main._number < utility._number or overtaken < _MOST_OVERTAKES:
                served.append(main._number)
                yield mains.popleft()
            else:
                yield utilities.popleft()
        yield from mains
        yield from utilities
