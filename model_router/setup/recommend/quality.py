"""How good a model is for one kind of work, from cited figures, and what a smaller file costs of it."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from model_router.setup.model_catalog import CatalogModel, Source, Task
from model_router.setup.recommend.needs import RouteNeed

_LINES: Mapping[Task, tuple[float, float]] = MappingProxyType(
    {
        Task.AGENT: (76.6, -30.2),
        Task.CODING: (72.6, -30.1),
        Task.CHAT: (69.0, -26.2),
        Task.MATH: (73.9, -41.5),
        Task.VISION: (80.8, -36.7),
    }
)
"""Where a place in a list lies on the overall scale: least squares over the models that have both, 2026-11-23."""

_WEIGHT = 0.5
_THIN_WEIGHT = 0.25
MAKER_ONLY_PENALTY = 2.0

_LADDER: tuple[tuple[str, float, int], ...] = (
    ("Q8_0", 0.15, 1),
    ("Q6_K", 0.15, 1),
    ("Q5_K_M", 0.3, 1),
    ("MXFP4", 0.6, 0),
    ("Q4_K_XL", 0.6, 0),
    ("Q4_K_M", 0.8, 0),
    ("IQ4_XS", 1.2, 0),
    ("Q4_0", 1.5, 0),
    ("Q3_K_XL", 2.8, -1),
    ("Q3_K_M", 3.0, -1),
)
"""File, points it costs, and step: 1 is taken only with room to spare, -1 only of large models."""

LARGE = 20_000_000_000
_SPEED_POINTS = 8.0


@dataclass(frozen=True, slots=True)
class QualityFigure:
    """Points on a scale of 100. ``words`` says what they are made of, ``sources`` who found it."""

    points: float
    words: str
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class QuantStep:
    """One file of a model as the ladder sees it."""

    quant: str
    penalty: float
    spare: bool


def quality_for(model: CatalogModel, need: RouteNeed) -> QualityFigure | None:
    """The overall score, moved half way to what the ranks in the route's own lists say; thin ranks count half.

    ``None`` without an overall score: such a model is not ranked.
    """
    overall = model.quality.overall
    if overall is None:
        return None
    points, sources = overall.score, list(overall.source)
    words = [f"{overall.score:.1f} of 100 overall"]
    moves: list[tuple[float, float]] = []
    for task in need.tasks:
        rank = model.quality.rank(task)
        if rank is None:
            continue
        start, slope = _LINES[task]
        weight = _THIN_WEIGHT if rank.thin else _WEIGHT
        moves.append((weight, start + slope * rank.rank / rank.of - overall.score))
        words.append(f"place {rank.rank} of {rank.of} in {task.value}" + (" (thin evidence)" if rank.thin else ""))
        sources += rank.source
    if moves:
        points += sum(weight * move for weight, move in moves) / len(moves)
    if overall.maker_only:
        points -= MAKER_ONLY_PENALTY
        words.append("only its maker has measured it")
    return QualityFigure(round(points, 2), ", ".join(words), tuple(dict.fromkeys(sources)))


def source_names(codes: tuple[str, ...], sources: Mapping[str, Source]) -> tuple[str, ...]:
    """Sources in words, with their dates."""
    return tuple(f"{sources[code].name} ({sources[code].date})" for code in codes if code in sources)


def quant_steps(model: CatalogModel) -> tuple[QuantStep, ...]:
    """The files worth offering, the best first. Models that were made in four bits come in that file alone."""
    native = next((name for name in model.files if name == "MXFP4"), None)
    if native is not None:
        return (QuantStep(native, 0.0, spare=False),)
    found: list[QuantStep] = []
    for quant in model.files:
        step = quant_step(quant, model.parameters.total)
        if step is not None:
            found.append(step)
    return tuple(sorted(found, key=lambda step: (step.penalty, model.files[step.quant].bytes, step.quant)))


def quant_step(quant: str, parameters: int) -> QuantStep | None:
    """The place of a file on the ladder, or ``None`` for one that is not offered by default."""
    plain = re.sub(r"^UD-|_MOE$", "", quant)
    for name, penalty, step in _LADDER:
        if plain == name:
            if step < 0 and parameters < LARGE:
                return None
            return QuantStep(quant, penalty - (0.1 if quant.startswith("UD-") and penalty else 0.0), spare=step > 0)
    return None


def speed_penalty(tokens_per_second: float, comfort: float) -> float:
    """Points that a slow model loses: eight for every halving below what is comfortable on that route."""
    if tokens_per_second >= comfort:
        return 0.0
    return _SPEED_POINTS * math.log2(comfort / tokens_per_second)
