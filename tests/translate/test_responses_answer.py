"""Whole chat answers as response objects, read by OpenAI's own client."""

from __future__ import annotations

import json
from typing import Any

import pytest

from model_router.errors import BackendError
from model_router.server.translate import RESPONSES
from tests.translate.clients import OpenAIReader, whole

TOOLS: list[dict[str, Any]] = [
    {"type": "function", "name": "run", "parameters": {"type": "object"}, "strict": False},
    {"type": "custom", "name": "patch"},
    {
        "type": "namespace",
        "name": "agents",
        "description": "Helpers",
        "tools": [
            {"type": "function", "name": "spawn", "parameters": {"type": "object"}},
            {"type": "custom", "name": "note"},
        ],
    },
]


def answer(chat: dict[str, Any], **asked: Any) -> dict[str, Any]:
    return RESPONSES.answer(chat, {"model": "m", "input": "hello", **asked}, "auto")


def call(name: str, arguments: Any = "{}", call_id: str | None = "call_7") -> dict[str, Any]:
    return {"id": call_id, "type": "function", "function": {"name": name, "arguments": arguments}}


def output(*calls: dict[str, Any]) -> list[dict[str, Any]]:
    return list(answer(whole({"content": None, "tool_calls": list(calls)}, "tool_calls"), tools=TOOLS)["output"])


def test_words(codex: OpenAIReader) -> None:
    got = codex.whole(answer(whole({"content": "Four."})))
    assert got["output"] == [
        {
            "id": "msg_Abc123xyz789_0",
            "type": "message",
            "role": "assistant",
            "status": "completed",
            "content": [{"type": "output_text", "text": "Four.", "annotations": [], "logprobs": []}],
        }
    ]
    assert (got["id"], got["status"], got["model"]) == ("resp_Abc123xyz789", "completed", "auto")
    assert got["created_at"] == 1_790_000_000
    assert got["usage"] == {
        "input_tokens": 30,
        "input_tokens_details": {"cached_tokens": 10, "cache_write_tokens": 0},
        "output_tokens": 7,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": 37,
    }


def test_thoughts_then_words_then_calls(codex: OpenAIReader) -> None:
    message = {"content": "I run.", "reasoning_content": "Hm.", "tool_calls": [call("run", '{"cmd": "ls"}')]}
    items = codex.whole(answer(whole(message, "tool_calls"), tools=TOOLS))["output"]
    assert [item["type"] for item in items] == ["reasoning", "message", "function_call"]
    assert items[0]["content"] == [{"type": "reasoning_text", "text": "Hm."}]
    assert "encrypted_content" not in items[0]
    assert items[2] == {
        "id": "fc_Abc123xyz789_2",
        "type": "function_call",
        "status": "completed",
        "call_id": "call_7",
        "name": "run",
        "arguments": '{"cmd": "ls"}',
    }
    assert len({item["id"] for item in items}) == 3


def test_what_the_client_asked_for_is_told_back(codex: OpenAIReader) -> None:
    asked = {
        "instructions": "Be brief.",
        "tools": TOOLS,
        "tool_choice": "required",
        "parallel_tool_calls": False,
        "metadata": {"a": "b"},
        "temperature": 0.5,
        "max_output_tokens": 9,
        "reasoning": {"effort": "low"},
        "prompt_cache_key": "k",
        "store": True,
    }
    got = codex.whole(answer(whole({"content": "x"}), **asked))
    for name in ("instructions", "tool_choice", "parallel_tool_calls", "metadata", "temperature", "max_output_tokens"):
        assert got[name] == asked[name]
    assert [tool["name"] for tool in got["tools"]] == ["run", "patch", "agents"]
    assert got["reasoning"] == {"effort": "low"}
    assert "store" not in got or got["store"] is False


class TestCalls:
    def test_a_custom_tool_gets_its_text(self, codex: OpenAIReader) -> None:
        (item,) = output(call("patch", json.dumps({"input": 'a "b"\n'})))
        assert (item["type"], item["name"], item["input"]) == ("custom_tool_call", "patch", 'a "b"\n')
        (read,) = codex.whole(answer(whole({"tool_calls": [call("patch", '{"input": "x"}')]}), tools=TOOLS))["output"]
        assert (read["type"], read["input"], read["call_id"]) == ("custom_tool_call", "x", "call_7")

    @pytest.mark.parametrize(
        ("arguments", "text"),
        [
            ('{"patch": "x"}', "x"),
            ('"x"', "x"),
            ("*** Begin", "*** Begin"),
            ("", ""),
            ('{"a": 1, "b": 2}', '{"a": 1, "b": 2}'),
        ],
    )
    def test_a_custom_tool_called_without_its_wrapping(self, arguments: str, text: str) -> None:
        (item,) = output(call("patch", arguments))
        assert item["input"] == text

    def test_tools_of_a_namespace_by_their_long_and_their_short_name(self, codex: OpenAIReader) -> None:
        message = {"tool_calls": [call("agents__spawn"), call("spawn"), call("agents__note", '{"input": "x"}')]}
        items = codex.whole(answer(whole(message, "tool_calls"), tools=TOOLS))["output"]
        assert [(item["type"], item["name"], item["namespace"]) for item in items] == [
            ("function_call", "spawn", "agents"),
            ("function_call", "spawn", "agents"),
            ("custom_tool_call", "note", "agents"),
        ]

    def test_a_function_that_nobody_offered_keeps_its_name(self) -> None:
        (item,) = output(call("made_up"))
        assert (item["type"], item["name"], "namespace" in item) == ("function_call", "made_up", False)

    def test_arguments_stay_as_the_model_wrote_them(self) -> None:
        assert [
            item["arguments"] for item in output(call("run", '{"cmd": '), call("run", ""), call("run", {"cmd": 1}))
        ] == [
            '{"cmd": ',
            "{}",
            '{"cmd":1}',
        ]

    def test_ids_that_are_missing_are_made(self) -> None:
        first, second = output(call("run", call_id=None), call("run", call_id=""))
        assert first["call_id"] != second["call_id"]


class TestStatus:
    @pytest.mark.parametrize(
        ("finish", "status", "reason"),
        [
            ("stop", "completed", None),
            ("tool_calls", "completed", None),
            (None, "completed", None),
            ("length", "incomplete", "max_output_tokens"),
            ("content_filter", "incomplete", "content_filter"),
        ],
    )
    def test_of_the_response(self, codex: OpenAIReader, finish: str | None, status: str, reason: str | None) -> None:
        got = codex.whole(answer(whole({"content": "x", "reasoning": "y"}, finish)))
        assert got["status"] == status
        assert got.get("incomplete_details") == ({"reason": reason} if reason else None)
        assert [item["status"] for item in got["output"]] == ["completed", status]


def test_a_refusal(codex: OpenAIReader) -> None:
    (item,) = codex.whole(answer(whole({"content": None, "refusal": "I will not."})))["output"]
    assert item["content"] == [{"type": "refusal", "refusal": "I will not."}]


def test_log_probabilities(codex: OpenAIReader) -> None:
    chat = whole({"content": "x"})
    token = {"token": "x", "bytes": [120], "logprob": -0.5, "top_logprobs": []}
    chat["choices"][0]["logprobs"] = {"content": [token]}
    (item,) = codex.whole(answer(chat))["output"]
    assert item["content"][0]["logprobs"] == [token]


def test_an_empty_answer(codex: OpenAIReader) -> None:
    got = codex.whole(answer({**whole({"content": ""}), "usage": None}))
    assert (got["output"], got["status"], got.get("usage")) == ([], "completed", None)


def test_an_error_in_place_of_an_answer() -> None:
    with pytest.raises(BackendError, match="out of memory"):
        answer({"error": {"message": "out of memory"}})
