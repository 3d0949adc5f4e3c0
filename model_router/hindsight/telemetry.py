"""Counts, shares, rates and quantiles over event files of any size, in memory that does not grow with them.

Only the fields that are counted are decoded. Requests are counted in cells, one for each combination of day, engine,
backend, client, route and model; what a person asks for is summed up from the cells at the end.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain
from math import log
from pathlib import Path
from typing import Any

import msgspec

from model_router.hindsight.histogram import SCALE, ZERO, add_all, quantile
from model_router.hindsight.reading import Tally, read_parts

GROUPS = ("engine", "backend", "client", "day", "route", "model")
USUAL_GROUPS = ("engine", "backend", "client", "day")
OTHERS = "(others)"
"""Stands for the clients and models beyond the limit of cells, so that no client can fill the memory with names."""

_MOST_CELLS = 20_000
_QUARTER = 900


class _Part(msgspec.Struct):
    """What is counted of an event."""

    time: float = 0.0
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
    route_us: float = 0.0
    first_byte_ms: float | None = None
    total_ms: float = 0.0
    prompt_tokens: int | None = None
    completion_tokens: int | None = None


class Cell:
    """What is known of requests that have the same key. Times are histograms, see :mod:`histogram`."""

    __slots__ = (
        "backed", "completion_tokens", "errors", "fallbacks", "first", "outcomes", "prompt_tokens", "requests",
        "route", "sessions", "stays", "total", "with_usage",
    )  # fmt: skip

    def __init__(self) -> None:
        self.requests = self.backed = self.fallbacks = self.sessions = self.stays = 0
        self.prompt_tokens = self.completion_tokens = self.with_usage = 0
        self.outcomes: dict[str, int] = {}
        self.route: dict[int, int] = {}
        self.first: dict[int, int] = {}
        self.total: dict[int, int] = {}

    def add(self, other: Cell) -> None:
        """Take in another."""
        self.requests += other.requests
        self.backed += other.backed
        self.fallbacks += other.fallbacks
        self.sessions += other.sessions
        self.stays += other.stays
        self.prompt_tokens += other.prompt_tokens
        self.completion_tokens += other.completion_tokens
        self.with_usage += other.with_usage
        add_all(self.route, other.route)
        add_all(self.first, other.first)
        add_all(self.total, other.total)
        for outcome, count in other.outcomes.items():
            self.outcomes[outcome] = self.outcomes.get(outcome, 0) + count

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
    tally = Tally()
    cells = _Cells(since if since is not None else float("-inf"), until if until is not None else float("inf"), day_of)
    for batch in read_parts(files, _Part, tally):
        cells.count(batch)
    tally.requests = cells.requests
    tally.others += cells.others
    summary = Summary(Cell(), {name: {} for name in by}, tally, cells.first, cells.last)
    for key, cell in cells:
        summary.whole.add(cell)
        for name in by:
            summary.groups[name].setdefault(key[GROUPS.index(name)] or "-", Cell()).add(cell)
        if "ok" in cell.outcomes:
            summary.answered.add(cell)
            if key[0] in local_engines:
                summary.local.add(cell)
    return summary


def sorted_cells(name: str, cells: dict[str, Cell]) -> list[tuple[str, Cell]]:
    """Days in their order, everything else by its number of requests."""
    if name == "day":
        return sorted(cells.items())
    return sorted(cells.items(), key=lambda item: (-item[1].requests, item[0]))


class _Cells:
    """The counting itself; the one loop that a million events go through."""

    def __init__(self, since: float, until: float, day_of: Callable[[float], str] | None) -> None:
        self.others = self.requests = 0
        self.first: float | None = None
        self.last: float | None = None
        self._since, self._until = since, until
        self._day_of = day_of or _local_day
        self._days: dict[int, str] = {}
        self._cells: dict[tuple[str, ...], Cell] = {}

    def __iter__(self) -> Iterator[tuple[tuple[str, ...], Cell]]:
        return iter(self._cells.items())

    def count(self, batch: Iterable[_Part]) -> None:
        """Count some events, all in one go."""
        days, cells, since, until = self._days, self._cells, self._since, self._until
        first = self.first if self.first is not None else float("inf")
        last = self.last if self.last is not None else float("-inf")
        for part in batch:
            if not part.protocol or part.event:
                self.others += 1
                continue
            moment = part.time
            if not since <= moment < until:
                continue
            self.requests += 1
            first = min(first, moment)
            last = max(last, moment)
            quarter = int(moment // _QUARTER)
            day = days.get(quarter) or self._day(quarter)
            key = (part.engine, part.backend, part.client, day, part.route, part.model)
            cell = cells.get(key) or self._cell(key)
            _count(cell, part)
        if first <= last:
            self.first, self.last = first, last

    def _day(self, quarter: int) -> str:
        if len(self._days) > _MOST_CELLS:
            self._days.clear()
        day = self._days[quarter] = self._day_of(quarter * _QUARTER)
        return day

    def _cell(self, key: tuple[str, ...]) -> Cell:
        if len(self._cells) >= _MOST_CELLS:
            engine, backend, _client, day, route, _model = key
            key = (engine, backend, OTHERS, day if len(self._cells) < 2 * _MOST_CELLS else OTHERS, route, OTHERS)
        return self._cells.setdefault(key, Cell())


def _count(cell: Cell, part: _Part) -> None:
    cell.requests += 1
    outcome = part.outcome
    cell.outcomes[outcome] = cell.outcomes.get(outcome, 0) + 1
    if part.backend:
        cell.backed += 1
        cell.fallbacks += part.fallback
    if part.session_code:
        cell.sessions += 1
        cell.stays += part.session_code.startswith("session.stayed")
    if part.completion_tokens is not None:
        cell.with_usage += 1
        cell.completion_tokens += part.completion_tokens
        cell.prompt_tokens += part.prompt_tokens or 0
    counts = cell.total
    value = part.total_ms
    bucket = int(log(value) * SCALE // 1) if value > 0 else ZERO
    counts[bucket] = counts.get(bucket, 0) + 1
    if part.route:
        counts = cell.route
        value = part.route_us
        bucket = int(log(value) * SCALE // 1) if value > 0 else ZERO
        counts[bucket] = counts.get(bucket, 0) + 1
    if part.first_byte_ms is not None:
        counts = cell.first
        value = part.first_byte_ms
        bucket = int(log(value) * SCALE // 1) if value > 0 else ZERO
        counts[bucket] = counts.get(bucket, 0) + 1


def _local_day(moment: float) -> str:
    try:
        return time.strftime("%Y-%m-%d", time.localtime(moment))
    except (ValueError, OverflowError, OSError):
        return "-"


def _rate(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None


def _quantiles(counts: dict[int, int]) -> dict[str, float | None]:
    found = {"p50": quantile(counts, 0.5), "p95": quantile(counts, 0.95), "p99": quantile(counts, 0.99)}
    return {name: None if value is None else float(f"{value:.3g}") for name, value in found.items()}
