"""A survey in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from model_router.cli.output import columns
from model_router.setup.fit.wording import gib
from model_router.setup.machine import Disk, Gpu, Machine
from model_router.setup.running import RunningServer, ServedModel
from model_router.setup.stores import FoundModels, LocalModel
from model_router.setup.survey import Survey

Line = tuple[str, bool]
"""A line, and whether it is a heading."""


def survey_lines(found: Survey, home: str) -> Iterator[Line]:
    """All of it, a section after another. ``home`` is written as ``~``."""
    yield from _section("Machine", _machine_rows(found.machine, home))
    for warning in found.machine.warnings:
        yield f"  note: {warning}", False
    present = [(name, _short(path, home)) for name, path in found.commands.items() if path]
    yield from _section("Programs", present or [("none of the known model servers is installed",)])
    keys = [name for name, is_set in found.keys.items() if is_set]
    yield from _section("Keys", [(name, "set") for name in keys] or [("none of the usual ones is set",)])
    if found.servers is not None:
        yield from _servers(found.servers)
    yield from _models(found.found, home)


def _section(title: str, rows: Sequence[tuple[str, ...]]) -> Iterator[Line]:
    yield title, True
    for line in columns(rows):
        yield line, False


def _short(path: object, home: str) -> str:
    text = str(path)
    return "~" + text[len(home) :] if len(home) > 1 and text.startswith((home + "/", home + "\\")) else text


def _size(size: int | None) -> str:
    return "unknown" if size is None else gib(size)


def _machine_rows(machine: Machine, home: str) -> list[tuple[str, str]]:
    memory, processor = machine.memory, machine.processor
    words = f"{_size(memory.total)}, {_size(memory.available)} available"
    if memory.limit is not None:
        words += f"; this container may use {_size(memory.limit)}, {_size(memory.remaining)} of it left"
    cores = "unknown" if processor.cores is None else str(processor.cores)
    flags = f", {' '.join(processor.flags)}" if processor.flags else ""
    rows = [
        ("system", ", ".join(part for part in (machine.system, machine.architecture) if part)),
        ("memory", words),
        ("processor", f"{processor.name or 'unknown'}, cores to use: {cores}{flags}"),
    ]
    rows += [("graphics", _gpu(gpu)) for gpu in machine.gpus] or [("graphics", "none found")]
    rows += [("disk", _disk(disk, home)) for disk in machine.disks]
    return rows


def _gpu(gpu: Gpu) -> str:
    cores = f" with {gpu.cores} cores" if gpu.cores else ""
    if gpu.total is None:
        return f"{gpu.name}{cores}: " + ("in system memory" if gpu.unified else "memory unknown")
    free = f"{_size(gpu.free)} free" if gpu.free is not None else "free part unknown"
    return f"{gpu.name}{cores}: {_size(gpu.total)}{' of system memory' if gpu.unified else ''}, {free}"


def _disk(disk: Disk, home: str) -> str:
    return f"{_short(disk.folder, home)}: {_size(disk.free)} free of {_size(disk.total)}"


def _servers(servers: Sequence[RunningServer]) -> Iterator[Line]:
    yield "Running servers", True
    if not servers:
        yield "  none at the usual addresses", False
    for server in servers:
        name = f"{server.kind} {server.version}".strip()
        locked = "; it wants a key before it tells its models" if server.locked else ""
        yield f"  {name} at {server.address}{locked}", False
        for line in columns([_served(model) for model in server.models], "    "):
            yield line, False


def _served(model: ServedModel) -> tuple[str, ...]:
    state = {True: "loaded", False: "not loaded", None: ""}[model.loaded]
    parts = [model.quantization]
    if model.context:
        parts.append(f"context {model.context:,}")
    if model.context_limit:
        parts.append(
            f"at most {model.context_limit:,}" if model.context else f"context at most {model.context_limit:,}"
        )
    if model.memory:
        on_card = f", {gib(model.gpu_memory)} of it on the GPU" if model.gpu_memory else ""
        parts.append(f"takes {gib(model.memory)}{on_card}")
    return model.name, state, ", ".join(part for part in parts if part)


def _models(found: FoundModels, home: str) -> Iterator[Line]:
    total = sum(model.size for model in found.models)
    yield f"Models on this machine: {len(found.models)}" + (f", {gib(total)}" if found.models else ""), True
    for line in columns([_model(model) for model in found.models]):
        yield line, False
    if found.unreadable:
        yield "Cannot be used", True
        for one in found.unreadable:
            yield f"  {_short(one.path, home)}: {one.reason}", False


def _model(model: LocalModel) -> tuple[str, ...]:
    header = model.header
    parts = [header.kind if header.kind != "model" else ""]
    parts.append(f"context at most {header.context:,}" if header.context else "")
    parts.append("tools" if header.tools else "")
    parts.append("pictures" if model.projector else "")
    parts.append(f"also {', '.join(model.aliases)}" if model.aliases else "")
    return (
        model.store,
        model.name,
        gib(model.size),
        header.quantization,
        _parameters(header.parameters),
        ", ".join(part for part in parts if part),
    )


def _parameters(count: int | None) -> str:
    if not count:
        return ""
    return f"{count / 1e9:.1f}B" if count >= 950_000_000 else f"{max(1, round(count / 1e6))}M"
