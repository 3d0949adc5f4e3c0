"""The simulated machines of the tests, and one call that recommends for them."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from model_router.setup.hardware import load_machine
from model_router.setup.machine import Machine
from model_router.setup.model_catalog import ModelCatalog, Work
from model_router.setup.model_catalog_file import load_models
from model_router.setup.recommend.recommendation import Recommendation, recommend

FOLDER = Path(__file__).resolve().parents[2] / "data" / "machines"
NAMES = tuple(sorted(path.stem for path in FOLDER.glob("*.json")))


def machine(name: str) -> Machine:
    """One of the shipped profiles."""
    return load_machine(FOLDER / f"{name}.json")


@cache
def catalog() -> ModelCatalog:
    """The packaged catalog, without anybody's own."""
    return load_models({"HOME": "/nonexistent"})


def answer(name: str, **more: Any) -> Recommendation:
    """The recommendation for a shipped profile."""
    return recommend(machine(name), catalog(), **more)


def picks(found: Recommendation) -> dict[str, tuple[str, str, str] | None]:
    """Route: model, file and mode."""
    return {
        work.value: (choice.pick.name, choice.pick.variant.step.quant, choice.pick.placement.mode.value)
        if choice.pick
        else None
        for work, choice in found.choices.items()
    }


def model_for(found: Recommendation, work: Work) -> str | None:
    """The name of the pick."""
    pick = found.choices[work].pick
    return pick.name if pick else None


def qualities(found: Recommendation) -> dict[Work, float]:
    """The cited quality of each pick; none is less than any."""
    return {work: choice.pick.quality.points if choice.pick else -1.0 for work, choice in found.choices.items()}


def at_once(found: Recommendation) -> float:
    """The quality of what can be loaded at once, over all routes, on each as much of it as the pick has; where a route
    is not served it counts nothing."""
    picks, plan = qualities(found), found.together.plan
    return round(sum(min(option.quality.points, picks[work]) for work, option in plan.items()), 2)
