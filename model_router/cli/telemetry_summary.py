"""``model-router telemetry summary``: counts, shares, rates, latencies and tokens."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from model_router.cli.log_options import events_option, moment, place, since_option, until_option
from model_router.cli.log_text import clock, span
from model_router.cli.options import json_option
from model_router.cli.output import plain, say_json, say_words, talk
from model_router.cli.width import length, table, width
from model_router.config.wording import clipped

if TYPE_CHECKING:
    from model_router.hindsight.telemetry import Summary

_GROUPS = ["engine", "backend", "client", "day", "route", "model"]
_SHOWN = 20
_COUNTS = ("requests", "share", "failed", "fallback", "confirm", "stayed")
_TIMES = ("route p50/p95/p99", "first byte p50/p95/p99", "total p50/p95/p99", "tokens in/out")
_NARROW_TIMES = ("route", "first byte", "total", "tokens")
_LEAST_NAME = 12


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@since_option
@until_option
@click.option(
    "--by",
    "groups",
    multiple=True,
    type=click.Choice(_GROUPS),
    help="Group so; may be repeated. Usual: the first four.",
)
@events_option
@json_option
def command(
    *, since: str | None, until: str | None, groups: tuple[str, ...], events: Path | None, as_json: bool
) -> int:
    """Sum up the event log: counts, shares, rates of failures, fallbacks, confirmations and stays, latencies, tokens.

    Days are local. Quantiles are within 1 %, as they come from histograms; so a log of any size is read in the same
    small memory.
    """
    from model_router.hindsight.present import present_router
    from model_router.hindsight.reading import changed_since
    from model_router.hindsight.telemetry import USUAL_GROUPS, summarise

    log = place(events)
    start = moment(since)
    catalog = present_router(log.config, os.environ, open_only=False).catalog
    local = {name for name, spec in catalog.engines.items() if spec.local}
    files = changed_since(log.files(), start)
    found = summarise(files, by=groups or USUAL_GROUPS, since=start, until=moment(until), local_engines=local)
    for sentence in found.tally.sentences():
        talk(sentence)
    if as_json:
        say_json(found.to_dict())
        return 0
    for line in _lines(found, width()):
        say_words(line)
    return 0


def _lines(found: Summary, room: int | None) -> Iterator[str]:
    from model_router.hindsight.telemetry import sorted_cells

    whole = found.whole.requests
    if not whole or found.first is None or found.last is None:
        yield "no requests in that time"
        return
    yield f"{whole:,} requests, {clock(found.first)} to {clock(found.last)}"
    local = found.to_dict()["local"]
    if local["share_of_answers"] is not None:
        yield (
            f"{_percent(local['share_of_answers'])} of the answers came from engines on this machine, with "
            f"{local['completion_tokens']:,} tokens written"
        )
    blocks: list[tuple[str, list[tuple[str, dict[str, Any]]], str]] = [
        ("", [("all", found.whole.to_dict(whole))], ""),
    ]
    for name, cells in found.groups.items():
        ordered = sorted_cells(name, cells)
        shown = ordered[-_SHOWN:] if name == "day" else ordered[:_SHOWN]
        more = f"  {len(ordered) - len(shown):,} more; --json has all" if len(ordered) > len(shown) else ""
        blocks.append((f"by {name}", [(key, cell.to_dict(whole)) for key, cell in shown], more))
    tables = [(title, table([("", *_COUNTS, *_TIMES), *map(_row, rows)], None), more) for title, rows, more in blocks]
    if room is not None and any(length(line) > room for _, lines, _ in tables for line in lines):
        yield "times are p50/p95/p99, tokens in/out"
        tables = [(title, _narrow(rows, room), more) for title, rows, more in blocks]
    for title, lines, more in tables:
        yield from ["", *([title] if title else []), *lines, *([more] if more else [])]


def _narrow(rows: list[tuple[str, dict[str, Any]]], room: int) -> list[str]:
    """The same in two tables, one under the other: counts and rates, then times and tokens. Long names are cut off."""
    counts = [_COUNTS, *(_counts(row) for _, row in rows)]
    times = [_NARROW_TIMES, *(_narrow_times(row) for _, row in rows)]
    rest = max(sum(max(map(length, column)) + 2 for column in zip(*cells, strict=True)) for cells in (counts, times))
    names = ["", *(clipped(plain(name), max(_LEAST_NAME, room - rest - 2)) for name, _ in rows)]
    return [
        line
        for cells in (counts, times)
        for line in table([(n, *row) for n, row in zip(names, cells, strict=True)], room)
    ]


def _row(row: tuple[str, dict[str, Any]]) -> tuple[str, ...]:
    name, told = row
    return (
        name,
        *_counts(told),
        " / ".join(_micro(value) for value in told["route_us"].values()),
        " / ".join(span(value) for value in told["first_byte_ms"].values()),
        " / ".join(span(value) for value in told["total_ms"].values()),
        f"{told['prompt_tokens']:,} / {told['completion_tokens']:,}",
    )


def _counts(row: dict[str, Any]) -> tuple[str, ...]:
    rates = ("share", "error_rate", "fallback_rate", "confirm_rate", "stay_rate")
    return (f"{row['requests']:,}", *(_percent(row[name]) for name in rates))


def _narrow_times(row: dict[str, Any]) -> tuple[str, ...]:
    return (
        _joined([_micro(value) for value in row["route_us"].values()]),
        _joined([span(value) for value in row["first_byte_ms"].values()]),
        _joined([span(value) for value in row["total_ms"].values()]),
        f"{_thousands(row['prompt_tokens'])}/{_thousands(row['completion_tokens'])}",
    )


def _joined(times: list[str]) -> str:
    """``17/63/120 ms``; a unit that all have stands once, and nothing at all is one dash."""
    units = {time.partition(" ")[2] for time in times}
    if len(units) > 1:
        return "/".join(time.replace(" ", "") for time in times)
    unit = units.pop()
    return f"{'/'.join(time.partition(' ')[0] for time in times)} {unit}" if unit else "-"


def _thousands(count: int) -> str:
    """``950``, ``12.3k``, ``4.5M``."""
    for size, letter in ((1_000_000_000, "G"), (1_000_000, "M"), (1_000, "k")):
        if count >= 10 * size:
            return f"{count / size:.1f}{letter}"
    return str(count)


def _percent(rate: float | None) -> str:
    return "-" if rate is None else f"{100 * rate:.1f} %"


def _micro(value: float | None) -> str:
    return "-" if value is None else f"{value:.0f} µs"
