"""From a route to an engine: targets, fallbacks without loops, and every limit that a catalog or a caller sets.

Caller hints narrow what the catalog allows, never loosen it; nothing here can undo a confirmation.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from model_router.engine.catalog import Catalog, EngineSpec, ProfileSpec
from model_router.engine.decision import Alternative, Rejection
from model_router.engine.hints import RoutingHints
from model_router.engine.routes import HUMAN_CONFIRM, Attachment, LatencyTier, Profile, Route, rank

_NEEDED_MODALITY: Mapping[Route, str] = {Route.VISION: "image", Route.IMAGE_GENERATION: "image_generation"}


@dataclass(frozen=True, slots=True)
class Choice:
    """The engine chosen, what was wished for first, and who was passed over on the way."""

    engine: str
    wished: str
    rejected: tuple[Rejection, ...]

    @property
    def fallback_used(self) -> bool:
        """Whether the wished engine could not be had."""
        return self.engine != self.wished


class Policy:
    """Answers for one catalog on one machine. ``unavailable`` maps engines to the reason they cannot be used here."""

    def __init__(self, catalog: Catalog, unavailable: Mapping[str, str], profile: Profile = Profile.BALANCED) -> None:
        self.catalog = catalog
        self.unavailable = unavailable
        self.profile = profile

    def choose(self, route: Route, hints: RoutingHints) -> Choice:
        """The engine for ``route``; ``human_confirm`` when none that may be used is left."""
        if route is Route.CONFIRMATION:
            wished = self.catalog.routing_targets.get(route, HUMAN_CONFIRM)
            return Choice(HUMAN_CONFIRM, wished if wished == HUMAN_CONFIRM else HUMAN_CONFIRM, ())
        profile = self._profile(hints)
        target = profile.routing_targets.get(route) or self.catalog.routing_targets.get(route, HUMAN_CONFIRM)
        wished = hints.force_engine or target
        rejected: list[Rejection] = []
        seen: set[str] = set()
        seeing = (self._vision_target(profile),) if "image" in _needed(route, hints) else ()
        for start in dict.fromkeys((wished, target, *seeing)):
            engine: str | None = start
            while engine is not None and engine not in seen:
                seen.add(engine)
                if engine == HUMAN_CONFIRM:
                    break
                reason = self.refusal(engine, route, hints)
                if reason is None:
                    return Choice(engine, wished, tuple(rejected))
                rejected.append(Rejection(engine, reason))
                spec = self.catalog.engines.get(engine)
                engine = spec.fallback if spec else None
        return Choice(HUMAN_CONFIRM, wished, tuple(rejected))

    def refusal(self, engine: str, route: Route, hints: RoutingHints) -> str | None:
        """Why ``engine`` may not serve ``route`` under ``hints``; None when it may."""
        spec = self.catalog.engines.get(engine)
        if spec is None:
            return "not in the catalog"
        if not spec.enabled:
            return "disabled in the catalog"
        if engine in self.unavailable:
            return self.unavailable[engine]
        return self._policy_refusal(engine, spec, route, hints) or _need_refusal(spec, route, hints)

    def alternatives(self, route: Route, chosen: str, hints: RoutingHints, limit: int = 4) -> tuple[Alternative, ...]:
        """Engines that would also do, best first by the profile's weights."""
        profile = self._profile(hints)
        found = [
            Alternative(
                name, _rank_score(spec, profile), spec.capability, spec.trust, spec.cost, spec.latency, spec.strengths
            )
            for name, spec in self.catalog.engines.items()
            if name not in {chosen, HUMAN_CONFIRM, "intent_router"} and self.refusal(name, route, hints) is None
        ]
        found.sort(key=lambda item: (-item.rank_score, item.engine))
        return tuple(found[:limit])

    def _vision_target(self, profile: ProfileSpec) -> str:
        """Where a request with a picture goes when nobody on its own way takes pictures."""
        usual = self.catalog.routing_targets.get(Route.VISION, HUMAN_CONFIRM)
        return profile.routing_targets.get(Route.VISION) or usual

    def _profile(self, hints: RoutingHints) -> ProfileSpec:
        return self.catalog.profiles.get(hints.profile or self.profile) or ProfileSpec()

    def _policy_refusal(self, engine: str, spec: EngineSpec, route: Route, hints: RoutingHints) -> str | None:
        return self._provider_refusal(spec, hints) or self._tier_refusal(engine, spec, route, hints)

    def _provider_refusal(self, spec: EngineSpec, hints: RoutingHints) -> str | None:
        policy = self.catalog.provider_policy
        if policy.provider_allowlist and spec.provider not in policy.provider_allowlist:
            return f"provider {spec.provider} is not on the allowlist"
        if spec.provider in policy.provider_denylist:
            return f"provider {spec.provider} is on the denylist"
        if not spec.local and (policy.local_only or not policy.hosted_allowed):
            return "hosted providers are not allowed"
        if not spec.local and self._profile(hints).local_only:
            return "the profile keeps prompts on this machine"
        return None

    def _tier_refusal(self, engine: str, spec: EngineSpec, route: Route, hints: RoutingHints) -> str | None:
        policy, profile = self.catalog.provider_policy, self._profile(hints)
        pool = policy.route_pools.get(route, ())
        if pool and engine not in pool:
            return f"not in the pool of route {route}"
        for limit in (policy.max_cost_tier, profile.max_cost_tier, hints.max_cost_tier):
            if limit is not None and rank(spec.cost_tier) > rank(limit):
                return f"cost tier {spec.cost_tier} is above {limit}"
        quick = LatencyTier.MEDIUM if hints.latency_sensitive else None
        for slowest in (policy.max_latency_tier, profile.max_latency_tier, hints.max_latency_tier, quick):
            if slowest is not None and rank(spec.latency_tier) > rank(slowest):
                return f"latency tier {spec.latency_tier} is above {slowest}"
        return None


def _needed(route: Route, hints: RoutingHints) -> set[str]:
    """What an engine must take or make besides text. A picture is sent along whatever the words ask for."""
    needed = set(hints.required_modalities)
    if has_image(hints):
        needed.add("image")
    if route in _NEEDED_MODALITY:
        needed.add(_NEEDED_MODALITY[route])
    return needed


def _need_refusal(spec: EngineSpec, route: Route, hints: RoutingHints) -> str | None:
    missing = sorted(_needed(route, hints) - set(spec.modalities))
    if missing:
        return f"does not take {' or '.join(missing)}"
    if hints.needs_tools and not spec.supports_tools:
        return "does not take tools"
    if hints.context_tokens is not None and hints.context_tokens > spec.max_context:
        return f"context of {spec.max_context} tokens is too small for {hints.context_tokens}"
    return None


def _rank_score(spec: EngineSpec, profile: ProfileSpec) -> int:
    """0-100: the profile's weighted mean of what the engine is good at."""
    parts = (
        (profile.capability, spec.capability),
        (profile.trust, spec.trust),
        (profile.cost, 100 - spec.cost),
        (profile.latency, 100 - spec.latency),
    )
    whole = sum(weight for weight, _ in parts)
    return sum(weight * value for weight, value in parts) // whole if whole else 0


def has_image(hints: RoutingHints) -> bool:
    """Whether a picture came with the ask."""
    return Attachment.IMAGE in hints.attachments
