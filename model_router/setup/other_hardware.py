"""Other hardware than there is: a machine from a file, or this one with other graphics cards."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from model_router.errors import UsageError
from model_router.setup.fit.devices import device_named
from model_router.setup.hardware import load_machine
from model_router.setup.machine import Gpu, Machine, Vendor

_GIB = 1 << 30
_SIZED = re.compile(r"(?P<name>.+?):\s*(?P<size>\d{1,4}(?:\.\d{1,3})?)\s*(?:GB|GiB|G)?\s*", re.IGNORECASE)


def with_cards(machine: Machine, cards: Sequence[str]) -> Machine:
    """The machine with the graphics cards that are named, like ``RTX 4090:24``, in place of its own.

    Raises:
        UsageError: a card cannot be meant.
    """
    return _simulated(machine, tuple(_card(text, index) for index, text in enumerate(cards)))


def other_machine(text: str, machine: Machine) -> Machine:
    """What a person typed: a file that describes a machine, or cards with commas between them.

    Raises:
        SetupError: the file does not describe a machine.
        UsageError: a card cannot be meant.
    """
    path = Path(text).expanduser()
    if text.lower().endswith(".json") or "/" in text:
        return load_machine(path)
    return with_cards(machine, [card.strip() for card in text.split(",") if card.strip()])


def _card(text: str, index: int) -> Gpu:
    sized = _SIZED.fullmatch(text)
    name = sized["name"] if sized else text
    device = device_named(name)
    total = device.memory if device else None
    if sized:
        total = int(float(sized["size"]) * _GIB)
    if not name.strip() or total is None or total < _GIB // 4 or (sized is None and ":" in text):
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
