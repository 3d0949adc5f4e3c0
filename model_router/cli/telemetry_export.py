"""``model-router telemetry export``: every event for other programs."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

import click

from model_router.cli.log_options import events_option, moment, place, since_option, until_option
from model_router.cli.output import talk
from model_router.errors import ServerError
from model_router.hindsight.filter import parse_filter
from model_router.hindsight.past_event import PastEvent


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--format", "form", type=click.Choice(["csv", "json"]), default="csv", show_default=True)
@click.option("--output", "-o", type=click.Path(path_type=Path), metavar="FILE", help="Write here, mode 0600.")
@click.option("--filter", "text", default="", metavar="TEXT", help="As for `model-router log`.")
@since_option
@until_option
@events_option
def command(
    *, form: str, output: Path | None, text: str, since: str | None, until: str | None, events: Path | None
) -> int:
    """Write every event as CSV or as a JSON array, oldest first, to standard output or to a new file."""
    from model_router.hindsight.export import export_csv, export_json
    from model_router.hindsight.reading import Tally, changed_since, read_events

    wanted, start, end = parse_filter(text), moment(since), moment(until)
    files, tally = changed_since(place(events).files(), start), Tally()

    def chosen() -> Iterator[PastEvent]:
        for event in read_events(files, tally):
            if (start is None or event.time >= start) and (end is None or event.time < end) and wanted.matches(event):
                yield event

    write = export_csv if form == "csv" else export_json
    if output is None:
        write(chosen(), sys.stdout)
    else:
        with _new_file(output) as target:
            count = write(chosen(), target)
        talk(f"{count:,} events written to {output}")
    for sentence in tally.sentences():
        talk(sentence)
    return 0


def _new_file(path: Path) -> TextIO:
    """A file that was not there before, for its owner alone.

    Raises:
        ServerError: it is there, or cannot be made.
    """
    try:
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise ServerError(f"{path} is there already", "Name another file, or remove this one.") from None
    except OSError as error:
        raise ServerError(f"{path} cannot be written: {error.strerror}", "Name another place.") from None
    return os.fdopen(file, "w", encoding="utf-8", newline="")
