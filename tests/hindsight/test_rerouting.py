"""A past request is decided again without its text, and comes out as it would with it."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from model_router.cli.bench import PROMPTS
from model_router.config.proxy import PromptCapture
from model_router.hindsight.rerouting import (
    CLOSED,
    NOT_DECIDED,
    RULES_CHANGED,
    UNREADABLE,
    NotRerouted,
    Rerouted,
    Rerouter,
    reroute,
    whole_text,
)
from model_router.router import ModelRouter
from tests.hindsight.conftest import Draft
from tests.hindsight.past import routed

ASKS = [
    *PROMPTS,
    "send the invoice to all customers now",
    "buy two tickets to Lisbon",
    "how do I delete a branch in git?",
    "lösche alle Benutzerkonten",
    "hm",
    "",
]
PICTURE: dict[str, Any] = {
    "messages": [
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "what is this?"},
                {"type": "image_url", "image_url": {"url": "data:image/png;base64," + "A" * 4_000}},
            ],
        }
    ]
}
LARGE: dict[str, Any] = {
    "messages": [{"role": "system", "content": "x" * 90_000}, {"role": "user", "content": "fix the repo and run tests"}]
}
TOOLS: dict[str, Any] = {"tools": [{"type": "function", "function": {"name": "read", "parameters": {}}}]}
DRAFTS: list[dict[str, Any]] = [
    {},
    {"routing_targets": {"coding": "reasoning_local", "simple": "balanced_local"}},
    {"engines": {"code_agent": {"enabled": False}, "multimodal_vision": {"enabled": False}}},
    {"safety": {"require_human_confirmation": False}},
    {"safety": {"confirmation_overrides": {"allow_send_actions": True, "allow_destructive_actions": True}}},
    {"provider_policy": {"max_latency_tier": "low"}},
    {"engines": {"reasoning_local": {"max_context": 1_000}, "code_agent": {"max_context": 1_000}}},
]


@pytest.mark.parametrize("changes", DRAFTS)
def test_stored_scores_decide_as_the_text_does(router: ModelRouter, draft: Draft, changes: dict[str, Any]) -> None:
    """Whatever the configuration becomes: targets, engines, safety, policy, lengths."""
    now = ModelRouter.from_config(draft(**changes), validate_availability=False)
    assert now.config_valid
    compared = 0
    for text in ASKS:
        for body in (None, PICTURE, LARGE, TOOLS):
            for force in (None, "reasoning_local"):
                past = routed(router, text, force=force, body=body)
                with_text = routed(now, text, force=force, body=body)
                again = reroute(now, past)
                assert isinstance(again, Rerouted)
                assert again.basis == "scores"
                assert (again.engine, str(again.decision.route)) == (with_text.decided, with_text.route), (text, force)
                assert again.decision.risk_class == (with_text.risk_class or None)
                assert again.decision.confidence_score == with_text.confidence
                compared += 1
    assert compared == len(ASKS) * 8


def test_under_the_same_configuration_everything_comes_out_the_same(router: ModelRouter) -> None:
    for text in ASKS:
        past = routed(router, text)
        again = reroute(router, past)
        assert isinstance(again, Rerouted)
        assert again.engine == past.decided


def test_what_many_events_share_is_worked_out_once_and_right(router: ModelRouter, draft: Draft) -> None:
    now = ModelRouter.from_config(draft(**DRAFTS[4]), validate_availability=False)
    rerouter = Rerouter(now)
    for text in ASKS * 2:
        for body in (None, PICTURE, LARGE, TOOLS):
            past = routed(router, text, body=body)
            quick, slow = rerouter(past), reroute(now, past)
            assert isinstance(quick, Rerouted)
            assert isinstance(slow, Rerouted)
            assert quick.engine == slow.engine


def test_a_text_that_was_kept_is_read_again(router: ModelRouter) -> None:
    kept = routed(router, "fix the repo and run tests", capture=PromptCapture.FULL, ruleset_version="0.other")
    again = reroute(router, kept)
    assert isinstance(again, Rerouted)
    assert (again.basis, again.engine) == ("text", "code_agent")


def test_a_preview_counts_only_when_it_is_the_whole_text(router: ModelRouter) -> None:
    short = routed(router, "fix the repo", capture=PromptCapture.REDACTED_PREVIEW)
    long = routed(router, "fix the repo " * 30, capture=PromptCapture.REDACTED_PREVIEW)
    secret = routed(router, "fix it with sk-abcdefghijklmnop1234", capture=PromptCapture.FULL)
    assert whole_text(short) == "fix the repo"
    assert whole_text(long) is None
    assert "[redacted: key]" in secret.preview
    assert whole_text(secret) is None
    again = reroute(router, secret)
    assert isinstance(again, Rerouted)
    assert again.basis == "scores"


def test_a_client_s_housekeeping_needs_no_text(router: ModelRouter, draft: Draft) -> None:
    now = ModelRouter.from_config(draft(routing_targets={"simple": "balanced_local"}), validate_availability=False)
    past = msgspec.structs.replace(routed(router, "rewrite this text"), kind="utility:title", ruleset_version="0.other")
    again = reroute(now, past)
    assert isinstance(again, Rerouted)
    assert (again.basis, again.engine) == ("kind", "balanced_local")


def test_what_cannot_be_read_waits_for_a_person_again(router: ModelRouter) -> None:
    body = {"messages": [{"role": "user", "content": 17}]}
    past = routed(router, "", body=body)
    assert "unreadable" in past.structure
    again = reroute(router, past)
    assert isinstance(again, Rerouted)
    assert again.engine == past.decided == "human_confirm"


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"ruleset_version": "0.other"}, RULES_CHANGED),
        ({"route": ""}, NOT_DECIDED),
        ({"ruleset_version": "closed"}, CLOSED),
        ({"route": "poetry"}, UNREADABLE),
        ({"scores": {"coding": 0}}, UNREADABLE),
        ({"kind": "dream"}, UNREADABLE),
        ({"risk_class": "boredom"}, UNREADABLE),
        ({"attachments": ("smell",)}, UNREADABLE),
    ],
)
def test_what_cannot_be_decided_again_says_why(router: ModelRouter, changed: dict[str, Any], why: NotRerouted) -> None:
    assert reroute(router, routed(router, "fix the repo and run tests", **changed)) == why


def test_an_event_holds_no_word_of_its_ask(router: ModelRouter) -> None:
    raw = msgspec.json.encode(routed(router, "walrus tangerine: fix the repo and run tests", body=TOOLS)).decode()
    assert "walrus" not in raw
    assert "tangerine" not in raw
