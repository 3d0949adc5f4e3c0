"""How routes and outcomes look: a glyph and a word for each, so that colour only repeats what is written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from model_router.engine.routes import Route
from model_router.server.events import RequestEvent
from model_router.tui.text import clean


@dataclass(frozen=True, slots=True)
class Look:
    """``word`` is at most nine characters; ``style`` is a content style made of theme variables."""

    glyph: str
    word: str
    style: str = ""


ROUTE_LOOKS: Mapping[Route, Look] = MappingProxyType(
    {
        Route.SIMPLE: Look("·", "simple"),
        Route.BALANCED: Look("○", "balanced"),
        Route.REASONING: Look("◆", "reasoning"),
        Route.CODING: Look("λ", "coding"),
        Route.RESEARCH: Look("↗", "research"),
        Route.VISION: Look("◎", "vision"),
        Route.IMAGE_GENERATION: Look("▦", "image"),
        Route.CONFIRMATION: Look("!", "confirm", "$text-warning bold"),
    }
)

_OUTCOMES: Mapping[str, Look] = MappingProxyType(
    {
        "ok": Look("✓", "ok", "$text-success"),
        "confirm": Look("!", "confirm", "$text-warning bold"),
        "error": Look("✗", "error", "$text-error bold"),
        "broken": Look("✗", "broken", "$text-error bold"),
        "cancelled": Look("←", "client left", "$quiet"),
    }
)


def route_look(route: str) -> Look:
    """The look of a route named in an event; a name that is not known gets its own word."""
    try:
        return ROUTE_LOOKS[Route(route)]
    except ValueError:
        return Look("?", clean(route, 40) or "-")


def outcome_look(event: RequestEvent) -> Look:
    """The look of how a request ended."""
    return _OUTCOMES.get(event.outcome, Look("?", clean(event.outcome, 40)))
