"""``model-router runtime``: the servers that the running gateway starts and stops."""

from __future__ import annotations

import os
from typing import Any

import click

from model_router.cli.options import json_option, port_option
from model_router.cli.output import columns, complain, count, say, say_json


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def command() -> None:
    """Start, stop and look at servers that the running gateway manages (`backends.NAME.runtime`)."""


@command.command("status")
@click.argument("name", required=False)
@port_option
@json_option
def status_command(name: str | None, port: int | None, as_json: bool) -> int:
    """Show how the servers stand, or the one of backend NAME."""
    from model_router.server.control.client import ControlClient

    with ControlClient.find(os.environ, port=port) as gateway:
        rows = gateway.runtimes()
    found = [row for row in rows if name in (None, row["backend"])]
    if as_json:
        say_json({"runtimes": found})
    elif not found and name:
        known = ", ".join(row["backend"] for row in rows) or "none"
        complain(f"no backend '{name}' has a runtime", f"Those that have one: {known}.")
    elif not found:
        say("No backend has a runtime; the gateway starts no server.")
    for row in [] if as_json else found:
        for line in _lines(row):
            say(line)
    return int(name is not None and not found)


@command.command("start")
@click.argument("name")
@port_option
@json_option
def start_command(name: str, port: int | None, as_json: bool) -> int:
    """Start the server of backend NAME, and wait until it is ready."""
    return _act(name, "start", port, as_json)


@command.command("stop")
@click.argument("name")
@port_option
@json_option
def stop_command(name: str, port: int | None, as_json: bool) -> int:
    """Stop the server of backend NAME. The next request that needs it starts it again."""
    return _act(name, "stop", port, as_json)


@command.command("restart")
@click.argument("name")
@port_option
@json_option
def restart_command(name: str, port: int | None, as_json: bool) -> int:
    """Stop the server of backend NAME and start it again."""
    return _act(name, "restart", port, as_json)


@command.command("logs")
@click.argument("name")
@click.option("--lines", type=click.IntRange(1, 10_000), default=100, show_default=True, help="So many of the last.")
@port_option
@json_option
def logs_command(name: str, lines: int, port: int | None, as_json: bool) -> int:
    """Show what the server of backend NAME has printed."""
    from model_router.server.control.client import ControlClient

    with ControlClient.find(os.environ, port=port) as gateway:
        found = gateway.logs(name, lines)
    if as_json:
        say_json(found)
    for line in [] if as_json else found["lines"]:
        say(line)
    return 0


def _act(name: str, action: str, port: int | None, as_json: bool) -> int:
    from model_router.server.control.client import ControlClient

    with ControlClient.find(os.environ, port=port) as gateway:
        row = gateway.act(name, action)
    if as_json:
        say_json(row)
    else:
        process = f" (process {row['pid']})" if row["pid"] else ""
        say(f"The server of '{name}' is {row['state']}{process}.")
    return 0


def _lines(row: dict[str, Any]) -> list[str]:
    import shlex

    process = f", process {row['pid']}" if row["pid"] else ""
    users = f", {count(row['users'], 'request')} under way" if row["users"] else ""
    head = f"{row['backend']}  {row['state']} for {row['since_seconds']:.0f} s{process}{users}"
    table = [("why", row["reason"]), ("log", row["log"]), ("command", shlex.join(row["command"]))]
    return [head, *columns(table)]
