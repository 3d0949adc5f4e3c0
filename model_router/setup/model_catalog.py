"""The catalog of models as values: what ``configs/model_catalog.yaml`` says, with the source of every figure.

The dataclasses are the description of the file; :mod:`model_router.config.reader` reads them with places for every
mistake. Sizes are bytes, lengths are tokens or elements.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any


class Work(StrEnum):
    """The routes that a model can serve; pictures are made and orders confirmed elsewhere."""

    SIMPLE = "simple"
    BALANCED = "balanced"
    REASONING = "reasoning"
    CODING = "coding"
    RESEARCH = "research"
    VISION = "vision"


class Task(StrEnum):
    """Lists of tasks in which models are ranked."""

    AGENT = "agent"
    CODING = "coding"
    CHAT = "chat"
    MATH = "math"
    VISION = "vision"


def _positive(**more: Any) -> Any:
    return field(metadata={"min": 1, **more})


def _source() -> Any:
    return field(default=(), metadata={"source": True})


@dataclass(frozen=True, slots=True)
class Source:
    """Where figures come from."""

    name: str
    date: str
    trust: str = ""


@dataclass(frozen=True, slots=True)
class Parameters:
    """``active`` is what one token needs: of a mixture of experts, or without embeddings that are only looked up."""

    total: int = _positive()
    active: int | None = field(default=None, metadata={"min": 1})
    source: tuple[str, ...] = _source()


@dataclass(frozen=True, slots=True)
class Context:
    """The longest context that the model was made for."""

    tokens: int = _positive()
    source: tuple[str, ...] = _source()


@dataclass(frozen=True, slots=True)
class Ability:
    """Whether the model can do something."""

    offered: bool
    source: tuple[str, ...] = _source()


@dataclass(frozen=True, slots=True)
class Architecture:
    """The shape of the network. ``expert_width`` is the hidden size of one expert."""

    layers: int = _positive()
    hidden: int | None = field(default=None, metadata={"min": 1})
    heads: int | None = field(default=None, metadata={"min": 1})
    vocabulary: int | None = field(default=None, metadata={"min": 1})
    experts: int | None = field(default=None, metadata={"min": 1})
    experts_used: int | None = field(default=None, metadata={"min": 1})
    expert_width: int | None = field(default=None, metadata={"min": 1})
    source: tuple[str, ...] = _source()


@dataclass(frozen=True, slots=True)
class CachedLayers:
    """Layers of one kind that own a cache: keys and values by heads, or one ``latent`` vector for both."""

    layers: int = _positive()
    kv_heads: int | None = field(default=None, metadata={"min": 1})
    head_length: int | None = field(default=None, metadata={"min": 1})
    latent: int | None = field(default=None, metadata={"min": 1})
    window: int | None = field(default=None, metadata={"min": 1})


@dataclass(frozen=True, slots=True)
class Cache:
    """What a conversation keeps. ``recurrent_bytes`` is for one conversation; without it, it is not known."""

    groups: tuple[CachedLayers, ...]
    recurrent_bytes: int | None = field(default=None, metadata={"min": 0})
    recurrent_layers: int = field(default=0, metadata={"min": 0})
    source: tuple[str, ...] = _source()


@dataclass(frozen=True, slots=True)
class ModelFile:
    """One file, or all parts of one. ``repository`` where it is not the model's; ``rounded`` sizes are near misses."""

    file: str
    bytes: int = _positive()
    rounded: bool = False
    repository: str = ""
    parts: int = field(default=1, metadata={"min": 1})
    sha256: tuple[str, ...] = ()
    source: tuple[str, ...] = _source()


@dataclass(frozen=True, slots=True)
class MlxRepository:
    """The same model for Apple's MLX, four bits a weight."""

    repository: str
    bytes: int = _positive()
    rounded: bool = False
    revision: str = ""
    source: tuple[str, ...] = _source()


@dataclass(frozen=True, slots=True)
class Score:
    """A score on the one scale that spans all models. ``maker_only``: nobody else has measured it yet."""

    score: float = field(metadata={"min": 0, "max": 100})
    plus_minus: float = 0.0
    results: int = 0
    maker_only: bool = False
    source: tuple[str, ...] = _source()


@dataclass(frozen=True, slots=True)
class Rank:
    """A place in a list of ``of`` models. ``thin``: it rests on few results."""

    rank: int = _positive()
    of: int = _positive()
    thin: bool = False
    source: tuple[str, ...] = _source()


@dataclass(frozen=True, slots=True)
class Citation:
    """A published figure that is shown and never mixed into a rank."""

    value: float
    source: tuple[str, ...] = _source()


@dataclass(frozen=True, slots=True)
class Quality:
    """How good the model is, as others have found."""

    overall: Score | None = None
    agent: Rank | None = None
    coding: Rank | None = None
    chat: Rank | None = None
    math: Rank | None = None
    vision: Rank | None = None
    cited: Mapping[str, Citation] = field(default_factory=lambda: MappingProxyType({}))

    def rank(self, task: Task) -> Rank | None:
        """The place in one list."""
        found: Rank | None = getattr(self, task.value)
        return found


@dataclass(frozen=True, slots=True)
class CatalogModel:
    """One model. ``gated`` is ``None`` where nobody has looked; ``not_recommended`` says why it is no candidate."""

    repository: str
    licence: str
    parameters: Parameters
    context: Context
    architecture: Architecture
    cache: Cache
    files: Mapping[str, ModelFile]
    revision: str = ""
    maker_repository: str = ""
    ollama_tag: str = ""
    gated: bool | None = None
    released: str = ""
    routes: tuple[Work, ...] = ()
    not_recommended: str = ""
    pictures: Ability | None = None
    tools: Ability | None = None
    thinks: bool | None = None
    projector: ModelFile | None = None
    mlx: MlxRepository | None = None
    quality: Quality = Quality()


@dataclass(frozen=True, slots=True)
class ModelCatalog:
    """The whole file. ``version`` and ``verified_on`` tell its age where there is no network."""

    version: str
    verified_on: str
    models: Mapping[str, CatalogModel]
    sources: Mapping[str, Source] = field(default_factory=lambda: MappingProxyType({}))
    schema_version: int = field(default=1, metadata={"enum": (1,)})
