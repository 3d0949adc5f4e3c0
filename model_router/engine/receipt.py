"""Writing a receipt: the sentences, codes and numbers that explain a decision."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from model_router.engine.decision import Alternative, Evidence, RoutingDecision
from model_router.engine.hints import NO_HINTS, RoutingHints
from model_router.engine.policy import Choice, has_image
from model_router.engine.routes import HUMAN_CONFIRM, Profile, RiskClass, Route
from model_router.engine.scores import UNITS_PER_LOGIT, Reading, below_best

WHAT: Mapping[Route, str] = {
    Route.SIMPLE: "a small job on given text",
    Route.BALANCED: "ordinary help",
    Route.REASONING: "something to work out",
    Route.CODING: "code or a command",
    Route.RESEARCH: "something that has to be looked up",
    Route.VISION: "a question about a picture",
    Route.IMAGE_GENERATION: "a picture to make or edit",
    Route.CONFIRMATION: "an order that a person should confirm",
}

RISK_WORDS: Mapping[RiskClass, str] = {
    RiskClass.DESTRUCTIVE: "destroys or overwrites something",
    RiskClass.SEND: "sends something to somebody",
    RiskClass.PURCHASE: "spends money or makes a booking",
    RiskClass.EXTERNAL: "changes something outside, in somebody's name",
    RiskClass.AMBIGUOUS: "could have a high impact, and does not say what exactly",
}


EVIDENCE_REASON = "speaks for it: "
"""The beginning of the one reason that quotes words of the prompt; who keeps no text leaves that reason out."""


class Judgement(NamedTuple):
    """All that a receipt is written from."""

    route: Route
    risk: RiskClass | None
    confirm: bool
    margin: int
    scores: Mapping[Route, int]
    evidence: tuple[Evidence, ...]
    choice: Choice
    alternatives: tuple[Alternative, ...]
    fallback: str | None
    availability_reasons: tuple[str, ...]
    ask_length: int


class Digest(NamedTuple):
    """What a receipt says in short, and nothing of the ask: for a line in a log. ``risk`` is empty when there is none.

    ``confidence`` is the receipt's ``confidence_score``; ``flags`` name what it requires.
    """

    route: str = ""
    risk: str = ""
    confirm: bool = False
    reasons: tuple[str, ...] = ()
    reason_codes: tuple[str, ...] = ()
    scores: Mapping[str, int] = {}
    confidence: int = 0
    flags: tuple[str, ...] = ()


NOTHING = Digest()
"""Where nothing was decided."""

_NAMES = tuple(map(str, Route))
_FLAGS: Mapping[Route, str] = {
    Route.RESEARCH: "freshness",
    Route.CODING: "code_execution",
    Route.VISION: "vision",
    Route.IMAGE_GENERATION: "image_generation",
}


def _usual(route: Route) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """Reasons, codes and flags where nothing but the route is to be told."""
    return (f"reads as {WHAT[route]}",), (f"route.{route}",), _flags(route, needs_tools=False)


def percent(units: int) -> int:
    """A difference of scores as 0-100, 50 at a tie; whole numbers only, so that every machine agrees."""
    return max(0, min(100, 50 + units * 50 // (4 * UNITS_PER_LOGIT)))


def write(
    judged: Judgement, hints: RoutingHints, profile: Profile, config_hash: str, ruleset_version: str
) -> RoutingDecision:
    """The receipt of one decision."""
    route, engine = judged.route, judged.choice.engine
    reasons, codes = _explanation(route, judged.risk, judged.choice, hints, confirm=judged.confirm)
    if judged.evidence:
        reasons.insert(1, EVIDENCE_REASON + ", ".join(item.cue for item in judged.evidence))
    return RoutingDecision(
        selected_engine=engine,
        route=route,
        profile=profile,
        summary=_summary(judged),
        complexity_score=_complexity(judged),
        risk_score=percent(judged.margin),
        confidence_score=_lead(judged.scores.values()),
        risk_class=judged.risk,
        requires_confirmation=judged.confirm,
        requires_tools=hints.needs_tools,
        requires_freshness=route is Route.RESEARCH,
        requires_code_execution=route is Route.CODING,
        requires_vision=route is Route.VISION,
        requires_image_generation=route is Route.IMAGE_GENERATION,
        fallback_engine=judged.fallback,
        fallback_used=judged.choice.fallback_used,
        config_valid=True,
        availability_valid=engine != HUMAN_CONFIRM or judged.confirm,
        scores=judged.scores,
        reasons=tuple(reasons),
        reason_codes=tuple(codes),
        evidence=judged.evidence,
        rejected_engines=judged.choice.rejected,
        alternatives=judged.alternatives,
        requirements={
            "modalities": [] if hints is NO_HINTS else _modalities(hints),
            "tools": hints.needs_tools,
            "context_tokens": hints.context_tokens,
        },
        availability_reasons=judged.availability_reasons,
        config_hash=config_hash,
        ruleset_version=ruleset_version,
    )


def _modalities(hints: RoutingHints) -> list[str]:
    return sorted({*hints.required_modalities, *(attachment.value for attachment in hints.attachments)})


def shorten(decision: RoutingDecision) -> Digest:
    """A receipt in short. The sentence that quotes the prompt is left out."""
    return Digest(
        str(decision.route),
        str(decision.risk_class or ""),
        decision.requires_confirmation,
        tuple(reason for reason in decision.reasons if not reason.startswith(EVIDENCE_REASON)),
        decision.reason_codes,
        {str(route): score for route, score in decision.scores.items()},
        decision.confidence_score,
        _flags(decision.route, needs_tools=decision.requires_tools),
    )


def digest(route: Route, risk: RiskClass | None, choice: Choice, reading: Reading, hints: RoutingHints) -> Digest:
    """The same without writing the receipt, from what it would be written from."""
    name = str(route)
    scores = dict(zip(_NAMES, below_best(reading), strict=True))
    lead = _lead(scores.values())
    if hints is NO_HINTS and risk is None and choice.engine != HUMAN_CONFIRM and not choice.fallback_used:
        return Digest(name, "", False, *_USUAL[name][:2], scores, lead, _USUAL[name][2])
    confirm = route is Route.CONFIRMATION
    reasons, codes = _explanation(route, risk, choice, hints, confirm=confirm)
    flags = _flags(route, needs_tools=hints.needs_tools)
    return Digest(name, str(risk or ""), confirm, tuple(reasons), tuple(codes), scores, lead, flags)


def _lead(scores: Iterable[int]) -> int:
    """How far the best score is ahead of the second, as :func:`percent` has it."""
    second, best = sorted(scores)[-2:]
    return percent(best - second)


def _flags(route: Route, *, needs_tools: bool) -> tuple[str, ...]:
    """What the work of a route requires besides text."""
    flag = _FLAGS.get(route)
    named = (flag,) if flag is not None else ()
    return ("tools", *named) if needs_tools else named


_USUAL = {str(route): _usual(route) for route in Route}
"""By the plain name: hashing a member costs more than the look-up."""


def closed(errors: tuple[str, ...], profile: Profile, config_hash: str, ruleset_version: str) -> RoutingDecision:
    """The receipt of a router that has no valid configuration: everything waits for a person."""
    summary = "The configuration is not valid, so every request waits for a person."
    return _stopped(
        summary,
        "config.invalid",
        errors,
        profile=profile,
        config_hash=config_hash,
        ruleset_version=ruleset_version,
        config_valid=False,
    )


def unreadable(reason: str, profile: Profile, config_hash: str, ruleset_version: str) -> RoutingDecision:
    """The receipt of a prompt that could not be read."""
    summary = "Waits for a person: the prompt could not be read."
    return _stopped(
        summary,
        "prompt.unreadable",
        (reason,),
        profile=profile,
        config_hash=config_hash,
        ruleset_version=ruleset_version,
        config_valid=True,
    )


def _stopped(
    summary: str,
    code: str,
    errors: tuple[str, ...],
    *,
    profile: Profile,
    config_hash: str,
    ruleset_version: str,
    config_valid: bool,
) -> RoutingDecision:
    return RoutingDecision(
        selected_engine=HUMAN_CONFIRM,
        route=Route.CONFIRMATION,
        profile=profile,
        summary=summary,
        complexity_score=0,
        risk_score=100,
        confidence_score=100,
        risk_class=RiskClass.AMBIGUOUS,
        requires_confirmation=True,
        requires_tools=False,
        requires_freshness=False,
        requires_code_execution=False,
        requires_vision=False,
        requires_image_generation=False,
        fallback_engine=None,
        fallback_used=False,
        config_valid=config_valid,
        availability_valid=False,
        scores={},
        reasons=errors,
        reason_codes=(code,),
        evidence=(),
        rejected_engines=(),
        alternatives=(),
        requirements={},
        availability_reasons=(),
        config_hash=config_hash,
        ruleset_version=ruleset_version,
        errors=errors,
    )


def _summary(judged: Judgement) -> str:
    engine = judged.choice.engine
    if judged.confirm and judged.risk is not None:
        return f"Waits for a person: the order {RISK_WORDS[judged.risk]}."
    if engine == HUMAN_CONFIRM:
        return f"Waits for a person: this is {WHAT[judged.route]}, and no engine may serve it."
    text = f"Goes to {engine}: this is {WHAT[judged.route]}"
    if judged.choice.fallback_used:
        text += f", and {judged.choice.wished} cannot be used"
    return text + "."


def _explanation(
    route: Route, risk: RiskClass | None, choice: Choice, hints: RoutingHints, *, confirm: bool
) -> tuple[list[str], list[str]]:
    """The sentences of a receipt apart from that on the evidence, which stands behind the first; and the codes."""
    reasons = [f"reads as {WHAT[route]}"]
    codes = [f"route.{route}"]
    if risk is not None:
        codes.append(f"safety.{risk}")
        reasons.append(f"risk {risk}: the order {RISK_WORDS[risk]}")
        if not confirm:
            codes.append("safety.overridden")
            reasons.append("the catalog allows this class without a person")
    if has_image(hints):
        codes.append("modality.image")
        reasons.append("a picture came with the request")
    if hints.force_engine:
        codes.append("hint.force_engine")
        reasons.append(f"the caller asked for {hints.force_engine}")
    if choice.fallback_used:
        codes.append("policy.fallback")
        reasons += [f"{item.engine} passed over: {item.reason}" for item in choice.rejected]
    if choice.engine == HUMAN_CONFIRM and not confirm:
        codes.append("policy.nothing_left")
    return reasons, codes


def _complexity(judged: Judgement) -> int:
    """0-100: reasoning and code against simple work, and length."""
    scores = judged.scores
    hard = max(scores[Route.REASONING], scores[Route.CODING], scores[Route.RESEARCH]) - scores[Route.SIMPLE]
    return min(100, percent(hard // 2) * 3 // 4 + min(25, judged.ask_length // 80))
