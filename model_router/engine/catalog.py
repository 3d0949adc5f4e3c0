"""The catalog: engines, targets, safety and provider policy, as frozen values.

Built by :mod:`model_router.config` from YAML (the metadata of each field says what the file may hold and becomes the
JSON Schema), or by hand in a test. Names of keys are those of the file, SPEC section 3.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from model_router.engine.routes import (
    DEFAULT_TARGETS,
    AvailabilityStatus,
    CostTier,
    LatencyTier,
    Profile,
    RiskClass,
    Route,
)


@dataclass(frozen=True, slots=True)
class Availability:
    """Whether an engine can be used on this machine."""

    status: AvailabilityStatus = field(
        default=AvailabilityStatus.AUTO, metadata={"doc": "auto looks at the lists below; the others are your word"}
    )
    required_env: tuple[str, ...] = field(default=(), metadata={"doc": "environment variables that must be set"})
    required_commands: tuple[str, ...] = field(default=(), metadata={"doc": "programs that must be on the PATH"})
    required_paths: tuple[str, ...] = field(default=(), metadata={"doc": "files or folders that must exist"})


@dataclass(frozen=True, slots=True)
class EngineSpec:
    """One engine of the catalog. ``capability trust cost latency`` are 0-100 and rank alternatives only."""

    provider: str = field(default="local", metadata={"doc": "who runs it; the provider policy speaks of these names"})
    model: str = field(default="", metadata={"doc": "the model's name, for people; the proxy file names the real one"})
    adapter: str = field(default="local_chat", metadata={"doc": "what would carry a request out, for dispatch plans"})
    strengths: tuple[str, ...] = field(default=(), metadata={"doc": "what it is good at, for people"})
    max_context: int = field(default=8192, metadata={"doc": "context length in tokens", "min": 1})
    cost_tier: CostTier = field(default=CostTier.FREE, metadata={"doc": "what a request costs"})
    latency_tier: LatencyTier = field(default=LatencyTier.MEDIUM, metadata={"doc": "how long a request waits"})
    capability: int = field(default=50, metadata={"doc": "0-100, higher is better", "min": 0, "max": 100})
    trust: int = field(default=50, metadata={"doc": "0-100, higher is better", "min": 0, "max": 100})
    cost: int = field(default=50, metadata={"doc": "0-100, higher is dearer", "min": 0, "max": 100})
    latency: int = field(default=50, metadata={"doc": "0-100, higher is slower", "min": 0, "max": 100})
    supports_tools: bool = field(default=False, metadata={"doc": "takes tool definitions"})
    modalities: tuple[str, ...] = field(default=(), metadata={"doc": "what it takes or makes besides text"})
    enabled: bool = field(default=True, metadata={"doc": "false takes it out of every decision"})
    fallback: str | None = field(default=None, metadata={"doc": "the engine to try when this one cannot be used"})
    availability: Availability = field(default_factory=Availability)

    @property
    def local(self) -> bool:
        """Whether prompts stay on this machine."""
        return self.provider in {"local", "human"}


@dataclass(frozen=True, slots=True)
class ConfirmationOverrides:
    """Risk classes that may pass without a person. Each is off unless the file says otherwise."""

    allow_destructive_actions: bool = False
    allow_send_actions: bool = False
    allow_purchase_actions: bool = False
    allow_high_impact_external_actions: bool = False
    allow_ambiguous_high_impact: bool = False

    def allowed(self) -> frozenset[RiskClass]:
        """The classes that pass."""
        flags = {
            RiskClass.DESTRUCTIVE: self.allow_destructive_actions,
            RiskClass.SEND: self.allow_send_actions,
            RiskClass.PURCHASE: self.allow_purchase_actions,
            RiskClass.EXTERNAL: self.allow_high_impact_external_actions,
            RiskClass.AMBIGUOUS: self.allow_ambiguous_high_impact,
        }
        return frozenset(risk for risk, on in flags.items() if on)


@dataclass(frozen=True, slots=True)
class SafetyPolicy:
    """Whether risky orders wait for a person."""

    require_human_confirmation: bool = field(
        default=True, metadata={"doc": "false lets every risky order pass; receipts still name it"}
    )
    confirmation_overrides: ConfirmationOverrides = field(default_factory=ConfirmationOverrides)


@dataclass(frozen=True, slots=True)
class ProviderPolicy:
    """Which providers may be used. Caller hints may narrow this, never loosen it."""

    version: int = field(default=1, metadata={"min": 1})
    provider_allowlist: tuple[str, ...] = field(default=(), metadata={"doc": "empty: every provider"})
    provider_denylist: tuple[str, ...] = ()
    local_only: bool = field(default=False, metadata={"doc": "only providers on this machine"})
    hosted_allowed: bool = True
    max_cost_tier: CostTier | None = None
    max_latency_tier: LatencyTier | None = None
    route_pools: Mapping[Route, tuple[str, ...]] = field(
        default_factory=lambda: MappingProxyType({}), metadata={"doc": "route: the only engines it may use"}
    )


@dataclass(frozen=True, slots=True)
class ProfileSpec:
    """How much each of an engine's numbers counts when alternatives are ranked, and what a profile rules out."""

    capability: int = field(default=40, metadata={"min": 0, "max": 100})
    trust: int = field(default=20, metadata={"min": 0, "max": 100})
    cost: int = field(default=20, metadata={"min": 0, "max": 100})
    latency: int = field(default=20, metadata={"min": 0, "max": 100})
    local_only: bool = False
    max_cost_tier: CostTier | None = None
    max_latency_tier: LatencyTier | None = None
    routing_targets: Mapping[Route, str] = field(
        default_factory=lambda: MappingProxyType({}), metadata={"doc": "route: engine, instead of the usual target"}
    )


DEFAULT_PROFILES: Mapping[Profile, ProfileSpec] = MappingProxyType(
    {
        Profile.FAST: ProfileSpec(capability=15, trust=10, cost=15, latency=60),
        Profile.BALANCED: ProfileSpec(),
        Profile.QUALITY: ProfileSpec(capability=70, trust=20, cost=5, latency=5),
        Profile.PRIVATE: ProfileSpec(capability=30, trust=50, cost=10, latency=10, local_only=True),
        Profile.SAFE: ProfileSpec(capability=25, trust=60, cost=10, latency=5),
    }
)


@dataclass(frozen=True, slots=True)
class Catalog:
    """Everything that ``model_router.yaml`` says."""

    schema_version: int = field(default=1, metadata={"doc": "version of this file's format", "min": 1, "max": 1})
    routing_targets: Mapping[Route, str] = field(
        default_factory=lambda: MappingProxyType(DEFAULT_TARGETS), metadata={"doc": "route: engine"}
    )
    safety: SafetyPolicy = field(default_factory=SafetyPolicy)
    provider_policy: ProviderPolicy = field(default_factory=ProviderPolicy)
    profiles: Mapping[Profile, ProfileSpec] = field(default_factory=lambda: DEFAULT_PROFILES)
    engines: Mapping[str, EngineSpec] = field(default_factory=lambda: MappingProxyType({}))
