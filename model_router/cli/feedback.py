"""``model-router feedback``: which engine a request should have had."""

from __future__ import annotations

import os
import time
from pathlib import Path

import click

from model_router.cli.log_options import events_option, place
from model_router.cli.options import json_option
from model_router.cli.output import say_json, say_words


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("request_id")
@click.argument("engine")
@click.option("--notes", default="", help="Why, in your own words; recognised secrets are taken out.")
@events_option
@json_option
def command(*, request_id: str, engine: str, notes: str, events: Path | None, as_json: bool) -> int:
    """Note that REQUEST_ID should have gone to ENGINE, in ~/.model-router/routing-feedback.jsonl.

    `replay` counts which labels a configuration meets. The newest label of a request counts.
    """
    from msgspec.structs import asdict

    from model_router.hindsight.labels import Label, append_label, check_engine, label_file
    from model_router.hindsight.lookup import find_request
    from model_router.hindsight.present import present_router

    log = place(events)
    event = find_request(log.files(), request_id)
    name = check_engine(engine, present_router(log.config, os.environ).catalog)
    label = Label(
        time=time.time(),
        request_id=event.request_id,
        engine=name,
        config_hash=event.config_hash,
        ruleset_version=event.ruleset_version,
        notes=notes,
    )
    path = label_file(os.environ)
    label = append_label(path, label)
    went = event.decided or event.engine
    if as_json:
        say_json({**asdict(label), "went_to": went, "file": str(path)})
    else:
        agreed = "which is where it went" if went == name else f"it went to {went or 'nobody'}"
        say_words(f"Noted in {path}: {event.request_id} should go to {name}; {agreed}.")
    return 0
