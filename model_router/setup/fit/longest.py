"""The longest context that a machine still holds."""

from __future__ import annotations

from dataclasses import replace

from model_router.setup.fit.budget import Pools
from model_router.setup.fit.memory import CacheType, Load, memory_need
from model_router.setup.fit.placement import Mode, placements
from model_router.setup.fit.shape import ModelShape

STEP = 4_096
_USUAL_LIMIT = 131_072


def longest_context(shape: ModelShape, load: Load, mode: Mode, pools: Pools, cache_type: CacheType) -> int:
    """The longest context, in steps of 4,096 tokens, that fits in the same mode; never more than the model was made
    for, and 0 when not even one step fits."""
    low, high = 0, (shape.context_max or _USUAL_LIMIT) // STEP
    while low < high:
        middle = (low + high + 1) // 2
        tried = replace(load, context=middle * STEP, cache_type=cache_type)
        if any(found.mode is mode for found in placements(shape, memory_need(shape, tried), pools)):
            low = middle
        else:
            high = middle - 1
    return low * STEP
