"""What holds on every machine: nothing above its budget, more memory never worse, more context never smaller."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from model_router.setup.fit.memory import CacheType, Load, memory_need
from model_router.setup.fit.shape import from_catalog
from model_router.setup.machine import Disk, Gpu, Machine, Memory, Processor
from model_router.setup.model_catalog import ModelCatalog
from model_router.setup.recommend.needs import SetupProfile
from model_router.setup.recommend.options import LocalModel
from model_router.setup.recommend.recommendation import Recommendation, recommend
from tests.setup.recommend.machines import at_once, catalog, qualities

GIB = 1 << 30
_CARDS = ("NVIDIA GeForce RTX 3060", "NVIDIA GeForce RTX 4090", "GeForce GTX 1050 Ti", "Some Card")
_AMD = "AMD Radeon RX 7900 XT"
_PROCESSORS = ("13th Gen Intel(R) Core(TM) i9-13900K", "AMD Ryzen 5 5600X 6-Core Processor", "AMD EPYC 9654", "")
_SIZES = st.sampled_from((2, 8, 24, 256)).flatmap(lambda most: st.integers(0, most * GIB))
"""Small steps as often as large ones: what comes within reach first is where an order would break."""


@st.composite
def cards(draw: st.DrawFn) -> tuple[Gpu, ...]:
    """One to three cards, of one maker or two."""
    found = []
    for index in range(draw(st.integers(1, 3))):
        size = draw(_SIZES)
        name = draw(st.sampled_from((*_CARDS, _AMD)))
        vendor = "amd" if name == _AMD else "nvidia"
        free = draw(st.none() | st.integers(0, size))
        found.append(Gpu(name, vendor, size, free, free_is_known=free is not None, index=index))  # type: ignore[arg-type]  # a literal
    return tuple(found)


@st.composite
def machines(draw: st.DrawFn) -> Machine:
    """Any machine: no card, several, graphics in system memory, a container."""
    total = 2 * GIB + draw(_SIZES)
    available = draw(st.integers(0, total))
    limit = draw(st.none() | st.integers(1 * GIB, 64 * GIB))
    memory = Memory(total, available, limit, limit and draw(st.integers(0, limit)))
    processor = Processor(draw(st.sampled_from(_PROCESSORS)), draw(st.integers(1, 64)))
    free = draw(st.none() | st.integers(0, 200 * GIB))
    inside = draw(st.integers(0, total))
    gpus: tuple[Gpu, ...] = draw(
        st.one_of(
            st.just(()),
            cards(),
            st.sampled_from(
                (
                    (Gpu("Apple M3 Max", "apple", total * 3 // 4, unified=True),),
                    (Gpu("Apple M1", "apple", unified=True),),
                    (Gpu("AMD Radeon 8060S", "amd", inside, inside, unified=True),),
                    (Gpu("AMD Radeon 8060S", "amd", inside + 64 * GIB, inside, unified=True, own=64 * GIB),),
                    (Gpu("AMD graphics 0x9999", "amd", inside + 64 * GIB, inside, unified=True, own=64 * GIB),),
                    (Gpu("NVIDIA GB10", "nvidia", unified=True),),
                )
            ),
        )
    )
    return Machine(memory=memory, processor=processor, gpus=gpus, disks=(Disk("~/models", free=free),))


@st.composite
def larger(draw: st.DrawFn, machine: Machine) -> Machine:
    """The same machine with more of some memory, each by an amount of its own, and all else as it was."""

    def grown(size: int | None, more: int) -> int | None:
        return None if size is None else size + more

    extra, inside = draw(_SIZES), draw(_SIZES)
    memory, old = machine.memory, machine.memory
    if draw(st.booleans()):
        memory = replace(
            old,
            total=grown(old.total, extra),
            available=grown(old.available, extra),
            limit=grown(old.limit, inside),
            remaining=grown(old.remaining, inside),
        )
    else:  # another program has ended
        memory = replace(old, available=max(old.available or 0, min(old.total or 0, extra)))
    gpus = []
    for gpu in machine.gpus:
        more = draw(st.just(0) | _SIZES)
        gpus.append(replace(gpu, total=grown(gpu.total, more), free=grown(gpu.free, more)))
    if draw(st.booleans()):  # one more card, whatever is there
        name, size = draw(st.sampled_from(_CARDS)), draw(_SIZES)
        gpus.append(Gpu(name, "nvidia", size, size, index=len(gpus)))
    return replace(machine, memory=memory, gpus=tuple(gpus))


@st.composite
def catalogs(draw: st.DrawFn) -> ModelCatalog:
    """A handful of the catalog's models: what one of them hides in the whole catalog comes to light."""
    names = draw(st.sets(st.sampled_from(sorted(catalog().models)), min_size=2, max_size=8))
    return replace(catalog(), models={name: catalog().models[name] for name in sorted(names)})


def hold_the_budgets(found: Recommendation) -> None:
    """Nothing that is named takes more than there is, or is slower than what is asked."""
    for choice in found.choices.values():
        for option in ([choice.pick] if choice.pick else []) + [one.option for one in choice.alternatives]:
            assert option.placement.total <= option.placement.budget
            assert option.speed.mid >= choice.need.floor
        if choice.pick:
            assert choice.pick.speed.mid >= choice.need.asked_speed(choice.pick.quality.points)
    joint = found.together
    assert joint.gpu_bytes <= sum(pool.budget or 0 for pool in found.at.pools.whole)
    assert joint.cpu_bytes <= (joint.cpu_budget or 0)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data(), machine=machines(), models=catalogs(), context=st.none() | st.integers(512, 131_072))
def test_more_memory_never_gives_a_worse_pick_nor_more_context_a_better_one(
    data: st.DataObject, machine: Machine, models: ModelCatalog, context: int | None
) -> None:
    more = data.draw(larger(machine))
    name = data.draw(st.sampled_from(sorted(models.models)))
    here = data.draw(st.lists(st.just(LocalModel(name, 5 * GIB, path="/models/a.gguf")), max_size=1))
    measured: Mapping[str, float] = data.draw(st.dictionaries(st.just(name), st.floats(1, 100), max_size=1))
    for profile in SetupProfile:

        def answer(which: Machine, context: int | None, profile: SetupProfile = profile) -> Recommendation:
            return recommend(which, models, profile=profile, local=here, measured=measured, context=context)

        found, with_more = answer(machine, context), answer(more, context)
        hold_the_budgets(found)
        before, after = qualities(found), qualities(with_more)
        for work, points in before.items():
            assert after[work] >= points, (profile, work)
        assert at_once(with_more) >= at_once(found), profile
        if context is not None:
            longer = qualities(answer(machine, context + data.draw(st.integers(0, 65_536))))
            assert all(longer[work] <= points for work, points in before.items())


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data(), machine=machines(), profile=st.sampled_from(SetupProfile))
def test_the_whole_catalog_is_no_exception(data: st.DataObject, machine: Machine, profile: SetupProfile) -> None:
    found = recommend(machine, catalog(), profile=profile)
    for _ in range(4):
        machine = data.draw(larger(machine))
        with_more = recommend(machine, catalog(), profile=profile)
        hold_the_budgets(with_more)
        for work, points in qualities(found).items():
            assert qualities(with_more)[work] >= points
        assert at_once(with_more) >= at_once(found)
        found = with_more


@settings(max_examples=200, deadline=None)
@given(
    name=st.sampled_from(sorted(catalog().models)),
    context=st.integers(1, 1_000_000),
    more=st.integers(0, 1_000_000),
    slots=st.integers(1, 8),
    kind=st.sampled_from(CacheType),
)
@example(name="gemma-4-31b", context=1_000, more=100, slots=1, kind=CacheType.F16)
def test_more_context_never_needs_less(name: str, context: int, more: int, slots: int, kind: CacheType) -> None:
    model = catalog().models[name]
    shape = from_catalog(name, model, next(iter(model.files)))
    short = memory_need(shape, Load(context, kind, slots))
    assert memory_need(shape, Load(context + more, kind, slots)).total >= short.total
    assert memory_need(shape, Load(context, kind, slots + 1)).total >= short.total
