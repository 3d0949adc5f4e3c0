"""Whole conversations, turn by turn, as clients send them: where each request goes and what is said of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import pytest

from model_router.config.proxy import BackendConfig, PromptCapture, ProxyConfig
from model_router.engine.routes import DEFAULT_TARGETS, HUMAN_CONFIRM
from model_router.router import ModelRouter
from model_router.server.arrangement import arrange
from model_router.server.ask_route import Pick
from model_router.server.events import RequestEvent
from model_router.server.gateway import Gateway
from model_router.server.naming import Wanted
from model_router.server.record import Record
from model_router.server.routing import decide
from tests.server.bodies import PIXEL, TOOLS, assistant, called, read, result, system, user

CODING = "fix the repo and run tests"
SMALL = "rewrite this text"
HARD = "design a distributed task scheduler architecture"
RISKY = "drop the production database"
PICTURE = {
    "role": "user",
    "content": [{"type": "text", "text": "hm"}, {"type": "image_url", "image_url": {"url": PIXEL}}],
}
PROMPT = system("You are an agent in a terminal. " + "Be brief. " * 4_000)
"""About 10,000 tokens, so that no conversation is short."""
NAMES = tuple(engine for engine in DEFAULT_TARGETS.values() if engine != HUMAN_CONFIRM)


@pytest.fixture(scope="module")
def router() -> ModelRouter:
    return ModelRouter.from_config(validate_availability=False)


@pytest.fixture
def gateway(router: ModelRouter) -> Gateway:
    """Not opened: decisions need neither client nor log. Every engine has a backend of its own."""
    backends = {name: BackendConfig("http://127.0.0.1:9/v1", name) for name in NAMES}
    config = ProxyConfig(
        backends=MappingProxyType(backends), engine_backends=MappingProxyType(dict(zip(NAMES, NAMES, strict=True)))
    )
    return Gateway(config, router, environ={})


@dataclass
class Conversation:
    """One client's conversation, with all that was said; ``tools`` as agents bring them along."""

    gateway: Gateway
    name: str = "talk"
    tools: bool = True
    said: list[dict[str, Any]] = field(default_factory=lambda: [PROMPT])

    def send(self, *turns: dict[str, Any]) -> RequestEvent:
        """Add turns, decide, and give the event that comes of it."""
        self.said += turns
        return self.decide(self.said)

    def decide(self, messages: Sequence[dict[str, Any]], *, tools: bool | None = None) -> RequestEvent:
        body = {"messages": messages, **({"tools": TOOLS} if (self.tools if tools is None else tools) else {})}
        ask = read(body, {"x-session-id": self.name})
        record = Record("mr-1", "chat", "test", "balanced", ask=ask)
        outcome = decide(self.gateway, ask, Wanted(), record)
        if isinstance(outcome, Pick):
            assert record.engine == "human_confirm"
            record.end("confirm", 409)
        return record.event("", PromptCapture.OFF)


@pytest.fixture
def talk(gateway: Gateway) -> Conversation:
    return Conversation(gateway)


def test_twenty_steps_of_an_agent_stay_whatever_the_tools_say(talk: Conversation) -> None:
    first = talk.send(user(CODING))
    assert (first.engine, first.session_code, first.session_reason) == ("code_agent", "", "")
    for number in range(20):
        text = [RISKY, "Search the web for the latest news!", "rewrite this text", "a proof by induction"][number % 4]
        event = talk.send(called(), result(text))
        assert (event.kind, event.engine, event.session_code) == ("tool_turn", "code_agent", "session.stayed.tool_turn")
        assert event.session_reason == "stayed: a step within the agent's work"


def test_the_receipt_and_the_event_say_why_it_stayed_and_what_leaving_costs(talk: Conversation) -> None:
    talk.send(user(CODING))
    event = talk.send(assistant("Done."), user(SMALL))
    assert event.engine == "code_agent"
    assert event.session_reason == "stayed: moving would prefill about 10k tokens again"
    assert event.session_code == "session.stayed.prefill"
    assert 9_950 < event.prefill_tokens < 10_500
    assert event.reasons[-1] == event.session_reason
    assert event.reason_codes[-1] == event.session_code
    assert event.route == "simple", "the receipt still says what the turn itself asks for"


def test_a_day_in_one_conversation(talk: Conversation) -> None:
    story = []
    for text in (SMALL, CODING, SMALL, HARD, "search the web for the latest TypeScript release notes", SMALL):
        event = talk.send(user(text))
        talk.send(assistant("Well."))
        story.append((event.engine, event.session_code.removeprefix("session.")))
    assert story == [
        ("fast_local", ""),
        ("code_agent", "moved.rose"),
        ("code_agent", "stayed.prefill"),
        ("reasoning_local", "moved.rose"),
        ("web_research", "moved.rose"),
        ("web_research", "stayed.prefill"),
    ]


def test_three_small_turns_in_a_row_move_it_down(talk: Conversation) -> None:
    talk.send(user(HARD))
    asks = ("rewrite this text", "rewrite this sentence", "translate this word")
    engines = [talk.send(assistant("Well."), user(text)).engine for text in asks]
    assert engines == ["reasoning_local", "reasoning_local", "fast_local"]


def test_a_short_conversation_moves_freely(gateway: Gateway) -> None:
    talk = Conversation(gateway, tools=False, said=[])
    assert talk.send(user(HARD)).engine == "reasoning_local"
    event = talk.send(assistant("Well."), user(SMALL))
    assert (event.engine, event.session_code) == ("fast_local", "session.moved.short")


def test_two_conversations_do_not_know_of_each_other(gateway: Gateway) -> None:
    one, two = Conversation(gateway, "one"), Conversation(gateway, "two")
    assert one.send(user(CODING)).engine == "code_agent"
    assert two.send(user(SMALL)).engine == "fast_local"
    for _ in range(3):
        assert one.send(called(), result(SMALL)).engine == "code_agent"
        assert two.send(assistant("Well."), user(SMALL)).engine == "fast_local"
    assert one.send(assistant("Done."), user(SMALL)).engine == "code_agent"


def test_a_risky_turn_is_blocked_and_the_next_harmless_one_stays(talk: Conversation, gateway: Gateway) -> None:
    talk.send(user(CODING))
    talk.send(assistant("Done."), user(SMALL))
    before = gateway.sessions.find("x-session-id:talk")
    blocked = talk.send(assistant("Well."), user(RISKY))
    assert (blocked.engine, blocked.outcome, blocked.session_code) == (HUMAN_CONFIRM, "confirm", "")
    assert gateway.sessions.find("x-session-id:talk") == before
    event = talk.send(user(SMALL))
    assert (event.engine, event.session_code) == ("code_agent", "session.stayed.prefill")


def test_a_step_of_a_risky_wish_that_nobody_let_through_is_blocked_in_any_conversation(talk: Conversation) -> None:
    talk.send(user(CODING))
    talk.send(user(RISKY))
    assert talk.send(called(), result("done")).outcome == "confirm"


def test_housekeeping_neither_moves_nor_touches_it(talk: Conversation, gateway: Gateway) -> None:
    talk.send(user(CODING))
    before = gateway.sessions.find("x-session-id:talk")
    title = talk.decide([system("You are a title generator."), user(HARD)], tools=False)
    assert (title.kind, title.engine, title.session_code) == ("utility:title", "fast_local", "")
    assert gateway.sessions.find("x-session-id:talk") == before
    assert talk.send(assistant("Done."), user(SMALL)).engine == "code_agent"


def test_a_picture_that_a_tool_brings_moves_the_work_to_eyes_and_it_stays_there(talk: Conversation) -> None:
    talk.send(user(CODING))
    shown = {"role": "tool", "tool_call_id": "1", "content": [{"type": "image_url", "image_url": {"url": PIXEL}}]}
    event = talk.send(called(), shown)
    assert (event.engine, event.session_code) == ("multimodal_vision", "session.moved.ability")
    assert event.session_reason == "moved: code_agent cannot take this step (does not take image)"
    for _ in range(3):
        event = talk.send(called(), result("ok"))
        assert (event.engine, event.session_code) == ("multimodal_vision", "session.stayed.tool_turn")
    assert talk.send(assistant("Done."), user(SMALL)).engine == "multimodal_vision"


def test_a_picture_of_the_person_moves_it(talk: Conversation) -> None:
    talk.send(user(SMALL))
    event = talk.send(assistant("Well."), PICTURE)
    assert event.engine == "multimodal_vision"
    assert event.session_reason == "moved: fast_local cannot take this turn (does not take image)"


def test_a_conversation_that_begins_anew_from_its_summary_stays(talk: Conversation) -> None:
    talk.send(user(CODING))
    begins = "This session is being continued from a previous conversation that ran out of context."
    summary = f"{begins} The conversation is summarized below:\nThe person wants the tests to pass."
    event = talk.decide([PROMPT, user(summary)])
    assert (event.engine, event.session_code) == ("code_agent", "session.stayed.continued")


def test_after_a_restart_the_first_step_is_decided_and_the_rest_follow_it(gateway: Gateway) -> None:
    talk = Conversation(gateway, said=[PROMPT, user(CODING)])
    first = talk.send(called(), result("ok"))
    assert (first.kind, first.engine, first.session_code) == ("tool_turn", "code_agent", "")
    assert talk.send(called(), result("ok")).session_code == "session.stayed.tool_turn"
    assert talk.send(assistant("Done."), user(SMALL)).engine == "code_agent"


def test_a_retry_of_the_same_wish_is_no_turn_more(talk: Conversation) -> None:
    talk.send(user(CODING))
    talk.send(assistant("Done."), user(SMALL))
    for _ in range(5):
        assert talk.decide(talk.said).engine == "code_agent"


def test_a_new_catalog_keeps_conversations_whose_engine_is_still_there(talk: Conversation, gateway: Gateway) -> None:
    talk.send(user(CODING))
    fresh = ModelRouter.from_config(validate_availability=False)
    gateway.arrangement = arrange(gateway.config, fresh, {}, gateway.note_change, gateway.arrangement)
    gateway.sessions.keep_engines(gateway.router.catalog.engines)
    assert talk.send(assistant("Done."), user(SMALL)).engine == "code_agent"
