"""Why a model is the pick, why another comes second, why there is none: in plain words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from model_router.setup.fit.memory import Load, memory_need
from model_router.setup.fit.placement import MODE_WORDS, placements
from model_router.setup.fit.speed import token_seconds
from model_router.setup.fit.wording import gib
from model_router.setup.quant_ladder import THREE_BITS
from model_router.setup.recommend.needs import RouteNeed
from model_router.setup.recommend.options import (
    HERE_POINTS,
    Candidate,
    Circumstances,
    Option,
    disk_needed,
    storable,
)

_EVEN = 0.3
"""Points that make no difference worth a word."""

_SLOWER = 0.9
"""Below this part of the pick's speed another model is called slower."""


def reasons_for(pick: Option, need: RouteNeed, at: Circumstances, others: Sequence[Option]) -> tuple[str, ...]:
    """Fits where and with how much left, how fast, why this file, how good, on what terms."""
    model = pick.candidate.model
    licence = f"licence {model.licence}, " + ("not gated" if model.gated is False else "gated mark not checked")
    tools = "calls tools" if model.tools and model.tools.offered else "no tool calls known"
    pictures = ", reads pictures" if model.pictures and model.pictures.offered else ""
    speed = pick.speed
    slow = f"; {need.comfort:.0f} would be comfortable here" if speed.mid < need.comfort else ""
    return (
        fit_words(pick),
        f"about {speed.mid:.0f} tokens a second ({speed.low:.0f} to {speed.high:.0f}, {speed.basis}){slow}",
        _file_words(pick, need, others, at),
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
    if pick.variant.here and not option.variant.here and option.score + HERE_POINTS > pick.score:
        return f"{pick.name} is on this machine already and nearly as good"
    worse = pick.quality.points - option.quality.points
    if worse <= -_EVEN:
        return _better_but(option, pick)
    if worse >= _EVEN:
        slower = option.speed.mid < pick.speed.mid * _SLOWER and option.speed.mid < comfort
        speed = f", and slower: {option.speed.mid:.0f} tokens a second" if slower else ""
        return f"{worse:.1f} points less for this work{speed}"
    if option.speed.mid < pick.speed.mid * _SLOWER:
        return f"about as good, but slower: {option.speed.mid:.0f} tokens a second against {pick.speed.mid:.0f}"
    return "about as good; the small differences decided"


def _better_but(option: Option, pick: Option) -> str:
    if option.placement.mode is not pick.placement.mode:
        return f"better but slower: {option.speed.mid:.0f} tokens a second, {MODE_WORDS[option.placement.mode]}"
    if option.speed.mid < pick.speed.mid:
        return f"better but slower: {option.speed.mid:.0f} tokens a second against {pick.speed.mid:.0f}"
    return f"better, but fits only as {option.variant.step.quant}, a file that costs quality"


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
        return Refusal("none", "no model of the catalog is made for this")
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


def _file_words(pick: Option, need: RouteNeed, others: Sequence[Option], at: Circumstances) -> str:
    if pick.variant.here:
        near = pick.score - HERE_POINTS
        better = next((one for one in others if not one.variant.here and one.score > near), None)
        more = f", and {better.name} would be hardly better" if better else ""
        return f"on this machine already ({pick.variant.here}){more}"
    step = pick.variant.step
    if step.spare:
        return f"{step.quant}: more than four bits a weight, because there is room to spare"
    if step.penalty == 0:
        return f"{step.quant}: the file its maker trained it for"
    if step.penalty > THREE_BITS:
        slower = _holds_four_bits(pick, need, at)
        why = "with four it would have to be spread, and be slower" if slower else "more does not fit"
        return f"{step.quant}: three bits a weight, which large models bear; {why}"
    return f"{step.quant}: four bits a weight, the usual balance of size and quality"


def _holds_four_bits(pick: Option, need: RouteNeed, at: Circumstances) -> bool:
    """Whether a better file of the same model would fit somehow."""
    files = pick.candidate.variants_for(need)
    larger = [one for one in files if one.step.penalty < THREE_BITS and storable(one, at.disk_free)]
    return any(next(placements(one.shape, memory_need(one.shape, pick.load), at.pools), None) for one in larger)
