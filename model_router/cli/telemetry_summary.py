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
from model_router.cli.output import columns, say, say_json, talk

if TYPE_CHECKING:
    from model_router.hindsight.telemetry import Summary

_GROUPS = ["engine", "backend", "client", "day", "route", "model"]
_SHOWN = 20
_TITLES = (
    "", "requests", "share", "failed", "fallback", "confirm", "stayed", "route p50/p95/p99", "first byte p50/p95/p99",
    "total p50/p95/p99", "tokens in/out",
)  # fmt: skip


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
    for line in _lines(found):
        say(line)
    return 0


def _lines(found: Summary) -> Iterator[str]:
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
    yield from ["", *columns([_TITLES, _row("all", found.whole.to_dict(whole))])]
    for name, cells in found.groups.items():
        ordered = sorted_cells(name, cells)
        shown = ordered[-_SHOWN:] if name == "day" else ordered[:_SHOWN]
        yield from ["", f"by {name}", *columns([_TITLES, *(_row(key, cell.to_dict(whole)) for key, cell in shown)])]
        if len(ordered) > len(shown):
            yield f"  {len(ordered) - len(shown):,} more; --json has all"


def _row(name: str, row: dict[str, Any]) -> tuple[str, ...]:
    return (
        name,
        f"{row['requests']:,}",
        _percent(row["share"]),
        _percent(row["error_rate"]),
        _percent(row["fallback_rate"]),
        _percent(row["confirm_rate"]),
        _percent(row["stay_rate"]),
        " / ".join(_micro(value) for value in row["route_us"].values()),
        " / ".join(span(value) for value in row["first_byte_ms"].values()),
        " / ".join(span(value) for value in row["total_ms"].values()),
        f"{row['prompt_tokens']:,} / {row['completion_tokens']:,}",
    )


def _percent(rate: float | None) -> str:
    return "-" if rate is None else f"{100 * rate:.1f} %"


def _micro(value: float | None) -> str:
    return "-" if value is None else f"{value:.0f} µs"
