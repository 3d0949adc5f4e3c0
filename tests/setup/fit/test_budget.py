"""Budgets start from free memory, keep a margin, and stay unknown where nothing is known."""

from __future__ import annotations

from dataclasses import replace

import pytest

from model_router.setup.fit.budget import apple_working_set, pools_of
from model_router.setup.fit.memory import Load
from model_router.setup.fit.placement import Mode
from model_router.setup.fit.shape import CacheGroup, ModelShape
from model_router.setup.fit.verdict import judge
from model_router.setup.machine import Gpu, Machine, Memory, Processor

GIB = 1 << 30


def card(name: str = "NVIDIA GeForce RTX 3090", gib: float = 24, free: float | None = None, **more: object) -> Gpu:
    total = int(gib * GIB)
    return Gpu(name, "nvidia", total, total if free is None else int(free * GIB), **more)  # type: ignore[arg-type]  # fields by name


def ram(total: float, available: float | None = None, **more: float) -> Memory:
    limits = {name: int(value * GIB) for name, value in more.items()}
    return Memory(int(total * GIB), int((total if available is None else available) * GIB), **limits)


def test_a_card_is_judged_by_what_is_free() -> None:
    pools = pools_of(Machine(gpus=(card(free=20),)))
    assert pools.graphics[0].budget == 19 * GIB


def test_where_free_cannot_be_believed_a_tenth_is_kept() -> None:
    pools = pools_of(Machine(gpus=(card(free_is_known=False),)))
    assert pools.graphics[0].budget == 24 * GIB - 24 * GIB // 10


def test_two_cards_add_up_and_take_turns() -> None:
    pools = pools_of(Machine(gpus=(card(), card(index=1))))
    single, both = pools.graphics
    assert both.budget == 46 * GIB
    assert both.bandwidth == pytest.approx(single.bandwidth)


def test_an_integrated_processor_is_never_added_to_a_card() -> None:
    inside = Gpu("AMD Radeon Graphics", "amd", 16 * GIB, 16 * GIB, unified=True, index=1)
    pools = pools_of(Machine(memory=ram(32), gpus=(inside, card())))
    assert [pool.name for pool in pools.graphics] == ["NVIDIA GeForce RTX 3090"]


def test_a_large_one_stands_beside_a_small_card_and_what_is_fastest_is_taken() -> None:
    inside = Gpu("AMD Radeon 8060S", "amd", 60 * GIB, 60 * GIB, unified=True, index=1)
    machine = Machine(memory=ram(125, 120), gpus=(inside, card("NVIDIA GeForce RTX 3060", 12)))
    pools = pools_of(machine)
    assert [(pool.name, pool.kind) for pool in pools.graphics] == [
        ("NVIDIA GeForce RTX 3060", "gpu"),
        ("AMD Radeon 8060S", "unified"),
    ]
    for gib, name in ((6, "NVIDIA GeForce RTX 3060"), (40, "AMD Radeon 8060S")):
        verdict = judge(ModelShape("m", "catalog", gib * GIB, (CacheGroup(32, 1024),), 32), machine, Load(4_096))
        assert verdict.placement is not None
        assert (verdict.placement.mode, verdict.placement.gpu and verdict.placement.gpu.name) == (Mode.GPU, name)


def test_graphics_in_a_ryzen_that_nobody_knows_read_memory_as_the_processor_does() -> None:
    inside = Gpu("AMD graphics 0x9999", "amd", 96 * GIB, 96 * GIB, unified=True, own=96 * GIB)
    alone, beside = (pools_of(Machine(memory=ram(32), gpus=gpus)) for gpus in ((inside,), (inside, card(gib=2))))
    for pools in (alone, beside):
        (pool,) = [one for one in pools.graphics if one.kind == "unified"]
        assert (pool.rate, pool.assumed) == (pools.processor.rate, True)
        assert pool.budget == 95 * GIB, "a card beside it takes none of what the processor could not hold"


def test_a_slow_card_takes_nothing_from_faster_graphics_inside() -> None:
    inside = Gpu("AMD Radeon 8060S", "amd", 60 * GIB, 60 * GIB, unified=True, index=1)
    slow = card("NVIDIA GeForce GTX 1050 Ti", 4)
    small = ModelShape("m", "catalog", GIB, (CacheGroup(16, 512),), 16)
    alone, both = (
        judge(small, Machine(memory=ram(125), gpus=gpus), Load(4_096)) for gpus in ((inside,), (inside, slow))
    )
    assert alone.speed == both.speed


@pytest.mark.parametrize(("gib", "working_set"), [(8, 5.28), (16, 11.52), (24, 17.28), (48, 36), (64, 48), (128, 96)])
def test_metal_may_use_about_three_quarters(gib: int, working_set: float) -> None:
    assert apple_working_set(gib * GIB) / GIB == pytest.approx(working_set)


def test_a_mac_is_bound_by_what_is_available_too() -> None:
    mac = Gpu("Apple M2", "apple", 11 * GIB, unified=True)
    assert pools_of(Machine(memory=ram(16, 14), gpus=(mac,))).graphics[0].budget == 11 * GIB
    assert pools_of(Machine(memory=ram(16, 6), gpus=(mac,))).graphics[0].budget == 5 * GIB
    assert pools_of(Machine(memory=ram(16, 11.5), gpus=(mac,))).graphics[0].budget == 10.5 * GIB, "no jump at the limit"


def test_nvidia_in_system_memory_leaves_four_gib() -> None:
    spark = Gpu("NVIDIA GB10", "nvidia", unified=True)
    assert pools_of(Machine(memory=ram(128, 120), gpus=(spark,))).graphics[0].budget == 116 * GIB


def test_an_apu_has_its_own_part_whether_carved_out_or_not() -> None:
    carved = Gpu("AMD Radeon 8060S", "amd", 96 * GIB, 95 * GIB, unified=True, own=96 * GIB)
    assert pools_of(Machine(memory=ram(31, 20), gpus=(carved,))).graphics[0].budget == 94 * GIB
    untold = replace(carved, own=None)  # of system memory's 31 GiB all may be in it, and 18 are there to be had
    assert pools_of(Machine(memory=ram(31, 20), gpus=(untold,))).graphics[0].budget == (96 - 31 + 18) * GIB
    shared = Gpu("AMD Radeon 8060S", "amd", 60 * GIB, 60 * GIB, unified=True)
    assert pools_of(Machine(memory=ram(125, 30), gpus=(shared,))).graphics[0].budget == 28 * GIB


def test_a_container_counts_and_not_the_host() -> None:
    inside = Machine(memory=ram(64, 50, limit=4, remaining=3.5))
    budget = pools_of(inside).processor.budget
    assert budget is not None
    assert 2.5 * GIB < budget < 3.5 * GIB


def test_the_processor_leaves_two_gib_or_a_tenth() -> None:
    assert pools_of(Machine(memory=ram(8, 6))).processor.budget == 4 * GIB
    assert pools_of(Machine(memory=ram(64, 60))).processor.budget == 54 * GIB


def test_a_container_and_its_host_both_count() -> None:
    """A limit above what the host has left gives nothing away, and a little below it takes no leap."""
    for remaining in (29, 30, 31, 60):
        inside = Machine(memory=ram(64, 30, limit=60, remaining=remaining))
        budget = pools_of(inside).processor.budget
        assert budget is not None
        assert budget == pytest.approx(min(30, remaining) * 0.9 * GIB, rel=1e-6)


def test_cards_of_several_makers_and_speeds_are_told_apart() -> None:
    cards = (card(gib=12, name="NVIDIA GeForce RTX 3060"), card(index=1), Gpu("AMD Radeon RX 7900 XT", "amd", 20 * GIB))
    pools = pools_of(Machine(gpus=cards))
    names = [pool.name for pool in pools.graphics]
    assert names[-1] == "NVIDIA GeForce RTX 3090 + NVIDIA GeForce RTX 3060", "the fastest first"
    assert names[:-1] == ["NVIDIA GeForce RTX 3090", "AMD Radeon RX 7900 XT", "NVIDIA GeForce RTX 3060"]
    assert [pool.budget for pool in pools.whole] == [18 * GIB, (23 + 11) * GIB]


def test_a_few_cores_of_a_server_do_not_get_all_of_its_bandwidth() -> None:
    few = Machine(memory=ram(64), processor=Processor("AMD EPYC 7763 64-Core Processor", 4))
    many = Machine(memory=ram(64), processor=Processor("AMD EPYC 7763 64-Core Processor", 64))
    assert pools_of(few).processor.bandwidth < pools_of(many).processor.bandwidth


def test_unknown_memory_never_makes_a_model_fit() -> None:
    tiny = ModelShape("tiny", "catalog", 1, (CacheGroup(1, 1),), 1)
    verdict = judge(tiny, Machine(gpus=(Gpu("NVIDIA GeForce RTX 3090", "nvidia"),)), Load(1))
    assert verdict.fits is None
    assert (verdict.placement, verdict.speed, verdict.to_dict()["mode"]) == (None, None, None)


def test_a_card_with_unknown_memory_does_not_hide_the_processor() -> None:
    small = ModelShape("small", "catalog", GIB, (CacheGroup(8, 512),), 8)
    machine = Machine(memory=ram(16), gpus=(Gpu("Unheard Of 9000", "nvidia"),))
    verdict = judge(small, machine, Load(4_096))
    assert verdict.fits is True
    assert verdict.placement is not None
    assert verdict.placement.mode.value == "cpu"
