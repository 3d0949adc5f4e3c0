"""Events as lines of text for a person."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from functools import cache

import msgspec

from model_router.cli.output import plain
from model_router.cli.width import filled
from model_router.hindsight.past_event import PastEvent
from model_router.server.happenings import GatewayEvent, ReloadEvent

_LONGEST = 400
_WIDE = 119
"""Letters that a request takes with a usual name of a client; narrower terminals get several lines."""
_FURTHER_IN = " " * 16
"""Under the name of the request."""


def event_lines(event: PastEvent, room: int | None) -> list[str]:
    """One request: when, how it ended, where it went and why, how long it took, who asked.

    One line, unless ``room`` letters are all that a line has: then what does not fit follows on lines of its own. On a
    narrow terminal the first line names the request and its route, without the year, and all else follows.
    """
    route = f"{event.route or '-'} → {event.engine or '-'}"
    backend = f"@ {event.backend}" if event.backend else ""
    ended = f"{event.status:3d} {event.outcome:<9}"
    where = f"{route} {backend}".rstrip()
    head = f"{clock(event.time)}  {event.request_id}  {ended}  {where:<44}  {span(event.total_ms):>8}"
    told = [event.client or "-", *filter(None, _notes(event))]
    if room is None:
        return [one_line("  ".join([head, *told]))]
    if room >= _WIDE:
        return filled(_cells(head, *told), room, later=_FURTHER_IN)
    first = _cells(clock(event.time)[5:] or "-", event.request_id, ended, route)
    rest = _cells(backend, span(event.total_ms), *told)
    return [*filled(first, room, later=_FURTHER_IN), *filled(rest, room, _FURTHER_IN, _FURTHER_IN)]


def _cells(*texts: str) -> list[str]:
    return [plain(one_line(text)) for text in texts]


def _notes(event: PastEvent) -> list[str]:
    return [
        f"risk {event.risk_class}{', approved' if event.approved else ''}" if event.risk_class else "",
        "fallback" if event.fallback else "",
        event.session_code.removeprefix("session.") if event.session_code else "",
        event.error,
        f'"{event.preview}"' if event.preview else "",
    ]


def other_line(raw: bytes) -> str:
    """A line that tells of something else than a request: a sentence, or of an unknown kind its plain values."""
    try:
        known = _happenings().decode(raw)
    except (ValueError, RecursionError):
        known = None
    if known is not None:
        problems = known.problems if isinstance(known, ReloadEvent) else ()
        return "\n".join(one_line(line) for line in (f"{clock(known.time)}  {known.summary}", *_indented(problems)))
    try:
        value = json.loads(raw)
    except (ValueError, RecursionError):
        return one_line(raw.decode("utf-8", "replace"))
    if not isinstance(value, dict):
        return one_line(str(value))
    when = value.pop("time", None)
    kind = value.pop("event", None) or value.pop("kind", "") or "other"
    told = " ".join(
        f"{key}={item}" for key, item in value.items() if isinstance(item, str | int | float) and item != ""
    )
    return one_line(f"{clock(when)}  {kind}  {told}" if isinstance(when, int | float) else f"{kind}  {told}")


@cache
def _happenings() -> msgspec.json.Decoder[GatewayEvent]:
    return msgspec.json.Decoder(GatewayEvent)


def _indented(problems: Iterable[str]) -> list[str]:
    return [f"{'':21}{problem}" for problem in problems]


def json_line(raw: bytes) -> str:
    """A line of the log as JSON that no terminal obeys: other letters than ASCII are escaped."""
    text = raw.decode("utf-8", "replace")
    if text.isascii() and "\x7f" not in text:
        return text
    return json.dumps(json.loads(text))


def clock(when: float) -> str:
    """Local date and time, to the second."""
    try:
        return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(when))
    except (ValueError, OverflowError, OSError):
        return "-"


def span(milliseconds: float | None) -> str:
    """A time as people say it: ``0.4 ms``, ``350 ms``, ``12.5 s``."""
    if milliseconds is None:
        return "-"
    if milliseconds < 10:
        return f"{milliseconds:.1f} ms"
    return f"{milliseconds:.0f} ms" if milliseconds < 9_950 else f"{milliseconds / 1_000:.1f} s"


def one_line(text: str) -> str:
    """Text without line ends, at most a few hundred characters."""
    flat = " ".join(text.split("\n"))
    return flat if len(flat) <= _LONGEST else flat[: _LONGEST - 1] + "…"
