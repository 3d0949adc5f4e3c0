"""What holds on every machine: nothing above its budget, more memory never worse, more context never smaller."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from model_router.setup.machine import Gpu, Machine, Memory, Processor
from model_router.setup.model_catalog import Work
from model_router.setup.recommend.recommendation import Recommendation, recommend
from tests.setup.recommend.machines import catalog

GIB = 1 << 30
_ROUTES = (Work.SIMPLE, Work.CODING, Work.VISION)
"""One of each kind; the others are reckoned in the same way."""

_CARDS = ("NVIDIA GeForce RTX 3060", "NVIDIA GeForce RTX 4090", "AMD Radeon RX 7900 XT", "GTX 1080", "Some Card")
_PROCESSORS = ("13th Gen Intel(R) Core(TM) i9-13900K", "AMD Ryzen 5 5600X 6-Core Processor", "")


@st.composite
def machines(draw: st.DrawFn) -> Machine:
    """Any machine: no card, one, two, or graphics in system memory."""
    total = draw(st.integers(2, 256)) * GIB
    memory = Memory(total, draw(st.integers(0, total)))
    processor = Processor(draw(st.sampled_from(_PROCESSORS)), draw(st.integers(1, 64)))
    kind = draw(st.sampled_from(("none", "card", "cards", "apple", "apu", "spark")))
    size = draw(st.integers(1, 96)) * GIB
    name = draw(st.sampled_from(_CARDS))
    gpus: tuple[Gpu, ...] = {
        "none": (),
        "card": (Gpu(name, "nvidia", size, size),),
        "cards": (Gpu(name, "nvidia", size, size), Gpu(name, "nvidia", size, size, index=1)),
        "apple": (Gpu("Apple M3 Max", "apple", total * 3 // 4, unified=True),),
        "apu": (Gpu("AMD Radeon 8060S", "amd", total // 2, total // 2, unified=True),),
        "spark": (Gpu("NVIDIA GB10", "nvidia", unified=True),),
    }[kind]
    return Machine(memory=memory, processor=processor, gpus=gpus)


def larger(machine: Machine, factor: float) -> Machine:
    """The same machine with more of every memory."""

    def grown(size: int | None) -> int | None:
        return None if size is None else int(size * factor)

    memory = replace(machine.memory, total=grown(machine.memory.total), available=grown(machine.memory.available))
    gpus = tuple(replace(gpu, total=grown(gpu.total), free=grown(gpu.free)) for gpu in machine.gpus)
    return replace(machine, memory=memory, gpus=gpus)


def scores(found: Recommendation) -> dict[Work, float]:
    """How good each pick is, over all."""
    return {work: choice.pick.score if choice.pick else -1_000.0 for work, choice in found.choices.items()}


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(machine=machines(), factor=st.floats(1, 3), context=st.none() | st.integers(512, 131_072))
def test_more_memory_is_never_worse_and_no_need_is_above_its_budget(
    machine: Machine, factor: float, context: int | None
) -> None:
    found = recommend(machine, catalog(), context=context, routes=_ROUTES)
    for choice in found.choices.values():
        for option in ([choice.pick] if choice.pick else []) + [one.option for one in choice.alternatives]:
            assert option.placement.total <= option.placement.budget
            assert option.speed.mid >= choice.need.floor
    more = scores(recommend(larger(machine, factor), catalog(), context=context, routes=_ROUTES))
    for work, score in scores(found).items():
        assert more[work] >= score


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(machine=machines(), context=st.integers(512, 65_536), more=st.integers(0, 65_536))
def test_a_longer_context_never_makes_the_answer_better(machine: Machine, context: int, more: int) -> None:
    short = scores(recommend(machine, catalog(), context=context, routes=_ROUTES))
    long = scores(recommend(machine, catalog(), context=context + more, routes=_ROUTES))
    for work, score in long.items():
        assert score <= short[work]
