"""What is measured of a gateway, and the bars it has to clear: the table of the proxy benchmark, row by row."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from benchmarks.load import Cell
from benchmarks.payloads import Payload


@dataclass(frozen=True, slots=True)
class Load:
    """One kind of request, from so many clients."""

    payload: Payload
    clients: int


@dataclass(frozen=True, slots=True)
class Bar:
    """A limit on the figure itself, on its ratio to the existing package's, or on both."""

    figure: float | None = None
    ratio: float | None = None

    def text(self, *, more_is_better: bool) -> str:
        """The bar as the table shows it."""
        sign = ">=" if more_is_better else "<="
        parts = [f"{sign} {self.figure:g}"] if self.figure is not None else []
        parts += [f"{sign} {self.ratio:g} x"] if self.ratio is not None else []
        return " and ".join(parts)

    def cleared(self, figure: float, ratio: float, *, more_is_better: bool) -> bool | None:
        """Whether it is; None when a ratio is asked for and there is nothing to compare with."""
        verdicts = []
        for value, limit in ((figure, self.figure), (ratio, self.ratio)):
            if limit is not None and not math.isnan(value):
                verdicts.append(value >= limit if more_is_better else value <= limit)
        if math.isnan(figure):
            return None
        if not all(verdicts):
            return False
        return None if self.ratio is not None and math.isnan(ratio) else True


class Verdict(StrEnum):
    """How ours stands in one row."""

    AIM = "aim reached"
    DONE = "done"
    MISSED = "missed"
    OPEN = "not judged"
    NONE = ""


@dataclass(frozen=True, slots=True)
class Row:
    """One row. ``take`` finds the figure in what a load gave; rows without a load are measured by other means."""

    title: str
    unit: str
    done: Bar | None = None
    aim: Bar | None = None
    more_is_better: bool = False
    load: Load | None = None
    take: Callable[[Cell], float] = lambda cell: 1e3 * cell.p50

    def verdict(self, figure: float, ratio: float) -> Verdict:
        """``figure`` is ours, ``ratio`` is that to the existing package's; not a number where there is none."""
        if self.done is None or self.aim is None:
            return Verdict.NONE
        done = self.done.cleared(figure, ratio, more_is_better=self.more_is_better)
        if done is None:
            return Verdict.OPEN
        if not done:
            return Verdict.MISSED
        aimed = self.aim.cleared(figure, ratio, more_is_better=self.more_is_better)
        return Verdict.AIM if aimed else Verdict.DONE


SHORT_1, SHORT_16 = Load(Payload.SHORT, 1), Load(Payload.SHORT, 16)
AGENT_1, AGENT_16 = Load(Payload.AGENT, 1), Load(Payload.AGENT, 16)
_LARGE_16, _STREAM_1 = Load(Payload.LARGE, 16), Load(Payload.STREAM, 1)


def _rate(cell: Cell) -> float:
    return cell.rate


def _p99(cell: Cell) -> float:
    return 1e3 * cell.p99


def _processor(cell: Cell) -> float:
    return 1e6 * cell.processor


MEMORY = Row("resident memory after load", "MB", Bar(80), Bar(60))
SHARED_OUT = Row("the same, shared pages divided (PSS)", "MB")
READY = Row("ready after start", "s", Bar(1.0), Bar(0.5))
SCREEN = Row("16 clients beside the screen: p99, to headless", "x", Bar(2.0), Bar(1.3))
SCREEN_P99 = Row("16 clients beside the screen: p99", "ms")
PACED = Row("the same at 200 requests/s in all, to headless", "x")
PACED_P99 = Row("the same at 200 requests/s in all", "ms")

ROWS = (
    Row("short chat, 1 client: p50", "ms", Bar(0.5, 0.25), Bar(0.25), load=SHORT_1),
    Row("short chat, 16 clients", "/s", Bar(None, 10), Bar(None, 40), more_is_better=True, load=SHORT_16, take=_rate),
    Row("60 KB, 16 clients", "/s", Bar(None, 10), Bar(None, 40), more_is_better=True, load=AGENT_16, take=_rate),
    Row("60 KB, 1 client: p50", "ms", Bar(None, 0.25), Bar(0.5), load=AGENT_1),
    Row("1 MB, 16 clients", "/s", Bar(None, 3), Bar(None, 5), more_is_better=True, load=_LARGE_16, take=_rate),
    Row("first byte of a stream: p50", "ms", Bar(None, 0.25), Bar(0.25), load=_STREAM_1, take=lambda c: 1e3 * c.first),
    MEMORY,
    READY,
    SCREEN,
    Row("short chat, 1 client: p99", "ms", load=SHORT_1, take=_p99),
    Row("short chat, 16 clients: p99", "ms", load=SHORT_16, take=_p99),
    Row("short chat, 16 clients: processor", "us", load=SHORT_16, take=_processor),
    Row("60 KB, 16 clients: processor", "us", load=AGENT_16, take=_processor),
    Row("1 MB, 16 clients: processor", "us", load=_LARGE_16, take=_processor),
    SHARED_OUT,
    SCREEN_P99,
    PACED,
    PACED_P99,
)
"""Those with bars are the goals; the others help to understand them. Processor time is a request's, of the gateway's
processes alone, which other work on the machine disturbs least."""

LOADS = tuple(dict.fromkeys(row.load for row in ROWS if row.load is not None))

Found = Mapping[str, Sequence[float]]
"""By system: the figure of each round."""


def middle(values: Sequence[float]) -> float:
    """The median of what was measured; not a number when nothing was."""
    known = [value for value in values if not math.isnan(value)]
    return statistics.median(known) if known else math.nan


def ratio(found: Found, system: str, base: str) -> float:
    """The median over rounds of one system's figure to another's in the same round."""
    pairs = zip(found.get(system, ()), found.get(base, ()), strict=False)
    return middle([mine / theirs for mine, theirs in pairs if theirs])
