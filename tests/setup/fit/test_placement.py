"""The modes come in their order, and none takes more than there is."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from model_router.setup.fit.budget import Pool, Pools
from model_router.setup.fit.memory import Load, memory_need
from model_router.setup.fit.placement import Mode, placements
from model_router.setup.fit.shape import CacheGroup, ModelShape
from model_router.setup.fit.speed import speed_of, token_seconds
from model_router.setup.fit.verdict import judge

GIB = 1 << 30
DENSE = ModelShape("dense", "catalog", 9 * GIB, (CacheGroup(40, 2_048),), 40, vocabulary=151_936, hidden=5_120)
MIXTURE = ModelShape(
    "mixture",
    "catalog",
    18 * GIB,
    (CacheGroup(48, 1_024),),
    48,
    vocabulary=151_936,
    hidden=2_048,
    read_share=0.12,
    expert_share=0.95,
    expert_read_share=8 / 128,
)  # fmt: skip - the shares stand together


def pools(card: float, memory: float) -> Pools:
    gpu = Pool("gpu", "card", int(card * GIB), "", 448, 0.8)
    return Pools((gpu,) if card else (), Pool("cpu", "processor", int(memory * GIB), "", 51.2, 0.62))


def modes(shape: ModelShape, where: Pools) -> list[Mode]:
    return [one.mode for one in placements(shape, memory_need(shape, Load(4_096)), where)]


def test_all_on_the_card_comes_first() -> None:
    assert modes(DENSE, pools(12, 32)) == [Mode.GPU, Mode.GPU_AND_CPU, Mode.CPU]
    assert modes(MIXTURE, pools(24, 32))[0] is Mode.GPU


def test_a_mixture_keeps_its_experts_in_system_memory_rather_than_whole_layers() -> None:
    assert modes(MIXTURE, pools(8, 32)) == [Mode.EXPERTS_ON_CPU, Mode.GPU_AND_CPU, Mode.CPU]
    assert modes(DENSE, pools(6, 32)) == [Mode.GPU_AND_CPU, Mode.CPU]


def test_without_room_anywhere_there_is_no_way() -> None:
    assert modes(DENSE, pools(4, 5)) == []
    verdict = judge(DENSE, pools(4, 5), Load(4_096))
    assert verdict.fits is False
    assert verdict.budget == 5 * GIB


def test_experts_in_system_memory_are_quicker_than_layers_there() -> None:
    load = Load(4_096)
    found = {one.mode: one for one in placements(MIXTURE, memory_need(MIXTURE, load), pools(8, 32))}
    quick = token_seconds(MIXTURE, load, found[Mode.EXPERTS_ON_CPU])
    assert quick < token_seconds(MIXTURE, load, found[Mode.GPU_AND_CPU]) < token_seconds(MIXTURE, load, found[Mode.CPU])


def test_depth_slows_and_a_quantised_cache_slows_less() -> None:
    from model_router.setup.fit.memory import CacheType

    def rate(load: Load) -> float:
        verdict = judge(DENSE, pools(24, 32), load)
        assert verdict.speed is not None
        return verdict.speed.mid

    assert rate(Load(32_768, depth=32_768)) < rate(Load(32_768, CacheType.Q8_0, depth=32_768)) < rate(Load(32_768))


def test_a_measurement_replaces_the_estimate() -> None:
    verdict = judge(DENSE, pools(24, 32), Load(4_096), measured=12.5)
    assert verdict.speed is not None
    assert (verdict.speed.mid, verdict.speed.basis) == (12.5, "measured")
    assert verdict.to_dict()["basis"]["tok_s"]["basis"] == "measured"


def test_mlx_runs_on_apple_s_graphics_only() -> None:
    shape = ModelShape("mlx", "catalog", GIB, (CacheGroup(8, 512),), 8, format="mlx")
    assert modes(shape, pools(0, 64)) == []


@given(
    weights=st.integers(1, 200 * GIB),
    share=st.floats(0, 0.97),
    card=st.floats(0, 100),
    memory=st.floats(0, 200),
    context=st.integers(1, 200_000),
)
def test_nothing_ever_takes_more_than_its_budget(
    weights: int, share: float, card: float, memory: float, context: int
) -> None:
    shape = ModelShape("any", "catalog", weights, (CacheGroup(40, 2_048),), 40, expert_share=share)
    need, load = memory_need(shape, Load(context)), Load(context)
    for one in placements(shape, need, pools(card, memory)):
        assert one.total == need.total
        for pool, taken in ((one.gpu, one.gpu_bytes), (one.cpu, one.cpu_bytes)):
            assert taken <= (pool.budget or 0) if pool else taken == 0
        assert speed_of(shape, load, one).mid > 0
