"""The closed sets that every room speaks of: routes, engines, risk classes, tiers."""

from __future__ import annotations

from enum import StrEnum


class Route(StrEnum):
    """The kind of work an ask is. The order is the order on every screen and in every packed score."""

    SIMPLE = "simple"
    BALANCED = "balanced"
    REASONING = "reasoning"
    CODING = "coding"
    RESEARCH = "research"
    VISION = "vision"
    IMAGE_GENERATION = "image_generation"
    CONFIRMATION = "confirmation"


ROUTES: tuple[Route, ...] = tuple(Route)

HUMAN_CONFIRM = "human_confirm"
"""The engine that is a person: never a backend, always the last resort."""

DEFAULT_TARGETS: dict[Route, str] = {
    Route.SIMPLE: "fast_local",
    Route.BALANCED: "balanced_local",
    Route.REASONING: "reasoning_local",
    Route.CODING: "code_agent",
    Route.RESEARCH: "web_research",
    Route.VISION: "multimodal_vision",
    Route.IMAGE_GENERATION: "image_generation",
    Route.CONFIRMATION: HUMAN_CONFIRM,
}


class RiskClass(StrEnum):
    """What kind of harm an order could do when carried out."""

    DESTRUCTIVE = "destructive"
    SEND = "send"
    PURCHASE = "purchase"
    EXTERNAL = "external"
    AMBIGUOUS = "ambiguous"


class CostTier(StrEnum):
    """What a request costs, cheapest first."""

    FREE = "free"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class LatencyTier(StrEnum):
    """How long a request waits, quickest first."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class AvailabilityStatus(StrEnum):
    """``auto`` looks at ``required_*``; the others are the person's word."""

    AUTO = "auto"
    AVAILABLE = "available"
    UNAVAILABLE = "unavailable"


class Attachment(StrEnum):
    """What can come with an ask."""

    IMAGE = "image"
    PDF = "pdf"
    AUDIO = "audio"
    CODE = "code"


class Profile(StrEnum):
    """A named way to weigh engines against each other."""

    FAST = "fast"
    BALANCED = "balanced"
    QUALITY = "quality"
    PRIVATE = "private"
    SAFE = "safe"


def rank(value: CostTier | LatencyTier) -> int:
    """Position of a tier in its order: 0 is the cheapest or the quickest."""
    return list(type(value)).index(value)
