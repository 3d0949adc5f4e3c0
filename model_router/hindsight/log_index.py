"""Random access to a log of any size, by row, without reading more of it than is looked at.

A :class:`LogIndex` is a picture of the log as it was when it was opened. Row 0 is the newest line, so that the newest
rows are there at once and keep their numbers while older ones are still being found. The index holds a few numbers for
each 128 KB of file, no line and no text.
"""

from __future__ import annotations

import os
import time
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from model_router.hindsight.event_files import event_files
from model_router.hindsight.past_event import BrokenLine, OtherLine, PastEvent, read_line

_BLOCK = 131_072
_SAMPLE = 8_192
_SHORT = 512
"""Bytes of a line below which counting bytes is quicker than looking for its end."""
_KEPT_BLOCKS = 16
_LONGEST_LINE = 67_108_864

Row = PastEvent | OtherLine | BrokenLine


@dataclass(frozen=True, slots=True)
class Block:
    """The lines whose ends lie in ``[start, end)`` of a file; ``rows`` of them, the newest has the number ``first``."""

    file: int
    start: int
    end: int
    first: int
    rows: int


class LogIndex:
    """Rows by number, newest first. Call :meth:`index` until it says that all rows are found; :meth:`page` works from
    the start for those that are. Used by one thread at a time. Files stay open, so rotation takes nothing away.
    """

    def __init__(self, path: Path) -> None:
        self.blocks: list[Block] = []
        self.rows = 0
        self._firsts: list[int] = []
        self._cache: OrderedDict[int, list[bytes]] = OrderedDict()
        self._files: list[int] = []
        self._ends: list[int] = []
        for file in reversed(event_files(path)):
            self._open(file)
        self._bytes = sum(self._ends)
        self._seen = 0
        self._at = 0  # the file that is being read backwards
        self._position = self._ends[0] if self._ends else 0

    def __enter__(self) -> LogIndex:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let the files go; no row can be read afterwards."""
        while self._files:
            os.close(self._files.pop())
        self._cache.clear()

    @property
    def complete(self) -> bool:
        """Whether every row has been found."""
        return self._at >= len(self._ends)

    @property
    def share(self) -> float:
        """How much of the files has been looked through, 0 to 1."""
        return self._seen / self._bytes if self._bytes else 1.0

    def index(self, seconds: float | None = None) -> bool:
        """Find more rows, for about so long or until all are found; says whether all are."""
        deadline = None if seconds is None else time.monotonic() + seconds
        while not self.complete:
            self._index_block()
            if deadline is not None and time.monotonic() >= deadline:
                break
        return self.complete

    def page(self, start: int, count: int) -> list[Row]:
        """Rows ``start``, ``start + 1``, ... towards the older ones; fewer where no more are found yet."""
        return self.read(range(start, min(start + count, self.rows)))

    def read(self, numbers: Iterable[int]) -> list[Row]:
        """The rows of these numbers; each has to be among those that are found."""
        found: list[Row] = []
        for number in numbers:
            if not 0 <= number < self.rows:
                raise IndexError(number)
            place = self.place(number)
            lines = self.lines(place)
            position = number - self.blocks[place].first
            found.append(read_line(lines[position]) if position < len(lines) else BrokenLine("the file has changed"))
        return found

    def place(self, number: int) -> int:
        """Which block a row is in."""
        return bisect_right(self._firsts, number) - 1

    def lines(self, place: int) -> list[bytes]:
        """The lines of one block, newest first."""
        lines = self._cache.get(place)
        if lines is None:
            lines = self._cache[place] = self._read_block(self.blocks[place])
            if len(self._cache) > _KEPT_BLOCKS:
                self._cache.popitem(last=False)
        else:
            self._cache.move_to_end(place)
        return lines

    def _open(self, path: Path) -> None:
        try:
            file = os.open(path, os.O_RDONLY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0))
        except OSError:
            return  # rotated away in the meantime
        size = os.fstat(file).st_size
        end = _last_line_end(file, size)
        if end == 0:
            os.close(file)
            return
        self._files.append(file)
        self._ends.append(end)

    def _index_block(self) -> None:
        end = self._position
        start = max(0, (end - 1) // _BLOCK * _BLOCK)
        data = read_at(self._files[self._at], start, end - start)
        rows = _count_lines(data)
        if rows:
            self._firsts.append(self.rows)
            self.blocks.append(Block(self._at, start, end, self.rows, rows))
            self.rows += rows
        self._seen += end - start
        self._position = start
        if start == 0:
            self._at += 1
            self._position = self._ends[self._at] if not self.complete else 0

    def _read_block(self, block: Block) -> list[bytes]:
        file = self._files[block.file]
        data = read_at(file, block.start, block.end - block.start)
        lines = data[: data.rfind(b"\n") + 1].split(b"\n")[:-1]
        if lines:
            lines[0] = self._line_beginning(file, block.start) + lines[0]
        lines.reverse()
        return lines

    def _line_beginning(self, file: int, end: int) -> bytes:
        """What stands before ``end`` in the same line."""
        pieces: list[bytes] = []
        while end > 0 and len(pieces) < _LONGEST_LINE // _BLOCK:
            start = max(0, end - _BLOCK)
            data = read_at(file, start, end - start)
            cut = data.rfind(b"\n") + 1
            pieces.append(data[cut:])
            if cut:
                break
            end = start
        return b"".join(reversed(pieces))


def read_at(file: int, start: int, count: int) -> bytes:
    """``count`` bytes from ``start`` on; fewer where the file has become shorter or cannot be read any more."""
    try:
        if hasattr(os, "pread"):
            return os.pread(file, count, start)
        os.lseek(file, start, os.SEEK_SET)
        return os.read(file, count)
    except OSError:
        return b""


def _count_lines(data: bytes) -> int:
    """How many lines end in ``data``.

    ``count`` looks at one byte after the other. ``find`` jumps from end to end: twice as fast through lines as long as
    those of the log, and much slower through short ones.
    """
    if data.count(b"\n", 0, _SAMPLE) > _SAMPLE // _SHORT:
        return data.count(b"\n")
    lines, end, find = 0, data.find(b"\n"), data.find
    while end >= 0:
        lines += 1
        end = find(b"\n", end + 1)
    return lines


def _last_line_end(file: int, size: int) -> int:
    """Where the last whole line ends; what follows is just being written."""
    while size > 0:
        start = max(0, size - _BLOCK)
        cut = read_at(file, start, size - start).rfind(b"\n") + 1
        if cut:
            return start + cut
        size = start
    return 0
