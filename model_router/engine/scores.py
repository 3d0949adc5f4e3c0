"""From cues to scores: which answer is likeliest, which risk is, and by how much."""

from __future__ import annotations

from typing import NamedTuple

from model_router.engine.decision import Evidence
from model_router.engine.features import CLIPPED, clip
from model_router.engine.lexicon import ANSWERS, Lexicon, unpack, unpack_raised
from model_router.engine.routes import ROUTES, RiskClass, Route

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
    answers, risks = unpack_raised(total)
    best = max(answers)
    return _reading(Reading, (answers.index(best), max(risks) - best, answers, risks, whole and ordinary))


def route_scores(reading: Reading) -> dict[Route, int]:
    """One score a route, the best at 0 and the others below; ``confirmation`` is its likeliest risk class."""
    return dict(zip(ROUTES, below_best(reading), strict=True))


def below_best(reading: Reading) -> list[int]:
    """The same scores alone, in the order of the routes."""
    sums = (*reading.answers, max(reading.risks))
    top = max(sums)
    return [value - top for value in sums]


class Voices(dict[str, tuple[int, str, Evidence] | None]):
    """What cues say for one route, the loudest first when sorted; None of those that speak against it.

    The same ones come again and again, so some are remembered. What a cue says never changes: threads may meet here.
    """

    REMEMBERED = 1_000

    def __init__(self, lexicon: Lexicon, route: Route) -> None:
        super().__init__()
        self._weight = lexicon.weight
        self._route = route
        self._wanted = slice(_ANSWERS, None) if route is Route.CONFIRMATION else slice(p := ANSWERS.index(route), p + 1)

    def __missing__(self, cue: str) -> tuple[int, str, Evidence] | None:
        weights = unpack(self._weight(cue))
        weight = max(weights[self._wanted]) - sum(weights) // len(weights)
        voice = (-weight, cue, Evidence(cue, self._route, weight)) if weight > 0 else None
        if len(self) >= self.REMEMBERED:
            self.clear()
        self[cue] = voice
        return voice


def evidence(lexicon: Lexicon, ask: str, image: bool, voices: Voices, limit: int = 8) -> tuple[Evidence, ...]:
    """The cues that spoke loudest for a route, against the mean of all classes; ties in alphabetical order."""
    heard = sorted(filter(None, map(voices.__getitem__, set(lexicon.known(ask, image)))))
    return tuple([item for _, _, item in heard[:limit]])
