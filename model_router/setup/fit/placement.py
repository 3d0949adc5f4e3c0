"""Where a model goes: the modes in order, each with what it takes of which memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from model_router.setup.fit.budget import Pool, Pools, names_of
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


MODE_ORDER = {mode: place for place, mode in enumerate(Mode)}

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
    """Every way that fits, the best mode first.

    More memory of any kind leaves every one of these ways, and none of them slower: bytes move to the faster memory
    alone, which is why a card slower than the processor's memory takes no part of a model.
    """
    each, total = need.runtime + need.compute, need.total
    for pool in pools.graphics:
        used = _filled(pool.cards or (pool,), each, ((total - each, 1.0),))
        if used is not None:
            yield Placement(Mode.GPU, used, None, total + (used.devices - 1) * each, 0, 1.0)
    if shape.format != "gguf":
        return
    processor = pools.processor
    if processor.budget is not None:
        # a maker's cards that are faster than the processor
        groups = [[one for one in whole.cards or (whole,) if one.rate > processor.rate] for whole in pools.cards]
        if shape.mixture:
            for cards in groups:
                yield from _experts_aside(shape, need, cards, processor)
        for cards in groups:
            yield from _layers_aside(need, cards, processor)
    if processor.budget is not None and total <= processor.budget:
        yield Placement(Mode.CPU, None, processor, 0, total, 0.0)


def _experts_aside(shape: ModelShape, need: MemoryNeed, cards: Sequence[Pool], processor: Pool) -> Iterator[Placement]:
    """Experts on the processor, but for those that the cards still hold."""
    each, experts = need.runtime + need.compute, int(need.weights * shape.expert_share)
    base = need.total - each - experts
    on_card = min(experts, _room(cards, each) - base)
    if on_card < 0 or experts - on_card > (processor.budget or 0):
        return
    used = _filled(cards, each, ((base, 1.0), (on_card, shape.expert_read_share)))
    if used is not None:
        share = on_card / experts if experts else 1.0
        taken = base + on_card + used.devices * each
        yield Placement(Mode.EXPERTS_ON_CPU, used, processor, taken, experts - on_card, share)


def _layers_aside(need: MemoryNeed, cards: Sequence[Pool], processor: Pool) -> Iterator[Placement]:
    """Layers on the processor that the cards do not hold."""
    each, spread = need.runtime + need.compute, need.weights + need.kv + need.recurrent
    on_card = min(spread, _room(cards, each) - need.projector)
    if on_card <= 0 or on_card / spread < LEAST_GPU_SHARE or spread - on_card > (processor.budget or 0):
        return
    used = _filled(cards, each, ((need.projector + on_card, 1.0),))
    if used is not None:
        taken = need.projector + on_card + used.devices * each
        yield Placement(Mode.GPU_AND_CPU, used, processor, taken, spread - on_card, on_card / spread)


def _room(cards: Sequence[Pool], each: int) -> int:
    return sum(max(0, (card.budget or 0) - each) for card in cards)


def _filled(cards: Sequence[Pool], each: int, parts: Sequence[tuple[int, float]]) -> Pool | None:
    """As many of the cards as ``parts`` need, filled one after the other, as one pool; ``None`` where they do not fit.

    A part is bytes, and how much of them one token reads. Each card has a driver context and scratch of its own,
    ``each`` bytes; the pool's bandwidth is what all parts together are read with.
    """
    if len(cards) == 1:
        only = cards[0]
        return only if only.budget is not None and sum(size for size, _ in parts) + each <= only.budget else None
    used: list[Pool] = []
    seconds = read = 0.0
    rooms = [(card, max(0, (card.budget or 0) - each)) for card in cards]
    for size, weight in parts:
        left = size
        while left > 0:
            while rooms and rooms[0][1] == 0:
                rooms.pop(0)
            if not rooms:
                return None
            card, room = rooms[0]
            taken = min(left, room)
            rooms[0] = (card, room - taken)
            left -= taken
            seconds += taken * weight / card.rate
            read += taken * weight
            if not used or used[-1] is not card:
                used.append(card)
    if not used:
        return None
    if len(used) == 1:
        return used[0]
    efficiency = min(card.efficiency for card in used)
    return Pool(
        kind="gpu",
        name=names_of(used),
        budget=sum(card.budget or 0 for card in used),
        reason="free memory of each card less 1 GiB, added up; the cards work one after the other",
        bandwidth=read / seconds / efficiency / 1e9,
        efficiency=efficiency,
        assumed=any(card.assumed for card in used),
        devices=len(used),
        source="the makers' specifications",
        cards=tuple(used),
    )
