"""NVIDIA cards: what ``nvidia-smi`` says, and what it leaves out on machines that share one memory."""

from __future__ import annotations

import re
from dataclasses import dataclass

from model_router.setup.hardware.probe import GIB, MIB, Facts, Finding, Output, Probe, bounded, whole_number
from model_router.setup.hardware.visible import visible
from model_router.setup.machine import Gpu

_PROGRAMS = ("nvidia-smi", "/usr/lib/wsl/lib/nvidia-smi", "C:\\Windows\\System32\\nvidia-smi.exe")
_FIELDS = "index,name,memory.total,memory.free,uuid"
_SHARED_MEMORY = re.compile(r"\b(GB10|Thor|Orin|Xavier|Jetson|Tegra|DGX Spark)\b", re.IGNORECASE)
_INSTANCE = re.compile(r"\s*MIG\s+(?P<profile>[0-9]+g\.(?P<gigabytes>[0-9]{1,4})gb\S*)\s.*\(UUID: (?P<id>[^)\s]+)\)")
_CARD = re.compile(r"GPU\s+(?P<index>[0-9]{1,4}):\s*(?P<name>.*?)\s*\(UUID: (?P<id>[^)\s]+)\)")

_INSTANCE_SHARE = 0.95
"""Of its nominal gigabytes a MIG instance has between 95 and 98 %."""


@dataclass(frozen=True, slots=True)
class _Row:
    index: int
    name: str
    total: int | None
    free: int | None
    identity: str
    divided: bool


def nvidia_of(probe: Probe, facts: Facts) -> Finding:
    """All cards that this process may use."""
    program, output = _ask(probe)
    if output is None:
        return _jetson(probe)
    if output.code is None:
        return Finding(warnings=("nvidia-smi did not answer within two seconds; no NVIDIA card could be looked at.",))
    rows = [row for line in output.text.splitlines() if (row := _row(line)) is not None]
    if not rows:
        jetson = _jetson(probe)
        said = "nvidia-smi answered with something else than a list of cards; NVIDIA cards are not counted."
        failed = "nvidia-smi failed; NVIDIA cards are not counted."
        return jetson if jetson.gpus else Finding(warnings=(said if output.code == 0 else failed,))
    cards = [(row.identity, _gpu(row, facts)) for row in rows if not row.divided]
    warnings: list[str] = []
    if any(row.divided for row in rows):
        instances = _instances(probe, program)
        cards.extend(instances)
        warnings.append(
            "A card is divided into instances (MIG); their memory is worked out from their profiles."
            if instances
            else "A card is divided into instances (MIG), but none of them is there to be used."
        )
    listed = probe.environ().get("CUDA_VISIBLE_DEVICES")
    kept = visible(cards, listed)
    if len(kept) < len(cards):
        warnings.append("CUDA_VISIBLE_DEVICES hides some NVIDIA cards; they are not counted.")
    gpus = tuple(gpu for _, gpu in kept)
    warnings.extend(_doubts(gpus))
    return Finding(gpus, tuple(warnings))


def _ask(probe: Probe) -> tuple[str, Output | None]:
    """Ask for the MIG mode too; a driver that does not know the field refuses the whole question."""
    for program in _PROGRAMS:
        output = probe.run(
            (program, f"--query-gpu={_FIELDS},mig.mode.current", "--format=csv,noheader,nounits"),
        )
        if output is None:
            continue
        if output.code is not None and output.code != 0:
            output = probe.run((program, f"--query-gpu={_FIELDS}", "--format=csv,noheader,nounits")) or output
        return program, output
    return "", None


def _row(line: str) -> _Row | None:
    cells = [cell.strip() for cell in line.split(",")]
    if len(cells) < 5:
        return None
    index = whole_number(cells[0])
    if index is None or not cells[1]:
        return None
    total, free = whole_number(cells[2]), whole_number(cells[3])
    return _Row(
        index=index,
        name=cells[1],
        total=total * MIB if total else None,
        free=free * MIB if free is not None else None,
        identity=cells[4],
        divided=cells[5:6] == ["Enabled"],
    )


def _gpu(row: _Row, facts: Facts) -> Gpu:
    name = row.name if row.name.upper().startswith("NVIDIA") else f"NVIDIA {row.name}"
    if row.total is None:
        shared = bool(_SHARED_MEMORY.search(row.name)) or facts.architecture in {"aarch64", "arm64"}
        return Gpu(name, "nvidia", unified=shared, free_is_known=False, index=row.index)
    free = bounded(row.free, row.total)
    if free is None or free == row.total:
        return Gpu(name, "nvidia", total=row.total, free_is_known=False, index=row.index)
    return Gpu(name, "nvidia", total=row.total, free=free, index=row.index)


def _doubts(gpus: tuple[Gpu, ...]) -> list[str]:
    warnings = []
    for gpu in gpus:
        if gpu.unified:
            warnings.append(f"{gpu.name} computes in system memory, which it shares with everything else.")
        elif gpu.total is None:
            warnings.append(f"The memory of {gpu.name} could not be read.")
        elif not gpu.free_is_known and "MIG" not in gpu.name:
            warnings.append(f"How much memory of {gpu.name} is free is not known: the driver reports all of it.")
    return warnings


def _instances(probe: Probe, program: str) -> list[tuple[str, Gpu]]:
    output = probe.run((program, "-L"))
    found: list[tuple[str, Gpu]] = []
    index, name = 0, "NVIDIA"
    for line in (output.text if output else "").splitlines():
        if card := _CARD.match(line):
            index, name = int(card["index"]), card["name"]
        elif part := _INSTANCE.match(line):
            total = int(int(part["gigabytes"]) * GIB * _INSTANCE_SHARE)
            label = f"{name} MIG {part['profile']}"
            found.append((part["id"], Gpu(label, "nvidia", total=total or None, free_is_known=False, index=index)))
    return found


def _jetson(probe: Probe) -> Finding:
    """A Jetson without ``nvidia-smi`` names itself in its device tree."""
    model = (probe.read("/proc/device-tree/model") or "").strip()
    if "nvidia" not in model.lower() and "jetson" not in model.lower():
        return Finding()
    name = model.splitlines()[0].strip()
    gpu = Gpu(name, "nvidia", unified=True, free_is_known=False)
    return Finding((gpu,), tuple(_doubts((gpu,))))
