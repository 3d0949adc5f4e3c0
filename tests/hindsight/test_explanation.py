"""Why a request went where it went, from the event alone, and where it would go now."""

from __future__ import annotations

import json

import pytest

from model_router.hindsight.explanation import explain, why
from model_router.hindsight.labels import Label
from model_router.hindsight.rerouting import RULES_CHANGED
from model_router.router import ModelRouter
from tests.hindsight.conftest import Draft
from tests.hindsight.past import past_event, routed


def test_nothing_has_changed(router: ModelRouter) -> None:
    found = explain(routed(router, "fix the repo and run tests"), router)
    assert (found.config_changed, found.rules_changed, found.would_differ) == (False, False, False)
    assert "reads as code or a command" in why(found.event)
    assert any("coding is" in line and "ahead of" in line for line in why(found.event))


def test_another_catalog_is_named_with_where_it_would_go(router: ModelRouter, draft: Draft) -> None:
    now = ModelRouter.from_config(draft(routing_targets={"coding": "reasoning_local"}), validate_availability=False)
    found = explain(routed(router, "fix the repo and run tests"), now)
    assert (found.config_changed, found.rules_changed, found.would_differ) == (True, False, True)
    told = found.to_dict()
    assert told["now"]["engine"] == "reasoning_local"
    assert told["config_hash_now"] == now.config_hash
    json.dumps(told)


def test_other_rules_without_text_are_said_not_guessed(router: ModelRouter) -> None:
    found = explain(routed(router, "fix the repo and run tests", ruleset_version="0.old"), router)
    assert (found.rules_changed, found.would_differ, found.now) == (True, None, RULES_CHANGED)


def test_without_a_usable_catalog_nothing_is_claimed(router: ModelRouter, draft: Draft) -> None:
    closed = ModelRouter.from_config(draft(engines=7))
    found = explain(routed(router, "fix the repo and run tests"), closed)
    assert not closed.config_valid
    assert (found.now, found.would_differ) == (None, None)


def test_a_person_s_label_stands_beside_it(router: ModelRouter) -> None:
    label = Label(time=1.0, request_id="mr-1", engine="fast_local", notes="too big")
    assert explain(routed(router, "hm"), router, label).to_dict()["label"]["notes"] == "too big"


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"kind": "utility:title"}, "a call of the client's own (title)"),
        ({"kind": "tool_turn"}, "a step within an agent's work"),
        ({"asked": "engine:codex"}, "the client asked for the engine codex"),
        ({"decided": "fast_local"}, "the router picked fast_local; it was served by code_agent"),
        ({"fallback": True, "backend": "two"}, "the first backend could not be used, so two was asked"),
        ({"failures": ("one: refused",)}, "tried without an answer: one: refused"),
        ({"session_reason": "stayed: it is long"}, "stayed: it is long"),
        ({"risk_class": "send"}, "risk send: the order sends something to somebody"),
        ({"engine": "human_confirm", "backend": ""}, "so it waits for a person and was sent nowhere"),
        ({"scores": {"coding": 0, "simple": -2}, "confidence": 51}, "coding is 2 ahead of simple, confidence 51"),
        ({"engine": "human_confirm", "backend": "", "reason_codes": ("approval.denied",)}, "so it was sent nowhere"),
        (
            {"route": "", "engine": "", "error": "it has no messages"},
            "refused before it was routed: it has no messages",
        ),
        ({"route": "poetry"}, "read as poetry"),
    ],
)
def test_everything_that_counted_is_said(changed: dict[str, object], words: str) -> None:
    assert any(words in line for line in why(past_event(**changed)))  # type: ignore[arg-type]  # fields of the event
