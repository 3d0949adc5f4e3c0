"""Whether the picks can all be loaded at once, and what to run when they cannot: fewer models on more routes.

The plan is the best of all sets of loads that fit at once. A load is one model in one file at one place, at a context
and with or without its projector, of a model that could be a pick; it serves every route that it is able to, at half
the speed that is asked of a pick. On each route its cited quality counts, up to that of the route's pick: a better
model that is too slow to be picked is no gain. More memory adds sets, takes none away, makes no load slower and no pick
worse, so the sum over all routes, where one that is not served counts nothing, never falls, and all picks at once are
the most that it can be. Route by route there is no such promise: what one of them gains another may pay for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import compress
from types import MappingProxyType

from model_router.setup.fit.budget import Pools
from model_router.setup.fit.memory import Load, MemoryNeed, memory_need
from model_router.setup.fit.placement import MODE_ORDER, Placement, placements
from model_router.setup.fit.speed import speed_of, token_seconds
from model_router.setup.model_catalog import Work
from model_router.setup.quant_ladder import THREE_BITS
from model_router.setup.recommend.needs import RouteNeed
from model_router.setup.recommend.options import (
    MODE_POINTS,
    Candidate,
    Circumstances,
    Option,
    Shortfall,
    Variant,
    is_eligible,
    measured_rate,
    storable,
)
from model_router.setup.recommend.quality import quality_for, speed_penalty

_NOTHING: Mapping[Work, float] = MappingProxyType({})

SHARED_SPEED = 0.5
"""Of the speed that is asked of a pick so much is enough where one model serves several routes for want of memory."""


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
    candidates: Sequence[Candidate],
    picks: Mapping[Work, Option],
    ranked: Mapping[Work, Sequence[Option]],
    needs: Sequence[RouteNeed],
    at: Circumstances,
) -> Together:
    """The joint answer for the picks of all routes; ``ranked`` are the ways to serve each alone."""
    gpu_budget = max((pool.budget or 0 for pool in at.pools.whole), default=None)
    cpu_budget = at.pools.processor.budget
    if not picks:
        return Together(False, {}, 0, 0, gpu_budget, cpu_budget, "there is nothing to load")
    served = [need for need in needs if need.work in picks]
    shared = _one_load_each(picks, served, at)
    fits = len(shared) == len(picks) and _Budgets.of(at.pools).hold(_usage(shared.values(), at.pools))
    most = {need.work: picks[need.work].quality.points for need in served}
    plan = shared if fits else _best_plan(candidates, ranked, served, at, most)
    gpu, cpu = usage(plan.values())
    count = len({option.name for option in picks.values()})
    words = _all_words(count, len(picks), len(needs)) if fits else _plan_words(picks, plan)
    return Together(fits, plan, gpu, cpu, gpu_budget, cpu_budget, words)


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
        own = [need for need in needs if picks[need.work].name == name]
        pictures = any(need.pictures for need in own)
        same = (option.variant.step.quant, option.variant.here)
        files = option.candidate.variants if pictures else option.candidate.text_variants
        variant = next(one for one in files if (one.step.quant, one.here) == same)
        load = Load(max(need.context for need in own))
        taken = memory_need(variant.shape, load)
        placement = next(placements(variant.shape, taken, at.pools), None)
        if placement is not None:
            run = _Run(option.candidate, variant, load, taken, placement)
            row = _row(run, _wanted(option.candidate, own), at)
            shared.update({need.work: _option(row, need) for need in own if need.work in row.serves})
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
    listed = " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
    served = f"{listed} can be loaded at once" if len(names) > 1 else f"{listed} alone serves these routes"
    missing = [work.value for work in picks if work not in plan]
    without = f"; {' and '.join(missing)} would have to be loaded when asked for" if missing else ""
    return f"the picks do not all fit at once; {served}{without}"


Usage = tuple[int, ...]
"""Bytes of each maker's cards, of graphics in system memory, then of the processor's."""

_FIELD = 60
"""Bits of one amount in a packed sum: more than any memory has, and one bit that stays free."""


@dataclass(frozen=True, slots=True)
class _Budgets:
    """What there is of each, in the order of ``Usage``; ``shared`` says which of them are one memory."""

    each: Usage
    shared: tuple[bool, ...]

    @classmethod
    def of(cls, pools: Pools) -> _Budgets:
        """Those of a machine."""
        every = (*pools.whole, pools.processor)
        return cls(tuple(pool.budget or 0 for pool in every), tuple(pool.kind != "gpu" for pool in every))

    def hold(self, used: Usage) -> bool:
        """Whether so much goes in."""
        return not (self.packed_limit - self.packed(used)) & self.packed_signs

    def packed(self, used: Usage) -> int:
        """All amounts, what is taken of the one memory, and their sum as fields of one number: sets are added up and
        compared by the hundred."""
        return _fields(*used, sum(compress(used, self.shared)), sum(used))

    @property
    def packed_limit(self) -> int:
        """The budgets as ``packed`` writes them."""
        return _fields(*self.each, max(compress(self.each, self.shared)), sum(self.each))

    @property
    def packed_signs(self) -> int:
        """The bits that a difference has set where a budget is exceeded."""
        return _fields(*[1 << _FIELD - 1] * (len(self.each) + 2))


def _fields(*amounts: int) -> int:
    number = 0
    for amount in reversed(amounts):
        number = number << _FIELD | amount
    return number


def _usage(options: Iterable[Option], pools: Pools) -> Usage:
    loads = {option.name: _used_bytes(option.placement, pools) for option in options}
    return tuple(map(sum, zip(*loads.values(), strict=True)))


def _used_bytes(placement: Placement, pools: Pools) -> Usage:
    """What a placement takes of each maker's cards and of system memory."""
    gpu = placement.gpu
    names = {card.name for card in gpu.cards or (gpu,)} if gpu else set()
    on_cards = (
        placement.gpu_bytes if names & {card.name for card in pool.cards or (pool,)} else 0 for pool in pools.whole
    )
    return (*on_cards, placement.cpu_bytes)


@dataclass(frozen=True, slots=True)
class _Run:
    """One file of a model, how it is run, and where."""

    candidate: Candidate
    variant: Variant
    load: Load
    taken: MemoryNeed
    placement: Placement


@dataclass(frozen=True, slots=True)
class _Row:
    """One load: the routes it serves with their cited quality, as much of that as counts as ``points`` in the order of
    the routes, and what it takes."""

    run: _Run
    measured: float | None
    serves: Mapping[Work, float]
    points: Points
    used: Usage


Points = tuple[int, ...]
"""For each route the quality that counts, in thousandths of a point; 0 where it is not served."""


def _best_plan(
    candidates: Sequence[Candidate],
    ranked: Mapping[Work, Sequence[Option]],
    needs: Sequence[RouteNeed],
    at: Circumstances,
    most: Mapping[Work, float],
) -> dict[Work, Option]:
    """The set with the highest sum of quality over all routes, of which on each no more than ``most`` counts; of equals
    the fewest models, then the least memory.

    Every set is looked at, or known to be no better than another.
    """
    able = {option.name for options in ranked.values() for option in options if is_eligible(option)}
    rows = _undominated(row for one in candidates if one.name in able for row in _rows(one, needs, at, most))
    budgets = _Budgets.of(at.pools)
    chosen = _in_better_files(_Search(budgets).best(rows, len(most)), needs, budgets, at)
    plan: dict[Work, Option] = {}
    for need in needs:
        serving = [row for row in chosen if need.work in row.serves]
        if serving:
            plan[need.work] = _option(max(serving, key=lambda row: row.serves[need.work]), need)
    return plan


class _Search:
    """All sets of rows that fit, depth first; a branch that cannot beat the best set any more is left."""

    def __init__(self, budgets: _Budgets) -> None:
        self._packed, self._limit, self._signs = budgets.packed, budgets.packed_limit, budgets.packed_signs
        self._whole = (len(budgets.each) + 1) * _FIELD
        self._value = (0, 0, 0)
        self._chosen: tuple[_Row, ...] = ()

    def best(self, rows: Sequence[_Row], routes: int) -> tuple[_Row, ...]:
        """The rows of the best set."""
        self._walk([(row, row.points, self._packed(row.used)) for row in rows], (), (0,) * routes, 0)
        return self._chosen

    def _walk(
        self, rows: Sequence[tuple[_Row, Points, int]], chosen: tuple[_Row, ...], points: Points, used: int
    ) -> None:
        limit, signs = self._limit - used, self._signs
        later: list[tuple[_Row, Points, int]] = []
        ahead: list[Points] = []
        for one in rows:
            if limit - one[2] & signs:
                continue
            better = tuple(map(max, points, one[1]))
            if better != points:
                later.append(one)
                ahead.append(better)
                value = (sum(better), -len(chosen) - 1, -(used + one[2] >> self._whole))
                if value > self._value:
                    self._value, self._chosen = value, (*chosen, one[0])
        most = points
        reach: list[int] = []  # what all rows from a place on can come to
        for better in reversed(ahead):
            most = tuple(map(max, most, better))
            reach.append(sum(most))
        for place, (row, _, taken) in enumerate(later):
            if (reach[-1 - place], -len(chosen) - 2) <= self._value[:2]:
                return
            self._walk(later[place + 1 :], (*chosen, row), ahead[place], used + taken)


def _undominated(rows: Iterable[_Row]) -> list[_Row]:
    """Rows that no other replaces: one that takes no more of anything and serves every route as well."""
    kept: list[_Row] = []
    for row in sorted(rows, key=lambda one: (sum(one.used), -sum(one.points), one.run.candidate.name)):
        if not any(_replaces(other, row) for other in kept):
            kept.append(row)
    return sorted(kept, key=lambda one: (-sum(one.points), sum(one.used), one.run.candidate.name))


def _replaces(one: _Row, other: _Row) -> bool:
    return all(map(int.__ge__, one.points, other.points)) and all(map(int.__le__, one.used, other.used))


def _in_better_files(
    chosen: Sequence[_Row], needs: Sequence[RouteNeed], budgets: _Budgets, at: Circumstances
) -> list[_Row]:
    """The same models in better files of four bits, as far as the memory that is left holds them."""
    rows = list(chosen)
    for place, row in enumerate(rows):
        run = row.run
        own = [one for one in _wanted(run.candidate, needs) if one.need.work in row.serves]
        for variant in _usual_files(run, at):
            taken = memory_need(variant.shape, run.load)
            for placement in placements(variant.shape, taken, at.pools):
                other = _row(replace(run, variant=variant, taken=taken, placement=placement), own, at)
                used = [*(one.used for one in rows[:place]), other.used, *(one.used for one in rows[place + 1 :])]
                same = placement.mode is run.placement.mode and other.serves == row.serves
                if same and rows[place] is row and budgets.hold(tuple(map(sum, zip(*used, strict=True)))):
                    rows[place] = other
    return rows


def _usual_files(run: _Run, at: Circumstances) -> list[Variant]:
    """Better files than the row's of the same size class, the best first; one that is here stays."""
    if run.variant.here:
        return []
    files = run.candidate.variants if run.variant.shape.projector_bytes else run.candidate.text_variants
    better = [one for one in files if not one.step.spare and one.step.penalty < run.variant.step.penalty]
    return sorted((one for one in better if storable(one, at.disk_free)), key=lambda one: one.step.penalty)


def _rows(
    candidate: Candidate, needs: Sequence[RouteNeed], at: Circumstances, most: Mapping[Work, float]
) -> Iterator[_Row]:
    """Every load of a model: at each context that a route asks for, with the projector and without, in each place."""
    wanted = _wanted(candidate, needs)
    for context in sorted({one.need.context for one in wanted}):
        within = [one for one in wanted if one.need.context <= context]
        texts = [one for one in within if not one.need.pictures]
        for pictures, own in ((False, texts), (True, within)):
            if not own or (pictures and len(within) == len(texts)):
                continue
            variant = _light(candidate.variants if pictures else candidate.text_variants, at)
            if variant is None:
                continue
            load = Load(context)
            taken = memory_need(variant.shape, load)
            for placement in placements(variant.shape, taken, at.pools):
                row = _row(_Run(candidate, variant, load, taken, placement), own, at, most)
                if row.serves:
                    yield row


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A route that a model could serve, with its cited quality and the speed that is asked of it."""

    need: RouteNeed
    points: float
    asked: float


def _wanted(candidate: Candidate, needs: Sequence[RouteNeed]) -> list[_Wanted]:
    found: list[_Wanted] = []
    for need in needs:
        quality = None if candidate.obstacle(need) else quality_for(candidate.model, need)
        if quality is not None:
            found.append(_Wanted(need, quality.points, need.asked_speed(quality.points)))
    return found


def _light(variants: Sequence[Variant], at: Circumstances) -> Variant | None:
    """The smallest file of four bits or more: the one that is here, or that the disk can take."""
    able = [one for one in variants if one.step.penalty < THREE_BITS and storable(one, at.disk_free)]
    return min(able, key=lambda one: (one.shape.weights_bytes, not one.here, one.step.quant), default=None)


def _row(run: _Run, own: Sequence[_Wanted], at: Circumstances, most: Mapping[Work, float] = _NOTHING) -> _Row:
    measured = measured_rate(run.candidate, run.variant, at)
    rate = measured or 1 / token_seconds(run.variant.shape, run.load, run.placement)
    serves = {one.need.work: one.points for one in own if rate >= max(one.need.floor, one.asked * SHARED_SPEED)}
    points = tuple(round(min(serves.get(work, 0), top) * 1000) for work, top in most.items())
    return _Row(run, measured, serves, points, _used_bytes(run.placement, at.pools))


def _option(row: _Row, need: RouteNeed) -> Option:
    """The load as one route sees it."""
    run = row.run
    quality = quality_for(run.candidate.model, need)
    assert quality is not None  # noqa: S101 - only rows with one serve a route
    speed = speed_of(run.variant.shape, run.load, run.placement, row.measured)
    cost = run.variant.step.penalty + MODE_POINTS * MODE_ORDER[run.placement.mode]
    return Option(
        name=run.candidate.name,
        candidate=run.candidate,
        variant=run.variant,
        load=run.load,
        need=run.taken,
        placement=run.placement,
        speed=speed,
        quality=quality,
        cost=round(cost + speed_penalty(speed.mid, need.comfort), 3),
        asked=need.asked_speed(quality.points),
        shortfall=Shortfall.NONE,
    )
