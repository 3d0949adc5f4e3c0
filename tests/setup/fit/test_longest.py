"""The longest context is what fits and one step more does not."""

from __future__ import annotations

import pytest

from model_router.setup.fit.budget import Pool, Pools
from model_router.setup.fit.longest import STEP, longest_context
from model_router.setup.fit.memory import CacheType, Load, memory_need
from model_router.setup.fit.placement import Mode
from model_router.setup.fit.shape import CacheGroup, ModelShape

GIB = 1 << 30
POOLS = Pools((Pool("gpu", "card", 12 * GIB, "", 448, 0.8),), Pool("cpu", "processor", 0, "", 51, 0.6))
SHAPE = ModelShape("dense", "catalog", 5 * GIB, (CacheGroup(36, 2_048),), 36, context_max=262_144)


@pytest.mark.parametrize("kind", list(CacheType))
def test_one_step_more_does_not_fit(kind: CacheType) -> None:
    found = longest_context(SHAPE, Load(4_096), Mode.GPU, POOLS, kind)
    assert memory_need(SHAPE, Load(found, kind)).total <= 12 * GIB
    assert memory_need(SHAPE, Load(found + STEP, kind)).total > 12 * GIB


def test_a_smaller_cache_reaches_further_and_never_beyond_the_model() -> None:
    f16, q8, q4 = (longest_context(SHAPE, Load(4_096), Mode.GPU, POOLS, kind) for kind in CacheType)
    assert f16 < q8 < q4
    small = ModelShape("small", "catalog", GIB, (CacheGroup(4, 128),), 4, context_max=32_768)
    assert longest_context(small, Load(4_096), Mode.GPU, POOLS, CacheType.F16) == 32_768


def test_on_a_card_the_memory_of_graphics_inside_does_not_count() -> None:
    inside = Pool("unified", "graphics", 60 * GIB, "", 256, 0.7)
    both = Pools((*POOLS.graphics, inside), POOLS.processor)
    one, all_of_it = (longest_context(SHAPE, Load(4_096), Mode.GPU, where, CacheType.F16) for where in (POOLS, both))
    assert all_of_it > one
    assert longest_context(SHAPE, Load(4_096), Mode.GPU, both.like(POOLS.graphics[0]), CacheType.F16) == one


def test_where_nothing_fits_it_is_nought() -> None:
    large = ModelShape("large", "catalog", 20 * GIB, (CacheGroup(4, 128),), 4)
    assert longest_context(large, Load(4_096), Mode.GPU, POOLS, CacheType.F16) == 0
