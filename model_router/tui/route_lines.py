"""The routes as lines: how many requests went each way, how long they took, and when they came."""

from __future__ import annotations

from collections.abc import Iterable

from textual.content import Content

from model_router.engine.routes import HUMAN_CONFIRM, ROUTES, Route
from model_router.tui.lines import title
from model_router.tui.look import ROUTE_LOOKS
from model_router.tui.session import Session
from model_router.tui.text import bar, clean, fit, fit_right, milliseconds

_TICKS = " ▁▂▃▄▅▆▇█"


def route_lines(session: Session, width: int) -> list[Content]:
    """The eight routes in their order: engine, share as a bar, count, share, latencies, the last four minutes.

    What does not fit is left out: first the sparkline, then the bar, the engine, the latencies.
    """
    feed = session.feed
    gateway = session.gateway
    targets = gateway.router.catalog.routing_targets if gateway is not None else {}
    timed = width >= 48
    spare = width - 19 - 13 - (14 if timed else 0)
    spark = 17 if spare >= 19 + 7 + 17 else 0
    engine_width = 19 if spare >= 19 else max(0, spare) if timed else 0
    room = max(0, min(24, spare - spark - engine_width - 1))
    room = room if room >= 6 else 0
    lines = [title("Routes", width, "requests share" + ("    p50    p95" if timed else "") + " " * spark)]
    for route in ROUTES:
        count = feed.routes[route]
        share = count / feed.total if feed.total else 0.0
        look = ROUTE_LOOKS[route]
        engine = "a person" if route is Route.CONFIRMATION else targets.get(route, HUMAN_CONFIRM if targets else "")
        tally = feed.tallies.routes.get(route)
        quantiles = tally.quantiles() if tally is not None else None
        spans = [_span(span) for span in quantiles] if quantiles else ["-", "-"]
        lines.append(
            Content.assemble(
                (f"{look.glyph} ", look.style),
                fit(route.value, 17),
                (fit(clean(engine, 40), engine_width - 1) + " " if engine_width > 1 else "", "$quiet"),
                (bar(share, room) + " " if room else "", look.style or "$primary"),
                fit_right(f"{count:,}", 7),
                fit_right(f"{share:.0%}" if feed.total else "-", 6),
                ("".join(fit_right(span, 7) for span in spans) if timed else "", "$quiet"),
                (" " + ticks(tally.steps if tally is not None else ()).rjust(16) if spark else "", "$primary"),
            )
        )
    return lines


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
