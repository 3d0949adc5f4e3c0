"""The decision engine: one catalog, one lexicon, one answer for each ask. Immutable and thread-safe."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from model_router.engine import receipt
from model_router.engine.catalog import Catalog
from model_router.engine.decision import Alternative, PastReading, PromptScore, RoutingDecision
from model_router.engine.hints import NO_HINTS, RoutingHints
from model_router.engine.lexicon import ANSWERS, Lexicon
from model_router.engine.policy import Choice, Policy, has_image
from model_router.engine.routes import HUMAN_CONFIRM, Profile, RiskClass, Route
from model_router.engine.safety import CONFIRM_MARGIN, NO_DOUBT, Safety, may_hold_foreign_words, seems_risky
from model_router.engine.scores import Reading, Voices, evidence, read, route_scores

RULES_VERSION = "4"
"""Raised whenever code changes what is decided; the lexicon's digest stands beside it in every receipt."""


class Weighed(NamedTuple):
    """A decision before a word is said about it; with the ask, or what :func:`clip` leaves of it, all that a receipt is
    written from. ``length`` is the ask's, in characters.
    """

    choice: Choice
    route: Route
    risk: RiskClass | None
    reading: Reading
    length: int

    @property
    def engine(self) -> str:
        """The engine's name."""
        return self.choice.engine


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What policy makes of a route. Without hints it is always the same, so it is worked out once."""

    choice: Choice
    alternatives: tuple[Alternative, ...]
    fallback: str | None


class DecisionEngine:
    """Decides for one catalog on one machine.

    ``unavailable`` maps engines to why they cannot be used here; it is worked out beforehand, because the engine does
    no input or output. ``lazily`` puts off what most asks do not need.
    """

    def __init__(
        self,
        catalog: Catalog,
        lexicon: Lexicon,
        *,
        unavailable: Mapping[str, str],
        config_hash: str,
        profile: Profile = Profile.BALANCED,
        lazily: bool = False,
    ) -> None:
        self.catalog = catalog
        self.lexicon = lexicon
        self.config_hash = config_hash
        self.unavailable = unavailable
        self.ruleset_version = f"{RULES_VERSION}.{lexicon.version}"
        self._policy = Policy(catalog, unavailable, profile)
        self._profile = profile
        self._safety = Safety(lazily=lazily)
        policy = catalog.safety
        self._passes = (
            frozenset(RiskClass) if not policy.require_human_confirmation else (policy.confirmation_overrides.allowed())
        )
        self._unavailable = tuple(f"{name}: {why}" for name, why in sorted(unavailable.items()))
        self._usual = {route: self._outcome(route, NO_HINTS) for route in Route}
        self._voices = {route: Voices(lexicon, route) for route in Route}
        self._usual_engines = tuple(self._usual[route].choice.engine for route in ANSWERS)
        self._confirming = self._usual[Route.CONFIRMATION].choice.engine

    def select(self, ask: str, hints: RoutingHints = NO_HINTS) -> str:
        """The engine's name alone."""
        if hints is not NO_HINTS:
            return self.weigh(ask, hints).engine
        reading = read(self.lexicon, ask)
        if reading.ordinary and reading.margin < NO_DOUBT:
            return self._usual_engines[reading.likeliest]
        if reading.margin >= CONFIRM_MARGIN and not self._passes and not may_hold_foreign_words(ask):
            return self._confirming
        risk = self._safety.judge(ask, reading, self._reread)
        if risk is None or risk in self._passes:
            return self._usual_engines[reading.likeliest]
        return self._confirming

    def weigh(self, ask: str, hints: RoutingHints = NO_HINTS) -> Weighed:
        """The engine that :meth:`select` names, and what led to it: the receipt can be written from that later."""
        image = hints is not NO_HINTS and has_image(hints)
        reading = read(self.lexicon, ask, image)
        risk = self._safety.judge(ask, reading, self._reread_with_image if image else self._reread)
        if image and risk is None and seems_risky(reading, alone := read(self.lexicon, ask)):
            risk = self._safety.judge(ask, alone, self._reread)
        route = self._route(ask, reading, risk, image)
        choice = self._usual[route].choice if hints is NO_HINTS else self._policy.choose(route, hints)
        return Weighed(choice, route, risk, reading, len(ask))

    def select_approved(self, ask: str, hints: RoutingHints = NO_HINTS) -> tuple[str, Route]:
        """The engine and the route of an ask that a person has let pass: as though no safety rule had spoken."""
        image = has_image(hints)
        route = self._route(ask, read(self.lexicon, ask, image), None, image)
        return self._policy.choose(route, hints).engine, route

    def refusal(self, engine: str, route: Route, hints: RoutingHints = NO_HINTS) -> str | None:
        """Why ``engine`` may not serve ``route`` under ``hints``; None when it may."""
        return self._policy.refusal(engine, route, hints)

    def decide(
        self,
        ask: str,
        hints: RoutingHints = NO_HINTS,
        *,
        include_alternatives: bool = True,
        include_evidence: bool = True,
    ) -> RoutingDecision:
        """The receipt; its engine is always the one that :meth:`select` names."""
        return self.explain(
            self.weigh(ask, hints),
            ask,
            hints,
            include_alternatives=include_alternatives,
            include_evidence=include_evidence,
        )

    def explain(
        self,
        weighed: Weighed,
        ask: str,
        hints: RoutingHints = NO_HINTS,
        *,
        include_alternatives: bool = True,
        include_evidence: bool = True,
    ) -> RoutingDecision:
        """The receipt of what was weighed with these hints; of the ask, what :func:`clip` leaves is enough."""
        route = weighed.route
        outcome = self._usual[route] if hints is NO_HINTS or hints == NO_HINTS else self._outcome(route, hints)
        judged = receipt.Judgement(
            route=route,
            risk=weighed.risk,
            confirm=route is Route.CONFIRMATION,
            margin=weighed.reading.margin,
            scores=route_scores(weighed.reading),
            evidence=evidence(self.lexicon, ask, has_image(hints), self._voices[route]) if include_evidence else (),
            choice=outcome.choice,
            alternatives=outcome.alternatives if include_alternatives else (),
            fallback=outcome.fallback,
            availability_reasons=self._unavailable,
            ask_length=weighed.length,
        )
        return receipt.write(judged, hints, hints.profile or self._profile, self.config_hash, self.ruleset_version)

    def digest(self, weighed: Weighed, hints: RoutingHints = NO_HINTS) -> receipt.Digest:
        """What that receipt says in short, at a fraction of its cost."""
        return receipt.digest(weighed.route, weighed.risk, weighed.choice, weighed.reading, hints)

    def score(self, ask: str, hints: RoutingHints = NO_HINTS) -> PromptScore:
        """Scores and flags without policy."""
        image = has_image(hints)
        decision = self.decide(ask, hints, include_alternatives=False)
        flags = [f"image.{image}".lower()] if image else []
        return PromptScore(
            route=decision.route,
            scores=decision.scores,
            confidence=decision.confidence_score,
            complexity=decision.complexity_score,
            risk=decision.risk_score,
            risk_class=decision.risk_class,
            flags=tuple(flags),
            evidence=decision.evidence,
        )

    def decide_again(self, past: PastReading, hints: RoutingHints = NO_HINTS) -> RoutingDecision:
        """The receipt for an ask whose text is gone: what :meth:`decide` would say, without the cues that counted.

        Right only for a reading under the same ``ruleset_version``. What is risky does not depend on the catalog, but
        whether it passes does.
        """
        route = past.route
        if past.risk is not None:
            likeliest = max(ANSWERS, key=lambda answer: past.scores[answer])
            route = likeliest if past.risk in self._passes else Route.CONFIRMATION
        outcome = self._outcome(route, hints)
        judged = receipt.Judgement(
            route=route,
            risk=past.risk,
            confirm=route is Route.CONFIRMATION,
            margin=past.scores[Route.CONFIRMATION] - max(past.scores[answer] for answer in ANSWERS),
            scores=past.scores,
            evidence=(),
            choice=outcome.choice,
            alternatives=outcome.alternatives,
            fallback=outcome.fallback,
            availability_reasons=self._unavailable,
            ask_length=past.ask_length,
        )
        return receipt.write(judged, hints, hints.profile or self._profile, self.config_hash, self.ruleset_version)

    def _route(self, ask: str, reading: Reading, risk: RiskClass | None, image: bool) -> Route:
        """Safety first; what may pass without a person goes where it would have gone. A bare picture is to be seen."""
        if risk is None or risk in self._passes:
            return Route.VISION if image and not ask.strip() else reading.answer
        return Route.CONFIRMATION

    def _reread(self, text: str) -> Reading:
        return read(self.lexicon, text)

    def _reread_with_image(self, text: str) -> Reading:
        return read(self.lexicon, text, True)

    def _outcome(self, route: Route, hints: RoutingHints) -> _Outcome:
        choice = self._policy.choose(route, hints)
        alternatives = self._policy.alternatives(route, choice.engine, hints)
        return _Outcome(choice, alternatives, self._fallback(choice, route, hints))

    def _fallback(self, choice: Choice, route: Route, hints: RoutingHints) -> str | None:
        """The next engine down the chain that could serve, if the chosen one failed."""
        spec = self.catalog.engines.get(choice.engine)
        seen = {choice.engine}
        engine = spec.fallback if spec else None
        while engine is not None and engine not in seen:
            seen.add(engine)
            if engine == HUMAN_CONFIRM or self._policy.refusal(engine, route, hints) is None:
                return engine
            spec = self.catalog.engines.get(engine)
            engine = spec.fallback if spec else None
        return None
