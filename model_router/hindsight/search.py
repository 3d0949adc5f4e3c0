"""The rows of a log that a filter lets through, found as far as there is time, newest first."""

from __future__ import annotations

import time
from array import array

from model_router.hindsight.columns import Columns
from model_router.hindsight.filter import Filter
from model_router.hindsight.log_index import LogIndex
from model_router.hindsight.past_event import PastEvent, read_line

_STRIDE = 65_536
_READ_AT_ONCE = 512


class Search:
    """One filter over one index. ``found`` are the numbers of the rows that match, rising, so newest first.

    Rows that are in the columns are looked through there; all others are read. Call :meth:`go` until it says that
    everything has been looked at; what has been found so far is right at any time.
    """

    def __init__(self, index: LogIndex, columns: Columns, wanted: Filter) -> None:
        self.found: array[int] = array("Q")
        self.looked_at = 0
        self._index = index
        self._columns = columns
        self._wanted = wanted

    @property
    def complete(self) -> bool:
        """Whether every row of the log has been looked at."""
        return self._index.complete and self.looked_at >= self._index.rows

    @property
    def share(self) -> float:
        """How much of the log has been looked at, 0 to 1, as far as its length is known."""
        rows = self._index.rows
        return self._index.share * (self.looked_at / rows) if rows else self._index.share

    def go(self, seconds: float | None = None, *, enough: int | None = None) -> bool:
        """Look on, for about so long, or until ``enough`` rows are found; says whether everything was looked at."""
        deadline = None if seconds is None else time.monotonic() + seconds
        while self.looked_at < self._index.rows and (enough is None or len(self.found) < enough):
            if self.looked_at < self._columns.rows:
                self._look_in_columns(deadline)
            else:
                self._read_block()
            if deadline is not None and time.monotonic() >= deadline:
                break
        return self.complete

    def page(self, start: int, count: int) -> list[PastEvent]:
        """The matching rows from the ``start``-th on."""
        rows = self._index.read(self.found[start : start + count])
        return [row for row in rows if isinstance(row, PastEvent)]

    def _look_in_columns(self, deadline: float | None) -> None:
        start = self.looked_at
        stop = min(start + _STRIDE, self._columns.rows)
        may, unsure = self._columns.mask(self._wanted, start, stop)
        read, position = 0, may.find(1)
        while position >= 0:
            if not unsure[position]:
                self.found.append(start + position)
            else:
                if self._matches(start + position):
                    self.found.append(start + position)
                read += 1
                if deadline is not None and read % _READ_AT_ONCE == 0 and time.monotonic() >= deadline:
                    stop = start + position + 1
                    break
            position = may.find(1, position + 1)
        self.looked_at = stop

    def _matches(self, number: int) -> bool:
        row = self._index.read((number,))[0]
        return isinstance(row, PastEvent) and self._wanted.matches(row)

    def _read_block(self) -> None:
        """The rows of the block that the next row is in."""
        place = self._index.place(self.looked_at)
        block = self._index.blocks[place]
        for number, raw in enumerate(self._index.lines(place), block.first):
            if number >= self.looked_at:
                row = read_line(raw)
                if isinstance(row, PastEvent) and self._wanted.matches(row):
                    self.found.append(number)
        self.looked_at = block.first + block.rows
