"""Counts, shares, rates and quantiles over event files of any size, in memory that does not grow with them.

Only the fields that are counted are decoded. Requests that are alike but for their times and tokens are counted
together; what a person asks for is summed up from that at the end.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from model_router.hindsight.histogram import Histogram, quantile
from model_router.hindsight.reading import Tally, read_parts

GROUPS = ("engine", "backend", "client", "day", "route", "model")
USUAL_GROUPS = ("engine", "backend", "client", "day")
OTHERS = "(others)"
"""Stands for all names of a kind beyond the limit, so that no client can fill the memory with names."""

_MOST_NAMES = 5_000
"""Of each kind: engines, clients, days."""

_MOST_KEYS = 20_000
"""Kinds of requests that are counted apart before they are added to what is asked for."""

_UNSETTLED = 50_000
_QUARTER = 900


class _Part(msgspec.Struct, gc=False):
    """What is counted of an event. Values of plain types only, so the garbage collector need not look at it."""

    time: float = 0.0
    request_id: str = ""
    protocol: str = ""
    event: str = ""
    client: str = ""
    route: str = ""
    engine: str = ""
    backend: str = ""
    model: str = ""
    outcome: str = ""
    fallback: bool = False
    session_code: str = ""
    requires_confirmation: bool = False
    route_us: float = 0.0
    first_byte_ms: float | None = None
    total_ms: float = 0.0
    prompt_tokens: int | None = None
    completion_tokens: int | None = None


class Cell:
    """What is known of requests that have something in common. Times are histograms."""

    __slots__ = (
        "backed", "completion_tokens", "fallbacks", "first", "outcomes", "prompt_tokens", "requests", "route",
        "sessions", "stays", "total", "with_usage",
    )  # fmt: skip

    def __init__(self) -> None:
        self.requests = self.backed = self.fallbacks = self.sessions = self.stays = 0
        self.prompt_tokens = self.completion_tokens = self.with_usage = 0
        self.outcomes: Counter[str] = Counter()
        self.route: Counter[int] = Counter()
        self.first: Counter[int] = Counter()
        self.total: Counter[int] = Counter()

    def add(self, key: _Key, alike: _Alike) -> None:
        """Take in requests that are alike."""
        count = alike.requests
        self.requests += count
        self.outcomes[key.outcome] += count
        if key.backend:
            self.backed += count
            self.fallbacks += count if key.fallback else 0
        if key.session_code:
            self.sessions += count
            self.stays += count if key.session_code.startswith("session.stayed") else 0
        self.with_usage += alike.with_usage
        self.prompt_tokens += alike.prompt_tokens
        self.completion_tokens += alike.completion_tokens
        self.first.update(alike.first.counts)
        self.total.update(alike.total.counts)
        if key.route:
            self.route.update(alike.route.counts)

    def to_dict(self, whole: int) -> dict[str, Any]:
        """Plain JSON types; rates are shares of 1, ``whole`` is what ``share`` is a part of.

        ``stay_rate`` is of the turns that belonged to a known conversation, ``fallback_rate`` of those that were sent
        to a backend; the others are of all requests.
        """
        failed = self.outcomes.get("error", 0) + self.outcomes.get("broken", 0)
        return {
            "requests": self.requests,
            "share": _rate(self.requests, whole),
            "error_rate": _rate(failed, self.requests),
            "confirm_rate": _rate(self.outcomes.get("confirm", 0), self.requests),
            "cancelled_rate": _rate(self.outcomes.get("cancelled", 0), self.requests),
            "fallback_rate": _rate(self.fallbacks, self.backed),
            "stay_rate": _rate(self.stays, self.sessions),
            "route_us": _quantiles(self.route),
            "first_byte_ms": _quantiles(self.first),
            "total_ms": _quantiles(self.total),
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": self.completion_tokens,
            "requests_with_usage": self.with_usage,
        }


class _Key(NamedTuple):
    """What requests in one place of memory have in common."""

    engine: str
    backend: str
    client: str
    day: str
    route: str
    model: str
    outcome: str
    fallback: bool
    session_code: str


class _Alike:
    """Requests with the same key, as they are counted."""

    __slots__ = ("completion_tokens", "first", "prompt_tokens", "requests", "route", "total", "with_usage")

    def __init__(self) -> None:
        self.requests = self.with_usage = self.prompt_tokens = self.completion_tokens = 0
        self.route, self.first, self.total = Histogram(), Histogram(), Histogram()

    def settle(self) -> None:
        """Count the times that came since the last call."""
        self.route.settle()
        self.first.settle()
        self.total.settle()


@dataclass(slots=True)
class Summary:
    """What was counted. ``first`` and ``last`` are unix seconds, None when nothing was."""

    whole: Cell
    groups: dict[str, dict[str, Cell]]
    tally: Tally
    first: float | None = None
    last: float | None = None
    local: Cell = field(default_factory=Cell)
    answered: Cell = field(default_factory=Cell)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types."""
        whole = self.whole.requests
        return {
            "requests": whole,
            "first": self.first,
            "last": self.last,
            "other_lines": self.tally.others,
            "broken_lines": self.tally.broken,
            "broken": list(self.tally.named),
            "quantile_error": 0.01,
            "all": self.whole.to_dict(whole),
            "local": {
                "share_of_answers": _rate(self.local.requests, self.answered.requests),
                "answers": self.local.requests,
                "prompt_tokens": self.local.prompt_tokens,
                "completion_tokens": self.local.completion_tokens,
                "share_of_completion_tokens": _rate(self.local.completion_tokens, self.answered.completion_tokens),
            },
            "by": {
                name: {key: cell.to_dict(whole) for key, cell in sorted_cells(name, cells)}
                for name, cells in self.groups.items()
            },
        }


def summarise(
    files: Iterable[Path],
    *,
    by: Collection[str] = USUAL_GROUPS,
    since: float | None = None,
    until: float | None = None,
    local_engines: Collection[str] = (),
    day_of: Callable[[float], str] | None = None,
) -> Summary:
    """Count the requests of some files. ``local_engines`` answer on this machine; ``day_of`` names the day of a
    quarter of an hour, by the local calendar unless told otherwise.
    """
    summary = Summary(Cell(), {name: {} for name in by}, Tally())
    counted = _Counted(
        since if since is not None else float("-inf"),
        until if until is not None else float("inf"),
        day_of,
        lambda key, alike: _add(summary, key, alike, local_engines),
    )
    for batch in read_parts(files, _Part, summary.tally):
        counted.count(batch)
    counted.hand_over()
    summary.tally.requests = counted.requests
    summary.tally.others += counted.others
    summary.first, summary.last = counted.first, counted.last
    return summary


def _add(summary: Summary, key: _Key, alike: _Alike, local_engines: Collection[str]) -> None:
    summary.whole.add(key, alike)
    for name, cells in summary.groups.items():
        value = getattr(key, name) or "-"
        cell = cells.get(value)
        if cell is None:
            value = value if len(cells) < _MOST_NAMES else OTHERS
            cell = cells.setdefault(value, Cell())
        cell.add(key, alike)
    if key.outcome == "ok":
        summary.answered.add(key, alike)
        if key.engine in local_engines:
            summary.local.add(key, alike)


def sorted_cells(name: str, cells: dict[str, Cell]) -> list[tuple[str, Cell]]:
    """Days in their order, everything else by its number of requests."""
    if name == "day":
        return sorted(cells.items())
    return sorted(cells.items(), key=lambda item: (-item[1].requests, item[0]))


class _Counted:
    """The counting itself; the one loop that a million events go through."""

    def __init__(
        self,
        since: float,
        until: float,
        day_of: Callable[[float], str] | None,
        add: Callable[[_Key, _Alike], None],
    ) -> None:
        self.others = self.requests = 0
        self.first: float | None = None
        self.last: float | None = None
        self._since, self._until = since, until
        self._day_of = day_of or _local_day
        self._add = add
        self._days: dict[int, str] = {}
        self._alike: dict[tuple[object, ...], _Alike] = {}
        self._unsettled = 0

    def hand_over(self) -> None:
        """Add what was counted to what is asked for, and begin anew."""
        self.settle()
        for key, alike in self._alike.items():
            self._add(_Key(*key), alike)  # type: ignore[arg-type]  # built so below
        self._alike.clear()

    def count(self, batch: list[_Part]) -> None:
        """Count some events, all in one go."""
        days, known, since, until = self._days, self._alike, self._since, self._until
        first = self.first if self.first is not None else float("inf")
        last = self.last if self.last is not None else float("-inf")
        for part in batch:
            if not part.request_id or not part.protocol or part.event:
                self.others += 1
                continue
            moment = part.time
            if not since <= moment < until:
                continue
            self.requests += 1
            if moment < first:  # noqa: PLR1730 - a call costs three times as much
                first = moment
            if moment > last:  # noqa: PLR1730 - the same
                last = moment
            quarter = int(moment // _QUARTER)
            day = days.get(quarter) or self._day(quarter)
            key = (
                part.engine, part.backend, part.client, day, part.route, part.model, part.outcome, part.fallback,
                part.session_code,
            )  # fmt: skip
            alike = known.get(key) or self._more(key)
            alike.requests += 1
            alike.route.add(part.route_us)
            if not part.requires_confirmation:  # what waits for a person tells nothing of a server's speed
                alike.total.add(part.total_ms)
                if part.first_byte_ms is not None:
                    alike.first.add(part.first_byte_ms)
            if part.prompt_tokens is not None or part.completion_tokens is not None:  # embeddings tell the first only
                alike.with_usage += 1
                alike.prompt_tokens += part.prompt_tokens or 0
                alike.completion_tokens += part.completion_tokens or 0
        if first <= last:
            self.first, self.last = first, last
        self._unsettled += len(batch)
        if self._unsettled >= _UNSETTLED:
            self.settle()

    def settle(self) -> None:
        """Count the times that came since the last call."""
        self._unsettled = 0
        for alike in self._alike.values():
            alike.settle()

    def _day(self, quarter: int) -> str:
        if len(self._days) > _MOST_KEYS:
            self._days.clear()
        day = self._days[quarter] = self._day_of(quarter * _QUARTER)
        return day

    def _more(self, key: tuple[object, ...]) -> _Alike:
        if len(self._alike) >= _MOST_KEYS:
            self.hand_over()
        return self._alike.setdefault(key, _Alike())


def _local_day(moment: float) -> str:
    try:
        return time.strftime("%Y-%m-%d", time.localtime(moment))
    except (ValueError, OverflowError, OSError):
        return "-"


def _rate(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None


def _quantiles(counts: Mapping[int, int]) -> dict[str, float | None]:
    found = {"p50": quantile(counts, 0.5), "p95": quantile(counts, 0.95), "p99": quantile(counts, 0.99)}
    return {name: None if value is None else float(f"{value:.3g}") for name, value in found.items()}
