"""``model-router replay``: past requests through the present configuration, or a draft."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from model_router.cli.log_options import events_option, moment, place, since_option
from model_router.cli.log_text import clock
from model_router.cli.options import json_option
from model_router.cli.output import say_json, say_words, talk
from model_router.cli.width import table, width

if TYPE_CHECKING:
    from model_router.hindsight.replay import Replay

_SHOWN = 40


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@events_option
@click.option(
    "--feedback", type=click.Path(path_type=Path), metavar="FILE", help="Labels; without it the person's own."
)
@click.option(
    "--config", type=click.Path(path_type=Path), metavar="DRAFT", help="A catalog to try, in place of the present one."
)
@since_option
@json_option
@click.option("--fail-on-regression", is_flag=True, help="Exit code 1 when a label that was met is not met any more.")
def command(
    *,
    events: Path | None,
    feedback: Path | None,
    config: Path | None,
    since: str | None,
    as_json: bool,
    fail_on_regression: bool,
) -> int:
    """Route past requests again and show what would go elsewhere. Nothing is sent anywhere.

    Events that hold their text are read again; the others are decided by their stored scores, which holds as long as
    the rules are the same. Where conversations were and which backends failed is left out on both sides.
    """
    from model_router.errors import UsageError
    from model_router.hindsight.labels import label_file, read_labels
    from model_router.hindsight.present import present_router
    from model_router.hindsight.reading import Tally, changed_since, read_events
    from model_router.hindsight.replay import replay

    log = place(events)
    files = log.files()
    if feedback is not None and not feedback.is_file():
        raise UsageError(f"there is no file {feedback}", "`model-router feedback REQUEST_ID ENGINE` writes labels.")
    router = present_router(log.config, os.environ, config)
    labels, broken = read_labels(feedback or label_file(os.environ))
    start, tally = moment(since), Tally()
    past = read_events(changed_since(files, start), tally)
    found = replay((event for event in past if start is None or event.time >= start), router, labels)
    for sentence in tally.sentences():
        talk(sentence)
    if broken:
        talk(f"{broken} lines of the feedback file could not be read")
    if as_json:
        say_json(found.to_dict())
    else:
        for line in _lines(found, width()):
            say_words(line)
    return 1 if fail_on_regression and found.regressed else 0


def _lines(found: Replay, room: int | None) -> Iterator[str]:
    bases = {"text": "by their text", "scores": "by their stored scores", "kind": "by their kind"}
    how = ", ".join(f"{count:,} {bases[basis]}" for basis, count in found.bases.most_common())
    yield f"{found.replayed:,} of {found.read:,} requests replayed{f' ({how})' if how else ''}"
    yield f"{found.moved:,} would go elsewhere"
    if found.moves:
        yield from table([(f"{count:,}", f"{a} → {b}") for (a, b), count in found.moves.most_common()], room)
    verdicts = found.verdicts
    labelled = found.labels_met + verdicts["fixed"] + verdicts["broken"] + verdicts["wrong"]
    if labelled:
        yield (
            f"labels: {found.labels_met + verdicts['fixed']:,} of {labelled:,} met; {verdicts['fixed']:,} fixed, "
            f"{verdicts['broken']:,} broken, {verdicts['wrong']:,} still wrong"
        )
    if found.labels_unused:
        yield f"{found.labels_unused:,} labels are of requests that are not in these files"
    for code, count in found.skipped.most_common():
        yield f"{count:,} skipped: {found.reasons[code]}"
    rows = list(found.rows)[-_SHOWN:]
    if rows:
        yield ""
        cells = (
            (
                row.verdict,
                row.request_id,
                clock(row.time),
                f"{row.before} → {row.after}",
                _label(row.label),
                row.summary,
            )
            for row in rows
        )
        yield from table(cells, room)
        total = sum(verdicts.values())
        if total > len(rows):
            yield f"  the newest {len(rows)} of {total:,}; --json has up to 1,000"
    yield f"config {found.config_hash}, rules {found.ruleset_version}"


def _label(engine: str) -> str:
    return f"(label: {engine})" if engine else ""
