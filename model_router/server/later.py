"""What a request needs only when it takes long: most are over before, and so no timer is set for any of them alone."""

from __future__ import annotations

import asyncio
from typing import Protocol


class Lasting(Protocol):
    """Something that may be over soon."""

    def grow_late(self) -> None:
        """It was not."""
        ...


class Later:
    """Tells those that still wait after ``seconds``, and at most twice as many. For one loop.

    One timer for all: at each turn of it the old ones are told, and the young ones grow old.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._young: set[Lasting] = set()
        self._old: set[Lasting] = set()
        self._turning = False

    def add(self, one: Lasting) -> None:
        """From now on it waits."""
        self._young.add(one)
        if not self._turning:
            self._turning = True
            asyncio.get_running_loop().call_later(self._seconds, self._turn)

    def discard(self, one: Lasting) -> None:
        """It is over, or was told."""
        self._young.discard(one)
        self._old.discard(one)

    def _turn(self) -> None:
        late, self._old, self._young = self._old, self._young, set()
        self._turning = bool(self._old)
        if self._turning:
            asyncio.get_running_loop().call_later(self._seconds, self._turn)
        for one in late:
            one.grow_late()
