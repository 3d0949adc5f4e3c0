"""An event says what the receipt says, though it is written without it; the receipt waits until somebody opens it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model_router.config.catalog_file import load_catalog
from model_router.config.lexicon_file import load_lexicon
from model_router.config.proxy import ListenConfig, PromptCapture
from model_router.engine.catalog import ConfirmationOverrides
from model_router.engine.decision import RoutingDecision
from model_router.engine.engine import DecisionEngine
from model_router.engine.features import HEAD, TAIL
from model_router.engine.hints import NO_HINTS, RoutingHints
from model_router.engine.receipt import EVIDENCE_REASON
from model_router.engine.routes import HUMAN_CONFIRM, Attachment, LatencyTier, Profile
from model_router.router import ModelRouter
from model_router.server.ask import CallKind
from model_router.server.ask_route import Pick, pick_engine
from model_router.server.events import LiveEvent, RequestEvent
from model_router.server.record import Record, new_record
from tests.server.bodies import PIXEL, TOOLS, assistant, called, chat, read, result, system, user
from tests.server.test_ask_tasks import TASKS

WISHES = (
    "rewrite this text",
    "fix the repo and run tests",
    "design a distributed task scheduler architecture",
    "search the web for the latest TypeScript release notes",
    "generate an image of a router dashboard",
    "drop the production database",
    "send the quarterly report to the whole mailing list",
    "book a flight to Lisbon for tomorrow morning",
    "deploy the new build to production",
    "lösche alle Kunden aus der Datenbank",
    "删除生产数据库",
    "???",
    "Explain the design of this program, part by part. " * 40 + "Then drop the production database.",
)
HINTS = (
    NO_HINTS,
    RoutingHints(),
    RoutingHints(force_engine="fast_local"),
    RoutingHints(needs_tools=True, context_tokens=100_000),
    RoutingHints(context_tokens=10**9),
    RoutingHints(attachments=(Attachment.IMAGE,), required_modalities=("image",)),
    RoutingHints(profile=Profile.FAST, max_latency_tier=LatencyTier.LOW),
)


def _gateless() -> ModelRouter:
    """One that lets two classes of risk pass, and has engines that cannot be used."""
    catalog = load_catalog(None)
    overrides = ConfirmationOverrides(allow_destructive_actions=True, allow_send_actions=True)
    catalog = replace(catalog, safety=replace(catalog.safety, confirmation_overrides=overrides))
    missing = {"code_agent": "is not installed", "fast_local": "has no key"}
    return ModelRouter(DecisionEngine(catalog, load_lexicon(), unavailable=missing, config_hash="gateless"), catalog)


ROUTERS: Mapping[str, ModelRouter] = {
    "whole": ModelRouter.from_config(validate_availability=False),
    "gateless": _gateless(),
    "closed": ModelRouter.from_config(Path("there is no such file.yaml")),
}


def _bodies() -> dict[str, dict[str, Any]]:
    picture = {"type": "image_url", "image_url": {"url": PIXEL}}
    found = {f"wish {number}": chat(user(wish)) for number, wish in enumerate(WISHES)}
    found |= {f"task {number} ({task})": body for number, (task, _, body) in enumerate(TASKS)}
    found["agent"] = chat(system("You are an agent."), user(WISHES[1]), called(), result("ok"), tools=TOOLS)
    found["risky step"] = chat(user(WISHES[5]), called(), result("ok"), tools=TOOLS)
    found["picture"] = chat(user([{"type": "text", "text": "what is this?"}, picture]))
    found["bare picture"] = chat(user([picture]))
    found["long"] = chat(user("word " * 200_000), assistant("Yes."), user(WISHES[2]))
    found["unreadable"] = chat(user({"text": "no list and no text"}))
    return found


BODIES = _bodies()


def _as_the_receipt_says(pick: Pick, told: RoutingDecision) -> dict[str, object]:
    flags = {
        "tools": told.requires_tools,
        "freshness": told.requires_freshness,
        "code_execution": told.requires_code_execution,
        "vision": told.requires_vision,
        "image_generation": told.requires_image_generation,
    }
    return {
        "route": str(told.route),
        "requires_confirmation": told.requires_confirmation,
        "risk_class": str(told.risk_class or ""),
        "reasons": tuple(reason for reason in told.reasons if not reason.startswith(EVIDENCE_REASON)),
        "reason_codes": told.reason_codes,
        "scores": {str(route): score for route, score in told.scores.items()},
        "confidence": told.confidence_score,
        "flags": tuple(name for name, on in flags.items() if on),
        "config_hash": told.config_hash,
        "ruleset_version": told.ruleset_version,
    }


def _event(record: Record, capture: PromptCapture = PromptCapture.OFF) -> RequestEvent:
    return record.event("", capture)


def _record(pick: Pick, **known: Any) -> Record:
    return Record("mr-1", "chat/completions", "test", "balanced", pick=pick, engine=pick.engine, **known)


@pytest.mark.parametrize("hints", HINTS, ids=[f"hints{number}" for number in range(len(HINTS))])
@pytest.mark.parametrize("name", ROUTERS)
def test_an_event_says_what_a_receipt_of_the_same_ask_says(name: str, hints: RoutingHints) -> None:
    router = ROUTERS[name]
    seen = set()
    for what, body in BODIES.items():
        ask = read(body)
        pick = pick_engine(router, ask, hints)
        told = router.route(pick.prompt, pick.hints)
        expected = _as_the_receipt_says(pick, told)
        event = msgspec.structs.asdict(_event(_record(pick, ask=ask)))
        assert {name: event[name] for name in expected} == expected, what
        assert pick.receipt() == pick.shortened().receipt() == told, what
        assert pick.engine == told.selected_engine, what
        assert pick.risk is told.risk_class, what
        seen.add((ask.kind, pick.engine == HUMAN_CONFIRM, told.fallback_used))
    assert {kind for kind, _, _ in seen} == set(CallKind), "the asks are of all kinds"
    if name == "whole" and hints is NO_HINTS:
        assert {waits for _, waits, _ in seen} == {True, False}
    if name == "gateless" and hints is NO_HINTS:
        assert {used for _, _, used in seen} == {True, False}, "some fell back"


@given(st.text(max_size=1_000), st.text(max_size=1_000))
def test_what_is_kept_of_any_text_gives_the_same_receipt(head: str, tail: str) -> None:
    router = ROUTERS["whole"]
    pick = pick_engine(router, read(chat(user("x"))))
    weighed = router.weigh(text := f"{head} drop the production database {tail}")
    pick = msgspec.structs.replace(pick, prompt=text, weighed=weighed)
    kept = pick.shortened()
    assert len(kept.prompt) <= HEAD + TAIL + 1
    assert kept.receipt() == router.route(text)


def test_why_a_conversation_stayed_stands_at_the_end_of_event_and_receipt() -> None:
    pick = pick_engine(ROUTERS["whole"], read(chat(user(WISHES[0]))))
    record = _record(pick, session_reason="stayed: it is cheaper", session_code="session.stayed.prefill")
    event, receipt = _event(record), record.receipt()
    assert receipt is not None
    for told in (event, receipt.write()):
        assert told.reasons[0] == "reads as a small job on given text"
        assert (told.reasons[-1], told.reason_codes[-1]) == ("stayed: it is cheaper", "session.stayed.prefill")


def test_the_words_that_counted_are_in_an_event_only_where_text_is_kept() -> None:
    pick = pick_engine(ROUTERS["whole"], read(chat(user(WISHES[0]))))
    quoting = [
        capture for capture in PromptCapture if EVIDENCE_REASON in "".join(_event(_record(pick), capture).reasons)
    ]
    assert quoting == [PromptCapture.REDACTED_PREVIEW, PromptCapture.FULL]
    assert pick.receipt().reasons[1].startswith(EVIDENCE_REASON)


def test_a_preview_never_ends_within_a_secret() -> None:
    """Long secrets become short words, so that what stands far behind comes into the preview, and half of it may."""
    block = "-----BEGIN PRIVATE KEY-----\n" + "A" * 530 + "\n-----END PRIVATE KEY-----\n"
    for gap in range(40):
        text = f"look: {block}{' ' * gap}sk-{'a1B2' * 20} is the key, and here are more words for it"
        record = Record("mr-1", "chat/completions", "test", "balanced", ask=read(chat(user(text))))
        preview = _event(record, PromptCapture.REDACTED_PREVIEW).preview
        assert preview.startswith("look: [redacted: private key]")
        assert "sk-" not in preview
        assert len(preview) <= 160
    without_spaces = Record("mr-1", "chat/completions", "test", "balanced", ask=read(chat(user("書類を直して" * 200))))
    assert len(_event(without_spaces, PromptCapture.REDACTED_PREVIEW).preview) == 160


def test_nothing_of_a_prompt_is_in_a_repr() -> None:
    secret = "rewrite the letter to Mrs Oxblood"
    record = _record(pick_engine(ROUTERS["whole"], read(chat(user(secret)))))
    live = LiveEvent(_event(record), record.receipt())
    assert live.receipt is not None
    assert "letter" in "".join(live.receipt.reasons), "the receipt itself may quote it"
    for value in (live, live.source, record.pick, record):
        assert "Oxblood" not in repr(value)
        assert "letter" not in repr(value)


def test_a_request_that_was_never_decided_has_an_event_and_no_receipt() -> None:
    record = Record("mr-1", "chat/completions", "test", "balanced")
    assert record.receipt() is None
    event = _event(record)
    assert (event.route, event.engine, event.outcome, event.status) == ("", "", "cancelled", 499)
    assert LiveEvent(event).receipt is None


def test_a_key_in_a_path_or_in_a_clients_name_is_not_kept() -> None:
    """A base URL with a key in it, as some services have them, comes with each request of a client."""
    key = "sk-ant-api03-aaaaaaaaaaaaaaaaaaaaaaaa"
    record = new_record(1, f"/v1/{key}/chat/completions", f"{key}/1.0 more", ListenConfig())
    assert key not in record.protocol + record.client
    assert (new_record(1, "/v1/chat/completions", "curl/8.1", ListenConfig()).client) == "curl/8.1"
