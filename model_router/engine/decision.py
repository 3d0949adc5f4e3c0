"""The receipt: everything a person may ask about a decision, and nothing of the prompt beyond the cues that counted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from model_router.engine.routes import Profile, RiskClass, Route


@dataclass(frozen=True, slots=True)
class Rejection:
    """An engine that was looked at and passed over, and why."""

    engine: str
    reason: str


@dataclass(frozen=True, slots=True)
class Alternative:
    """An engine that would also do, best first. The four numbers are the catalog's, 0-100."""

    engine: str
    rank_score: int
    capability: int
    trust: int
    cost: int
    latency: int
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Evidence:
    """A cue that counted. ``route`` is what it speaks for; ``weight`` is in the units of the lexicon."""

    cue: str
    route: Route
    weight: int


@dataclass(frozen=True, slots=True)
class PromptScore:
    """Scores and flags without policy. ``scores`` are units of the lexicon, the best at 0; only differences count."""

    route: Route
    scores: Mapping[Route, int]
    confidence: int
    complexity: int
    risk: int
    risk_class: RiskClass | None
    flags: tuple[str, ...]
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True, slots=True)
class PastReading:
    """What was read from an ask before, under the same rules: enough to decide again without its text.

    ``route`` is what it was then; ``scores`` are those of the receipt, ``ask_length`` counts characters.
    """

    route: Route
    scores: Mapping[Route, int]
    risk: RiskClass | None
    ask_length: int


@dataclass(frozen=True, slots=True)
class RoutingDecision:
    """One decision with its reasons. Scores and ranks are 0-100.

    The same prompt, ``config_hash`` and ``ruleset_version`` give the same receipt, on every machine.
    """

    selected_engine: str
    route: Route
    profile: Profile
    summary: str
    complexity_score: int
    risk_score: int
    confidence_score: int
    risk_class: RiskClass | None
    requires_confirmation: bool
    requires_tools: bool
    requires_freshness: bool
    requires_code_execution: bool
    requires_vision: bool
    requires_image_generation: bool
    fallback_engine: str | None
    fallback_used: bool
    config_valid: bool
    availability_valid: bool
    scores: Mapping[Route, int]
    reasons: tuple[str, ...]
    reason_codes: tuple[str, ...]
    evidence: tuple[Evidence, ...]
    rejected_engines: tuple[Rejection, ...]
    alternatives: tuple[Alternative, ...]
    requirements: Mapping[str, Any]
    availability_reasons: tuple[str, ...]
    config_hash: str
    ruleset_version: str
    errors: tuple[str, ...] = field(default=())

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types, in field order."""
        return {name: _plain(getattr(self, name)) for name in self.__slots__}


def _plain(value: Any) -> Any:
    if isinstance(value, str | bool | int | float) or value is None:
        return str(value) if isinstance(value, str) else value
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, tuple | list | frozenset):
        return [_plain(item) for item in value]
    return {name: _plain(getattr(value, name)) for name in value.__slots__}
