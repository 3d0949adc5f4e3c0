"""Confirmation comes first, and only the person's own file can let a class pass."""

from __future__ import annotations

from dataclasses import replace

import pytest

from model_router.config.catalog_file import load_catalog
from model_router.config.lexicon_file import load_lexicon
from model_router.engine.catalog import ConfirmationOverrides, SafetyPolicy
from model_router.engine.engine import DecisionEngine
from model_router.engine.hints import NO_HINTS, parse_hints

ORDERS = {
    "drop the production database": ("destructive", "allow_destructive_actions"),
    "send the quarterly report to the whole mailing list": ("send", "allow_send_actions"),
    "book a flight to Lisbon for tomorrow morning": ("purchase", "allow_purchase_actions"),
    "deploy the new build to production": ("external", "allow_high_impact_external_actions"),
}


def engine(safety: SafetyPolicy) -> DecisionEngine:
    catalog = replace(load_catalog(None), safety=safety)
    return DecisionEngine(catalog, load_lexicon(), unavailable={}, config_hash="test")


@pytest.mark.parametrize(("order", "risk"), [(order, risk) for order, (risk, _) in ORDERS.items()])
def test_an_order_of_each_class_waits(order: str, risk: str) -> None:
    decision = engine(SafetyPolicy()).decide(order)
    assert decision.selected_engine == "human_confirm"
    assert decision.risk_class == risk


@pytest.mark.parametrize(("order", "flag"), [(order, flag) for order, (_, flag) in ORDERS.items()])
def test_an_override_lets_its_own_class_pass_and_says_so(order: str, flag: str) -> None:
    decision = engine(SafetyPolicy(confirmation_overrides=ConfirmationOverrides(**{flag: True}))).decide(order)
    assert decision.selected_engine != "human_confirm"
    assert "safety.overridden" in decision.reason_codes
    for other, (_, other_flag) in ORDERS.items():
        if other_flag != flag:
            alone = engine(SafetyPolicy(confirmation_overrides=ConfirmationOverrides(**{flag: True})))
            assert alone.decide(other).selected_engine == "human_confirm"


def test_the_gate_can_be_taken_off_in_the_file_alone() -> None:
    off = engine(SafetyPolicy(require_human_confirmation=False))
    for order in ORDERS:
        assert off.decide(order).selected_engine != "human_confirm"


@pytest.mark.parametrize(
    "hints",
    [
        {"force_engine": "fast_local"},
        {"profile": "fast"},
        {"latency_sensitive": True},
        {"attachments": ["code"]},
        {"attachments": ["image"]},
        {"attachments": ["image", "pdf", "audio"]},
        {"required_modalities": ["image"]},
        {"needs_tools": True, "context_tokens": 100_000},
        {"max_cost_tier": "free", "max_latency_tier": "low"},
    ],
)
def test_no_hint_takes_the_gate_off(hints: dict[str, object]) -> None:
    gate = engine(SafetyPolicy())
    for order in ORDERS:
        assert gate.select(order, parse_hints(hints)) == gate.select(order, NO_HINTS) == "human_confirm"


@pytest.mark.parametrize(
    "order",
    [
        "email this picture to all customers",
        "buy ten of these with my card",
        "deploy what the screenshot shows to production",
    ],
)
def test_a_picture_beside_an_order_makes_it_no_less_of_one(order: str) -> None:
    """No order of the corpus has a picture with it, so to the scores a picture speaks against every risk."""
    assert engine(SafetyPolicy()).select(order, parse_hints({"attachments": ["image"]})) == "human_confirm"


@pytest.mark.parametrize("wish", ["remove the background", "erase the date stamp", "what does the sign say?"])
def test_what_is_done_to_a_picture_is_no_order(wish: str) -> None:
    assert engine(SafetyPolicy()).select(wish, parse_hints({"attachments": ["image"]})) != "human_confirm"
