"""Every way to serve a route with a model, scored: quality, less what a small file and a slow machine cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from model_router.setup.fit.budget import Pool, Pools
from model_router.setup.fit.from_header import from_header
from model_router.setup.fit.measured import measured_speed, plain_name
from model_router.setup.fit.memory import Load, MemoryNeed, memory_need
from model_router.setup.fit.placement import Mode, Placement, placements
from model_router.setup.fit.shape import ModelShape, from_catalog
from model_router.setup.fit.speed import Speed, speed_of, token_seconds
from model_router.setup.header import ModelHeader
from model_router.setup.model_catalog import CatalogModel
from model_router.setup.quant_ladder import QuantStep, quant_step, quant_steps
from model_router.setup.recommend.needs import RouteNeed
from model_router.setup.recommend.quality import (
    QualityFigure,
    quality_for,
    speed_penalty,
)

HERE_POINTS = 1.5
"""A model that is on the machine already may be this much worse before another is downloaded."""

SPARE = 0.9
"""Files above four bits are taken only when this part of the budget holds them."""

OPEN_LICENCES = frozenset({"apache-2.0", "mit", "openmdw-1.1"})
"""Licences without terms that a person would have to weigh first."""

_ROUGH = QuantStep("", 1.0, spare=False)


@dataclass(frozen=True, slots=True)
class LocalModel:
    """A model on this machine, as the scan describes it. ``bytes`` is all its parts, without a projector; ``aliases``
    are further names that its store gives it."""

    name: str
    bytes: int
    header: ModelHeader | None = None
    path: str = ""
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Variant:
    """One file of a model. ``here`` is where it lies on this machine, if it does; ``download`` the bytes to fetch."""

    shape: ModelShape
    step: QuantStep
    here: str
    download: int


@dataclass(frozen=True, slots=True)
class Candidate:
    """One model of the catalog with its variants: ``variants`` can read pictures, ``text_variants`` go without."""

    name: str
    model: CatalogModel
    variants: tuple[Variant, ...]
    text_variants: tuple[Variant, ...]

    def variants_for(self, need: RouteNeed) -> tuple[Variant, ...]:
        """Those that a route is served with: the projector costs memory, so it comes only where pictures do."""
        return self.variants if need.pictures else self.text_variants

    def obstacle(self, need: RouteNeed) -> str:
        """Why the model is no candidate for a route whatever the machine, or nothing."""
        model = self.model
        if model.not_recommended:
            return model.not_recommended
        if need.work not in model.routes:
            return "it was not made for this work"
        if need.tools and not (model.tools and model.tools.offered):
            return "it does not call tools, as far as is known"
        if need.pictures and not (model.pictures and model.pictures.offered):
            return "it does not read pictures"
        if model.context.tokens < need.context:
            return f"its context ends at {model.context.tokens:,} tokens"
        return ""

    def reservation(self) -> str:
        """What a person has to settle before this model can be a default, or nothing."""
        if self.model.gated:
            return "its repository asks for an agreement first"
        if self.model.licence not in OPEN_LICENCES:
            return f"its licence ({self.model.licence}) has terms to read first"
        return ""


@dataclass(frozen=True, slots=True)
class Option:
    """One way to serve a route."""

    name: str
    candidate: Candidate
    variant: Variant
    load: Load
    need: MemoryNeed
    placement: Placement
    speed: Speed
    quality: QualityFigure
    score: float

    @property
    def order(self) -> tuple[float, int, str, str]:
        """Sorts the best first; equal scores by size, then by name."""
        return (-self.score, self.placement.total, self.name, self.variant.step.quant)


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What the options are weighed by. ``disk_free`` is ``None`` where it is not known."""

    pools: Pools
    measured: Mapping[str, float]
    disk_free: int | None = None

    @property
    def room(self) -> int:
        """All memory there is, of every kind."""
        return sum(pool.budget or 0 for pool in (*self.pools.graphics[-1:], self.pools.processor))


def candidates_of(models: Mapping[str, CatalogModel], local: tuple[LocalModel, ...]) -> tuple[Candidate, ...]:
    """The catalog's models, with what of them is on the machine already."""
    here: dict[str, LocalModel] = {}
    for found in sorted(local, key=lambda one: (one.name, one.path)):
        for name in (found.name, *found.aliases):
            here.setdefault(plain_name(name), found)
    return tuple(_candidate(name, model, here) for name, model in models.items())


def unknown_local(models: Mapping[str, CatalogModel], local: tuple[LocalModel, ...]) -> tuple[LocalModel, ...]:
    """Models on the machine that the catalog does not know, so that nothing tells how good they are."""
    if not local:
        return ()
    known = {plain for name, model in models.items() for plain in _plain_names(name, model)}
    return tuple(one for one in sorted(local, key=lambda one: one.name) if not known & _names_here(one))


def best_option(candidate: Candidate, need: RouteNeed, at: Circumstances) -> Option | None:
    """The best of every variant in every way that fits, is fast enough and can be stored."""
    quality = quality_for(candidate.model, need)
    if quality is None:
        return None
    load, room = Load(need.context), at.room
    best: tuple[tuple[float, int, str], Variant, MemoryNeed, Placement, float | None] | None = None
    for variant in candidate.variants_for(need):
        if variant.shape.weights_bytes > room or not storable(variant, at.disk_free):
            continue
        if best is not None and _best_score(quality, variant) < -best[0][0]:
            continue  # not even without a penalty for speed
        taken = memory_need(variant.shape, load)
        measured = measured_rate(candidate, variant, at)
        for placement in placements(variant.shape, taken, at.pools):
            if variant.step.spare and not _has_room(placement):
                continue
            rate = measured or 1 / token_seconds(variant.shape, load, placement)
            if rate < need.floor:
                continue
            key = (-_score(quality, variant, rate, need), placement.total, variant.step.quant)
            if best is None or key < best[0]:
                best = (key, variant, taken, placement, measured)
    if best is None:
        return None
    key, variant, taken, placement, measured = best
    speed = speed_of(variant.shape, load, placement, measured)
    return Option(candidate.name, candidate, variant, load, taken, placement, speed, quality, -key[0])


def _best_score(quality: QualityFigure, variant: Variant) -> float:
    here = HERE_POINTS if variant.here else 0.0
    return round(quality.points - variant.step.penalty + here, 3)


def _score(quality: QualityFigure, variant: Variant, rate: float, need: RouteNeed) -> float:
    return round(_best_score(quality, variant) - speed_penalty(rate, need.comfort), 3)


def measured_rate(candidate: Candidate, variant: Variant, at: Circumstances) -> float | None:
    """Tokens a second of one file as measured on this machine, or ``None``."""
    if not at.measured:
        return None
    here = next((one for one in candidate.variants if one.here), None)
    names = (candidate.name, candidate.model.maker_repository, candidate.model.ollama_tag, here.here if here else "")
    rate = measured_speed(at.measured, *names)
    if rate is None or here is None or variant.here:
        return rate
    return rate * here.shape.weights_bytes / variant.shape.weights_bytes  # the file that ran was this one, not that


def _names_here(local: LocalModel) -> set[str]:
    return {plain_name(name) for name in (local.name, *local.aliases)}


def storable(variant: Variant, disk_free: int | None) -> bool:
    """Whether the disk holds the download, a twentieth more and 2 GiB."""
    return not variant.download or disk_free is None or disk_needed(variant.download) <= disk_free


def disk_needed(download: int) -> int:
    """Free bytes that a download of this size asks for."""
    return download + download // 20 + (2 << 30)


def scaled(pools: Pools, share: float) -> Pools:
    """The same pools with a part of each budget."""
    if share >= 1:
        return pools

    def part(pool: Pool) -> Pool:
        return pool if pool.budget is None else replace(pool, budget=int(pool.budget * share))

    return Pools(tuple(part(pool) for pool in pools.graphics), part(pools.processor))


def _has_room(placement: Placement) -> bool:
    whole = placement.mode in {Mode.GPU, Mode.CPU}
    return whole and placement.total <= placement.budget * SPARE


def _candidate(name: str, model: CatalogModel, here: Mapping[str, LocalModel]) -> Candidate:
    variants = [
        Variant(from_catalog(name, model, step.quant), step, "", _download(model, step.quant))
        for step in quant_steps(model)
    ]
    for plain in _plain_names(name, model) if here else ():
        if plain in here:
            variants.append(_local_variant(name, model, here[plain]))
            break
    return Candidate(name, model, tuple(variants), tuple(_without_pictures(one) for one in variants))


def _without_pictures(variant: Variant) -> Variant:
    projector = variant.shape.projector_bytes
    if not projector:
        return variant
    shape = replace(variant.shape, projector_bytes=0)
    return replace(variant, shape=shape, download=max(0, variant.download - projector))


def _local_variant(name: str, model: CatalogModel, local: LocalModel) -> Variant:
    shape = from_header(local.header, name=name) if local.header else None
    if shape is None:
        quant = next(iter(model.files), "mlx")
        shape = replace(from_catalog(name, model, quant), weights_bytes=local.bytes)
    if model.projector and not shape.projector_bytes:
        shape = replace(shape, projector_bytes=model.projector.bytes)
    stated = local.header.quantization if local.header else ""
    step = quant_step(stated, model.parameters.total) or _ROUGH
    return Variant(shape, replace(step, quant=stated or "as it is", spare=False), local.path or local.name, 0)


def _download(model: CatalogModel, quant: str) -> int:
    return model.files[quant].bytes + (model.projector.bytes if model.projector else 0)


def _plain_names(name: str, model: CatalogModel) -> tuple[str, ...]:
    files = (file.file for file in model.files.values())
    names = (name, model.maker_repository, model.repository, model.ollama_tag, *files)
    return tuple(dict.fromkeys(plain_name(one) for one in names if one))
