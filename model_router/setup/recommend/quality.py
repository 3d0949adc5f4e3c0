"""How good a model is for one kind of work, from cited figures, and what a smaller file costs of it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from model_router.setup.model_catalog import CatalogModel, Source, Task
from model_router.setup.recommend.needs import SPEED_POINTS, RouteNeed

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


@dataclass(frozen=True, slots=True)
class QualityFigure:
    """Points on a scale of 100. ``words`` says what they are made of, ``sources`` who found it."""

    points: float
    words: str
    sources: tuple[str, ...]


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


def speed_penalty(tokens_per_second: float, comfort: float) -> float:
    """What a slow file of a model loses against a quicker one: eight points for every halving below comfort."""
    if tokens_per_second >= comfort:
        return 0.0
    return SPEED_POINTS * math.log2(comfort / tokens_per_second)
