"""What the sums need to know about a model, wherever it comes from: the catalog, a file's own header, or its name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from model_router.setup.model_catalog import CatalogModel, MlxRepository, ModelFile

Basis = Literal["measured", "header", "catalog", "estimate"]
"""What a figure rests on, the surest first."""

LayerKind = Literal["full", "window", "latent"]

MIXTURE_OVERHEAD = 1.15
"""Bytes of a token over what its share of parameters says: the layers that all tokens use are stored with more bits
than the experts. Fitted to published speeds of Qwen3-30B-A3B, gpt-oss and GLM (validation cases s07, s42, s44)."""


@dataclass(frozen=True, slots=True)
class CacheGroup:
    """Layers of one kind that own a cache. ``width`` is the number of elements in one cell of one layer."""

    layers: int
    width: int
    window: int | None = None
    latent: bool = False

    @property
    def kind(self) -> LayerKind:
        """The kind in the field's words."""
        return "latent" if self.latent else "window" if self.window else "full"


@dataclass(frozen=True, slots=True)
class ModelShape:
    """One model in one file format.

    ``read_share`` is the part of the weights that one token reads, ``expert_share`` the part that are routed experts
    and may live in system memory, ``expert_read_share`` the part of those that one token reads. ``weights_basis`` where
    it is not that of the other figures. ``recurrent_bytes`` is
    the state of one conversation, ``None`` where there is one of unknown size.
    """

    name: str
    basis: Basis
    weights_bytes: int
    caches: tuple[CacheGroup, ...]
    layers: int
    quant: str = ""
    format: str = "gguf"
    family: str = ""
    parameters: int | None = None
    hidden: int | None = None
    heads: int | None = None
    vocabulary: int | None = None
    recurrent_bytes: int | None = 0
    recurrent_layers: int = 0
    read_share: float = 1.0
    expert_share: float = 0.0
    expert_read_share: float = 1.0
    projector_bytes: int = 0
    context_max: int | None = None
    rounded: bool = False
    weights_basis: Basis | None = None
    looked_up_embeddings: bool = False

    @property
    def mixture(self) -> bool:
        """Whether it is a mixture of experts."""
        return self.expert_share > 0


def from_catalog(name: str, model: CatalogModel, quant: str, *, pictures: bool = True) -> ModelShape:
    """A model of the catalog in one of its files; ``quant`` may be ``mlx``. The projector counts where pictures do."""
    file: ModelFile | MlxRepository | None = model.mlx if quant == "mlx" else model.files.get(quant)
    if file is None:
        raise KeyError(quant)
    architecture, total = model.architecture, model.parameters.total
    expert_share, expert_read = _expert_shares(model)
    active = model.parameters.active
    read = 1.0 if active is None else active / total
    if expert_share:
        read = min(1.0, max(read * MIXTURE_OVERHEAD, expert_share * expert_read))
    projector = model.projector.bytes if pictures and model.projector and quant != "mlx" else 0
    return ModelShape(
        name=name,
        basis="catalog",
        weights_bytes=file.bytes,
        caches=tuple(
            CacheGroup(
                layers=group.layers,
                width=group.latent or 2 * (group.kv_heads or 0) * (group.head_length or 0),
                window=group.window,
                latent=group.latent is not None,
            )
            for group in model.cache.groups
        ),
        layers=architecture.layers,
        quant=quant,
        format="mlx" if quant == "mlx" else "gguf",
        family=name.partition("-")[0],
        parameters=total,
        hidden=architecture.hidden,
        heads=architecture.heads,
        vocabulary=architecture.vocabulary,
        recurrent_bytes=model.cache.recurrent_bytes if model.cache.recurrent_layers else 0,
        recurrent_layers=model.cache.recurrent_layers,
        read_share=read,
        expert_share=expert_share,
        expert_read_share=expert_read,
        projector_bytes=projector,
        context_max=model.context.tokens,
        rounded=file.rounded,
        looked_up_embeddings=active is not None and not architecture.experts,
    )


def _expert_shares(model: CatalogModel) -> tuple[float, float]:
    """The experts' part of all parameters (three matrices of hidden x width each), and the part a token reads."""
    shape = model.architecture
    if not shape.experts or not shape.experts_used:
        return 0.0, 1.0
    read = shape.experts_used / shape.experts
    if not shape.hidden or not shape.expert_width:
        active = model.parameters.active or model.parameters.total
        return max(0.5, 1 - active / model.parameters.total), read
    weights = 3 * shape.experts * shape.hidden * shape.expert_width * shape.layers
    return min(0.97, weights / model.parameters.total), read
