"""A protocol that does not wait for ever, with one timer that is rarely touched."""

from __future__ import annotations

import asyncio
from math import inf
from typing import Final

_EARLY: Final = 0.002
"""Seconds that a timer may come before its time."""


class Deadlines(asyncio.Protocol):
    """Two times: by when something has to have come, and by when the client has to have read some of what waits for it.

    They move with every request; the timer does not. It looks at them when it is due, and is set anew only then, or for
    a time that is earlier than its own.
    """

    loop: asyncio.AbstractEventLoop
    transport: asyncio.Transport

    def __init__(self, write_seconds: float) -> None:
        self._write_seconds = write_seconds
        self._read_by = inf
        self._write_by = inf
        self._unwritten = 0
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = inf

    def expect_reading(self, seconds: float) -> None:
        """Call ``read_late`` after so long, unless this is called again or ``expect_no_reading``."""
        self._read_by = self.loop.time() + seconds
        if self._read_by < self._timer_at:
            self._set(self._read_by)

    def expect_no_reading(self) -> None:
        """The client may take its time."""
        self._read_by = inf

    def expect_writing(self) -> None:
        """Call ``write_late`` when for so long nothing at all of what is written has left."""
        self._unwritten = self.transport.get_write_buffer_size()
        self._write_by = self.loop.time() + self._write_seconds
        if self._write_by < self._timer_at:
            self._set(self._write_by)

    def expect_no_writing(self) -> None:
        """All is written."""
        self._write_by = inf

    def stop_expecting(self) -> None:
        """The end: the timer refers to this object, and so must not stay."""
        self._read_by = self._write_by = self._timer_at = inf
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def read_late(self) -> None:
        """What was expected did not come."""
        raise NotImplementedError

    def write_late(self) -> None:
        """The client does not read."""
        raise NotImplementedError

    def _set(self, when: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer_at = when
        self._timer = self.loop.call_at(when, self._look)

    def _look(self) -> None:
        self._timer = None
        self._timer_at = inf
        now = self.loop.time() + _EARLY
        if now >= self._write_by:
            self._write_by = inf
            if self.transport.get_write_buffer_size() < self._unwritten:
                self.expect_writing()  # slow, but reading
            else:
                self.write_late()
        if now >= self._read_by:
            self._read_by = inf
            self.read_late()
        nearest = min(self._read_by, self._write_by)
        if nearest < self._timer_at:
            self._set(nearest)
