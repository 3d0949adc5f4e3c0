"""A machine from a file, for ``--hardware FILE``: as figures, or as a recording that is looked at anew."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from model_router.config.wording import nearest
from model_router.errors import SetupError
from model_router.setup.hardware.recording import Record, Recording
from model_router.setup.hardware.scan import scan_machine
from model_router.setup.machine import Disk, Gpu, Machine, Memory, Processor

T = TypeVar("T")

_MOST_BYTES = 4 << 20
_SMALLEST = 1 << 24
"""No machine and no card has less than 16 MiB; a smaller number was meant as another unit."""

_RECORDED = frozenset({"facts", "commands", "files", "folders", "registry"})
"""Any of these tells a bare recording from a description by figures."""

_HINT = "`model-router setup scan --json` and `model-router doctor --hardware` print such files."


def machine_to_dict(machine: Machine) -> dict[str, Any]:
    """The machine as JSON types; memory and disk in bytes. ``load_machine`` reads it back."""
    return asdict(machine)


def load_machine(path: Path) -> Machine:
    """Read a machine from what ``setup scan --json`` or ``doctor --hardware`` printed, from the recording in the latter
    alone, or from a description written by hand.

    Raises:
        SetupError: the file cannot be read or does not describe a machine.
    """
    try:
        with path.open("rb") as stream:
            raw = stream.read(_MOST_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise SetupError(f"{path} cannot be read ({reason})", _HINT) from None
    if len(raw) > _MOST_BYTES:
        raise SetupError(f"{path} is too large to be the description of a machine", _HINT)
    try:
        value = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise SetupError(f"{path} is not JSON ({error})", _HINT) from None
    return machine_from(value, str(path))


def machine_from(value: object, source: str) -> Machine:
    """The machine in parsed JSON; ``source`` names it in errors.

    Raises:
        SetupError: it does not describe a machine.
    """
    if isinstance(value, dict):
        recording = value.get("recording", value if _RECORDED & value.keys() else None)
        if isinstance(recording, dict):
            return scan_machine(Recording(_convert(recording, Record, source)))
    if isinstance(value, dict) and isinstance(inner := value.get("machine"), dict):
        value = inner
    if not isinstance(value, dict) or not value:
        raise SetupError(f"{source} does not describe a machine", _HINT)
    _check_names(value, source)
    machine = _convert(value, Machine, source)
    for place, total, part in _sizes(machine):
        if total is not None and 0 <= total < _SMALLEST:
            raise SetupError(f"{source}: {place} is {total}, which is too little", "Memory is given in bytes.")
        for number in (total, part):
            if number is not None and number < 0:
                raise SetupError(f"{source}: {place} has {number} bytes", "No size is below 0.")
        if total is not None and part is not None and part > total:
            raise SetupError(f"{source}: {place} has more free than it has ({part} of {total} bytes)", "")
    return machine


def _convert(value: object, kind: type[T], source: str) -> T:
    try:
        return msgspec.convert(value, kind)
    except (msgspec.ValidationError, RecursionError, ValueError) as error:
        raise SetupError(f"{source} does not describe a machine: {error}", _HINT) from None


def _check_names(value: Mapping[str, Any], source: str) -> None:
    """A key that nobody reads may be the one that mattered: a card without its memory is judged as none."""
    groups: list[tuple[str, type, object]] = [
        ("", Machine, value),
        ("memory.", Memory, value.get("memory")),
        ("processor.", Processor, value.get("processor")),
        *(("gpus[].", Gpu, row) for row in _rows(value.get("gpus"))),
        *(("disks[].", Disk, row) for row in _rows(value.get("disks"))),
    ]
    for place, kind, group in groups:
        known = [field.name for field in fields(kind)]
        for key in group if isinstance(group, dict) else ():
            if key not in known:
                near = nearest(str(key), known)
                hint = f"Did you mean {near!r}?" if near else f"Known here: {' '.join(known)}."
                raise SetupError(f"{source}: nothing is called {place}{key}", hint)


def _rows(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _sizes(machine: Machine) -> Iterator[tuple[str, int | None, int | None]]:
    memory = machine.memory
    yield "memory.total", memory.total, memory.available
    yield "memory.limit", memory.limit, memory.remaining
    for number, gpu in enumerate(machine.gpus):
        yield f"gpus[{number}].total", gpu.total, gpu.free
    for number, disk in enumerate(machine.disks):
        yield f"disks[{number}].total", disk.total, disk.free
