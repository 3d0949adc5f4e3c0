"""What a filter looks at, of every row of a log, in memory: some 55 bytes a row.

Most rows differ from others only in their name, their times and their size. What else a filter can ask for is kept once
for all rows that are alike in it, as one event that stands for them; so a term is tried on some hundred events instead
of on a million rows. Built block by block, newest first, as far as there is time.
"""

from __future__ import annotations

import time
from array import array

import msgspec

from model_router.hindsight.filter import Filter, Term
from model_router.hindsight.log_index import LogIndex
from model_router.hindsight.past_event import PastEvent

NO_REQUEST = 0
LOOSE = 1
"""Rows that stand for themselves, as there are too many kinds of rows; they have to be read."""

_MOST_KINDS = 50_000
_NAN = float("nan")


class _Row(msgspec.Struct):
    """What a filter can ask for."""

    request_id: str = ""
    protocol: str = ""
    event: str = ""
    kind: str = ""
    client: str = ""
    route: str = ""
    engine: str = ""
    backend: str = ""
    model: str = ""
    status: int = 0
    outcome: str = ""
    attempts: int = 0
    risk_class: str = ""
    reasons: tuple[str, ...] = ()
    confidence: int = 0
    prompt_chars: int = 0
    estimated_tokens: int = 0
    route_us: float = 0.0
    first_byte_ms: float | None = None
    total_ms: float = 0.0
    error: str = ""
    preview: str = ""
    session: str = ""


_DECODER = msgspec.json.Decoder(_Row)


class Columns:
    """The columns of the newest ``rows`` rows of an index; row ``n`` stands at place ``n`` of each."""

    def __init__(self, index: LogIndex) -> None:
        self._index = index
        self._blocks = 0
        self._kinds: dict[tuple[object, ...], int] = {}
        self._standing: list[PastEvent] = [PastEvent(), PastEvent()]
        self._any_loose = self._any_text = False
        self._codes = array("I")
        self._texts = bytearray()
        self._names = bytearray()
        self._names_start = array("Q")
        self._sessions = array("Q")
        self._numbers: dict[str, array[float]] = {
            name: array("d") for name in ("ms", "first", "us", "chars", "tokens", "confidence")
        }

    @property
    def rows(self) -> int:
        """Rows that are in the columns."""
        return len(self._codes)

    @property
    def complete(self) -> bool:
        """Whether every row of the index is."""
        return self._index.complete and self._blocks >= len(self._index.blocks)

    def build(self, seconds: float | None = None) -> bool:
        """Take in more blocks, for about so long, as far as the index has found them; says whether all are in."""
        deadline = None if seconds is None else time.monotonic() + seconds
        while self._blocks < len(self._index.blocks):
            for raw in self._index.lines(self._blocks):
                try:
                    row = _DECODER.decode(raw)
                except (ValueError, RecursionError):
                    row = _Row()
                self._take(row)
            self._blocks += 1
            if deadline is not None and time.monotonic() >= deadline:
                break
        return self.complete

    def mask(self, wanted: Filter, start: int, stop: int) -> tuple[bytes, bytes]:
        """A byte for each row from ``start`` up to ``stop``: 1 where it may match, and 1 where it has to be read to
        know. A row that has to be read counts as one that may match.
        """
        may = self._spread(bytes([0, *([1] * (len(self._standing) - 1))]), start, stop)
        loose = (
            self._spread(bytes([0, 1, *([0] * (len(self._standing) - 2))]), start, stop) if self._any_loose else None
        )
        unsure = loose if loose is not None and wanted else bytes(stop - start)
        for term in wanted.terms:
            holds, doubtful = self._term(term, start, stop)
            if loose is not None:
                holds = _either(holds, loose)
            if doubtful is not None:
                holds, unsure = _either(holds, doubtful), _either(unsure, doubtful)
            may = _both(may, holds)
        return may, _both(may, unsure)

    def _take(self, row: _Row) -> None:
        if not (row.request_id and row.protocol) or row.event:
            self._codes.append(NO_REQUEST)
            name = b""
        else:
            self._codes.append(self._kind(row))
            name = row.request_id.lower().encode("utf-8", "replace").replace(b"\n", b" ")
        self._texts.append(1 if row.preview else 0)
        self._any_text = self._any_text or bool(row.preview)
        self._names_start.append(len(self._names))
        self._names += name + b"\n"
        self._sessions.append(_session(row.session))
        numbers = self._numbers
        numbers["ms"].append(row.total_ms)
        numbers["first"].append(_NAN if row.first_byte_ms is None else row.first_byte_ms)
        numbers["us"].append(row.route_us)
        numbers["chars"].append(row.prompt_chars)
        numbers["tokens"].append(row.estimated_tokens)
        numbers["confidence"].append(row.confidence)

    def _kind(self, row: _Row) -> int:
        key = (
            row.kind, row.client, row.route, row.engine, row.backend, row.model, row.status, row.outcome, row.attempts,
            row.risk_class, row.reasons, row.error,
        )  # fmt: skip
        code = self._kinds.get(key)
        if code is None:
            if len(self._standing) >= _MOST_KINDS:
                self._any_loose = True
                return LOOSE
            code = self._kinds[key] = len(self._standing)
            self._standing.append(
                PastEvent(
                    kind=row.kind, client=row.client, route=row.route, engine=row.engine, backend=row.backend,
                    model=row.model, status=row.status, outcome=row.outcome, attempts=row.attempts,
                    risk_class=row.risk_class, reasons=row.reasons, error=row.error,
                )
            )  # fmt: skip
        return code

    def _term(self, term: Term, start: int, stop: int) -> tuple[bytes, bytes | None]:
        """Where a term holds, and where its text may stand in what is not in the columns; None for nowhere."""
        doubtful = None
        if term.number is not None and term.field in self._numbers:
            holds = bytes(map(term.number, self._numbers[term.field][start:stop]))
        elif term.field == "session":
            wanted, whole = _session(term.wanted), bytes([1]) * (stop - start)
            # Only a whole session is in the column; for anything else the rows have to be read.
            holds = bytes(map(wanted.__eq__, self._sessions[start:stop])) if wanted else whole
            doubtful = None if wanted else whole
        elif term.field == "id":
            holds = self._named(term, start, stop)
        else:
            holds = self._spread(bytes(map(term.holds, self._standing)), start, stop)
            if not term.field:
                holds = _either(holds, self._named(term, start, stop))
                doubtful = bytes(self._texts[start:stop]) if self._any_text else None
        return (holds.translate(_TURNED) if term.negated else holds), doubtful

    def _spread(self, flags: bytes, start: int, stop: int) -> bytes:
        """A flag for each row, from one for each kind."""
        return bytes(map(flags.__getitem__, self._codes[start:stop]))

    def _named(self, term: Term, start: int, stop: int) -> bytes:
        """The rows whose name has one of the wanted texts in it."""
        found = bytearray(stop - start)
        begin = self._names_start[start] if start < self.rows else len(self._names)
        end = self._names_start[stop] if stop < self.rows else len(self._names)
        wanted = [part for part in term.wanted.split(",") if part] if term.field else [term.wanted]
        for part in wanted:
            text = part.encode("utf-8", "replace")
            if not text or b"\n" in text:
                continue
            row, position = 0, self._names.find(text, begin, end)
            at = begin
            while position >= 0:
                row += self._names.count(b"\n", at, position)
                at = position
                found[row] = 1
                position = self._names.find(text, self._names.find(b"\n", position, end), end)
        return bytes(found)


def _session(text: str) -> int:
    """The sixteen hex digits of a session as a number; 0 for anything else."""
    try:
        return int(text, 16) if len(text) == 16 else 0
    except ValueError:
        return 0


_TURNED = bytes([1, 0, *range(2, 256)])


def _both(first: bytes, second: bytes) -> bytes:
    whole = int.from_bytes(first, "little") & int.from_bytes(second, "little")
    return whole.to_bytes(len(first), "little")


def _either(first: bytes, second: bytes) -> bytes:
    whole = int.from_bytes(first, "little") | int.from_bytes(second, "little")
    return whole.to_bytes(len(first), "little")
