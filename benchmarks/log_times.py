"""How long a log takes to be opened, paged through and filtered, as the log of days does it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from model_router.hindsight.columns import Columns
from model_router.hindsight.filter import parse_filter
from model_router.hindsight.log_index import LogIndex
from model_router.hindsight.search import Search

FILTERS = ("route:coding", "ms>2500", "client:agent/3 status:200 ms>2000", "prefill", "id:0000ff", "nothing")


@dataclass(frozen=True, slots=True, order=True)
class Seconds:
    """Of the processor, and by the clock."""

    processor: float
    clock: float


@dataclass(frozen=True, slots=True)
class LogTimes:
    """The best of three openings, the slowest page and filter; ``unbuilt``: filters before the columns are there."""

    opened: Seconds
    first_page: Seconds
    page: Seconds
    columns: Seconds
    filtered: Seconds
    unbuilt: Seconds | None
    unbuilt_to_the_end: Seconds | None


def timed(work: Callable[[], object]) -> Seconds:
    """What ``work`` takes."""
    used, clock = time.process_time(), time.perf_counter()
    work()
    return Seconds(time.process_time() - used, time.perf_counter() - clock)


def time_log(path: Path, *, unbuilt: bool = False) -> LogTimes:
    """Take all times of one log."""
    tries: list[Seconds] = []
    for _ in range(3):
        with LogIndex(path) as once:
            tries.append(timed(once.index))
    with LogIndex(path) as index:

        def search(columns: Columns, text: str, enough: int | None = None) -> Seconds:
            return timed(lambda: Search(index, columns, parse_filter(text)).go(enough=enough))

        def page(start: int) -> Seconds:
            return timed(lambda: index.page(start, 50))

        first = timed(lambda: (index.index(0), index.page(0, 50)))
        index.index()
        pages = [page(start) for start in range(0, index.rows, max(1, index.rows // 20))]
        few = max(search(Columns(index), text, 50) for text in FILTERS[:2]) if unbuilt else None
        whole = search(Columns(index), FILTERS[0]) if unbuilt else None
        columns = Columns(index)
        built = timed(columns.build)
        filtered = max(search(columns, text) for text in FILTERS)
    return LogTimes(min(tries), first, max(pages), built, filtered, few, whole)
