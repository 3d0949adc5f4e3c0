"""What each route asks of a model, and what the profiles change about it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from types import MappingProxyType

from model_router.setup.model_catalog import Task, Work


class SetupProfile(StrEnum):
    """How much of the machine the models may take."""

    LIGHTWEIGHT = "lightweight"
    BALANCED = "balanced"
    QUALITY = "quality"


BEST_POINTS = 72.0
"""Where the catalog's best models are."""

SPEED_POINTS = 8.0
"""Points of quality that half the speed is worth."""


@dataclass(frozen=True, slots=True)
class RouteNeed:
    """``context`` in tokens. Below ``floor`` tokens a second a model is not even named; ``comfort`` is the speed above
    which nobody waits. ``tasks`` are the lists of tasks whose ranks count beside the overall score."""

    work: Work
    context: int
    floor: float
    comfort: float
    tasks: tuple[Task, ...]
    tools: bool = False
    pictures: bool = False

    def asked_speed(self, points: float) -> float:
        """Tokens a second that the pick has to write, for a model of so many points.

        Of the best models the comfortable speed, and half of it for every eight points less: the last points are not
        worth a long wait while something quicker is nearly as good, and a small model on a slow machine has nothing
        below it. It depends on nothing that memory changes.
        """
        return max(self.floor, self.comfort * 2 ** ((points - BEST_POINTS) / SPEED_POINTS))


ROUTE_NEEDS = MappingProxyType(
    {
        need.work: need
        for need in (
            RouteNeed(Work.SIMPLE, 8_192, 5, 50, (Task.CHAT,)),
            RouteNeed(Work.BALANCED, 16_384, 3, 20, (Task.CHAT, Task.AGENT)),
            RouteNeed(Work.REASONING, 32_768, 3, 20, (Task.MATH,)),
            RouteNeed(Work.CODING, 32_768, 3, 20, (Task.CODING, Task.AGENT), tools=True),
            RouteNeed(Work.RESEARCH, 32_768, 3, 20, (Task.AGENT,), tools=True),
            RouteNeed(Work.VISION, 16_384, 3, 20, (Task.VISION,), pictures=True),
        )
    }
)

NOT_COVERED = MappingProxyType(
    {
        "image_generation": "pictures are made by other programs than text models",
        "confirmation": "a person decides; no model is needed",
    }
)

BUDGET_SHARE = MappingProxyType({SetupProfile.LIGHTWEIGHT: 0.5, SetupProfile.BALANCED: 1.0, SetupProfile.QUALITY: 1.0})
"""The part of each memory budget that one model may take."""

_COMFORT = MappingProxyType({SetupProfile.LIGHTWEIGHT: 1.5, SetupProfile.BALANCED: 1.0, SetupProfile.QUALITY: 0.5})


def route_need(work: Work, profile: SetupProfile, context: int | None = None) -> RouteNeed:
    """What ``work`` asks under a profile; ``context`` replaces the usual one."""
    need = ROUTE_NEEDS[work]
    return replace(need, comfort=need.comfort * _COMFORT[profile], context=context or need.context)
