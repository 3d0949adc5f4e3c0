"""Whether the picks can all be loaded at once, and what to run when they cannot: fewer models on more routes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

from model_router.setup.fit.budget import Pools
from model_router.setup.fit.memory import Load, memory_need
from model_router.setup.fit.placement import placements
from model_router.setup.fit.speed import speed_of
from model_router.setup.model_catalog import Work
from model_router.setup.recommend.needs import RouteNeed
from model_router.setup.recommend.options import Circumstances, Option, Variant
from model_router.setup.recommend.quality import quality_for, speed_penalty

MODELS = 3
"""At most so many models at once."""

_EACH = 4
"""The best so many ways to load something are tried for each route, in all sets of at most three."""


@dataclass(frozen=True, slots=True)
class Together:
    """``fits``: all picks at once. ``plan``: what to load so that every route it names is served without reloading.

    Bytes are of graphics memory and of system memory, each with its budget.
    """

    fits: bool
    plan: Mapping[Work, Option]
    gpu_bytes: int
    cpu_bytes: int
    gpu_budget: int | None
    cpu_budget: int | None
    words: str


def together(
    picks: Mapping[Work, Option], ranked: Mapping[Work, Sequence[Option]], needs: Sequence[RouteNeed], at: Circumstances
) -> Together:
    """The joint answer for the picks of all routes."""
    gpu_budget = at.pools.graphics[-1].budget if at.pools.graphics else None
    cpu_budget = at.pools.processor.budget
    if not picks:
        return Together(False, {}, 0, 0, gpu_budget, cpu_budget, "there is nothing to load")
    shared = _one_load_each(picks, needs, at)
    gpu, cpu = usage(shared.values())
    count = len({option.name for option in picks.values()})
    if len(shared) == len(picks) and _within(gpu, cpu, at):
        words = _all_words(count, len(picks), len(needs))
        return Together(True, shared, gpu, cpu, gpu_budget, cpu_budget, words)
    plan = _best_plan(picks, ranked, needs, at)
    gpu, cpu = usage(plan.values())
    return Together(False, plan, gpu, cpu, gpu_budget, cpu_budget, _plan_words(picks, plan))


def usage(options: Iterable[Option]) -> tuple[int, int]:
    """Graphics and system memory of several options; a model that serves several routes counts once."""
    loads = {option.name: option.placement for option in options}
    gpu = sum(placement.gpu_bytes for placement in loads.values())
    return gpu, sum(placement.cpu_bytes for placement in loads.values())


def _one_load_each(picks: Mapping[Work, Option], needs: Sequence[RouteNeed], at: Circumstances) -> dict[Work, Option]:
    """Nobody loads two files of one model: all its routes share the largest, at the longest context among them."""
    largest: dict[str, Option] = {}
    for option in picks.values():
        if option.name not in largest or option.placement.total > largest[option.name].placement.total:
            largest[option.name] = option
    shared: dict[Work, Option] = {}
    for name, option in largest.items():
        own = [need for need in needs if need.work in picks and picks[need.work].name == name]
        shared.update(_served(option, own, at))
    return {work: shared[work] for work in picks if work in shared}


def _all_words(models: int, picks: int, needs: int) -> str:
    if models > 1:
        return "both models can be loaded at once" if models == 2 else f"all {models} models can be loaded at once"
    if picks == needs:
        return "one model serves every route" if needs > 1 else "it is the only model to load"
    return "one model serves the routes that have one" if picks > 1 else "only one route has a model"


def _plan_words(picks: Mapping[Work, Option], plan: Mapping[Work, Option]) -> str:
    if not plan:
        return "no set of models fits at once; the server has to load each when it is asked for"
    names = sorted({option.name for option in plan.values()})
    served = (
        f"{' and '.join(names)} can be loaded at once" if len(names) > 1 else f"{names[0]} alone serves these routes"
    )
    missing = [work.value for work in picks if work not in plan]
    without = f"; {' and '.join(missing)} would have to be loaded when asked for" if missing else ""
    return f"the picks do not all fit at once; {served}{without}"


def _within(gpu: int, cpu: int, at: Circumstances) -> bool:
    budgets = [pool.budget or 0 for pool in at.pools.graphics]
    gpu_budget = max(budgets, default=0)
    cpu_budget = at.pools.processor.budget or 0
    if at.pools.shared:
        return gpu <= gpu_budget and cpu <= cpu_budget and gpu + cpu <= max(gpu_budget, cpu_budget)
    return gpu <= gpu_budget and cpu <= cpu_budget


@dataclass(frozen=True, slots=True)
class _Row:
    """One file of a model at one context: the options by route, their scores in the order of the routes, the bytes."""

    name: str
    options: Mapping[Work, Option]
    scores: tuple[float, ...]
    gpu: int
    cpu: int


_UNSERVED = -1_000.0
"""What a route without a model costs: more than any score can make up for."""


def _best_plan(
    picks: Mapping[Work, Option], ranked: Mapping[Work, Sequence[Option]], needs: Sequence[RouteNeed], at: Circumstances
) -> dict[Work, Option]:
    """The set of at most three models that serves the most routes, and among those the best score, then the least."""
    served = [need for need in needs if need.work in picks]
    rows = _rows(ranked, served, at)
    best: tuple[float, int] | None = None
    chosen: tuple[_Row, ...] = ()
    for size in range(1, MODELS + 1):
        for group in combinations(rows, size):
            gpu, cpu = sum(row.gpu for row in group), sum(row.cpu for row in group)
            if not _within(gpu, cpu, at) or len({row.name for row in group}) < size:
                continue
            value = (round(sum(map(max, zip(*(row.scores for row in group), strict=True))), 3), -(gpu + cpu))
            if best is None or value > best:
                best, chosen = value, group
    plan: dict[Work, Option] = {}
    for need in served:
        options = [row.options[need.work] for row in chosen if need.work in row.options]
        if options:
            plan[need.work] = max(options, key=_by_score)
    return plan


def _by_score(option: Option) -> float:
    """Of equal ones the first is taken, and the rows come in a fixed order."""
    return option.score


def _rows(ranked: Mapping[Work, Sequence[Option]], needs: Sequence[RouteNeed], at: Circumstances) -> list[_Row]:
    """The files of the models that are good somewhere, the most useful first."""
    seen: dict[tuple[str, str], Option] = {}
    for need in needs:
        eligible = [option for option in ranked[need.work] if not option.candidate.reservation()]
        small = sorted(eligible[:12], key=lambda option: option.placement.total)[:2]
        for option in (*eligible[:4], *small):
            for variant in _light(option):
                seen.setdefault((variant.name, variant.variant.step.quant), variant)
    rows: list[_Row] = []
    for option in seen.values():
        for pools in _places(at.pools):
            options = _most_served(option, needs, replace(at, pools=pools))
            if options:
                placement = next(iter(options.values())).placement
                scores = tuple(options[n.work].score if n.work in options else _UNSERVED for n in needs)
                rows.append(_Row(option.name, options, scores, placement.gpu_bytes, placement.cpu_bytes))
    rows.sort(key=lambda row: (-sum(row.scores), row.gpu + row.cpu, row.name))
    kept = set(range(_EACH))
    for index in range(len(needs)):
        kept |= set(sorted(range(len(rows)), key=lambda row: (-rows[row].scores[index], row))[:_EACH])
    return [row for number, row in enumerate(rows) if number in kept]


def _places(pools: Pools) -> tuple[Pools, ...]:
    """Where one of several models may go: wherever it fits first, or on the processor, which leaves the card free."""
    if not pools.graphics or pools.shared:
        return (pools,)
    return (pools, Pools((), pools.processor))


def _most_served(option: Option, needs: Sequence[RouteNeed], at: Circumstances) -> dict[Work, Option]:
    """The most routes that one load can serve: without pictures, then with less context, where not all goes in."""
    wanted = [need for need in needs if not option.candidate.obstacle(need)]
    for context in sorted({need.context for need in wanted}, reverse=True):
        within = [need for need in wanted if need.context <= context]
        for own in (within, [need for need in within if not need.pictures]):
            served = _served(option, own, at)
            if served:
                return served
    return {}


def _light(option: Option) -> tuple[Option, ...]:
    """The option itself, and the same model in its usual four-bit file."""
    if not option.variant.step.spare:
        return (option,)
    usual = next((one for one in option.candidate.variants if not one.step.spare and one.step.penalty < 1), None)
    return (option,) if usual is None else (option, replace(option, variant=usual))


def _served(option: Option, needs: Sequence[RouteNeed], at: Circumstances) -> dict[Work, Option]:
    """The routes that one load of this file can serve: at the longest context, with the projector where one reads
    pictures."""
    wanted = [need for need in needs if not option.candidate.obstacle(need)]
    if not wanted:
        return {}
    variant = _variant_for(option, wanted)
    load = Load(max(need.context for need in wanted))
    taken = memory_need(variant.shape, load)
    placement = next(placements(variant.shape, taken, at.pools), None)
    if placement is None:
        return {}
    measured = option.speed.mid if option.speed.basis == "measured" else None
    speed = speed_of(variant.shape, load, placement, measured)
    served: dict[Work, Option] = {}
    for need in wanted:
        quality = quality_for(option.candidate.model, need)
        if quality is not None and speed.mid >= need.floor:
            score = quality.points - variant.step.penalty - speed_penalty(speed.mid, need.comfort)
            served[need.work] = Option(
                option.name, option.candidate, variant, load, taken, placement, speed, quality, round(score, 3)
            )
    return served


def _variant_for(option: Option, needs: Sequence[RouteNeed]) -> Variant:
    """The same file, with the projector if any of the routes reads pictures."""
    candidate = option.candidate
    among = candidate.variants if any(need.pictures for need in needs) else candidate.text_variants
    same = (option.variant.step.quant, option.variant.here)
    return next(one for one in among if (one.step.quant, one.here) == same)
