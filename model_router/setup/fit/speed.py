"""How many tokens a second one conversation gets: bytes that a token reads, over the memory's speed.

t = bytes / (bandwidth x efficiency) + a fixed time for each token. The constants are fitted to the validation cases in
``tests/data/measurements.yaml`` (ids in brackets); ``python -m benchmarks fit`` prints the errors. What another
runtime, driver or memory clock changes is in the range, and an own measurement replaces it all.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from model_router.setup.fit.budget import Pool
from model_router.setup.fit.memory import ELEMENT_BYTES, Load
from model_router.setup.fit.placement import Mode, Placement
from model_router.setup.fit.shape import Basis, ModelShape

TOKEN_SECONDS = 0.0015
"""Launching the work of one token [s01: 1B at 376 tokens a second]."""

MIXTURE_SECONDS = 0.001
"""Choosing experts [s07, s42, s44]."""

RECURRENT_LAYER_SECONDS = 0.00006
"""A linear-attention layer's own kernels [s11, s13, s29]."""

LOOKED_UP_SECONDS = 0.0025
"""The per-layer embeddings of Gemma 4's small models [s10]."""

CROSSING_SECONDS = 0.002
"""Handing over between graphics processor and processor once a token [s17, s24]."""

EXPERT_CROSSING_SECONDS = 0.00005
"""The same for each layer whose experts are on the processor [s19, s53]."""

EXPERT_GATHER = 0.72
"""Of a processor's usual efficiency when it reads a few experts here and there [s19, s53]."""

_FAMILY_EFFICIENCY = {"gemma": 0.88, "gemma2": 0.88, "gemma3": 0.88, "gemma4": 0.88}
"""Architectures that reach less of the bandwidth than others [s10, s22, s58]."""

_RANGES = {Mode.GPU: (0.68, 1.38), Mode.EXPERTS_ON_CPU: (0.6, 1.5), Mode.GPU_AND_CPU: (0.6, 1.5), Mode.CPU: (0.65, 1.5)}
_ASSUMED_RANGE = (0.5, 1.8)


@dataclass(frozen=True, slots=True)
class Speed:
    """Tokens a second, as a range, with what it rests on."""

    low: float
    mid: float
    high: float
    basis: Basis
    words: str

    def to_dict(self) -> dict[str, Any]:
        """As in the JSON: tokens a second with one decimal."""
        return {"low": round(self.low, 1), "mid": round(self.mid, 1), "high": round(self.high, 1)}


def speed_of(shape: ModelShape, load: Load, placement: Placement, measured: float | None = None) -> Speed:
    """The speed of one way to run a model; ``measured`` tokens a second replace the estimate."""
    if measured is not None:
        return Speed(measured * 0.85, measured, measured * 1.15, "measured", "measured on this machine's own answers")
    mid = 1 / token_seconds(shape, load, placement)
    pools = [pool for pool in (placement.gpu, placement.cpu) if pool is not None]
    assumed = any(pool.assumed for pool in pools)
    low, high = _ASSUMED_RANGE if assumed else _RANGES[placement.mode]
    words = " and ".join(f"{pool.name} at {pool.bandwidth:.0f} GB/s ({pool.source})" for pool in pools)
    return Speed(mid * low, mid, mid * high, "estimate", f"nominal bandwidth: {words}")


def token_seconds(shape: ModelShape, load: Load, placement: Placement) -> float:
    """Seconds for one token."""
    weights = shape.weights_bytes
    read = weights * shape.read_share
    cache = cache_read_bytes(shape, load)
    fixed = _fixed_seconds(shape)
    if placement.mode is Mode.GPU and placement.gpu is not None:
        return (read + cache) / _rate(placement.gpu, shape) + fixed
    if placement.mode is Mode.CPU or placement.gpu is None or placement.cpu is None:
        pool = placement.cpu
        assert pool is not None  # noqa: S101 - a placement without a card is on the processor
        gather = 0.85 if shape.mixture else 1.0
        return (read + cache) / (_rate(pool, shape) * gather) + fixed
    if placement.mode is Mode.EXPERTS_ON_CPU:
        experts = weights * shape.expert_share * shape.expert_read_share
        on_cpu = experts * (1 - placement.gpu_share)
        on_gpu = max(0.0, read - on_cpu) + cache
        layers = shape.layers * (1 - placement.gpu_share)
        crossing = CROSSING_SECONDS + EXPERT_CROSSING_SECONDS * layers
        slow = on_cpu / (_rate(placement.cpu, shape) * EXPERT_GATHER)
        return on_gpu / _rate(placement.gpu, shape) + slow + fixed + crossing
    share = placement.gpu_share
    fast = (read + cache) * share / _rate(placement.gpu, shape)
    slow = (read + cache) * (1 - share) / _rate(placement.cpu, shape)
    return fast + slow + fixed + CROSSING_SECONDS


def cache_read_bytes(shape: ModelShape, load: Load) -> float:
    """What attention reads of the cache for one token, with ``load.depth`` tokens in it; state is read and written."""
    state = 2 * (shape.recurrent_bytes or 0)
    if not load.depth:
        return state
    element = ELEMENT_BYTES[load.cache_type]
    cells = sum(
        min(load.depth, group.window or load.depth) * group.layers * group.width * element for group in shape.caches
    )
    return cells + state


def _fixed_seconds(shape: ModelShape) -> float:
    seconds = TOKEN_SECONDS + RECURRENT_LAYER_SECONDS * shape.recurrent_layers
    if shape.mixture:
        seconds += MIXTURE_SECONDS
    if shape.looked_up_embeddings:
        seconds += LOOKED_UP_SECONDS
    return seconds


def _rate(pool: Pool, shape: ModelShape) -> float:
    """Bytes a second."""
    return pool.rate * _FAMILY_EFFICIENCY.get(shape.family, 1.0)
