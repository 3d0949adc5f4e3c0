"""The machine that ``setup`` commands speak of: this one, one from a file, or one with other graphics cards."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from model_router.setup.machine import Machine
    from model_router.setup.recommend.options import LocalModel

F = TypeVar("F", bound=Callable[..., Any])

hardware_option = click.option(
    "--hardware",
    type=click.Path(path_type=Path, dir_okay=False),
    help="A machine from a file, as `setup scan --json` prints it, in place of this one.",
)

gpu_option = click.option(
    "--gpu",
    "cards",
    multiple=True,
    metavar="NAME[:GB]",
    help='This graphics card in place of those there are, like "RTX 4090:24"; may be repeated.',
)


def machine_for(hardware: Path | None, cards: Sequence[str] = ()) -> Machine:
    """The machine to judge.

    Raises:
        SetupError: the file does not describe a machine.
        UsageError: a card cannot be meant.
    """
    from model_router.setup.hardware import LiveProbe, load_machine
    from model_router.setup.other_hardware import with_cards
    from model_router.setup.survey import this_machine

    machine = load_machine(hardware) if hardware is not None else this_machine(LiveProbe(), os.environ)
    if not cards:
        return machine
    return with_cards(machine, cards)


def models_here(folders: Sequence[Path] = ()) -> list[LocalModel]:
    """The language models on this machine, as a recommendation takes them."""
    from model_router.setup.hardware import LiveProbe
    from model_router.setup.recommend.options import LocalModel
    from model_router.setup.stores import find_models, usual_places

    places = usual_places(os.environ, LiveProbe().facts().system, [folder.absolute() for folder in folders])
    return [
        LocalModel(model.name, model.header.size, model.header, str(model.path), (*model.aliases, model.path.name))
        for model in find_models(places).models
        if model.header.kind == "model"
    ]


def speeds_here() -> dict[str, float]:
    """Tokens a second by model that the gateway has measured on this machine."""
    from model_router.hindsight.event_files import log_place
    from model_router.hindsight.speeds import measured_speeds

    return measured_speeds(log_place(os.environ))
