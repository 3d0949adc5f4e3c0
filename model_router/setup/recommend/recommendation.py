"""The recommendation: for each route a pick, why it, what comes second and why, and whether all picks fit together.

Fit is a gate, speed a floor, cited quality ranks, and nothing else does. What passes gate and floor only grows with
memory, so more of it never gives a pick of lower quality. The answer depends on nothing but the arguments: no network,
no clock, no files, and of equals comes first what is here, then the better file, the smaller model, the name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from model_router.setup.fit.budget import pools_of
from model_router.setup.fit.placement import Mode
from model_router.setup.fit.wording import gib
from model_router.setup.machine import Machine
from model_router.setup.model_catalog import ModelCatalog, Work
from model_router.setup.recommend.needs import BUDGET_SHARE, ROUTE_NEEDS, RouteNeed, SetupProfile, route_need
from model_router.setup.recommend.options import (
    HERE_POINTS,
    Candidate,
    Circumstances,
    LocalModel,
    Option,
    best_option,
    candidates_of,
    disk_needed,
    is_eligible,
    scaled,
    unknown_local,
)
from model_router.setup.recommend.quality import quality_for
from model_router.setup.recommend.reasons import Refusal, reasons_for, refusal, why_not, why_second
from model_router.setup.recommend.together import Together, together

ALTERNATIVES = 3
BETTER = 2
"""At most so many better models are named that stay behind for their speed, file or terms."""


@dataclass(frozen=True, slots=True)
class Alternative:
    """A model that comes second, and the reason. ``eligible`` is false for one that a person would have to settle
    something for first."""

    option: Option
    reason: str
    eligible: bool = True


@dataclass(frozen=True, slots=True)
class Choice:
    """The answer for one route. Without a ``pick``, ``reasons`` say why there is none; ``refused`` names models that
    would have ranked higher, with what stands against them. ``near`` is on this machine already and nearly as good as a
    pick that would have to be fetched."""

    need: RouteNeed
    pick: Option | None
    reasons: tuple[str, ...]
    alternatives: tuple[Alternative, ...] = ()
    refused: tuple[tuple[str, Refusal], ...] = ()
    near: Option | None = None


@dataclass(frozen=True, slots=True)
class Recommendation:
    """The whole answer."""

    machine: Machine
    profile: SetupProfile
    catalog: ModelCatalog
    at: Circumstances
    choices: Mapping[Work, Choice]
    together: Together
    unknown_here: tuple[LocalModel, ...] = ()

    @property
    def downloads(self) -> dict[str, int]:
        """What would have to be fetched for the picks: bytes by model and file."""
        picks = [choice.pick for choice in self.choices.values() if choice.pick is not None]
        return {
            f"{pick.name} {pick.variant.step.quant}": pick.variant.download for pick in picks if not pick.variant.here
        }

    def notices(self) -> tuple[str, ...]:
        """What a person should know before anything else."""
        found = list(self.machine.warnings)
        free, fetched = self.at.disk_free, sum(self.downloads.values())
        if free is not None:
            blocked = [name for choice in self.choices.values() for name, why in choice.refused if why.kind == "disk"]
            if blocked:
                found.append(f"the disk decides here: {gib(free)} are free, and better models would fit into memory")
            if disk_needed(fetched) > free and fetched:
                found.append(f"all picks together need {gib(disk_needed(fetched))} of free disk; {gib(free)} are free")
        if all(pool.budget is None for pool in (*self.at.pools.graphics, self.at.pools.processor)):
            found.append("free memory could not be found out, so nothing is said to fit")
        found += self._taken_memory()
        found += [
            f"{one.name} is on this machine; no published figure says how good it is, so it is not ranked"
            for one in self.unknown_here
        ]
        found += self._slow_reading()
        return tuple(found)

    def _slow_reading(self) -> list[str]:
        """Speeds are of writing. A processor alone reads only a few times as fast, which agents feel."""
        agents = (Work.CODING, Work.RESEARCH)
        picks = [choice.pick for work, choice in self.choices.items() if work in agents and choice.pick is not None]
        if all(pick.placement.mode is not Mode.CPU for pick in picks):
            return []
        return ["the processor alone is slow to read as well: the first request of an agent may take it minutes"]

    def _taken_memory(self) -> list[str]:
        """Where a route has no model and other programs have most of the memory, that is what a person can change."""
        total, available = self.machine.memory.total, self.machine.memory.available
        if total is None or available is None or available * 2 > total or self.at.pools.cards:
            return []
        if all(choice.pick is not None for choice in self.choices.values()):
            return []
        return [f"other programs have {gib(total - available)} of {gib(total)}; close some, and more models fit"]


def recommend(
    machine: Machine,
    catalog: ModelCatalog,
    *,
    profile: SetupProfile = SetupProfile.BALANCED,
    local: Sequence[LocalModel] = (),
    measured: Mapping[str, float] | None = None,
    routes: Sequence[Work] = tuple(ROUTE_NEEDS),
    context: int | None = None,
) -> Recommendation:
    """What to run on ``machine``.

    ``local`` are the models that are on it already; ``measured`` tokens a second by model, from
    :func:`model_router.setup.fit.measured.calibrate`; ``context`` replaces the usual one of every route.
    """
    pools = scaled(pools_of(machine), BUDGET_SHARE[profile])
    free = [disk.free for disk in machine.disks if disk.free is not None]
    at = Circumstances(pools, measured or {}, max(free, default=None))
    found = tuple(local)
    candidates = candidates_of(catalog.models, found)
    needs = [route_need(work, profile, context) for work in routes]
    ranked = {need.work: _ranked(candidates, need, at) for need in needs}
    choices = {need.work: _choice(candidates, need, at, ranked[need.work]) for need in needs}
    picks = {work: choice.pick for work, choice in choices.items() if choice.pick is not None}
    joint = together(candidates, picks, ranked, needs, at)
    return Recommendation(machine, profile, catalog, at, choices, joint, unknown_local(catalog.models, found))


def _ranked(candidates: Sequence[Candidate], need: RouteNeed, at: Circumstances) -> list[Option]:
    """The best option of each model, the best first."""
    found: list[Option] = []
    for candidate in candidates:
        if not candidate.obstacle(need):
            best = best_option(candidate, need, at)
            if best is not None:
                found.append(best)
    return sorted(found, key=lambda option: option.order)


def _choice(candidates: Sequence[Candidate], need: RouteNeed, at: Circumstances, ranked: list[Option]) -> Choice:
    fit_for_pick = [option for option in ranked if is_eligible(option)]
    pick = fit_for_pick[0] if fit_for_pick else None
    refused = _refused(candidates, need, at, {option.name for option in ranked}, pick)
    if pick is None:
        others = tuple(Alternative(one, _objection(one), False) for one in ranked[:ALTERNATIVES])
        slow = next((one for one in ranked if not one.candidate.reservation()), None)
        words = f"{slow.name} is {why_not(slow, 'the best')}" if slow else refusal(candidates, need, at).words
        return Choice(need, None, (words,), others, refused)
    seconds = [Alternative(option, why_second(option, pick, need.comfort)) for option in fit_for_pick[1:]]
    saving = [one for one in seconds if _saves_a_download(one.option, pick)][:1]
    near = saving[0].option if saving else None
    seconds = [one for place, one in enumerate(seconds) if place < ALTERNATIVES or one in saving]
    last = (seconds[-1].option if seconds else pick).order
    behind = [option for option in ranked if not is_eligible(option) and option.order < last]
    better = [option for option in behind if option.order < pick.order][:BETTER]
    for option in (*better, *(one for one in behind if one.candidate.reservation() and one.order > pick.order)):
        words = option.candidate.reservation() or why_second(option, pick, need.comfort)
        seconds.append(Alternative(option, words, False))
    seconds.sort(key=lambda second: second.option.order)
    return Choice(need, pick, reasons_for(pick, need, near), tuple(seconds), refused, near)


def _saves_a_download(option: Option, pick: Option) -> bool:
    """Whether a person may want this one instead, because it is here and nearly as good."""
    near = pick.quality.points - option.quality.points < HERE_POINTS
    return near and bool(option.variant.here) and not pick.variant.here


def _objection(option: Option) -> str:
    return option.candidate.reservation() or why_not(option, "it runs")


def _refused(
    candidates: Sequence[Candidate], need: RouteNeed, at: Circumstances, ranked: set[str], pick: Option | None
) -> tuple[tuple[str, Refusal], ...]:
    """Better models that this machine cannot run, the ones it misses by least first."""
    better: list[tuple[int, str, Candidate]] = []
    for candidate in candidates:
        if candidate.name in ranked or candidate.obstacle(need) or not candidate.variants:
            continue
        quality = quality_for(candidate.model, need)
        if quality is not None and (pick is None or quality.points > pick.quality.points):
            better.append((min(one.shape.weights_bytes for one in candidate.variants), candidate.name, candidate))
    return tuple((name, refusal((candidate,), need, at)) for _, name, candidate in sorted(better)[:ALTERNATIVES])
