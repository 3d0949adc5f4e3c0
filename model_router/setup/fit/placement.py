"""Where a model goes: the modes in order, each with what it takes of which memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from model_router.setup.fit.budget import Pool, Pools
from model_router.setup.fit.memory import MemoryNeed
from model_router.setup.fit.shape import ModelShape

LEAST_GPU_SHARE = 0.1
"""With less of the layers than this on the card, the card is not worth its trouble."""


class Mode(StrEnum):
    """In the order of preference."""

    GPU = "gpu"
    EXPERTS_ON_CPU = "experts_on_cpu"
    GPU_AND_CPU = "gpu_and_cpu"
    CPU = "cpu"


MODE_WORDS = {
    Mode.GPU: "all of it on the graphics processor",
    Mode.EXPERTS_ON_CPU: "experts in system memory, the rest on the graphics processor",
    Mode.GPU_AND_CPU: "some layers on the graphics processor, the others on the processor",
    Mode.CPU: "on the processor alone",
}


@dataclass(frozen=True, slots=True)
class Placement:
    """One way to run a model that fits. ``gpu_share`` is the part of the weights on graphics (of experts, in their
    mode); the bytes are what is taken of each pool."""

    mode: Mode
    gpu: Pool | None
    cpu: Pool | None
    gpu_bytes: int
    cpu_bytes: int
    gpu_share: float

    @property
    def budget(self) -> int:
        """What the pools in use allow, together."""
        return sum(pool.budget or 0 for pool in (self.gpu, self.cpu) if pool is not None)

    @property
    def total(self) -> int:
        """What is taken, together."""
        return self.gpu_bytes + self.cpu_bytes


def placements(shape: ModelShape, need: MemoryNeed, pools: Pools) -> Iterator[Placement]:
    """Every way that fits, the best mode first."""
    for pool in pools.graphics:
        total = need.total + _more_devices(need, pool)
        if pool.budget is not None and total <= pool.budget:
            yield Placement(Mode.GPU, pool, None, total, 0, 1.0)
    if pools.graphics and not pools.shared:
        yield from _mixed(shape, need, pools)
    budget = pools.processor.budget
    if budget is not None and need.total <= budget and shape.format == "gguf":
        yield Placement(Mode.CPU, None, pools.processor, 0, need.total, 0.0)


def _mixed(shape: ModelShape, need: MemoryNeed, pools: Pools) -> Iterator[Placement]:
    card, processor = pools.graphics[-1], pools.processor
    if card.budget is None or processor.budget is None or shape.format != "gguf":
        return
    extra = _more_devices(need, card)
    if shape.mixture:
        experts = int(need.weights * shape.expert_share)
        base = need.total - experts + extra
        room = card.budget - base
        if room >= 0:
            on_card = min(experts, room)
            if experts - on_card <= processor.budget:
                share = on_card / experts if experts else 1.0
                yield Placement(Mode.EXPERTS_ON_CPU, card, processor, base + on_card, experts - on_card, share)
    spread = need.weights + need.kv + need.recurrent
    room = card.budget - need.fixed - extra
    if room > 0:
        on_card = min(spread, room)
        share = on_card / spread
        if share >= LEAST_GPU_SHARE and spread - on_card <= processor.budget:
            taken = need.fixed + extra + on_card
            yield Placement(Mode.GPU_AND_CPU, card, processor, taken, spread - on_card, share)


def _more_devices(need: MemoryNeed, pool: Pool) -> int:
    """Each further card has a driver context and scratch of its own."""
    return (pool.devices - 1) * (need.runtime + need.compute)
