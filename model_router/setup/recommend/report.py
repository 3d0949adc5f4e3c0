"""The recommendation as JSON types: every figure with its unit and what it rests on."""

from __future__ import annotations

from typing import Any

from model_router.setup.fit.budget import Pool
from model_router.setup.fit.longest import longest_context
from model_router.setup.fit.memory import CacheType
from model_router.setup.fit.verdict import Verdict
from model_router.setup.model_catalog import ModelFile
from model_router.setup.recommend.needs import NOT_COVERED
from model_router.setup.recommend.options import Circumstances, Option, disk_needed
from model_router.setup.recommend.quality import source_names
from model_router.setup.recommend.recommendation import Choice, Recommendation


def recommendation_to_dict(found: Recommendation) -> dict[str, Any]:
    """The whole answer. Bytes are whole numbers; speeds and points are numbers with a fraction."""
    catalog = found.catalog
    return {
        "catalog": {"version": catalog.version, "verified_on": catalog.verified_on, "models": len(catalog.models)},
        "profile": found.profile.value,
        "memory": [_pool(pool) for pool in (*found.at.pools.graphics, found.at.pools.processor)],
        "routes": {work.value: _choice(found, choice) for work, choice in found.choices.items()},
        "not_covered": dict(NOT_COVERED),
        "together": _together(found),
        "disk": _disk(found),
        "notices": list(found.notices()),
    }


def _pool(pool: Pool) -> dict[str, Any]:
    return {
        "pool": pool.kind,
        "name": pool.name,
        "budget": _figure(pool.budget, "bytes", "measured", pool.reason),
        "bandwidth": _figure(pool.bandwidth, "GB/s", "estimate" if pool.assumed else "catalog", pool.source),
    }


def _choice(found: Recommendation, choice: Choice) -> dict[str, Any]:
    need = choice.need
    return {
        "needs": {
            "context_tokens": need.context,
            "least_tok_s": need.floor,
            "comfortable_tok_s": need.comfort,
            "tools": need.tools,
            "pictures": need.pictures,
        },
        "pick": _option(found, choice.pick, longest=True) if choice.pick else None,
        "reasons": list(choice.reasons),
        "alternatives": [
            {**_option(found, one.option), "reason": one.reason, "eligible": one.eligible}
            for one in choice.alternatives
        ],
        "refused": [{"model": name, "what": why.kind, "reason": why.words} for name, why in choice.refused],
    }


def _option(found: Recommendation, option: Option, *, longest: bool = False) -> dict[str, Any]:
    model, variant = option.candidate.model, option.variant
    file = model.files.get(variant.step.quant)
    shown: dict[str, Any] = {
        "model": option.name,
        "quant": variant.step.quant,
        "here": variant.here or None,
        "file": _file(file, model.repository, model.revision) if file and not variant.here else None,
        "download": _figure(
            variant.download, "bytes", "catalog", "the file, and the projector where pictures are read"
        ),
        "licence": model.licence,
        "gated": model.gated,
        "tools": model.tools.offered if model.tools else None,
        "pictures": model.pictures.offered if model.pictures else None,
        "mlx": model.mlx.repository if model.mlx else None,
        "asked_speed": _figure(round(option.asked, 1), "tokens per second", "estimate", "of a model this good"),
        "quality": {
            **_figure(option.quality.points, "points of 100", "catalog", option.quality.words),
            "sources": list(source_names(option.quality.sources, found.catalog.sources)),
        },
        "fit": _verdict(option, found.at).to_dict(),
    }
    if longest:
        shown["longest_context"] = {
            kind.value: _figure(_longest(option, found.at, kind), "tokens", "estimate", "in the same mode")
            for kind in (CacheType.F16, CacheType.Q8_0)
        }
    return shown


def _longest(option: Option, at: Circumstances, kind: CacheType) -> int:
    pools = at.pools.like(option.placement.gpu)
    return longest_context(option.variant.shape, option.load, option.placement.mode, pools, kind)


def _verdict(option: Option, at: Circumstances) -> Verdict:
    return Verdict(
        shape=option.variant.shape,
        load=option.load,
        need=option.need,
        fits=True,
        budget=option.placement.budget,
        placement=option.placement,
        speed=option.speed,
        pools=at.pools,
    )


def _file(file: ModelFile, repository: str, revision: str) -> dict[str, Any]:
    return {
        "repository": file.repository or repository,
        "revision": revision or None,
        "file": file.file,
        "parts": file.parts,
        "size": _figure(file.bytes, "bytes", "catalog", "rounded by its source" if file.rounded else "exact"),
        "sha256": list(file.sha256),
        "sources": list(file.source),
    }


def _together(found: Recommendation) -> dict[str, Any]:
    joint = found.together
    return {
        "fits": joint.fits,
        "words": joint.words,
        "plan": {
            work.value: {
                "model": option.name,
                "quant": option.variant.step.quant,
                "mode": option.placement.mode.value,
                "context_tokens": option.load.context,
            }
            for work, option in joint.plan.items()
        },
        "graphics_need": _figure(joint.gpu_bytes, "bytes", "catalog", "each model once"),
        "graphics_budget": _figure(joint.gpu_budget, "bytes", "measured", "see memory"),
        "processor_need": _figure(joint.cpu_bytes, "bytes", "catalog", "each model once"),
        "processor_budget": _figure(joint.cpu_budget, "bytes", "measured", "see memory"),
    }


def _disk(found: Recommendation) -> dict[str, Any]:
    fetched = sum(found.downloads.values())
    free = found.at.disk_free
    needed = disk_needed(fetched) if fetched else 0
    return {
        "free": _figure(free, "bytes", "measured", "the model folder with the most room"),
        "downloads": _figure(fetched, "bytes", "catalog", "files of all picks, each once"),
        "needed": _figure(needed, "bytes", "estimate", "downloads, a twentieth more, and 2 GiB"),
        "enough": None if free is None else needed <= free,
    }


def _figure(value: float | None, unit: str, basis: str, why: str) -> dict[str, Any]:
    return {"value": value, "unit": unit, "basis": basis, "why": why}
