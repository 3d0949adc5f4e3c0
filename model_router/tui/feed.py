"""What the screens know of the requests: drained from the gateway's ring in batches, counted, and bounded.

One feed a session. The screens read it and never write; each remembers how far it has read by sequence number, the
number of a row since the start, which stays true when old rows go.
"""

from __future__ import annotations

from collections import Counter, deque

from model_router.server.events import EventRing, LiveEvent
from model_router.tui.tallies import Tallies


class Feed:
    """Rows, counts and rates.

    ``rows[i]`` has the sequence number ``first + i``. At most ``capacity`` rows are kept (a twentieth more for a
    while, so that trimming costs little), and the receipts of the newest ``receipts`` rows; older rows are still
    explained by their event.
    """

    def __init__(self, ring: EventRing | None = None, *, capacity: int = 50_000, receipts: int = 5_000) -> None:
        self.rows: list[LiveEvent] = []
        self.first = 0
        self.total = 0
        self.routes: Counter[str] = Counter()
        self.outcomes: Counter[str] = Counter()
        self.rates: deque[int] = deque([0] * 60, maxlen=60)
        self.tallies = Tallies()
        self._ring = ring
        self._capacity = capacity
        self._receipts = receipts
        self._stripped = 0
        self._dropped_before = 0
        self._at_last_tick = 0

    @property
    def next(self) -> int:
        """The sequence number that the next row will get."""
        return self.first + len(self.rows)

    @property
    def lost(self) -> int:
        """Requests that came faster than they were drained, and are in no row and no count."""
        return self._dropped_before + (self._ring.dropped if self._ring is not None else 0)

    def attach(self, ring: EventRing) -> None:
        """Read from another ring from now on; what was read stays."""
        self._dropped_before = self.lost
        self._ring = ring

    def drain(self) -> int:
        """Take what the ring holds, and say how many rows came. Called ten times a second, by the screen's thread."""
        batch = self._ring.drain() if self._ring is not None else []
        if not batch:
            return 0
        self.rows.extend(batch)
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
        position = sequence - self.first
        return self.rows[position] if 0 <= position < len(self.rows) else None

    def _trim(self) -> None:
        for sequence in range(max(self._stripped, self.first), self.next - self._receipts):
            position = sequence - self.first
            self.rows[position] = LiveEvent(self.rows[position].event, None)
            self._stripped = sequence + 1
        if len(self.rows) > self._capacity + self._capacity // 20:
            surplus = len(self.rows) - self._capacity
            del self.rows[:surplus]
            self.first += surplus
