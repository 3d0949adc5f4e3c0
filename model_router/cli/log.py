"""``model-router log``: the requests of the event log, as text."""

from __future__ import annotations

import os
import time
from collections.abc import Container, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from model_router.cli.log_options import events_option, moment, place, since_option
from model_router.cli.log_text import event_lines, json_line, other_line
from model_router.cli.options import json_option, port_option
from model_router.cli.output import say, say_words, talk
from model_router.cli.width import width
from model_router.errors import UsageError
from model_router.hindsight.event_files import LogPlace
from model_router.hindsight.filter import Filter, parse_filter
from model_router.hindsight.past_event import BrokenLine, PastEvent, read_line
from model_router.hindsight.reading import Mark

if TYPE_CHECKING:
    from model_router.cli.log_live import LiveLog
    from model_router.hindsight.following import Follower

_GLANCE_SECONDS = 0.25


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--follow", "-f", is_flag=True, help="Go on with what comes, until interrupted.")
@click.option("--filter", "text", default="", metavar="TEXT", help="Such as: route:coding status:4xx ms>500 words")
@since_option
@click.option(
    "--limit", "-n", type=click.IntRange(min=0), default=50, show_default=True, help="The newest so many; 0: all."
)
@events_option
@port_option
@json_option
def command(
    *,
    follow: bool,
    text: str,
    since: str | None,
    limit: int,
    events: Path | None,
    port: int | None,
    as_json: bool,
) -> int:
    """Show the requests that the gateway had, oldest first; the gateway need not run.

    With --follow and no filter, reloads, decisions of people and changes of managed servers are told as they come. The
    gateway that runs is followed itself, at once and whether or not it writes a log; without one, the file is.

    The filter is that of the Log screen: terms joined by "and", a leading - turns one round. Fields: route engine
    backend model client outcome kind risk id error session, and the numbers status ms first us chars tokens
    attempts confidence. With --json each line is the event as it stands in the file.
    """
    if port is not None and (events is not None or not follow):
        raise UsageError("--port is for --follow without --events", "`model-router log --follow --port N`")
    wanted = parse_filter(text)
    live = _live(port) if follow and events is None else None
    log = place(events)
    if live is not None:
        log = replace(log, path=live.file or log.path)
    from model_router.hindsight.following import Follower

    follower = Follower(log.path) if follow and live is None else None
    if not follow:
        log.files()  # an error when there are none
    until = follower.mark if follower is not None else None
    shown = 0
    nothing = (live is not None and live.file is None) or (follower is not None and not until)
    for raw, event in () if nothing else _past(log, wanted, moment(since), limit, until):
        _show(raw, event, as_json=as_json)
        shown += 1
        if live is not None:
            live.told.append(raw)
    if not follow:
        if not shown:
            talk("No request in the log is like that." if text or since else "No request is in the log yet.")
        return 0
    told: Container[bytes] = ()
    if live is not None:
        _follow_gateway(live, wanted, limit, as_json=as_json)
        if live.file is None:
            return 0
        follower, told = Follower(log.path), live.told
    return _follow_file(follower or Follower(log.path), wanted, told, as_json=as_json)


def _live(port: int | None) -> LiveLog | None:
    from model_router.cli.log_live import find_live

    return find_live(os.environ, port)


def _follow_gateway(live: LiveLog, wanted: Filter, limit: int, *, as_json: bool) -> None:
    if live.file is None:
        talk("This gateway writes no event log; what it remembers and what comes is shown.")
    for raw in live.lines(limit):
        if live.missed:
            talk(f"{live.missed} events came too fast to be shown.")
            live.missed = 0
        _show_new(raw, wanted, as_json=as_json)
    talk("The gateway has ended.")


def _follow_file(follower: Follower, wanted: Filter, told: Container[bytes], *, as_json: bool) -> NoReturn:
    """What is added to the file, but for what was told already."""
    while True:
        lines = follower.poll()
        for raw in lines:
            if raw not in told:
                _show_new(raw, wanted, as_json=as_json)
        if follower.missed:
            talk("The log was replaced; events in between may be missing.")
            follower.missed = 0
        if not lines:
            time.sleep(_GLANCE_SECONDS)


def _past(
    log: LogPlace, wanted: Filter, since: float | None, limit: int, until: Mark | None
) -> Iterator[tuple[bytes, PastEvent]]:
    """What the log holds already, oldest first: up to where following begins."""
    from model_router.hindsight.event_files import event_files
    from model_router.hindsight.reading import changed_since, matching

    yield from matching(changed_since(event_files(log.path), since), wanted.matches, since, limit, until)


def _show(raw: bytes, event: PastEvent, *, as_json: bool) -> None:
    for line in [json_line(raw)] if as_json else event_lines(event, width()):
        say(line)


def _show_new(raw: bytes, wanted: Filter, *, as_json: bool) -> None:
    found = read_line(raw)
    if isinstance(found, PastEvent):
        if wanted.matches(found):
            _show(raw, found, as_json=as_json)
    elif isinstance(found, BrokenLine):
        talk(f"A line could not be read: {found.reason}")
    elif not wanted and as_json:
        say(json_line(raw))
    elif not wanted:
        for line in other_line(raw).split("\n"):
            say_words(line)
