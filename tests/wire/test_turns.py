"""Conversations of every protocol become the same turns."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model_router.engine.routes import Attachment
from model_router.server.refusal import Refusal
from model_router.server.wire.body import JsonBody, read_object
from model_router.server.wire.turns import Content, Speaker, read_content, read_turns, speaker_of, system_texts

ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-5, 5)
    | st.text(max_size=5)
    | st.sampled_from(["user", "tool_result", "text"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["role", "type", "content", "text", "output", "x"]), inner, max_size=4)
    ),
    max_leaves=10,
)


def body_of(value: dict[str, Any]) -> JsonBody:
    return read_object(json.dumps(value).encode(), 100)


def contents(value: dict[str, Any]) -> list[tuple[Speaker, Content]]:
    return [(speaker_of(turn), read_content(turn.get("content"))) for turn in read_turns(body_of(value))]


def test_chat() -> None:
    read = contents(
        {
            "messages": [
                {"role": "system", "content": "rules"},
                {"role": "user", "content": "a"},
                {"role": "assistant", "content": None, "tool_calls": []},
                {"role": "tool", "content": "result"},
                {"role": "user", "content": [{"type": "text", "text": "b"}, {"type": "image_url", "image_url": {}}]},
            ]
        }
    )
    assert [speaker for speaker, _ in read] == ["system", "user", "model", "tool", "user"]
    assert read[-1][1] == Content(("b",), frozenset({Attachment.IMAGE}))


def test_responses() -> None:
    read = contents(
        {
            "input": [
                {"type": "message", "role": "developer", "content": [{"type": "input_text", "text": "rules"}]},
                {"role": "user", "content": [{"type": "input_text", "text": "a"}, {"type": "input_image"}]},
                {"type": "reasoning", "summary": []},
                {"type": "function_call", "name": "ls"},
                {"type": "function_call_output", "output": "README"},
            ]
        }
    )
    assert [speaker for speaker, _ in read] == ["system", "user", "model", "model", "tool"]
    assert contents({"input": "hello"}) == [(Speaker.USER, Content(("hello",)))]


def test_messages() -> None:
    body = body_of({"system": [{"type": "text", "text": "rules"}], "messages": [{"role": "system", "content": "more"}]})
    assert system_texts(body, read_turns(body)) == ("rules", "more")
    result = {"type": "tool_result", "content": [{"type": "image", "source": {}}]}
    ((_, content),) = contents({"messages": [{"role": "user", "content": [result]}]})
    assert content == Content((), frozenset({Attachment.IMAGE}), tool_result=True)


def test_plain_prompts() -> None:
    assert contents({"prompt": "once upon a time"}) == [(Speaker.USER, Content(("once upon a time",)))]
    assert contents({"prompt": ["a", "b"]}) == [(Speaker.USER, Content(("a", "b")))]


def test_a_list_of_texts_and_parts_is_read_whole() -> None:
    ((_, content),) = contents({"messages": [{"role": "user", "content": ["a", {"type": "text", "text": "b"}, 3]}]})
    assert content.texts == ("a", "b")


@given(ANYTHING)
def test_anything_is_turns_or_a_refusal(value: Any) -> None:
    with contextlib.suppress(Refusal):
        body = body_of({"messages": value, "system": value})
        turns = read_turns(body)
        assert all(isinstance(text, str) for text in system_texts(body, turns))
        for turn in turns:
            assert isinstance(read_content(turn.get("content")), Content)


@pytest.mark.parametrize("content", [17, True, {"text": "x"}, [3], [[]]])
def test_what_is_neither_text_nor_parts_is_unreadable(content: Any) -> None:
    ((_, read),) = contents({"messages": [{"role": "user", "content": content}]})
    assert not read.readable
