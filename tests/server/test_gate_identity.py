"""What is the same wish and what is another: an approval holds for what the person has seen, and for its repeats."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model_router.config.proxy import ApiKeyConfig, RoutingMode, SessionsConfig
from model_router.server.approvals import Standing
from model_router.server.ask import occasion_of
from model_router.server.refusal import Refusal
from model_router.server.wire.body import read_object
from tests.faults import servers
from tests.faults.gateways import Running, before, config_for, serving

RISKY = "drop the production database"
CHAT = {"x-session-id": "one conversation"}
ANSWER = {"role": "assistant", "content": "It is done."}
CALL = {
    "role": "assistant",
    "content": None,
    "tool_calls": [{"id": "1", "type": "function", "function": {"name": "look", "arguments": "{}"}}],
}
RESULT = {"role": "tool", "tool_call_id": "1", "content": "three tables"}


def said(text: Any) -> dict[str, Any]:
    return {"role": "user", "content": text}


def with_picture(text: str, data: str, **more: Any) -> dict[str, Any]:
    picture = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{data}"}, **more}
    return said([{"type": "text", "text": text}, picture])


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    """A gateway that refuses; what is approved passes when it is sent again."""
    keys = {"laptop": ApiKeyConfig(key="laptop-key"), "phone": ApiKeyConfig(key="phone-key")}
    with (
        servers.running(servers.good) as backend,
        serving(config_for({"one": backend.base_url}, tmp_path, proxy={"api_keys": keys})) as gateway,
    ):
        gateway.client.headers["authorization"] = "Bearer laptop-key"
        yield gateway


def ask(running: Running, *turns: dict[str, Any], **headers: str) -> int:
    body = {"model": "auto", "messages": turns}
    return running.client.post("/v1/chat/completions", json=body, headers=CHAT | headers).status_code


def approve(running: Running) -> None:
    """What was refused last."""
    newest = max(running.gateway.approvals.list(), key=lambda one: one.arrived)
    assert newest.standing is Standing.REFUSED
    running.gateway.approvals.approve(newest.request_id, "screen")


@pytest.mark.parametrize(
    "again",
    [
        [said(RISKY)],
        [{"role": "system", "content": "It is now 12:31."}, said(RISKY)],
        [said(RISKY), said(RISKY)],
        [said(RISKY), {"role": "assistant", "content": ""}, said(RISKY)],
        [said(RISKY), CALL, RESULT],
    ],
    ids=["alike", "another system text", "said again", "said again after no answer", "a step of its work"],
)
def test_what_was_approved_passes_when_it_comes_again(running: Running, again: list[dict[str, Any]]) -> None:
    assert ask(running, said(RISKY)) == 409
    approve(running)
    assert ask(running, *again) == 200
    assert len(running.gateway.approvals.list()) == 1


def test_it_passes_behind_the_refusal_that_a_client_has_put_into_the_conversation(running: Running) -> None:
    answer = running.client.post("/v1/chat/completions", json={"messages": [said(RISKY)]}, headers=CHAT)
    approve(running)
    told = {"role": "assistant", "content": f"Error: {answer.json()['error']['message']}"}
    assert ask(running, said(RISKY), told, said(RISKY)) == 200


def test_the_same_words_after_an_answer_are_another_wish(running: Running) -> None:
    """``delete it`` is not what it was before: something has been said in between."""
    assert ask(running, said(RISKY)) == 409
    approve(running)
    assert ask(running, said(RISKY)) == 200
    assert ask(running, said(RISKY), ANSWER, said(RISKY)) == 409
    assert len(running.gateway.approvals.list()) == 2


def test_the_same_words_with_another_picture_are_another_wish(running: Running) -> None:
    words = "pay this invoice now from the company account"
    assert ask(running, with_picture(words, "iVBORw0KGgoAAAA1")) == 409
    assert running.gateway.approvals.list()[0].wish.attachments == ("image",), "the person knows that there is one"
    approve(running)
    assert ask(running, with_picture(words, "iVBORw0KGgoAAAA2")) == 409
    cached = with_picture(words, "iVBORw0KGgoAAAA1", cache_control={"type": "ephemeral"})
    assert ask(running, cached) == 200, "a mark of the client's own is no difference"


@pytest.mark.parametrize("number", ["1e999", "-1e-999", "1" * 400])
def test_a_number_that_cannot_be_held_beside_a_picture_is_no_failure(running: Running, number: str) -> None:
    picture = (
        f'{{"type": "image_url", "image_url": {{"url": "data:image/png;base64,AAAA", "size": {{"w": {number}}}}}}}'
    )
    body = f'{{"messages": [{{"role": "user", "content": [{{"type": "text", "text": "{RISKY}"}}, {picture}]}}]}}'
    assert running.post(body.encode()).status_code in (400, 409)


def test_an_approval_does_not_hold_for_who_has_another_key(running: Running) -> None:
    """Though it calls its conversation by the same name, and says that it is in the midst of the work."""
    assert ask(running, said(RISKY)) == 409
    approve(running)
    assert ask(running, said(RISKY)) == 200
    other = {"authorization": "Bearer phone-key"}
    assert ask(running, said(RISKY), CALL, RESULT, **other) == 409
    assert ask(running, said(RISKY), **other) == 409
    assert ask(running, said(RISKY), CALL, RESULT) == 200


def test_an_approval_for_the_session_does_not_hold_for_who_has_another_key(running: Running) -> None:
    assert ask(running, said(RISKY)) == 409
    (one,) = running.gateway.approvals.list()
    running.gateway.approvals.approve(one.request_id, "screen", session=True)
    assert ask(running, said("delete the production bucket")) == 200
    assert ask(running, said("delete the production bucket"), authorization="Bearer phone-key") == 409


def test_a_long_request_is_shown_with_its_end(running: Running) -> None:
    """An order behind a long introduction is what the person has to see."""
    assert ask(running, said(f"{'Some background. ' * 600}\n\nNow drop the production database.")) == 409
    (one,) = running.gateway.approvals.list()
    assert one.wish.preview.startswith("Some background.")
    assert one.wish.preview.endswith("Now drop the production database.")
    assert "characters are left out" in one.wish.preview
    assert len(one.wish.preview) < 5_000


@pytest.mark.parametrize(
    "settings",
    [
        {"proxy": {"routing_mode": RoutingMode.MANUAL}},
        {"sessions": SessionsConfig(enabled=False)},
        {},
    ],
    ids=["a backend by its name", "no sessions", "usual"],
)
def test_the_steps_of_approved_work_go_on_when_the_window_is_over(tmp_path: Path, settings: dict[str, Any]) -> None:
    """An agent that was let go to work for an hour is not asked about again every two minutes."""
    with before(servers.good, tmp_path, **settings) as (running, _):
        clock = [1_000.0]
        running.gateway.approvals._clock = lambda: clock[0]
        model = "one" if settings.get("proxy") else "auto"

        def send(*turns: dict[str, Any]) -> int:
            body = {"model": model, "messages": turns}
            return running.client.post("/v1/chat/completions", json=body, headers=CHAT).status_code

        assert send(said(RISKY)) == 409
        approve(running)
        assert send(said(RISKY)) == 200
        clock[0] += 600
        assert send(said(RISKY), CALL, RESULT) == 200
        assert send(said(RISKY)) == 409, "said anew it is asked about"
        assert send(said("delete the production bucket"), CALL, RESULT) == 409, "and so is what nobody has let pass"


TEXTS = st.sampled_from(["", "drop it", "Request mr-0123456789ab waited", "user", "assistant", "image", "text", "tool"])
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["role", "type", "content", "text", "source", "tool_calls", "inlineData", "url"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(st.lists(st.dictionaries(st.sampled_from(["role", "content", "type", "tool_calls"]), ANYTHING), min_size=1))
def test_any_conversation_has_an_occasion(turns: list[dict[str, Any]]) -> None:
    raw = json.dumps({"messages": turns}).encode()
    try:
        first, again = (occasion_of(read_object(raw, 100)) for _ in range(2))
    except Refusal:
        return
    assert first == again
