"""What the screens know of the requests: drained from the gateway's ring in batches, counted, and bounded.

One feed a session. The screens read it and never write; each remembers how far it has read by sequence number, the
number of a row since the start, which stays true when old rows go.
"""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable, Iterator

from model_router.engine.decision import RoutingDecision
from model_router.hindsight.filter import Filter
from model_router.server.events import EventRing, LiveEvent, RequestEvent, UnwrittenReceipt
from model_router.tui.packed_rows import PackedRows, matches, pack, unpack
from model_router.tui.tallies import Tallies

_CROWD = 10
"""Events in a tenth of a second above which nobody can follow each of them."""
_WAY_SECONDS = 0.001


class Feed:
    """Rows, counts and rates.

    ``first`` is the sequence number of the oldest row that is kept. At most ``capacity`` rows are, and a block of
    them more, and the receipts of the newest ``receipts`` rows; older rows are still explained by their event.
    ``crowded``: more rows came of late than anybody can follow.
    """

    def __init__(self, ring: EventRing | None = None, *, capacity: int = 50_000, receipts: int = 5_000) -> None:
        self.first = 0
        self.total = 0
        self.routes: Counter[str] = Counter()
        self.outcomes: Counter[str] = Counter()
        self.rates: deque[int] = deque([0] * 60, maxlen=60)
        self.tallies = Tallies()
        self._rows = PackedRows()
        self._sources: deque[RoutingDecision | UnwrittenReceipt | None] = deque(maxlen=receipts)
        self._ring = ring
        self._capacity = capacity
        self._dropped_before = 0
        self._at_last_tick = 0
        self._under_way: Callable[[], int] = int
        self.crowded = False

    @property
    def next(self) -> int:
        """The sequence number that the next row will get."""
        return self.first + len(self._rows)

    @property
    def kept(self) -> int:
        """How many rows there are to look at."""
        return len(self._rows)

    @property
    def lost(self) -> int:
        """Requests that came faster than they were drained, and are in no row and no count."""
        return self._dropped_before + (self._ring.dropped if self._ring is not None else 0)

    def attach(self, ring: EventRing, under_way: Callable[[], int] = int) -> None:
        """Read from another ring from now on; what was read stays. ``under_way`` counts the requests of its gateway,
        where that shares this process.
        """
        self._dropped_before = self.lost
        self._ring = ring
        self._under_way = under_way

    def give_way(self) -> None:
        """Between two rows of a picture, in a crowd: a request that is under way goes first.

        Screen and server share an interpreter. A picture of a crowd that comes some hundredths of a second later is not
        missed; the requests that wait for a picture are.
        """
        if self.crowded and self._under_way():
            time.sleep(_WAY_SECONDS)

    def drain(self) -> int:
        """Take what the ring holds, and say how many rows came. Called ten times a second, by the screen's thread."""
        batch = self._ring.drain() if self._ring is not None else []
        self.crowded = len(batch) > _CROWD
        if not batch:
            return 0
        self._rows.extend(pack(live.event) for live in batch)
        self._sources.extend(live.source for live in batch)
        self.total += len(batch)
        self.routes.update(live.event.route for live in batch)
        self.outcomes.update(live.event.outcome for live in batch)
        self.tallies.add(live.event for live in batch)
        self._trim()
        return len(batch)

    def tick(self) -> None:
        """Close one second of the rate history."""
        self.rates.append(self.total - self._at_last_tick)
        self._at_last_tick = self.total
        self.tallies.tick()

    def row(self, sequence: int) -> LiveEvent | None:
        """The row with this sequence number, unless it has gone or never was."""
        if not self.first <= sequence < self.next:
            return None
        source = sequence - (self.next - len(self._sources))
        return LiveEvent(unpack(self._rows[sequence - self.first]), self._sources[source] if source >= 0 else None)

    def newest(self, count: int) -> list[LiveEvent]:
        """So many of the newest rows, as far as there are any, newest last."""
        found = map(self.row, range(max(self.first, self.next - count), self.next))
        return [live for live in found if live is not None]

    def latest(self, request_id: str) -> LiveEvent | None:
        """A request by its name, while it is among the thousand newest rows."""
        return next((live for live in reversed(self.newest(1_000)) if live.event.request_id == request_id), None)

    def matching(self, wanted: Filter, start: int) -> Iterator[int]:
        """The sequence numbers of rows from ``start`` on that a filter lets through, rising."""
        start = max(start, self.first)
        for sequence, row in enumerate(self._rows.since(start - self.first), start):
            if matches(wanted, row):
                yield sequence

    def events(self, wanted: Filter) -> Iterator[RequestEvent]:
        """The requests that a filter lets through among the rows of now, oldest first; to be read in any thread."""
        return (unpack(row) for row in self._rows.since(0) if matches(wanted, row))

    def _trim(self) -> None:
        while len(self._rows) >= self._capacity + self._rows.block:
            self._rows.drop_block()
            self.first += self._rows.block
