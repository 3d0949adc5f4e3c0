"""Every way to serve a route with a model, and the best of them: which file, where, how fast."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from model_router.setup.fit.budget import Pool, Pools
from model_router.setup.fit.from_header import from_header
from model_router.setup.fit.measured import measured_speed, plain_name
from model_router.setup.fit.memory import Load, MemoryNeed, memory_need
from model_router.setup.fit.placement import MODE_ORDER, Mode, Placement, placements
from model_router.setup.fit.shape import ModelShape, from_catalog
from model_router.setup.fit.speed import Speed, speed_of, token_seconds
from model_router.setup.header import ModelHeader
from model_router.setup.model_catalog import CatalogModel
from model_router.setup.quant_ladder import THREE_BITS, QuantStep, quant_step, quant_steps, unlisted_step
from model_router.setup.recommend.needs import RouteNeed
from model_router.setup.recommend.quality import (
    QualityFigure,
    quality_for,
    speed_penalty,
)

HERE_POINTS = 1.5
"""A file that is on the machine already may be this much worse before another of the same model is downloaded."""

MODE_POINTS = 1.0
"""What each mode further down the list costs: prompts are read slower there."""

SPARE = 0.9
"""Files above four bits are taken only when this part of the budget holds them."""

OPEN_LICENCES = frozenset({"apache-2.0", "mit", "openmdw-1.1"})
"""Licences without terms that a person would have to weigh first."""


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


class Shortfall(StrEnum):
    """Why a way that runs is not good enough to be recommended."""

    NONE = ""
    SPEED = "speed"
    BITS = "bits"


@dataclass(frozen=True, slots=True)
class Option:
    """One way to serve a route. ``cost`` is what file and speed cost in points, by which the ways of one model are
    compared; ``asked`` the tokens a second that the pick has to write."""

    name: str
    candidate: Candidate
    variant: Variant
    load: Load
    need: MemoryNeed
    placement: Placement
    speed: Speed
    quality: QualityFigure
    cost: float
    asked: float
    shortfall: Shortfall

    @property
    def order(self) -> tuple[float, bool, float, int, str]:
        """Sorts the best first: cited quality alone ranks. Of equals what is here already, then file and speed, size
        and name."""
        return (-self.quality.points, not self.variant.here, self.cost, self.placement.total, self.name)


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What the options are weighed by. ``disk_free`` is ``None`` where it is not known."""

    pools: Pools
    measured: Mapping[str, float]
    disk_free: int | None = None

    @property
    def room(self) -> int:
        """All memory there is, of every kind."""
        return sum(pool.budget or 0 for pool in (*self.pools.whole, self.pools.processor))


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
    """The best of every file in every way that fits, writes fast enough to be named, and can be stored.

    A way that is good enough for a pick goes before every other, whatever it costs: more memory adds ways and makes
    none slower, so what could be picked stays so.
    """
    quality = quality_for(candidate.model, need)
    if quality is None:
        return None
    load, room, asked = Load(need.context), at.room, need.asked_speed(quality.points)
    best: _Way | None = None
    for variant in candidate.variants_for(need):
        if variant.shape.weights_bytes > room or not storable(variant, at.disk_free):
            continue
        file_cost = variant.step.penalty - (HERE_POINTS if variant.here else 0.0)
        if best is not None and not best.order[0] and file_cost > best.order[1]:
            continue  # not even at any speed
        taken = memory_need(variant.shape, load)
        measured = measured_rate(candidate, variant, at)
        for placement in placements(variant.shape, taken, at.pools):
            place_cost = file_cost + MODE_POINTS * MODE_ORDER[placement.mode]
            if best is not None and not best.order[0] and place_cost > best.order[1]:
                break  # the modes come in their order
            if variant.step.spare and not _has_room(placement):
                continue
            rate = measured or 1 / token_seconds(variant.shape, load, placement)
            if rate < need.floor:
                continue
            shortfall = _shortfall(variant.step, rate, asked)
            cost = place_cost + speed_penalty(rate, need.comfort)
            order = (bool(shortfall), round(cost, 3), placement.total, variant.step.quant)
            if best is None or order < best.order:
                best = _Way(order, shortfall, variant, taken, placement, measured)
    if best is None:
        return None
    speed = speed_of(best.variant.shape, load, best.placement, best.measured)
    cost = best.order[1]
    return Option(
        candidate.name,
        candidate,
        best.variant,
        load,
        best.taken,
        best.placement,
        speed,
        quality,
        cost,
        asked,
        best.shortfall,
    )


def is_eligible(option: Option) -> bool:
    """Whether it can be a pick as it is: quick enough, in a file that the cited figures speak of, on open terms."""
    return not option.shortfall and not option.candidate.reservation()


@dataclass(frozen=True, slots=True)
class _Way:
    """What ``best_option`` compares."""

    order: tuple[bool, float, int, str]
    shortfall: Shortfall
    variant: Variant
    taken: MemoryNeed
    placement: Placement
    measured: float | None


def _shortfall(step: QuantStep, rate: float, asked: float) -> Shortfall:
    if step.penalty > THREE_BITS:
        return Shortfall.BITS
    return Shortfall.SPEED if rate < asked else Shortfall.NONE


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
        cards = tuple(map(part, pool.cards))
        budget = None if pool.budget is None else int(pool.budget * share)
        return replace(pool, budget=budget, cards=cards)

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
    parameters = local.header.parameters if local.header and local.header.parameters else model.parameters.total
    step = quant_step(stated, parameters) or unlisted_step(stated, 8 * local.bytes / parameters)
    return Variant(shape, replace(step, quant=stated or "as it is", spare=False), local.path or local.name, 0)


def _download(model: CatalogModel, quant: str) -> int:
    return model.files[quant].bytes + (model.projector.bytes if model.projector else 0)


def _plain_names(name: str, model: CatalogModel) -> tuple[str, ...]:
    files = (file.file for file in model.files.values())
    names = (name, model.maker_repository, model.repository, model.ollama_tag, *files)
    return tuple(dict.fromkeys(plain_name(one) for one in names if one))
