"""``model-router telemetry review``: requests worth a look."""

from __future__ import annotations

import os
from pathlib import Path

import click

from model_router.cli.log_options import events_option, moment, place, since_option
from model_router.cli.log_text import clock
from model_router.cli.options import json_option
from model_router.cli.output import say, say_json, say_words, talk
from model_router.cli.width import table, width

_WORDS = {
    "label": "labelled otherwise",
    "asked_again": "asked again at once",
    "low_margin": "a close decision",
    "fallback": "served by a fallback",
}


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@since_option
@click.option("--limit", "-n", type=click.IntRange(min=1, max=10_000), default=30, show_default=True)
@click.option(
    "--feedback", type=click.Path(path_type=Path), metavar="FILE", help="Labels; without it the person's own."
)
@events_option
@json_option
def command(*, since: str | None, limit: int, feedback: Path | None, events: Path | None, as_json: bool) -> int:
    """Show requests that were probably routed wrongly, likeliest first.

    Signs are a label that says so, the same ask once more within three minutes, a decision that was close, and a
    fallback. `model-router explain` tells more of each, `model-router feedback` labels it.
    """
    from model_router.hindsight.labels import label_file, read_labels
    from model_router.hindsight.reading import Tally, changed_since, read_events
    from model_router.hindsight.review import review

    log = place(events)
    start, tally = moment(since), Tally()
    labels, _ = read_labels(feedback or label_file(os.environ))
    past = read_events(changed_since(log.files(), start), tally)
    found = review((event for event in past if start is None or event.time >= start), labels, limit)
    for sentence in tally.sentences():
        talk(sentence)
    if as_json:
        say_json(found.to_dict())
        return 0
    counts = ", ".join(f"{count:,} {_WORDS[sign]}" for sign, count in found.signs.most_common())
    say_words(f"{found.read:,} requests: {counts or 'nothing conspicuous'}")
    rows = [
        (
            one.request_id,
            clock(one.time),
            f"{one.route} → {one.engine}",
            f"confidence {one.confidence}",
            f"else {one.second_route}" if one.second_route else "",
            one.client or "-",
            ", ".join(_WORDS[sign] for sign in one.signs) + (f" ({one.label})" if one.label else ""),
        )
        for one in found.suspects
    ]
    for line in table(rows, width()):
        say(line)
    return 0
