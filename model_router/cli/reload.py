"""``model-router reload``: the running gateway reads its files again."""

from __future__ import annotations

import os

import click

from model_router.cli.options import json_option, port_option
from model_router.cli.output import complain, say, say_json


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@port_option
@json_option
def command(port: int | None, as_json: bool) -> int:
    """Have the running gateway read its proxy file and catalog again.

    A file with mistakes changes nothing; each is named, and the exit code is 1.
    """
    from model_router.server.control.client import ControlClient

    with ControlClient.find(os.environ, port=port) as gateway:
        event = gateway.reload()
    refused = event["outcome"] == "refused"
    if as_json:
        say_json(event)
    elif refused:
        complain("the configuration was not taken; the gateway goes on as before", "")
        for problem in event["problems"]:
            complain(problem, "", label="")
    else:
        late = event["needs_restart"]
        if event["outcome"] == "changed":
            say("The configuration was taken.")
        elif not late:
            say("Nothing that counts is new.")
        if late:
            say(f"These take effect at the next start: {', '.join(late)}.")
    return int(refused)
