"""``model-router log``: the requests of the event log, as text."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import click

from model_router.cli.log_options import events_option, moment, place, since_option
from model_router.cli.log_text import event_lines, json_line, other_line
from model_router.cli.options import json_option
from model_router.cli.output import say, say_words, talk
from model_router.cli.width import width
from model_router.hindsight.event_files import LogPlace
from model_router.hindsight.filter import Filter, parse_filter
from model_router.hindsight.past_event import BrokenLine, PastEvent, read_line
from model_router.hindsight.reading import Mark

_GLANCE_SECONDS = 0.25


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--follow", "-f", is_flag=True, help="Go on with what comes, until interrupted.")
@click.option("--filter", "text", default="", metavar="TEXT", help="Such as: route:coding status:4xx ms>500 words")
@since_option
@click.option(
    "--limit", "-n", type=click.IntRange(min=0), default=50, show_default=True, help="The newest so many; 0: all."
)
@events_option
@json_option
def command(*, follow: bool, text: str, since: str | None, limit: int, events: Path | None, as_json: bool) -> int:
    """Show the requests that the gateway had, oldest first; the gateway need not run.

    With --follow and no filter, reloads, decisions of people and changes of managed servers are told as they come.

    The filter is that of the Log screen: terms joined by "and", a leading - turns one round. Fields: route engine
    backend model client outcome kind risk id error session, and the numbers status ms first us chars tokens
    attempts confidence. With --json each line is the event as it stands in the file.
    """
    wanted = parse_filter(text)
    log = place(events)
    from model_router.hindsight.following import Follower

    follower = Follower(log.path) if follow else None
    if follower is None:
        log.files()  # an error when there are none
    until = follower.mark if follower is not None else None
    shown = 0
    for raw, event in _past(log, wanted, moment(since), limit, until) if follower is None or until else ():
        _show(raw, event, as_json=as_json)
        shown += 1
    if follower is None:
        if not shown:
            talk("No request in the log is like that." if text or since else "No request is in the log yet.")
        return 0
    while True:
        lines = follower.poll()
        for raw in lines:
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
