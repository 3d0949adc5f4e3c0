"""Why a model is the pick, why another comes second, why there is none: in plain words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from model_router.setup.fit.memory import Load, memory_need
from model_router.setup.fit.placement import MODE_WORDS, Mode, placements
from model_router.setup.fit.speed import token_seconds
from model_router.setup.fit.wording import gib
from model_router.setup.recommend.needs import RouteNeed
from model_router.setup.recommend.options import (
    HERE_POINTS,
    Candidate,
    Circumstances,
    Option,
    Shortfall,
    disk_needed,
    storable,
)

_EVEN = 0.3
"""Points that make no difference worth a word."""

_SLOWER = 0.9
"""Below this part of the pick's speed another model is called slower."""


def reasons_for(pick: Option, need: RouteNeed, near: Option | None = None) -> tuple[str, ...]:
    """Fits where and with how much left, how fast, why this file, how good, on what terms. ``near`` is on this machine
    already and nearly as good."""
    model = pick.candidate.model
    licence = f"licence {model.licence}, " + ("not gated" if model.gated is False else "gated mark not checked")
    tools = "calls tools" if model.tools and model.tools.offered else "no tool calls known"
    pictures = ", reads pictures" if model.pictures and model.pictures.offered else ""
    speed = pick.speed
    slow = f"; {need.comfort:.0f} would be comfortable here" if speed.mid < need.comfort else ""
    return (
        fit_words(pick),
        f"about {speed.mid:.0f} tokens a second ({speed.low:.0f} to {speed.high:.0f}, {speed.basis}){slow}",
        _file_words(pick) + (f"; {near.name} is on this machine already and nearly as good" if near else ""),
        f"quality for {need.work.value} {pick.quality.points:.1f}: {pick.quality.words}",
        f"{licence}, {tools}{pictures}",
    )


def fit_words(option: Option) -> str:
    """Where a model goes, and what is left there."""
    placement = option.placement
    parts = []
    for pool, taken in ((placement.gpu, placement.gpu_bytes), (placement.cpu, placement.cpu_bytes)):
        if pool is not None and pool.budget is not None:
            parts.append(f"{gib(taken)} of {gib(pool.budget)} on {pool.name}")
    where = MODE_WORDS[placement.mode]
    left = placement.budget - placement.total
    return f"{where}: {' and '.join(parts)}, {gib(left)} left, with {option.load.context:,} tokens of context"


def why_second(option: Option, pick: Option, comfort: float) -> str:
    """The difference that decided; ``comfort`` is the speed above which nobody waits."""
    if option.shortfall:
        return why_not(option, "better" if option.quality.points - pick.quality.points >= _EVEN else "about as good")
    worse = pick.quality.points - option.quality.points
    slower = option.speed.mid < pick.speed.mid * _SLOWER
    if option.variant.here and not pick.variant.here and worse < HERE_POINTS:
        return f"{worse:.1f} points less for this work, but on this machine already: nothing to fetch"
    if worse >= _EVEN:
        speed = f", and slower: {option.speed.mid:.0f} tokens a second" if slower and option.speed.mid < comfort else ""
        return f"{worse:.1f} points less for this work{speed}"
    if slower:
        return f"about as good, but slower: {option.speed.mid:.0f} tokens a second against {pick.speed.mid:.0f}"
    return "about as good; the small differences decided"


def why_not(option: Option, how_good: str) -> str:
    """What keeps a model that runs from being recommended."""
    if option.shortfall is Shortfall.BITS:
        small = f"{how_good}, but only as {option.variant.step.quant}"
        return f"{small}: less than four bits a weight, with which nobody has measured it"
    where = "" if option.placement.mode is Mode.GPU else f", {MODE_WORDS[option.placement.mode]}"
    asked = f"{_rate(option.asked)} are asked of a model this good"
    return f"{how_good}, but slow: {_rate(option.speed.mid)} tokens a second{where}; {asked}"


def _rate(rate: float) -> str:
    """Small speeds with a decimal: of two that differ the words differ too."""
    return f"{rate:.1f}"


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a model cannot be run: what is short, and the sentence."""

    kind: Literal["unknown", "none", "memory", "disk", "speed"]
    words: str


def refusal(candidates: Sequence[Candidate], need: RouteNeed, at: Circumstances) -> Refusal:
    """Why none of these can be run for a route: the nearest miss."""
    if all(pool.budget is None for pool in (*at.pools.graphics, at.pools.processor)):
        return Refusal("unknown", "how much memory is free could not be found out, so nothing can be said to fit")
    suited = [variant for one in candidates if not one.obstacle(need) for variant in one.variants_for(need)]
    if not suited:
        return Refusal("none", _none_made(candidates, need))
    load = Load(need.context)
    needs = [(memory_need(variant.shape, load), variant) for variant in suited]
    fitting = [(taken, one) for taken, one in needs if next(placements(one.shape, taken, at.pools), None)]
    if not fitting:
        least = min(taken.total for taken, _ in needs)
        most = max(pool.budget or 0 for pool in (*at.pools.graphics, at.pools.processor))
        words = f"needs {gib(least)} with {need.context:,} tokens of context; {gib(most)} can be used at most"
        return Refusal("memory", words)
    if at.disk_free is not None and not any(storable(one, at.disk_free) for _, one in fitting):
        least = min(disk_needed(one.download) for _, one in fitting)
        return Refusal("disk", f"needs {gib(least)} of free disk to download; {gib(at.disk_free)} are free")
    best = max(
        1 / token_seconds(one.shape, load, placement)
        for taken, one in fitting
        for placement in placements(one.shape, taken, at.pools)
    )
    return Refusal("speed", f"would write {best:.1f} tokens a second at most; {need.floor:.0f} are the least")


def _none_made(candidates: Sequence[Candidate], need: RouteNeed) -> str:
    """Which wish no model of the catalog meets: the context where a shorter one would do, else the work."""
    shorter = replace(need, context=1)
    lengths = [one.model.context.tokens for one in candidates if not one.obstacle(shorter) and one.variants_for(need)]
    if not lengths:
        return "no model of the catalog is made for this"
    return f"no model of the catalog has {need.context:,} tokens of context; the longest is {max(lengths):,}"


def _file_words(pick: Option) -> str:
    if pick.variant.here:
        return f"on this machine already ({pick.variant.here})"
    step = pick.variant.step
    if step.spare:
        return f"{step.quant}: more than four bits a weight, because there is room to spare"
    if step.penalty == 0:
        return f"{step.quant}: the file its maker trained it for"
    return f"{step.quant}: four bits a weight, the usual balance of size and quality"
