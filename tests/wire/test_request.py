"""What is read of a request, and what a backend of the same protocol gets of it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from model_router.config.proxy import BackendConfig, OverridesConfig
from model_router.server.backends import Backend
from model_router.server.outgoing import outgoing
from model_router.server.refusal import Refusal
from model_router.server.wire.endpoint import CHAT, COMPLETIONS, EMBEDDINGS, ENDPOINTS, MESSAGES, RESPONSES, Endpoint
from model_router.server.wire.request import read_request

TOOLS = [{"type": "function", "function": {"name": "ls", "parameters": {}}}]
TALK = {"messages": [{"role": "user", "content": "x"}]}


def sent(fields: dict[str, Any], endpoint: Endpoint = CHAT, **config: Any) -> dict[str, Any]:
    """What a backend gets of these fields."""
    backend = Backend("b", BackendConfig("http://127.0.0.1:1/v1", "m", **config), None)
    request = read_request(endpoint, json.dumps(fields).encode(), 100)
    value: dict[str, Any] = json.loads(outgoing(request, backend, native=True, keeps_model=False).body)
    return value


def test_the_model_is_replaced_and_nothing_else() -> None:
    raw = json.dumps(
        {"model": "auto", "messages": [{"role": "user", "content": "hä"}], "tools": TOOLS, "x": None}
    ).encode()
    backend = Backend("b", BackendConfig("http://127.0.0.1:1/v1", 'a "quoted" model'), None)
    body = outgoing(read_request(CHAT, raw, 100), backend, native=True, keeps_model=False).body
    assert body == raw.replace(b'"auto"', b'"a \\"quoted\\" model"')
    assert outgoing(read_request(CHAT, raw, 100), backend, native=True, keeps_model=True).body == raw


def test_tools_and_all_that_speaks_of_them_are_left_out_on_demand() -> None:
    about = {"tools": TOOLS, "tool_choice": "auto", "parallel_tool_calls": True, "functions": [], "function_call": "x"}
    assert sent({"model": "auto", **about, **TALK, "top_p": 0.5}, strip_tools=True) == {
        "model": "m",
        **TALK,
        "top_p": 0.5,
    }


def test_a_missing_model_is_put_in() -> None:
    assert sent(TALK)["model"] == "m"


def test_a_stream_is_asked_for_its_token_counts() -> None:
    assert sent({**TALK, "stream": True})["stream_options"] == {"include_usage": True}
    mine = {**TALK, "stream": True, "stream_options": {"include_usage": False, "x": 1}}
    assert sent(mine)["stream_options"] == {"include_usage": True, "x": 1}
    assert "stream_options" not in sent(TALK)
    assert "stream_options" not in sent({**TALK, "stream": True}, MESSAGES)


def test_a_plain_answer_can_be_asked_for_as_a_stream() -> None:
    body = sent(TALK, stream_plain=True)
    assert (body["stream"], body["stream_options"]) == (True, {"include_usage": True})
    assert "stream" not in sent({"input": "x"}, EMBEDDINGS, stream_plain=True)


@pytest.mark.parametrize(
    ("given", "overrides", "expected"),
    [
        ({}, {"set": {"temperature": 0.2}}, {"temperature": 0.2}),
        ({"temperature": 1}, {"set": {"temperature": 0.2}}, {"temperature": 0.2}),
        ({"temperature": 1}, {"default": {"temperature": 0.2}}, {"temperature": 1}),
        ({"temperature": None}, {"default": {"temperature": 0.2}}, {"temperature": 0.2}),
        ({"temperature": 1, "seed": 1}, {"remove": ("seed", "absent")}, {"temperature": 1}),
        ({}, {"set": {"chat_template_kwargs": {"thinking": False}}}, {"chat_template_kwargs": {"thinking": False}}),
        ({"max_tokens": 50}, {"max_tokens_cap": 100}, {"max_tokens": 50}),
        ({"max_tokens": 500}, {"max_tokens_cap": 100}, {"max_tokens": 100}),
        ({"max_completion_tokens": 500}, {"max_tokens_cap": 100}, {"max_completion_tokens": 100}),
        ({}, {"max_tokens_cap": 100}, {"max_tokens": 100}),
        ({"max_tokens": None}, {"max_tokens_cap": 100}, {"max_tokens": 100}),
    ],
)
def test_overrides(given: dict[str, Any], overrides: dict[str, Any], expected: dict[str, Any]) -> None:
    body = sent({**TALK, **given}, overrides=OverridesConfig(**overrides))
    assert body == {"model": "m", **TALK, **expected}


def test_an_answer_is_capped_in_the_protocol_s_own_words() -> None:
    cap = OverridesConfig(max_tokens_cap=9)
    assert sent({"input": "x", "max_output_tokens": 10}, RESPONSES, overrides=cap)["max_output_tokens"] == 9
    assert sent({"input": "x"}, EMBEDDINGS, overrides=cap) == {"model": "m", "input": "x"}


def test_stream_is_read() -> None:
    for text, value in ((b"true", True), (b"false", False), (b"null", False)):
        assert read_request(CHAT, b'{"messages": [{}], "stream": %s}' % text, 100).stream is value
    assert not read_request(CHAT, b'{"messages": [{}]}', 100).stream
    with pytest.raises(Refusal, match="true or false"):
        read_request(CHAT, b'{"messages": [{}], "stream": "yes"}', 100)


@pytest.mark.parametrize("endpoint", ENDPOINTS.values(), ids=list(ENDPOINTS))
def test_a_conversation_is_needed(endpoint: Endpoint) -> None:
    with pytest.raises(Refusal, match=f"'{endpoint.list_field}'") as missing:
        read_request(endpoint, b"{}", 100)
    assert (missing.value.status, missing.value.param) == (400, endpoint.list_field)
    with pytest.raises(Refusal, match=f"'{endpoint.list_field}' must be"):
        read_request(endpoint, b'{"%s": 3}' % endpoint.list_field.encode(), 100)


def test_texts_alone_are_conversations_where_the_protocol_says_so() -> None:
    for endpoint, name in ((RESPONSES, "input"), (COMPLETIONS, "prompt"), (EMBEDDINGS, "input")):
        assert read_request(endpoint, b'{"%s": "hello"}' % name.encode(), 100).model == ""
