"""Picks written as a configuration, for `setup write`, `init --auto` and the wizard: shown, asked for, written."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from model_router.cli.init import person_is_there, start_command
from model_router.cli.output import say, say_json, talk
from model_router.config.files import PROXY_NAME

if TYPE_CHECKING:
    from model_router.engine.routes import Route
    from model_router.setup.configuration import Pick


def write_picks(
    picks: Mapping[Route, Pick], folder: Path, port: int | None, *, yes: bool, force: bool, as_json: bool
) -> int:
    """Show the proxy file, ask unless told not to, write both files; the exit code."""
    from model_router.setup.configuration import configuration_files, write_configuration
    from model_router.setup.presets import existing_files

    if not yes and person_is_there() and (force or not existing_files(folder)):
        for line in configuration_files(picks, port)[PROXY_NAME].split("\n"):
            talk(line)
        if not click.confirm(f"Write this and the catalog into {folder}?", default=True, err=True):
            talk("nothing was written")
            return 1
    now = datetime.now().astimezone()
    written = write_configuration(picks, folder, now=now, port=port, force=force, environ=os.environ)
    if as_json:
        backups = [str(path) for path in written.backups]
        say_json({"written": [str(written.catalog), str(written.proxy)], "backups": backups})
        return 0
    for path in (written.catalog, written.proxy):
        say(f"wrote {path}")
    for path in written.backups:
        say(f"kept {path}")
    talk(f"Check it with `model-router doctor`, then start `{start_command(folder, written.proxy)}`.")
    return 0
