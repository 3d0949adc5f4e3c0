"""The log of days as a screen looks at it: opened at once, found row by row in small steps beside everything else.

One :class:`History` is a picture of the log as it was when it was opened. A worker thread calls :meth:`History.step`
until nothing is left to do; the screen reads rows at any time, and waits for a step of some milliseconds at most.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

from model_router.hindsight.columns import Columns
from model_router.hindsight.event_files import event_files
from model_router.hindsight.filter import NO_FILTER, Filter
from model_router.hindsight.log_index import LogIndex, Row
from model_router.hindsight.past_event import OtherLine, PastEvent
from model_router.hindsight.reading import read_events
from model_router.hindsight.search import Search
from model_router.server.events import RequestEvent
from model_router.server.happenings import GatewayEvent

_SLICE = 0.01
"""Seconds in which the lock is held; the screen never waits longer for a row."""
_REST = 0.0005

_HAPPENING: msgspec.json.Decoder[GatewayEvent] = msgspec.json.Decoder(GatewayEvent)
_PLAIN = msgspec.json.Decoder(dict[str, object])


@dataclass(frozen=True, slots=True)
class Progress:
    """What is under way, in a word, and how much of it is done, 0 to 1; no word when nothing is."""

    word: str = ""
    share: float = 1.0


class History:
    """Rows by number, newest first, all of them or those that a filter lets through.

    Other kinds of lines (a reload, an approval) are rows too, while nothing is filtered: a filter asks for requests.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._index = LogIndex(path)
        self._columns = Columns(self._index)
        self._filter = NO_FILTER
        self._search: Search | None = None
        self._index.index(_SLICE)

    @property
    def filter(self) -> Filter:
        """The filter in force."""
        return self._filter

    @property
    def count(self) -> int:
        """Rows that are found so far."""
        search = self._search
        return self._index.rows if search is None else len(search.found)

    @property
    def total(self) -> int:
        """Rows of the log that are found so far, whatever the filter."""
        return self._index.rows

    @property
    def progress(self) -> Progress:
        """What the worker is at, as far as it can be seen."""
        search = self._search
        if search is not None and not self._searched(search):
            rows = self._index.rows
            return Progress("filtering", self._index.share * search.looked_at / rows if rows else self._index.share)
        if not self._index.complete:
            return Progress("reading", self._index.share)
        return Progress()

    def set_filter(self, wanted: Filter) -> None:
        """Look for other rows from now on."""
        with self._lock:
            self._filter = wanted
            self._search = Search(self._index, self._columns, wanted) if wanted else None

    def step(self, seconds: float) -> bool:
        """Go on for about so long; says whether all is done. In a worker thread."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            with self._lock:
                if self._step():
                    return True
            time.sleep(_REST)
        return False

    def rows(self, start: int, count: int) -> list[Row]:
        """Rows from the ``start``-th on, as far as they are found; after :meth:`close` none."""
        with self._lock:
            if self._search is None:
                return self._index.page(start, count)
            return self._index.read(self._search.found[start : start + count])

    def close(self) -> None:
        """Let the files go."""
        with self._lock:
            self._index.close()
            self._index.rows = 0
            self._search = None

    def _searched(self, search: Search) -> bool:
        return self._index.complete and search.looked_at >= self._index.rows

    def _step(self) -> bool:
        """One slice of what is most wanted: rows that match, then the rest of the log, then what makes filters fast."""
        search, columns, index = self._search, self._columns, self._index
        if search is not None and search.looked_at < columns.rows:
            search.go(0.0)
        elif not index.complete:
            index.index(_SLICE)
        elif not columns.complete:
            columns.build(_SLICE)
        else:
            return search is None or self._searched(search)
        return False


def live_rows(events: Iterator[RequestEvent]) -> Iterator[PastEvent]:
    """Events of this run as those of a file."""
    names = RequestEvent.__struct_fields__
    for event in events:
        yield PastEvent(**{name: getattr(event, name) for name in names})


def past_rows(path: Path, wanted: Filter, ended: threading.Event) -> Iterator[PastEvent]:
    """Every request of a log that a filter lets through, oldest first, until ``ended`` is set."""
    for event in read_events(event_files(path)):
        if ended.is_set():
            return
        if wanted.matches(event):
            yield event


def other_words(line: OtherLine) -> tuple[float, str, str]:
    """When it was, what kind of line it is, and what it says, of a line that is no request."""
    try:
        happening = _HAPPENING.decode(line.raw)
    except (ValueError, RecursionError):
        pass
    else:
        return happening.time, str(type(happening).__struct_config__.tag), happening.summary
    found = other_facts(line)
    when = found.get("time")
    kind = str(found.get("event") or "unknown")
    return (float(when) if isinstance(when, int | float) else 0.0), kind, "a line of another kind"


def other_facts(line: OtherLine) -> dict[str, object]:
    """What such a line holds."""
    try:
        return _PLAIN.decode(line.raw)
    except (ValueError, RecursionError):
        return {}
