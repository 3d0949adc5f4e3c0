"""From cues to scores: which answer is likeliest, which risk is, and by how much."""

from __future__ import annotations

from typing import NamedTuple

from model_router.engine.decision import Evidence
from model_router.engine.features import CLIPPED, clip
from model_router.engine.lexicon import ANSWERS, Lexicon, unpack, unpack_apart
from model_router.engine.routes import RiskClass, Route

UNITS_PER_LOGIT = 32
"""The table's weights are natural log-odds times this, rounded."""

_ANSWERS = len(ANSWERS)
_RISKS: tuple[RiskClass, ...] = tuple(RiskClass)


class Reading(NamedTuple):
    """What the cues say, in units of the lexicon.

    ``likeliest`` is the place of the best answer among ``ANSWERS``. ``margin`` is the best risk's sum less the best
    answer's; of sums, only differences mean anything. ``ordinary`` says that the spelling is known to hide nothing.
    """

    likeliest: int
    margin: int
    answers: tuple[int, ...]
    risks: tuple[int, ...]
    ordinary: bool = False

    @property
    def answer(self) -> Route:
        """The likeliest answer."""
        return ANSWERS[self.likeliest]

    @property
    def risk(self) -> RiskClass:
        """The likeliest risk."""
        return _RISKS[self.risks.index(max(self.risks))]


_reading = tuple.__new__
"""Thrice as quick as calling :class:`Reading`."""


def read(lexicon: Lexicon, ask: str, image: bool = False) -> Reading:
    """Sum the weights of every cue of ``ask``."""
    whole = len(ask) <= CLIPPED
    total, ordinary = lexicon.weigh(ask if whole else clip(ask), image)
    answers, risks = unpack_apart(total)
    best = max(answers)
    return _reading(Reading, (answers.index(best), max(risks) - best, answers, risks, whole and ordinary))


def route_scores(reading: Reading) -> dict[Route, int]:
    """One score a route, the best at 0 and the others below; ``confirmation`` is its likeliest risk class."""
    return dict(zip(Route, below_best(reading), strict=True))


def below_best(reading: Reading) -> list[int]:
    """The same scores alone, in the order of the routes."""
    sums = (*reading.answers, max(reading.risks))
    top = max(sums)
    return [value - top for value in sums]


def evidence(lexicon: Lexicon, ask: str, image: bool, route: Route, limit: int = 8) -> tuple[Evidence, ...]:
    """The cues that spoke loudest for ``route``, against the mean of all classes; ties in alphabetical order."""
    wanted = slice(_ANSWERS, None) if route is Route.CONFIRMATION else slice(place := ANSWERS.index(route), place + 1)
    found: list[tuple[int, str]] = []
    for cue in set(lexicon.known(ask, image)):
        weights = unpack(lexicon.weight(cue))
        weight = max(weights[wanted]) - sum(weights) // len(weights)
        if weight > 0:
            found.append((-weight, cue))
    return tuple(Evidence(cue, route, -weight) for weight, cue in sorted(found)[:limit])
