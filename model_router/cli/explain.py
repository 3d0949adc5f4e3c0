"""``model-router explain``: why a request went where it went."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from model_router.cli.log_options import events_option, place
from model_router.cli.log_text import clock, span
from model_router.cli.options import json_option
from model_router.cli.output import say_json, say_words
from model_router.cli.width import table, width

if TYPE_CHECKING:
    from model_router.hindsight.explanation import Explanation
    from model_router.hindsight.past_event import PastEvent


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("request_id")
@events_option
@json_option
def command(*, request_id: str, events: Path | None, as_json: bool) -> int:
    """Say why REQUEST_ID went where it went, from the event log alone, and where it would go now.

    The name of a request stands in the log, on the screen, and in the answer's header X-ModelRouter-Request-ID.
    Without its text a request is decided again by its stored scores, as long as the rules are the same.
    """
    from model_router.hindsight.explanation import explain
    from model_router.hindsight.labels import label_file, read_labels
    from model_router.hindsight.lookup import find_request
    from model_router.hindsight.present import present_router

    log = place(events)
    event = find_request(log.files(), request_id)
    router = present_router(log.config, os.environ, open_only=False)
    labels, _ = read_labels(label_file(os.environ))
    found = explain(event, router, labels.get(event.request_id))
    if as_json:
        say_json(found.to_dict())
        return 0
    for line in _lines(found, width()):
        say_words(line)
    return 0


def _lines(found: Explanation, room: int | None) -> Iterator[str]:
    from model_router.hindsight.explanation import why

    event = found.event
    where = f"{event.route or '-'} → {event.engine or 'nobody'}"
    yield f"{event.request_id}  {where}  {event.status} {event.outcome}"
    yield f"{clock(event.time)}, {event.client or 'an unnamed client'}, {event.protocol}"
    yield from ["", "why", *(f"  {sentence}" for sentence in why(event))]
    if event.scores:
        low = min(event.scores.values())
        ordered = sorted(event.scores.items(), key=lambda item: -item[1])
        rows = [
            (route, f"{score:>6}", "#" * round(24 * (score - low) / (max(event.scores.values()) - low or 1)))
            for route, score in ordered
        ]
        yield from ["", "scores", *table(rows, room)]
    yield from ["", "what happened", *table(_facts(event), room)]
    yield from ["", "decided by", *table(_decided_by(found), room)]
    yield from ["", "now", *(f"  {line}" for line in _now(found))]
    if found.label is not None:
        yield f"  you said it should go to {found.label.engine}" + (
            f": {found.label.notes}" if found.label.notes else ""
        )


def _facts(event: PastEvent) -> list[tuple[str, str]]:
    tokens = f"{event.prompt_chars:,} characters, about {event.estimated_tokens:,} tokens with all that came along"
    used = ", ".join(
        f"{count:,} {way}"
        for count, way in ((event.prompt_tokens, "in"), (event.completion_tokens, "out"))
        if count is not None
    )
    tries = f" after {event.attempts} attempts" if event.attempts > 1 else ""
    backend = f"{event.backend} ({event.model}){tries}" if event.backend else "none"
    facts = [
        ("backend", backend),
        ("decided in", f"{event.route_us:.0f} µs"),
        ("first byte", span(event.first_byte_ms)),
        ("total", span(event.total_ms)),
        ("size", tokens),
        ("tokens", used),
        ("not passed on", ", ".join(event.dropped)),
        ("error", event.error),
        ("text kept", event.preview),
    ]
    return [(name, " ".join(value.split("\n"))) for name, value in facts if value]


def _decided_by(found: Explanation) -> list[tuple[str, str]]:
    event = found.event
    if not event.config_hash:
        return [("config", "it was refused before it was routed")]
    config = (
        f"{event.config_hash}, changed since: now {found.config_hash_now}"
        if found.config_changed
        else (f"{event.config_hash}, still in force")
    )
    rules = (
        f"{event.ruleset_version}, changed since: now {found.ruleset_now}"
        if found.rules_changed
        else (f"{event.ruleset_version}, still in force")
    )
    return [("config", config), ("rules", rules), ("profile", event.profile)]


def _now(found: Explanation) -> Iterator[str]:
    from model_router.hindsight.rerouting import Rerouted

    now = found.now
    if now is None:
        yield "every request waits for a person: the present catalog cannot be used"
        return
    if not isinstance(now, Rerouted):
        yield f"where it would go now cannot be told: {now.reason}"
        return
    basis = {"text": "by its text", "scores": "by its stored scores", "kind": "by its kind"}[now.basis]
    if found.event.approved and not found.would_differ:
        yield f"would wait for a person again, {basis}"
        return
    verdict = "would go elsewhere" if found.would_differ else "would go the same way"
    yield f"{verdict}: {now.engine}, {basis}"
    if found.would_differ:
        yield now.decision.summary
        yield from now.decision.reasons
