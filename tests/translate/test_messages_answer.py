"""Whole chat answers as messages, read by Anthropic's own client."""

from __future__ import annotations

from typing import Any

import pytest

from model_router.errors import BackendError
from model_router.server.translate import MESSAGES
from tests.translate.clients import ASKED, AnthropicReader, whole

CALL = {"id": "call_7", "type": "function", "function": {"name": "look", "arguments": '{"path": "a b"}'}}


def answer(chat: dict[str, Any], **asked: Any) -> dict[str, Any]:
    return MESSAGES.answer(chat, {**ASKED, **asked}, "auto")


def content(message: dict[str, Any], finish: str | None = "stop") -> Any:
    return answer(whole(message, finish))["content"]


def calls(*functions: dict[str, Any]) -> dict[str, Any]:
    return {"content": None, "tool_calls": [{"type": "function", "function": function} for function in functions]}


def test_words(claude: AnthropicReader) -> None:
    assert claude.whole(answer(whole({"content": "Four."}))) == {
        "id": "msg_Abc123xyz789",
        "type": "message",
        "role": "assistant",
        "model": "auto",
        "content": [{"type": "text", "text": "Four."}],
        "stop_reason": "end_turn",
        "usage": {
            "input_tokens": 20,
            "cache_creation_input_tokens": 0,
            "cache_read_input_tokens": 10,
            "output_tokens": 7,
        },
    }


def test_thoughts_then_words_then_calls(claude: AnthropicReader) -> None:
    message = {"content": "I look.", "reasoning_content": "Hm.", "tool_calls": [CALL, {**CALL, "id": "call_8"}]}
    got = claude.whole(answer(whole(message, "tool_calls")))
    assert [block["type"] for block in got["content"]] == ["thinking", "text", "tool_use", "tool_use"]
    assert got["content"][0]["thinking"] == "Hm."
    assert got["content"][2] == {"type": "tool_use", "id": "call_7", "name": "look", "input": {"path": "a b"}}
    assert got["content"][3]["id"] == "call_8"
    assert got["stop_reason"] == "tool_use"


@pytest.mark.parametrize(
    "message",
    [
        {"reasoning_content": "Hm.", "content": "4"},
        {"reasoning": "Hm.", "content": "4"},
        {"thinking": "Hm.", "content": "4"},
        {"reasoning": "Hm.", "reasoning_content": "Hm.", "content": "4"},
        {"reasoning_details": [{"type": "reasoning.text", "text": "H"}, {"summary": "m."}], "content": "4"},
        {
            "content": [
                {"type": "thinking", "thinking": [{"type": "text", "text": "Hm."}]},
                {"type": "text", "text": "4"},
            ]
        },
    ],
    ids=["llama.cpp", "vllm", "thinking", "both", "openrouter", "mistral"],
)
def test_thoughts_in_every_dialect(message: dict[str, Any]) -> None:
    thoughts, words = content(message)
    assert (thoughts["type"], thoughts["thinking"], words["text"]) == ("thinking", "Hm.", "4")


@pytest.mark.parametrize("thinking", [None, {"type": "disabled"}])
def test_nobody_gets_thoughts_who_did_not_ask_for_them(claude: AnthropicReader, thinking: Any) -> None:
    """Programs read ``content[0].text``."""
    got = claude.whole(answer(whole({"reasoning_content": "Hm.", "content": "4"}), thinking=thinking))
    assert got["content"] == [{"type": "text", "text": "4"}]


def test_content_in_parts() -> None:
    assert content({"content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}, 7]}) == [
        {"type": "text", "text": "ab"}
    ]


def test_an_empty_answer(claude: AnthropicReader) -> None:
    for chat in (whole({"content": None}), whole({"content": ""}), {**whole({}), "choices": []}):
        got = claude.whole(answer(chat))
        assert (got["content"], got["stop_reason"]) == ([], "end_turn")


def test_the_first_of_several_choices() -> None:
    chat = whole({"content": "one"})
    chat["choices"].insert(0, {"index": 1, "message": {"content": "two"}, "finish_reason": "stop"})
    assert answer(chat)["content"][0]["text"] == "one"


class TestStopReasons:
    @pytest.mark.parametrize(
        ("finish", "reason"),
        [
            ("stop", "end_turn"),
            ("length", "max_tokens"),
            ("content_filter", "refusal"),
            ("tool_calls", "end_turn"),
            (None, "end_turn"),
            ("eos", "end_turn"),
        ],
    )
    def test_of_words(self, claude: AnthropicReader, finish: str | None, reason: str) -> None:
        assert claude.whole(answer(whole({"content": "x"}, finish)))["stop_reason"] == reason

    @pytest.mark.parametrize("finish", ["stop", "tool_calls", "function_call", None])
    def test_calls_decide_themselves_because_servers_say_stop_behind_them(self, finish: str | None) -> None:
        assert answer(whole({"tool_calls": [CALL]}, finish))["stop_reason"] == "tool_use"

    def test_a_call_that_was_cut(self) -> None:
        assert answer(whole({"tool_calls": [CALL]}, "length"))["stop_reason"] == "max_tokens"

    def test_a_refusal(self, claude: AnthropicReader) -> None:
        got = claude.whole(answer(whole({"content": None, "refusal": "I will not."})))
        assert (got["content"], got["stop_reason"]) == ([{"type": "text", "text": "I will not."}], "refusal")

    @pytest.mark.parametrize("name", ["stop_reason", "matched_stop"])
    def test_the_stop_word_where_the_server_tells_it(self, name: str) -> None:
        chat = whole({"content": "x"})
        chat["choices"][0][name] = "END"
        got = answer(chat, stop_sequences=["END"])
        assert (got["stop_reason"], got["stop_sequence"]) == ("stop_sequence", "END")
        assert answer(chat)["stop_reason"] == "end_turn"


class TestCalls:
    def test_ids_that_are_missing_are_made_the_same_each_time_and_differ_between_answers(self) -> None:
        functions = ({"name": "a", "arguments": "{}"}, {"name": "b", "arguments": "{}"})
        ids = [block["id"] for block in content(calls(*functions))]
        assert ids == [block["id"] for block in content(calls(*functions))]
        other = answer(whole(calls(*functions), id="chatcmpl-OtherAnswer"))["content"]
        assert len({*ids, *(block["id"] for block in other)}) == 4

    @pytest.mark.parametrize(
        ("arguments", "read"),
        [
            ("", {}),
            ("{}", {}),
            (None, {}),
            ("null", {}),
            ({"path": "a"}, {"path": "a"}),
            ('"{\\"path\\": \\"a\\"}"', {"path": "a"}),
            ('{"path": "a', {"invalid_json": '{"path": "a'}),
            ("a.py", {"invalid_json": "a.py"}),
            ("[1]", {"invalid_json": "[1]"}),
        ],
    )
    def test_arguments(self, claude: AnthropicReader, arguments: Any, read: dict[str, Any]) -> None:
        got = claude.whole(answer(whole(calls({"name": "a", "arguments": arguments}))))
        assert got["content"][0]["input"] == read

    def test_the_old_kind_of_call(self) -> None:
        (call,) = content(
            {"content": None, "function_call": {"name": "look", "arguments": '{"a": 1}'}}, "function_call"
        )
        assert (call["name"], call["input"]) == ("look", {"a": 1})

    def test_a_call_without_a_name_cannot_be_made(self) -> None:
        assert content({"content": "x", "tool_calls": [{"function": {"arguments": "{}"}}]}) == [
            {"type": "text", "text": "x"}
        ]


class TestUsage:
    def test_reasoning_tokens(self, claude: AnthropicReader) -> None:
        chat = whole({"content": "x"})
        chat["usage"]["completion_tokens_details"] = {"reasoning_tokens": 5}
        assert claude.whole(answer(chat))["usage"]["output_tokens_details"] == {"thinking_tokens": 5}

    @pytest.mark.parametrize("usage", [None, {}, "many"])
    def test_none(self, claude: AnthropicReader, usage: Any) -> None:
        got = claude.whole(answer({**whole({"content": "x"}), "usage": usage}))
        assert got["usage"] == {"input_tokens": 0, "output_tokens": 0}

    def test_more_cached_than_read_counts_as_nothing_new(self) -> None:
        usage = {"prompt_tokens": 5, "completion_tokens": 1, "prompt_tokens_details": {"cached_tokens": 9}}
        assert answer({**whole({"content": "x"}), "usage": usage})["usage"]["input_tokens"] == 0


@pytest.mark.parametrize(
    ("chat", "sentence"),
    [
        ({"error": {"message": "out of memory", "code": 500}}, "out of memory"),
        ({"error": "busy"}, "busy"),
        ({"error": {}, "object": "error"}, "without choices"),
        ({}, "without choices"),
    ],
)
def test_an_error_in_place_of_an_answer(chat: dict[str, Any], sentence: str) -> None:
    with pytest.raises(BackendError, match=sentence):
        answer(chat)


def test_without_an_id_of_the_backend_the_request_makes_one() -> None:
    chat = whole({"content": "x"}, id=None)
    assert answer(chat)["id"] == answer(chat)["id"]
    assert answer(chat)["id"] != answer(chat, system="other")["id"]
