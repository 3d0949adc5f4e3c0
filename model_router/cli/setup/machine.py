"""The machine that ``setup`` commands speak of: this one, one from a file, or one with other graphics cards."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from model_router.errors import UsageError

if TYPE_CHECKING:
    from model_router.setup.machine import Gpu, Machine, Vendor
    from model_router.setup.recommend.options import LocalModel

F = TypeVar("F", bound=Callable[..., Any])

_GIB = 1 << 30
_SIZED = re.compile(r"(?P<name>.+?):\s*(?P<size>\d{1,4}(?:\.\d{1,3})?)\s*(?:GB|GiB|G)?\s*", re.IGNORECASE)

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
    from model_router.setup.survey import this_machine

    machine = load_machine(hardware) if hardware is not None else this_machine(LiveProbe(), os.environ)
    if not cards:
        return machine
    gpus = tuple(_card(text, index) for index, text in enumerate(cards))
    return _simulated(machine, gpus)


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


def _card(text: str, index: int) -> Gpu:
    from model_router.setup.fit.devices import device_named
    from model_router.setup.machine import Gpu

    sized = _SIZED.fullmatch(text)
    name = sized["name"] if sized else text
    device = device_named(name)
    total = device.memory if device else None
    if sized:
        total = int(float(sized["size"]) * _GIB)
    if not name.strip() or total is None or total < _GIB // 4:
        raise UsageError(f"how much memory does {text!r} have?", 'Add it in GiB, like "RTX 4090:24".')
    return Gpu(name.strip(), _vendor(name), total, total, bool(device and device.unified), index=index)


def _vendor(name: str) -> Vendor:
    lowered = name.lower()
    for vendor, words in _VENDOR_WORDS.items():
        if re.search(words, lowered):
            return vendor
    return "nvidia"


_VENDOR_WORDS: dict[Vendor, str] = {
    "apple": r"\bapple\b|\bm[1-9]\b",
    "amd": r"\bamd\b|radeon|\brx\s*\d|ryzen|\d{3}m\b|80[56]0s|instinct|\bmi\d",
    "intel": r"\bintel\b|\barc\b|iris",
}


def _simulated(machine: Machine, gpus: tuple[Gpu, ...]) -> Machine:
    """The machine with other cards. One that computes in system memory brings its own: nine tenths of it are free."""
    shared = next((gpu for gpu in gpus if gpu.unified), None)
    if shared is None or shared.total is None:
        return replace(machine, gpus=gpus)
    memory = replace(machine.memory, total=shared.total, available=shared.total * 9 // 10, limit=None, remaining=None)
    unlimited = replace(shared, total=None, free=None) if shared.vendor in {"apple", "nvidia"} else shared
    return replace(machine, memory=memory, gpus=(unlimited,))
