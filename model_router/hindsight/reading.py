"""Reading event files of any size in blocks: memory stays flat, and no line can make it fail."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, TypeVar

import msgspec

from model_router.hindsight.past_event import BrokenLine, OtherLine, PastEvent, read_line

_T = TypeVar("_T")

BLOCK_BYTES = 1_048_576
LONGEST_LINE = 67_108_864
"""Bytes; whatever is longer is no event, and is not kept in memory."""
_NAMED = 5
_OPEN_AT_ONCE = 64


@dataclass(slots=True)
class Tally:
    """What was read. ``named`` tells of the first broken lines: ``file:line: why``."""

    requests: int = 0
    others: int = 0
    broken: int = 0
    named: list[str] = field(default_factory=list)

    def add_broken(self, path: Path, line: int, reason: str) -> None:
        """Count a line that cannot be read, and name it if it is among the first."""
        self.broken += 1
        if len(self.named) < _NAMED:
            self.named.append(f"{path.name}:{line}: {reason}")

    def sentences(self) -> list[str]:
        """What a person has to know about the files; empty when all is well."""
        if not self.broken:
            return []
        lines = "1 line" if self.broken == 1 else f"{self.broken:,} lines"
        more = [f"and {self.broken - len(self.named):,} more"] if self.broken > len(self.named) else []
        return [f"{lines} could not be read", *self.named, *more]


def blocks(path: Path, size: int = BLOCK_BYTES) -> Iterator[bytes]:
    """The file in pieces that end with whole lines; the last piece may end without a line end.

    A file that cannot be read, or stops to be readable, gives what it gave until then.
    """
    for _, file in _held([path]):
        yield from _blocks(file, size)


def lines_backwards(path: Path, size: int = BLOCK_BYTES) -> Iterator[bytes]:
    """The lines of a file without their ends, last one first."""
    for _, file in _held([path]):
        yield from _lines_backwards(file, size)


def _held(files: Iterable[Path]) -> Iterator[tuple[Path, BinaryIO]]:
    """Files one after the other, all of them open from the beginning: a rotation meanwhile gives them other names, and
    some of them would come twice or not at all. Beyond what a process may have open they are opened as they come.
    """
    waiting = deque(files)
    held: deque[tuple[Path, BinaryIO]] = deque()
    with ExitStack() as opened:
        while waiting or held:
            while waiting and len(held) < _OPEN_AT_ONCE:
                path = waiting.popleft()
                with suppress(OSError):  # gone in the meantime, as rotated files are
                    held.append((path, opened.enter_context(path.open("rb", buffering=0))))
            if held:
                path, file = held.popleft()
                yield path, file
                file.close()


def _blocks(file: BinaryIO, size: int = BLOCK_BYTES, end_at: int | None = None) -> Iterator[bytes]:
    """Up to a place of the file, if one is given."""
    rest, left = b"", end_at
    with suppress(OSError):
        while data := file.read(size if left is None else min(size, left)):
            left = None if left is None else left - len(data)
            end = data.rfind(b"\n") + 1
            if not end:
                rest = rest + data if len(rest) < LONGEST_LINE else rest
                continue
            yield rest + data[:end]
            rest = data[end:]
    if rest:
        yield rest


def _lines_backwards(file: BinaryIO, size: int = BLOCK_BYTES, end_at: int | None = None) -> Iterator[bytes]:
    with suppress(OSError):
        position = os.fstat(file.fileno()).st_size
        position = position if end_at is None else min(position, end_at)
        rest = b""
        while position > 0:
            start = max(0, position - size)
            file.seek(start)
            pieces = (_read_exactly(file.fileno(), position - start) + rest).split(b"\n")
            position = start
            rest = pieces[0] if len(pieces[0]) < LONGEST_LINE else b""
            yield from (line for line in reversed(pieces[1:]) if line)
        if rest:
            yield rest


def _read_exactly(file: int, count: int) -> bytes:
    """So many bytes from where the file stands; fewer only at its end."""
    parts: list[bytes] = []
    while count > 0 and (data := os.read(file, count)):
        parts.append(data)
        count -= len(data)
    return b"".join(parts)


def read_events(files: Iterable[Path], tally: Tally | None = None) -> Iterator[PastEvent]:
    """Every request of the files, in their order. Other lines and broken ones are counted in ``tally``."""
    tally = tally if tally is not None else Tally()
    decoder = msgspec.json.Decoder(PastEvent)
    for path, file in _held(files):
        line = 1
        for block in _blocks(file):
            try:
                events = decoder.decode_lines(block)
            except (ValueError, RecursionError):
                yield from _one_by_one(path, line, block, tally)
            else:
                for event in events:
                    if event.is_request:
                        tally.requests += 1
                        yield event
                    else:
                        tally.others += 1
            line += block.count(b"\n")


def _one_by_one(path: Path, line: int, block: bytes, tally: Tally) -> Iterator[PastEvent]:
    for number, raw in enumerate(block.split(b"\n"), line):
        if not raw.strip():
            continue
        found = read_line(raw)
        if isinstance(found, PastEvent):
            tally.requests += 1
            yield found
        elif isinstance(found, OtherLine):
            tally.others += 1
        else:
            tally.add_broken(path, number, found.reason)


def read_parts(files: Iterable[Path], kind: type[_T], tally: Tally) -> Iterator[list[_T]]:
    """Batches of some fields of every line, for who counts a million of them: ``kind`` is a struct with a default for
    each field. Lines that are no requests come too, with whatever they have; broken ones are counted in ``tally``.
    """
    decoder: msgspec.json.Decoder[Any] = msgspec.json.Decoder(kind)
    for path, file in _held(files):
        line = 1
        for block in _blocks(file):
            try:
                yield decoder.decode_lines(block)
            except (ValueError, RecursionError):
                batch: list[_T] = []
                for number, raw in enumerate(block.split(b"\n"), line):
                    if not raw.strip():
                        continue
                    try:
                        batch.append(decoder.decode(raw))
                    except (ValueError, RecursionError):
                        found = read_line(raw)
                        if isinstance(found, OtherLine):
                            tally.others += 1
                        else:
                            reason = found.reason if isinstance(found, BrokenLine) else "cannot be read"
                            tally.add_broken(path, number, reason)
                yield batch
            line += block.count(b"\n")


def newest_first(files: Iterable[Path]) -> Iterator[PastEvent]:
    """Every request of files that are given oldest first, newest first; other and broken lines are passed over."""
    for raw in raw_newest_first(files):
        found = read_line(raw)
        if isinstance(found, PastEvent):
            yield found


def raw_newest_first(files: Iterable[Path]) -> Iterator[bytes]:
    """Every line of files that are given oldest first, newest first, as it stands there."""
    yield from _backwards_from(files, None)


def changed_since(files: Iterable[Path], since: float | None) -> list[Path]:
    """The files that can hold anything of that time (unix seconds) or later: an event is written after it happened."""
    kept: list[Path] = []
    for path in files:
        try:
            if since is None or path.stat().st_mtime >= since:
                kept.append(path)
        except OSError:
            continue  # rotated away
    return kept


class Mark(NamedTuple):
    """A place in a log: an offset into a file, which may get other names."""

    file: os.stat_result
    offset: int


def matching(
    files: Iterable[Path],
    wanted: Callable[[PastEvent], bool],
    since: float | None,
    limit: int,
    until: Mark | None = None,
) -> Iterator[tuple[bytes, PastEvent]]:
    """Requests of files that are given oldest first, oldest first, each with its line; only the newest ``limit``
    unless that is 0. Read from the end, so that the newest of a large log are there at once. What was written behind
    ``until`` is left out.
    """
    if limit == 0:
        for _, file in _held(files):
            end_at = _end_at(file, until)
            for block in _blocks(file, end_at=end_at):
                yield from _wanted(block.split(b"\n"), wanted, since)
            if end_at is not None:
                return
        return
    kept: deque[tuple[bytes, PastEvent]] = deque()
    for pair in _wanted(_backwards_from(files, until), wanted, since):
        kept.appendleft(pair)
        if len(kept) == limit:
            break
    yield from kept


def _backwards_from(files: Iterable[Path], until: Mark | None) -> Iterator[bytes]:
    reached = until is None
    for _, file in _held(reversed(list(files))):
        end_at = _end_at(file, until)
        reached = reached or end_at is not None
        if reached:
            yield from _lines_backwards(file, end_at=end_at)


def _end_at(file: BinaryIO, until: Mark | None) -> int | None:
    """Where to stop in this file; None unless the place is in it."""
    if until is None or not os.path.samestat(os.fstat(file.fileno()), until.file):
        return None
    return until.offset


def _wanted(
    lines: Iterable[bytes], wanted: Callable[[PastEvent], bool], since: float | None
) -> Iterator[tuple[bytes, PastEvent]]:
    for raw in lines:
        found = read_line(raw) if raw else None
        if isinstance(found, PastEvent) and (since is None or found.time >= since) and wanted(found):
            yield raw, found
