"""How much memory of a machine a model may take, and how fast that memory is.

Budgets start from what is free, not from what is built in, and keep a margin. What is not known stays unknown: a pool
without a budget never makes a model fit. Every budget grows with the memory that it is of, and nothing else about a
pool depends on how much there is, so more memory never takes a way to run a model away.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from model_router.setup.fit.devices import USUAL_EFFICIENCY, device_named, processor_bandwidth
from model_router.setup.machine import Gpu, Machine, Memory

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
    """One kind of memory. ``devices`` counts graphics processors that share a model layer by layer, ``cards`` are
    those, the fastest first; a single device has none.

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
    cards: tuple[Pool, ...] = ()

    @property
    def rate(self) -> float:
        """Bytes a second that it is read with."""
        return self.bandwidth * 1e9 * self.efficiency


@dataclass(frozen=True, slots=True)
class Pools:
    """``graphics`` from the one to try first: each kind of card alone, then all of a maker together, the most memory
    last; then what computes in system memory. ``whole`` has each maker's cards once."""

    graphics: tuple[Pool, ...]
    processor: Pool

    @property
    def whole(self) -> tuple[Pool, ...]:
        """All of the graphics memory, by maker: one program drives no two makers' cards."""
        together = tuple(pool for pool in self.graphics if pool.cards)
        inside = {card.name for pool in together for card in pool.cards}
        return (*(pool for pool in self.graphics if not pool.cards and pool.name not in inside), *together)

    @property
    def cards(self) -> tuple[Pool, ...]:
        """Of ``whole`` those with memory of their own."""
        return tuple(pool for pool in self.whole if pool.kind != "unified")

    def like(self, pool: Pool | None) -> Pools:
        """Without graphics of another kind than ``pool``."""
        if pool is None:
            return self
        return replace(self, graphics=tuple(one for one in self.graphics if one.kind == pool.kind))

    @property
    def mixed(self) -> bool:
        """Whether there are both cards and graphics in system memory, so that the order says nothing of speed."""
        return len({pool.kind for pool in self.graphics}) > 1


def pools_of(machine: Machine) -> Pools:
    """What there is to put a model into."""
    processor = _processor_pool(machine)
    usable = [gpu for gpu in machine.gpus if _computes(gpu)]
    cards = _discrete_pools([gpu for gpu in usable if not gpu.unified])
    unified = sorted((gpu for gpu in usable if gpu.unified), key=lambda gpu: (-(gpu.total or 0), gpu.index))
    inside = tuple(_unified_pool(gpu, machine, processor) for gpu in unified[:1])
    if cards:  # beside them the small graphics of most processors only drive a display
        inside = tuple(pool for pool in inside if not pool.assumed or (pool.budget or 0) > (processor.budget or 0))
    return Pools((*cards, *inside), processor)


def _computes(gpu: Gpu) -> bool:
    """An integrated Intel processor reads the same memory as the cores and no faster."""
    return not (gpu.unified and gpu.vendor == "intel")


def _discrete_pools(gpus: list[Gpu]) -> tuple[Pool, ...]:
    """Each kind of card alone, the fastest first, then all cards of one maker together."""
    order = sorted(
        ((_card_pool(gpu), gpu) for gpu in gpus),
        key=lambda one: (-one[0].rate, -(one[0].budget or -1), one[1].index, one[0].name),
    )
    makers: dict[str, list[Pool]] = {}
    alone: dict[tuple[str, str], Pool] = {}
    for pool, gpu in order:
        makers.setdefault(gpu.vendor, []).append(pool)
        alone.setdefault((gpu.vendor, pool.name), pool)  # of one kind the one with the most memory
    together = [_together(tuple(cards)) for cards in makers.values() if len(cards) > 1]
    return (*alone.values(), *sorted(together, key=lambda pool: pool.budget or -1))


def _together(cards: tuple[Pool, ...]) -> Pool:
    """All cards of a maker, for what no single one holds; those whose memory is not known add nothing."""
    known = [(card, card.budget) for card in cards if card.budget]
    total = sum(budget for _, budget in known)
    # layer after layer: each card's share of the layers takes its own time
    seconds = sum(budget / total / card.rate for card, budget in known) if total else 1 / cards[-1].rate
    efficiency = min(card.efficiency for card in cards)
    return Pool(
        kind="gpu",
        name=names_of(cards),
        budget=None if all(card.budget is None for card in cards) else total,
        reason="free memory of each card less 1 GiB, added up; the cards work one after the other",
        bandwidth=1 / seconds / efficiency / 1e9,
        efficiency=efficiency,
        assumed=any(card.assumed for card in cards),
        devices=len(cards),
        source="the makers' specifications",
        cards=cards,
    )


def names_of(cards: Sequence[Pool]) -> str:
    """Several cards in few words."""
    names = {card.name for card in cards}
    return f"{len(cards)} x {names.pop()}" if len(names) == 1 else " + ".join(card.name for card in cards)


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


def _unified_pool(gpu: Gpu, machine: Machine, processor: Pool) -> Pool:
    budget, reason = _unified_budget(gpu, machine)
    pool = _graphics_pool("unified", gpu.name, budget, reason, gpu.name or machine.processor.name)
    if not (pool.assumed and gpu.vendor == "amd"):
        return pool
    # it reads the processor's own memory, and nothing tells that it does so faster
    source = f"that of the processor's memory, {processor.source}"
    return replace(pool, bandwidth=processor.bandwidth, efficiency=processor.efficiency, source=source)


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
    own = _own_bytes(gpu, machine.memory.total)
    if available is not None and own + max(0, available - 2 * GIB) < budget:
        words = "its own part and " if own else ""
        return own + max(0, available - 2 * GIB), f"{words}available system memory less 2 GiB, which graphics share"
    return budget, "free memory that graphics may use, less 1 GiB"


def _own_bytes(gpu: Gpu, system: int | None) -> int:
    """What of it is not system memory: as it was told, else what system memory is too small for."""
    if gpu.own is not None:
        return gpu.own
    return max(0, (gpu.total or 0) - system) if system is not None else gpu.total or 0


def _apple_budget(gpu: Gpu, total: int | None, available: int | None) -> tuple[int | None, str]:
    limit, words = gpu.total, "Metal's working set"
    if limit is None and total is not None:
        limit, words = apple_working_set(total), "Metal's usual share of memory"
    if limit is None:
        return None, "its memory is not known"
    if available is not None and available - DEVICE_MARGIN < limit:
        return max(0, available - DEVICE_MARGIN), "available memory less 1 GiB, which is less than Metal's working set"
    return limit, words


def apple_working_set(total: int) -> int:
    """What Metal lets a program use of ``total`` bytes when nobody has raised the limit."""
    share = next((share for limit, share in _APPLE_SHARES if total <= limit), 0.75)
    return int(total * share)


def _processor_pool(machine: Machine) -> Pool:
    budget, reason = _processor_budget(machine.memory)
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


def _processor_budget(memory: Memory) -> tuple[int | None, str]:
    """What the machine can spare and, in a container, what that can: the less of the two."""
    found: list[tuple[int, str]] = []
    if memory.available is not None:
        spared = memory.available - max(2 * GIB, memory.available // 10)
        found.append((max(0, spared), "available memory less a tenth, at least 2 GiB"))
    if memory.remaining is not None:
        spared = memory.remaining - max(GIB // 2, memory.remaining // 10)
        found.append((max(0, spared), "what is left of the container's limit, less a tenth"))
    return min(found, key=lambda one: one[0], default=(None, "available memory is not known"))


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
