"""The columns of the log: which of them a width has room for, and what stands in each."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from model_router.server.events import RequestEvent
from model_router.tui.look import outcome_look, route_look
from model_router.tui.text import clean, fit, fit_right, milliseconds


@dataclass(frozen=True, slots=True)
class Column:
    """``kind`` names the component style of its cells (``log--<kind>``); ``text`` may give anything, also hostile."""

    title: str
    width: int
    kind: str
    text: Callable[[RequestEvent], str]
    right: bool = False

    def cell(self, value: str) -> str:
        """The value on exactly ``width`` cells."""
        return fit_right(value, self.width) if self.right else fit(value, self.width)


def _clock(event: RequestEvent) -> str:
    return time.strftime("%H:%M:%S", time.localtime(event.time))


def _clock_fine(event: RequestEvent) -> str:
    return f"{_clock(event)}.{int(event.time * 10) % 10}"


def _route(event: RequestEvent) -> str:
    look = route_look(event.route)
    return f"{look.glyph} {look.word}"


def _client_short(event: RequestEvent) -> str:
    return event.client.split("/", 1)[0].split(" ", 1)[0] or "-"


def _status(event: RequestEvent) -> str:
    return f"{outcome_look(event).glyph} {event.status or '-'}"


def _status_wide(event: RequestEvent) -> str:
    return f"{_status(event)} {outcome_look(event).word}"


def _backend(event: RequestEvent) -> str:
    return (event.backend or "-") + (" ↩" if event.fallback else "")


def _first(event: RequestEvent) -> str:
    return milliseconds(event.first_byte_ms)


def _total(event: RequestEvent) -> str:
    return milliseconds(event.total_ms)


def _tokens(event: RequestEvent) -> str:
    """Read and written, as the server counted; else what the request was taken for."""
    if event.prompt_tokens is None and event.completion_tokens is None:
        return f"~{event.estimated_tokens}" if event.estimated_tokens else "-"
    return str((event.prompt_tokens or 0) + (event.completion_tokens or 0))


def _turn(event: RequestEvent) -> str:
    """What became of the conversation's engine: ``session.stayed.same`` is ``stayed``."""
    return event.session_code.split(".")[1] if event.session_code.count(".") == 2 else "-"


def _ask(event: RequestEvent) -> str:
    """The ask where the configuration keeps it, else why it went there."""
    return event.preview or _why(event)


def _why(event: RequestEvent) -> str:
    return event.error or " · ".join(event.reasons)


def columns_for(width: int) -> tuple[Column, ...]:
    """The columns for a view of ``width`` cells, each followed by one blank; narrow views keep what matters most."""
    if width >= 170:
        return (
            Column("time", 10, "quiet", _clock_fine),
            Column("client", 18, "quiet", lambda event: event.client or "-"),
            Column("kind", 9, "quiet", lambda event: event.kind),
            Column("route", 11, "route", _route),
            Column("engine", 17, "plain", lambda event: event.engine),
            Column("backend", 17, "plain", _backend),
            Column("status", 17, "outcome", _status_wide),
            Column("first ms", 8, "quiet", _first, right=True),
            Column("total ms", 8, "plain", _total, right=True),
            Column("tokens", 7, "quiet", _tokens, right=True),
            Column("engine is", 9, "quiet", _turn),
            Column("ask, or why", width - 143, "quiet", _ask),
        )
    if width >= 114:
        # Beyond 140 cells the reason stands at the right; before that, names get what is left.
        why = width - 128 if width >= 140 else 0
        spare = width - 114 - (why + 1 if why else 0)
        columns = (
            Column("time", 10, "quiet", _clock_fine),
            Column("client", 18 + spare // 2, "quiet", lambda event: event.client or "-"),
            Column("route", 11, "route", _route),
            Column("engine", 17, "plain", lambda event: event.engine),
            Column("backend", 17 + spare - spare // 2, "plain", _backend),
            Column("status", 17, "outcome", _status_wide),
            Column("first ms", 8, "quiet", _first, right=True),
            Column("total ms", 8, "plain", _total, right=True),
        )
        return (*columns, Column("why", why, "quiet", _why)) if why else columns
    if width >= 76:
        spare = width - 76
        longer = min(1, spare)
        return (
            Column("time", 8, "quiet", _clock),
            Column("client", 8 + (spare - longer) // 2, "quiet", _client_short),
            Column("route", 11, "route", _route),
            Column("engine", 16 + longer, "plain", lambda event: event.engine),
            Column("backend", 9 + (spare - longer + 1) // 2, "plain", _backend),
            Column("status", 6, "outcome", _status),
            Column("first", 5, "quiet", _first, right=True),
            Column("ms", 5, "plain", _total, right=True),
        )
    if width >= 60:
        room = width - 42
        return (
            Column("time", 8, "quiet", _clock),
            Column("route", 11, "route", _route),
            Column("engine", room - room // 3, "plain", lambda event: event.engine),
            Column("backend", room // 3, "plain", _backend),
            Column("status", 6, "outcome", _status),
            Column("first", 5, "quiet", _first, right=True),
            Column("ms", 5, "plain", _total, right=True),
        )
    if width >= 44:
        return (
            Column("time", 8, "quiet", _clock),
            Column("route", 11, "route", _route),
            Column("engine", width - 36, "plain", lambda event: event.engine),
            Column("status", 6, "outcome", _status),
            Column("ms", 6, "plain", _total, right=True),
        )
    return (
        Column("route", 11, "route", _route),
        Column("status", 6, "outcome", _status),
        Column("ms", 6, "plain", _total, right=True),
    )


def plain_row(event: RequestEvent) -> str:
    """The row as one line of text, whole, for the clipboard: its cells with two blanks between them."""
    cells = (column.text(event) for column in columns_for(114))
    return clean("  ".join((*cells, event.request_id)), 1_000)
