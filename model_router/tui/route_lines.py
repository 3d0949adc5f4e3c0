"""The routes as lines: how many requests went each way, how long they took, and when they came."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from textual.content import Content

from model_router.engine.routes import HUMAN_CONFIRM, ROUTES, Route
from model_router.tui.lines import title
from model_router.tui.look import ROUTE_LOOKS
from model_router.tui.session import Session
from model_router.tui.tallies import RouteTally
from model_router.tui.text import bar, clean, fit, fit_right, milliseconds

_TICKS = " ▁▂▃▄▅▆▇█"
_SHORT_NAME, _LONG_NAME = 12, 19
"""Glyph and word, or glyph and the name that the configuration has, with a blank after it."""
_COUNTS = 13
_LATENCY = 6
_SHORT_TREND, _LONG_TREND = 9, 17
"""The last four minutes in steps of 30 or 15 seconds, with a blank before it."""
_ENGINE = 17
_SHORT_BAR = 7
"""With a blank before it."""


@dataclass(frozen=True, slots=True)
class _Columns:
    """Cells of each column; 0 where there is no room."""

    name: int
    engine: int
    bar: int
    latencies: int
    trend: int


def _columns(width: int) -> _Columns:
    """What there is room for: words and numbers, latencies, a short trend, engines, a long one, whole names, bars."""
    spare = width - _SHORT_NAME - _COUNTS
    latencies = 2 * _LATENCY if spare >= 2 * _LATENCY else 0
    spare -= latencies
    trend = _SHORT_TREND if spare >= _SHORT_TREND else 0
    spare -= trend
    engine = _ENGINE if spare >= _ENGINE else 0
    spare -= engine
    if trend and spare >= _LONG_TREND - trend:
        spare -= _LONG_TREND - trend
        trend = _LONG_TREND
    name = _LONG_NAME if spare >= _LONG_NAME - _SHORT_NAME else _SHORT_NAME
    spare -= name - _SHORT_NAME
    return _Columns(name, engine, min(25, spare) if spare >= _SHORT_BAR else 0, latencies, trend)


def route_lines(session: Session, width: int) -> list[Content]:
    """The eight routes in their order: engine, share as a bar, count, share, latencies, the last four minutes."""
    feed, gateway, columns = session.feed, session.gateway, _columns(width)
    targets = gateway.router.catalog.routing_targets if gateway is not None else {}
    note = "requests share"
    note += f"{'p50':>{_LATENCY}}{'p95':>{_LATENCY}}" if columns.latencies else ""
    note += f"{'4 min' if columns.trend == _SHORT_TREND else '4 minutes':>{columns.trend}}" if columns.trend else ""
    lines = [title("Routes", width, note)]
    for route in ROUTES:
        count = feed.routes[route]
        share = count / feed.total if feed.total else 0.0
        look = ROUTE_LOOKS[route]
        engine = "a person" if route is Route.CONFIRMATION else targets.get(route, HUMAN_CONFIRM if targets else "")
        tally = feed.tallies.routes.get(route)
        quantiles = tally.quantiles() if tally is not None else None
        spans = [_span(span) for span in quantiles] if quantiles else ["-", "-"]
        name = route.value if columns.name == _LONG_NAME else look.word
        lines.append(
            Content.assemble(
                (f"{look.glyph} ", look.style),
                fit(name, columns.name - 2),
                (fit(clean(engine, 40), columns.engine), "$quiet"),
                (f" {bar(share, columns.bar - 1)}" if columns.bar else "", look.style or "$primary"),
                fit_right(f"{count:,}", 7),
                fit_right(f"{share:.0%}" if feed.total else "-", 6),
                ("".join(fit_right(span, _LATENCY) for span in spans) if columns.latencies else "", "$quiet"),
                (_trend(tally, columns.trend), "$primary"),
            )
        )
    return lines


def _trend(tally: RouteTally | None, width: int) -> str:
    """The steps of a route, each on one cell, or two of them where there is only half the room."""
    if not width:
        return ""
    steps = list(tally.steps) if tally is not None else []
    if width == _SHORT_TREND:
        steps = [sum(pair) for pair in zip(steps[::2], steps[1::2], strict=True)]
    return ticks(steps).rjust(width)


def _span(value: float) -> str:
    """At most five characters, with the unit: ``1.5ms``, ``980ms``, ``1.6s``."""
    if value < 999.5:
        return f"{milliseconds(value)}ms"
    return f"{value / 1000:.1f}s" if value < 99_950 else f"{value / 60_000:.0f}min"


def ticks(counts: Iterable[int]) -> str:
    """A row of small bars, the highest a full one; a little is never nothing."""
    values = list(counts)
    top = max(values, default=0)
    return "".join(_TICKS[min(8, -(-value * 8 // top))] if top else " " for value in values)


def rate_lines(session: Session, width: int) -> list[Content]:
    """Requests in each second of the last minute, as a row of small bars."""
    rates = list(session.feed.rates)[-max(10, min(60, width)) :]
    top = max(rates, default=0)
    bars = ticks(rates) if top else "▁" * len(rates)
    return [title("Requests a second", width, f"last minute, highest {top}"), Content.styled(bars, "$primary")]
