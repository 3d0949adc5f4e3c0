"""How much memory of a machine a model may take, and how fast that memory is.

Budgets start from what is free, not from what is built in, and keep a margin. What is not known stays unknown: a pool
without a budget never makes a model fit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from model_router.setup.fit.devices import USUAL_EFFICIENCY, device_named, processor_bandwidth
from model_router.setup.machine import Gpu, Machine

PoolKind = Literal["gpu", "unified", "cpu"]

GIB = 1 << 30
DEVICE_MARGIN = GIB
"""llama.cpp's own margin for each device (``--fit``)."""

PROCESSOR_EFFICIENCY = 0.62
_ASSUMED_GPU = 200.0
_CORE_BANDWIDTH = 15.0
"""GB/s that one core can ask for: a few cores of a large server do not get all of its memory's speed."""

_ASSUMED_OLD_RAM = 45.0
_ASSUMED_NEW_RAM = 75.0
_NEW_FLAGS = frozenset({"avx_vnni", "avx512_vnni", "avx512_bf16", "amx_tile", "amx"})

_APPLE_SHARES = ((12 * GIB, 0.66), (40 * GIB, 0.72))
"""Metal's working set by memory, from start-up logs of 8, 16, 24, 48, 64 and 128 GB Macs; 0.75 above."""


@dataclass(frozen=True, slots=True)
class Pool:
    """One kind of memory. ``devices`` counts graphics processors that share a model layer by layer.

    ``bandwidth`` is nominal, in GB/s; ``assumed`` where the device is not in the table. ``reason`` says in plain words
    where the budget comes from.
    """

    kind: PoolKind
    name: str
    budget: int | None
    reason: str
    bandwidth: float
    efficiency: float
    assumed: bool = False
    devices: int = 1
    source: str = ""


@dataclass(frozen=True, slots=True)
class Pools:
    """``graphics`` from the one to try first: a single card, then all of them. ``shared``: they use system memory."""

    graphics: tuple[Pool, ...]
    processor: Pool

    @property
    def shared(self) -> bool:
        """Whether graphics and processor draw on the same memory."""
        return any(pool.kind == "unified" for pool in self.graphics)


def pools_of(machine: Machine) -> Pools:
    """What there is to put a model into."""
    processor = _processor_pool(machine)
    usable = [gpu for gpu in machine.gpus if _computes(gpu)]
    discrete = [gpu for gpu in usable if not gpu.unified]
    if discrete:
        return Pools(_discrete_pools(discrete), processor)
    unified = sorted(usable, key=lambda gpu: (-(gpu.total or 0), gpu.index))
    return Pools((_unified_pool(unified[0], machine),) if unified else (), processor)


def _computes(gpu: Gpu) -> bool:
    """An integrated Intel processor reads the same memory as the cores and no faster."""
    return not (gpu.unified and gpu.vendor == "intel")


def _discrete_pools(gpus: list[Gpu]) -> tuple[Pool, ...]:
    """The best single card, then all cards of its maker together: one program drives no two makers' cards."""
    single = [_card_pool(gpu) for gpu in gpus]
    order = sorted(
        range(len(gpus)), key=lambda i: (-(single[i].budget or -1), -single[i].bandwidth, gpus[i].index, gpus[i].name)
    )
    best = order[0]
    together = [i for i in order if gpus[i].vendor == gpus[best].vendor and (single[i].budget or 0) > 0]
    if len(together) < 2:
        return (single[best],)
    budgets = [single[i].budget or 0 for i in together]
    total = sum(budgets)
    # layer after layer: each card's share of the layers takes its own time
    seconds = sum(
        budget / total / (single[i].bandwidth * single[i].efficiency)
        for i, budget in zip(together, budgets, strict=True)
    )
    efficiency = min(single[i].efficiency for i in together)
    names = {single[i].name for i in together}
    name = f"{len(together)} x {names.pop()}" if len(names) == 1 else " + ".join(single[i].name for i in together)
    pool = Pool(
        kind="gpu",
        name=name,
        budget=total,
        reason="free memory of each card less 1 GiB, added up; the cards work one after the other",
        bandwidth=1 / seconds / efficiency,
        efficiency=efficiency,
        assumed=any(single[i].assumed for i in together),
        devices=len(together),
        source="the makers' specifications",
    )
    return (single[best], pool)


def _card_pool(gpu: Gpu) -> Pool:
    budget, reason = _card_budget(gpu)
    return _graphics_pool("gpu", gpu.name, budget, reason, gpu.name)


def _card_budget(gpu: Gpu) -> tuple[int | None, str]:
    if gpu.free is not None and gpu.free_is_known:
        return max(0, gpu.free - DEVICE_MARGIN), "free graphics memory less 1 GiB"
    if gpu.total is not None:
        margin = max(gpu.total // 10, DEVICE_MARGIN)
        return max(
            0, gpu.total - margin
        ), "graphics memory less a tenth, at least 1 GiB: the driver does not tell what is free"
    return None, "its memory is not known"


def _unified_pool(gpu: Gpu, machine: Machine) -> Pool:
    budget, reason = _unified_budget(gpu, machine)
    return _graphics_pool("unified", gpu.name, budget, reason, gpu.name or machine.processor.name)


def _unified_budget(gpu: Gpu, machine: Machine) -> tuple[int | None, str]:
    available = _least(machine.memory.available, machine.memory.remaining)
    if gpu.vendor == "apple":
        return _apple_budget(gpu, machine.memory.total, available)
    if gpu.vendor == "nvidia":
        if available is None:
            return None, "available memory is not known"
        return max(0, available - 4 * GIB), "available system memory less 4 GiB"
    free = gpu.free if gpu.free_is_known and gpu.free is not None else gpu.total
    if free is None:
        return None, "its memory is not known"
    budget = max(0, free - DEVICE_MARGIN)
    inside = machine.memory.total is not None and gpu.total is not None and gpu.total <= machine.memory.total
    if inside and available is not None and available - 2 * GIB < budget:
        return max(0, available - 2 * GIB), "available system memory less 2 GiB, which graphics share"
    return budget, "free memory that graphics may use, less 1 GiB"


def _apple_budget(gpu: Gpu, total: int | None, available: int | None) -> tuple[int | None, str]:
    limit, words = gpu.total, "Metal's working set"
    if limit is None and total is not None:
        limit, words = apple_working_set(total), "Metal's usual share of memory"
    if limit is None:
        return None, "its memory is not known"
    if available is not None and available < limit:
        return available, "available memory, which is less than Metal's working set"
    return limit, words


def apple_working_set(total: int) -> int:
    """What Metal lets a program use of ``total`` bytes when nobody has raised the limit."""
    share = next((share for limit, share in _APPLE_SHARES if total <= limit), 0.75)
    return int(total * share)


def _processor_pool(machine: Machine) -> Pool:
    memory = machine.memory
    available = _least(memory.available, memory.remaining)
    budget: int | None = None
    reason = "available memory is not known"
    if available is not None:
        size = _least(memory.total, memory.limit) or available
        budget = max(0, available - max(2 * GIB, size // 10))
        reason = "available memory less a tenth, at least 2 GiB"
        if memory.remaining is not None and memory.remaining == available and memory.remaining != memory.available:
            budget = max(0, available - max(GIB // 2, size // 10))
            reason = "what is left of the container's limit, less a tenth"
    bandwidth = processor_bandwidth(machine.processor.name)
    cores = machine.processor.cores
    if bandwidth is not None:
        bandwidth = min(bandwidth, _CORE_BANDWIDTH * cores) if cores else bandwidth
        return Pool(
            "cpu", _name(machine), budget, reason, bandwidth, PROCESSOR_EFFICIENCY, source="the maker's fastest memory"
        )
    new = bool(_NEW_FLAGS & set(machine.processor.flags))
    assumed = _ASSUMED_NEW_RAM if new else _ASSUMED_OLD_RAM
    words = "DDR5" if new else "DDR4"
    return Pool(
        "cpu",
        _name(machine),
        budget,
        reason,
        assumed,
        PROCESSOR_EFFICIENCY,
        True,
        source=f"two channels of {words}, assumed",
    )


def _name(machine: Machine) -> str:
    return machine.processor.name or "processor"


def _graphics_pool(kind: PoolKind, name: str, budget: int | None, reason: str, device_name: str) -> Pool:
    device = device_named(device_name)
    if device is None:
        source = "not in the table, assumed"
        return Pool(kind, name, budget, reason, _ASSUMED_GPU, USUAL_EFFICIENCY, True, source=source)
    source = "the maker's specification"
    return Pool(kind, name, budget, reason, device.bandwidth, device.efficiency, source=source)


def _least(*figures: int | None) -> int | None:
    known = [figure for figure in figures if figure is not None]
    return min(known, default=None)
