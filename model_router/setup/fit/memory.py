"""How many bytes a model takes when it runs.

Total = weights + KV cache + recurrent state + compute buffer + runtime + projector. The formulas are llama.cpp's; each
says which published start-up logs it was checked against (``tests/data/measurements.yaml``, ids in brackets).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from model_router.setup.fit.shape import CacheGroup, ModelShape

MIB = 1 << 20


class CacheType(StrEnum):
    """What the elements of a cache are stored as."""

    F16 = "f16"
    Q8_0 = "q8_0"
    Q4_0 = "q4_0"


ELEMENT_BYTES = {CacheType.F16: 2.0, CacheType.Q8_0: 34 / 32, CacheType.Q4_0: 18 / 32}
"""Blocks of 32 elements with a scale of two bytes."""

RUNTIME_BYTES = 300 * MIB
"""The driver's own context: 23508 - 17295 - 5712 - 192 MiB in a published log [m25]."""

LEAST_COMPUTE_BYTES = 160 * MIB
"""Scratch of models with a small vocabulary, where the logits are not what decides [m25]."""

UNKNOWN_STATE_BYTES = 64 * MIB
"""Recurrent state of a hybrid whose state nobody has published: that of the largest known ones is near it."""

MLX_BASE_BYTES = 512 * MIB
"""What MLX takes beside weights and cache while it reads a prompt in steps of 2,048 tokens [s58]."""

MLX_LATENT_BYTES = 1_024 * MIB
"""The same for compressed attention, which it works out in full [m23: 1.96 GB over the weights at 256 tokens]."""

_MLX_STEP = 2_048


@dataclass(frozen=True, slots=True)
class Load:
    """How the model is to be run. ``depth``: tokens that are in the cache when the speed is asked for."""

    context: int
    cache_type: CacheType = CacheType.F16
    slots: int = 1
    ubatch: int = 512
    depth: int = 0


@dataclass(frozen=True, slots=True)
class CachePart:
    """One line of the sum: ``layers`` layers of a kind with ``cells`` cells each."""

    kind: str
    layers: int
    cells: int
    bytes: int


@dataclass(frozen=True, slots=True)
class MemoryNeed:
    """The sum, part by part, in bytes."""

    weights: int
    caches: tuple[CachePart, ...]
    recurrent: int
    compute: int
    runtime: int
    projector: int
    recurrent_assumed: bool = False

    @property
    def kv(self) -> int:
        """All caches that grow with the context."""
        return sum(part.bytes for part in self.caches)

    @property
    def total(self) -> int:
        """Everything."""
        return self.weights + self.kv + self.recurrent + self.compute + self.runtime + self.projector

    @property
    def fixed(self) -> int:
        """What stays on the processor that computes, however the weights are spread."""
        return self.compute + self.runtime + self.projector

    def to_dict(self) -> dict[str, Any]:
        """The parts by their names in the JSON."""
        return {
            "weights_bytes": self.weights,
            "kv_bytes": self.kv,
            "recurrent_bytes": self.recurrent,
            "compute_bytes": self.compute,
            "runtime_bytes": self.runtime,
            "projector_bytes": self.projector,
            "total_bytes": self.total,
        }


def memory_need(shape: ModelShape, load: Load) -> MemoryNeed:
    """What ``shape`` takes under ``load``."""
    state = shape.recurrent_bytes
    assumed = state is None
    per_slot = UNKNOWN_STATE_BYTES if state is None else state
    return MemoryNeed(
        weights=shape.weights_bytes,
        caches=tuple(cache_part(group, load) for group in shape.caches),
        recurrent=per_slot * load.slots,
        compute=compute_bytes(shape, load),
        runtime=RUNTIME_BYTES,
        projector=shape.projector_bytes,
        recurrent_assumed=assumed,
    )


def cache_part(group: CacheGroup, load: Load) -> CachePart:
    """The cache of one kind of layer: cells x layers x elements of a cell x bytes of an element.

    A full or latent layer has a cell for every token of the context. A window layer keeps the window of each slot and
    room for one step, rounded up to 256 cells [m08, m09: 1,536 and 6,144 cells].
    """
    cells = load.context
    if group.window is not None:
        cells = min(cells, padded(group.window * load.slots + load.ubatch))
    size = cells * group.layers * group.width * ELEMENT_BYTES[load.cache_type]
    return CachePart(group.kind, group.layers, cells, round(size))


def compute_bytes(shape: ModelShape, load: Load) -> int:
    """The scratch of one step.

    llama.cpp: four bytes for each logit of at most 512 tokens, and for each element of a step's activations [m04, m05,
    m08, m09, m19: within 2 %]. MLX: a base, and for compressed attention the scores of a whole step, twice [m23].
    """
    if shape.format == "mlx":
        scores = 0
        if any(group.latent for group in shape.caches):
            scores = MLX_LATENT_BYTES + (shape.heads or 32) * _MLX_STEP * load.context * 6
        return MLX_BASE_BYTES + scores
    logits = (shape.vocabulary or 128_256) * min(load.ubatch, 512) * 4
    activations = (shape.hidden or 4_096) * load.ubatch * 4
    return max(LEAST_COMPUTE_BYTES, logits + activations)


def padded(cells: int) -> int:
    """Up to a multiple of 256, as llama.cpp sizes its caches."""
    return -(-cells // 256) * 256


def all_layers_bytes(layers: int, width: int, context: int) -> int:
    """What most other tools reckon: every layer keeps every token at two bytes an element."""
    return layers * width * context * 2
