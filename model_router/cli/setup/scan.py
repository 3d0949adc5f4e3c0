"""``model-router setup scan``: what this machine has, what runs on it, and which models it has already."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from model_router.cli.options import json_option
from model_router.cli.output import say, say_json
from model_router.cli.setup.machine import hardware_option

if TYPE_CHECKING:
    from model_router.setup.running import RunningServer
    from model_router.setup.stores import LocalModel
    from model_router.setup.survey import Survey

_UNITS = {"memory, sizes, disks": "bytes", "context": "tokens"}


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@hardware_option
@click.option(
    "--model-dir",
    "folders",
    multiple=True,
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Look for models in this folder too; may be repeated.",
)
@click.option("--no-servers", is_flag=True, help="Ask no running servers.")
@json_option
def command(*, hardware: Path | None, folders: tuple[Path, ...], no_servers: bool, as_json: bool) -> int:
    """Show the machine, the model servers that run on it, and the models that are on it already.

    Only this machine is looked at: files, a few commands of its own, and servers on loopback. Nothing is written, and
    of keys only whether they are set is told.
    """
    from model_router.setup.hardware import LiveProbe, load_machine
    from model_router.setup.survey import survey

    found = survey(
        LiveProbe(),
        os.environ,
        machine=load_machine(hardware) if hardware is not None else None,
        folders=[folder.absolute() for folder in folders],
        servers=not no_servers,
    )
    if as_json:
        say_json(survey_as_json(found))
        return 0
    from model_router.cli.setup.scan_text import survey_lines
    from model_router.config.files import home_folder

    for text, heading in survey_lines(found, str(home_folder(os.environ))):
        say(text, bold=heading)
    return 0


def survey_as_json(found: Survey) -> dict[str, Any]:
    """The survey as JSON types; ``machine`` in it is what ``--hardware`` takes."""
    from dataclasses import asdict

    from model_router.setup.hardware import machine_to_dict

    return {
        "units": _UNITS,
        "machine": machine_to_dict(found.machine),
        "commands": dict(found.commands),
        "keys": dict(found.keys),
        "servers": None if found.servers is None else [_server(server) for server in found.servers],
        "places": [{"store": place.store, "folder": str(place.folder)} for place in found.found.places],
        "models": [_model(model) for model in found.found.models],
        "unreadable": [asdict(one) | {"path": str(one.path)} for one in found.found.unreadable],
    }


def _server(server: RunningServer) -> dict[str, Any]:
    from dataclasses import asdict

    return asdict(server)


def _model(model: LocalModel) -> dict[str, Any]:
    from dataclasses import asdict

    header = asdict(model.header)
    return {
        "name": model.name,
        "store": model.store,
        "path": str(model.path),
        "size": model.size,
        "projector": str(model.projector) if model.projector else None,
        "aliases": list(model.aliases),
        "basis": "header",
        "header": header,
    }
