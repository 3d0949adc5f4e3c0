"""Targets, fallbacks and limits, on catalogs made for the purpose."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model_router.config.catalog_file import load_catalog
from model_router.engine.catalog import Catalog, EngineSpec, ProviderPolicy
from model_router.engine.hints import NO_HINTS, RoutingHints, parse_hints
from model_router.engine.policy import Policy
from model_router.engine.routes import HUMAN_CONFIRM, CostTier, LatencyTier, Route


def catalog(engines: dict[str, EngineSpec], **changes: object) -> Catalog:
    targets = {Route.SIMPLE: "one", Route.CONFIRMATION: HUMAN_CONFIRM}
    return Catalog(routing_targets=targets, engines=MappingProxyType(engines), **changes)  # type: ignore[arg-type]  # from tests


def test_the_target_wins_when_nothing_speaks_against_it() -> None:
    policy = Policy(catalog({"one": EngineSpec(), "two": EngineSpec(capability=100)}), {})
    assert policy.choose(Route.SIMPLE, NO_HINTS).engine == "one"


def test_numbers_never_move_a_request_away_from_its_target() -> None:
    engines = {"one": EngineSpec(capability=0, trust=0), "two": EngineSpec(capability=100, trust=100)}
    policy = Policy(catalog(engines), {})
    assert policy.choose(Route.SIMPLE, NO_HINTS).engine == "one"
    assert [a.engine for a in policy.alternatives(Route.SIMPLE, "one", NO_HINTS)] == ["two"]


def test_a_fallback_chain_is_walked_and_every_refusal_is_named() -> None:
    engines = {
        "one": EngineSpec(enabled=False, fallback="two"),
        "two": EngineSpec(fallback="three"),
        "three": EngineSpec(),
    }
    choice = Policy(catalog(engines), {"two": "the program x is not on the PATH"}).choose(Route.SIMPLE, NO_HINTS)
    assert choice.engine == "three"
    assert choice.fallback_used
    assert [(r.engine, r.reason) for r in choice.rejected] == [
        ("one", "disabled in the catalog"),
        ("two", "the program x is not on the PATH"),
    ]


def test_a_loop_of_fallbacks_ends_at_a_person() -> None:
    engines = {"one": EngineSpec(enabled=False, fallback="two"), "two": EngineSpec(enabled=False, fallback="one")}
    assert Policy(catalog(engines), {}).choose(Route.SIMPLE, NO_HINTS).engine == HUMAN_CONFIRM


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(st.sampled_from("abcdef"), st.tuples(st.booleans(), st.sampled_from("abcdefx")), min_size=1))
def test_any_web_of_fallbacks_ends(web: dict[str, tuple[bool, str]]) -> None:
    engines = {name: EngineSpec(enabled=on, fallback=to) for name, (on, to) in web.items()}
    targets = {Route.SIMPLE: sorted(web)[0]}
    chosen = Policy(Catalog(routing_targets=targets, engines=engines), {}).choose(Route.SIMPLE, NO_HINTS).engine
    assert chosen == HUMAN_CONFIRM or engines[chosen].enabled


def test_a_forced_engine_wins_over_the_target_but_not_over_policy() -> None:
    engines = {"one": EngineSpec(), "two": EngineSpec(provider="hosted")}
    force = RoutingHints(force_engine="two")
    assert Policy(catalog(engines), {}).choose(Route.SIMPLE, force).engine == "two"
    closed = catalog(engines, provider_policy=ProviderPolicy(local_only=True))
    choice = Policy(closed, {}).choose(Route.SIMPLE, force)
    assert choice.engine == "one"
    assert choice.rejected[0].engine == "two"


def test_a_forced_engine_never_passes_a_confirmation() -> None:
    policy = Policy(catalog({"one": EngineSpec(), "two": EngineSpec()}), {})
    assert policy.choose(Route.CONFIRMATION, RoutingHints(force_engine="two")).engine == HUMAN_CONFIRM


@pytest.mark.parametrize(
    ("spec", "hints", "reason"),
    [
        (EngineSpec(cost_tier=CostTier.HIGH), {"max_cost_tier": "low"}, "cost tier"),
        (EngineSpec(latency_tier=LatencyTier.HIGH), {"max_latency_tier": "medium"}, "latency tier"),
        (EngineSpec(latency_tier=LatencyTier.HIGH), {"latency_sensitive": True}, "latency tier"),
        (EngineSpec(max_context=1000), {"context_tokens": 1001}, "context"),
        (EngineSpec(), {"needs_tools": True}, "tools"),
        (EngineSpec(), {"required_modalities": ["audio"]}, "audio"),
        (EngineSpec(provider="hosted"), {"profile": "private"}, "machine"),
    ],
)
def test_each_limit_is_kept_and_named(spec: EngineSpec, hints: dict[str, object], reason: str) -> None:
    choice = Policy(catalog({"one": spec}), {}).choose(Route.SIMPLE, parse_hints(hints))
    assert choice.engine == HUMAN_CONFIRM
    assert reason in choice.rejected[0].reason


def test_a_caller_can_narrow_the_policy_but_not_loosen_it() -> None:
    dear = catalog(
        {"one": EngineSpec(cost_tier=CostTier.MEDIUM)}, provider_policy=ProviderPolicy(max_cost_tier=CostTier.LOW)
    )
    assert Policy(dear, {}).choose(Route.SIMPLE, RoutingHints(max_cost_tier=CostTier.HIGH)).engine == HUMAN_CONFIRM


def test_a_pool_names_the_only_engines_of_a_route() -> None:
    engines = {"one": EngineSpec(fallback="two"), "two": EngineSpec()}
    pooled = catalog(engines, provider_policy=ProviderPolicy(route_pools={Route.SIMPLE: ("two",)}))
    assert Policy(pooled, {}).choose(Route.SIMPLE, NO_HINTS).engine == "two"


def test_a_picture_needs_an_engine_that_takes_pictures() -> None:
    packaged = load_catalog(None)
    assert Policy(packaged, {}).choose(Route.VISION, NO_HINTS).engine == "multimodal_vision"
    blind = {name: replace(spec, modalities=()) for name, spec in packaged.engines.items()}
    choice = Policy(replace(packaged, engines=blind), {}).choose(Route.VISION, NO_HINTS)
    assert choice.engine == HUMAN_CONFIRM
    assert "image" in choice.rejected[0].reason
