"""``model-router approvals``: requests that wait for a person, at the gateway that runs."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

import click

from model_router.cli.options import json_option, port_option
from model_router.cli.output import columns, say, say_json, talk

_SHOWN_CHARS = 600


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def command() -> None:
    """Show, approve or deny requests that wait for a person."""


@command.command("list")
@port_option
@json_option
def list_command(port: int | None, as_json: bool) -> int:
    """Show requests that wait, and those decided in the last minutes."""
    from model_router.server.control.client import ControlClient

    with ControlClient.find(os.environ, port=port) as gateway:
        found = gateway.approvals()
    if as_json:
        say_json(found)
        return 0
    if not found["approvals"]:
        held = "they are held until somebody decides" if found["mode"] == "hold" else "they are refused at once"
        say(f"No request waits for a person (approvals.mode is {found['mode']}: {held}).")
    for row in found["approvals"]:
        for line in _lines(row):
            say(line)
    if any(row["standing"] == "waiting" for row in found["approvals"]):
        talk("`model-router approvals approve ID` lets one pass, `model-router approvals deny ID` refuses it.")
    return 0


@command.command("approve")
@click.argument("request_id", metavar="ID")
@click.option("--session", is_flag=True, help="All of this class in the same conversation, for four hours at most.")
@click.option("--note", default="", help="A word for the record.")
@port_option
@json_option
def approve_command(request_id: str, session: bool, note: str, port: int | None, as_json: bool) -> int:
    """Let the request ID pass. It goes where it would have gone by itself."""
    from model_router.server.control.client import ControlClient

    with ControlClient.find(os.environ, port=port) as gateway:
        row = gateway.approve(request_id, session=session, note=note)
    return _tell(row, as_json, "approved for the session" if session else "approved")


@command.command("deny")
@click.argument("request_id", metavar="ID")
@click.option("--note", default="", help="What the client is told.")
@port_option
@json_option
def deny_command(request_id: str, note: str, port: int | None, as_json: bool) -> int:
    """Refuse the request ID."""
    from model_router.server.control.client import ControlClient

    with ControlClient.find(os.environ, port=port) as gateway:
        row = gateway.deny(request_id, note=note)
    return _tell(row, as_json, "denied")


def _tell(row: dict[str, Any], as_json: bool, done: str) -> int:
    if as_json:
        say_json(row)
        return 0
    say(f"{row['request_id']} ({row['risk_class']}) is {done}.")
    if not row["waiting"]:
        talk("Nobody waits with it at the moment; what was decided holds when it is sent again soon.")
    return 0


def _asks(words: str) -> str:
    """The words of a request, of many the beginning and the end: an order mostly stands in one of them."""
    if len(words) <= _SHOWN_CHARS:
        return words
    left_out = len(words) - _SHOWN_CHARS
    head, tail = words[: _SHOWN_CHARS // 2], words[-_SHOWN_CHARS // 2 :]
    return f"{head} [... {left_out:,} characters more, --json shows them ...] {tail}"


def _lines(row: dict[str, Any]) -> Iterable[str]:
    left = f", {row['ttl_seconds']:.0f} s left" if row["ttl_seconds"] is not None else ""
    by = f" by {row['who']}" if row["who"] else ""
    tries = f", {row['requests']} requests" if row["requests"] > 1 else ""
    yield f"{row['request_id']}  {row['standing']}{by}{left}{tries}"
    table = [
        ("class", row["risk_class"]),
        ("client", row["client"] or "unknown"),
        ("asks", _asks(" ".join(row["preview"].split()))),
        ("with", ", ".join(row.get("attachments", ()))),
        ("cues", ", ".join(row["cues"])),
        ("note", row["note"]),
    ]
    yield from columns(cells for cells in table if cells[1])
