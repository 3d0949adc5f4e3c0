"""Streamed chat answers as Anthropic's events, read by its own client."""

from __future__ import annotations

from typing import Any

import anthropic
import pytest

from model_router.server.translate import MESSAGES, EventStream
from tests.translate.clients import ASKED, AnthropicReader, call_piece, chunk, counted, read_events


def open_stream(**asked: Any) -> EventStream:
    return MESSAGES.stream({**ASKED, **asked}, "auto")


def run(*chunks: dict[str, Any], **asked: Any) -> bytes:
    stream = open_stream(**asked)
    return b"".join(stream.chunk(piece) for piece in chunks) + stream.end()


def names(events: bytes) -> list[str]:
    """The events in short: a block's start and deltas with their kind."""
    found = []
    for name, data in read_events(events):
        assert data["type"] == name
        inner = data.get("content_block") or (data.get("delta") if name == "content_block_delta" else None)
        found.append(f"{name}:{inner['type']}" if inner else name)
    return found


ROLE = chunk({"role": "assistant", "content": None})
LOOK = call_piece(0, '{"path": ', call_id="call_7", name="look")


def test_words_event_by_event() -> None:
    events = read_events(
        run(ROLE, chunk({"content": "Fo"}), chunk({"content": "ur."}), chunk({}, "stop"), counted(30, 7, 10))
    )
    assert events == [
        (
            "message_start",
            {
                "type": "message_start",
                "message": {
                    "id": "msg_Abc123xyz789",
                    "type": "message",
                    "role": "assistant",
                    "model": "auto",
                    "content": [],
                    "stop_reason": None,
                    "stop_sequence": None,
                    "usage": {"input_tokens": 0, "output_tokens": 0},
                },
            },
        ),
        (
            "content_block_start",
            {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        ),
        (
            "content_block_delta",
            {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Fo"}},
        ),
        (
            "content_block_delta",
            {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "ur."}},
        ),
        ("content_block_stop", {"type": "content_block_stop", "index": 0}),
        (
            "message_delta",
            {
                "type": "message_delta",
                "delta": {"stop_reason": "end_turn", "stop_sequence": None},
                "usage": {
                    "input_tokens": 20,
                    "cache_creation_input_tokens": 0,
                    "cache_read_input_tokens": 10,
                    "output_tokens": 7,
                },
            },
        ),
        ("message_stop", {"type": "message_stop"}),
    ]


def test_each_chunk_gives_its_events_at_once() -> None:
    stream = open_stream()
    assert names(stream.chunk(ROLE)) == ["message_start"]
    assert names(stream.chunk(chunk({"content": "a"}))) == [
        "content_block_start:text",
        "content_block_delta:text_delta",
    ]
    assert names(stream.chunk(chunk({"content": "b"}))) == ["content_block_delta:text_delta"]
    assert stream.chunk(chunk({"content": ""})) == b""
    assert not stream.finished
    assert names(stream.chunk(chunk({}, "stop"))) == ["content_block_stop"]
    assert stream.finished
    assert stream.usage is None
    assert stream.chunk(counted(30, 7)) == b""
    assert (stream.usage.prompt_tokens, stream.usage.completion_tokens) == (30, 7)
    assert names(stream.end()) == ["message_delta", "message_stop"]
    assert stream.end() == stream.chunk(chunk({"content": "late"})) == stream.fail("x", "y") == b""


def test_thoughts_words_and_two_calls(claude: AnthropicReader) -> None:
    events = run(
        ROLE,
        chunk({"reasoning_content": "H"}),
        chunk({"reasoning_content": "m."}),
        chunk({"content": "I look."}),
        chunk(LOOK),
        chunk(call_piece(0, '"a b"}')),
        chunk(call_piece(1, "{}", call_id="call_8", name="list")),
        chunk({}, "tool_calls"),
        counted(30, 7, reasoning=2),
    )
    assert names(events) == [
        "message_start",
        "content_block_start:thinking",
        "content_block_delta:thinking_delta",
        "content_block_delta:thinking_delta",
        "content_block_delta:signature_delta",
        "content_block_stop",
        "content_block_start:text",
        "content_block_delta:text_delta",
        "content_block_stop",
        "content_block_start:tool_use",
        "content_block_delta:input_json_delta",
        "content_block_delta:input_json_delta",
        "content_block_stop",
        "content_block_start:tool_use",
        "content_block_delta:input_json_delta",
        "content_block_stop",
        "message_delta",
        "message_stop",
    ]
    got = claude.streamed(events)
    assert got["content"][0]["thinking"] == "Hm."
    assert got["content"][0]["signature"]
    assert got["content"][2:] == [
        {"type": "tool_use", "id": "call_7", "name": "look", "input": {"path": "a b"}},
        {"type": "tool_use", "id": "call_8", "name": "list", "input": {}},
    ]
    assert got["stop_reason"] == "tool_use"
    assert got["usage"]["output_tokens_details"] == {"thinking_tokens": 2}


def test_nobody_gets_thoughts_who_did_not_ask_for_them(claude: AnthropicReader) -> None:
    chunks = [ROLE, chunk({"reasoning": "Hm."}), chunk({"content": "4"}), chunk({}, "stop")]
    assert claude.streamed(run(*chunks, thinking=None))["content"] == [{"type": "text", "text": "4"}]


def test_a_first_chunk_without_choices_begins_nothing() -> None:
    """Azure tells first what its filter made of the prompt, under an empty id."""
    stream = open_stream()
    assert stream.chunk({**chunk(), "id": "", "choices": [], "prompt_filter_results": []}) == b""
    assert b"msg_Abc123xyz789" in stream.chunk(ROLE)


class TestCalls:
    def read(self, claude: AnthropicReader, *deltas: dict[str, Any]) -> list[tuple[str, Any]]:
        events = run(*(chunk(delta) for delta in deltas), chunk({}, "tool_calls"))
        return [
            (block.get("name", block["type"]), block.get("input", block.get("text", block.get("thinking"))))
            for block in claude.streamed(events)["content"]
        ]

    def test_arguments_of_two_calls_in_turn_are_not_cut(self, claude: AnthropicReader) -> None:
        assert self.read(
            claude,
            call_piece(0, '{"a"', call_id="x", name="f"),
            call_piece(1, '{"b"', call_id="y", name="g"),
            call_piece(0, ": 1}"),
            call_piece(1, ": 2}"),
        ) == [("f", {"a": 1}), ("g", {"b": 2})]

    def test_words_in_the_middle_of_arguments_wait(self, claude: AnthropicReader) -> None:
        assert self.read(
            claude,
            call_piece(0, '{"a"', call_id="x", name="f"),
            {"content": "Wait"},
            {"reasoning": "Hm."},
            {"content": "!"},
            call_piece(0, ": 1}"),
            {"content": "Done."},
        ) == [("f", {"a": 1}), ("text", "Wait"), ("thinking", "Hm."), ("text", "!"), ("text", "Done.")]

    def test_a_call_before_words(self, claude: AnthropicReader) -> None:
        assert self.read(claude, call_piece(0, "{}", call_id="x", name="f"), {"content": "So."}) == [
            ("f", {}),
            ("text", "So."),
        ]

    def test_all_calls_with_index_0_as_geminis_server_sends_them(self, claude: AnthropicReader) -> None:
        assert self.read(
            claude,
            call_piece(0, '{"a": 1}', call_id="x", name="f"),
            call_piece(0, '{"a": 2}', call_id="y", name="f"),
        ) == [("f", {"a": 1}), ("f", {"a": 2})]

    def test_calls_without_an_index(self, claude: AnthropicReader) -> None:
        pieces = [
            call_piece(0, '{"a"', call_id="x", name="f"),
            call_piece(0, ": 1}"),
            call_piece(0, '{"a": 2}', call_id="y", name="g"),
        ]
        for piece in pieces:
            del piece["tool_calls"][0]["index"]
        assert self.read(claude, *pieces) == [("f", {"a": 1}), ("g", {"a": 2})]

    def test_id_and_name_in_every_piece(self, claude: AnthropicReader) -> None:
        assert self.read(
            claude,
            call_piece(0, '{"a"', call_id="x", name="f"),
            call_piece(0, ": 1}", call_id="x", name="f"),
        ) == [("f", {"a": 1})]

    def test_a_name_that_comes_after_arguments(self, claude: AnthropicReader) -> None:
        assert self.read(claude, call_piece(0, '{"a"', call_id="x"), call_piece(0, ": 1}", name="f")) == [
            ("f", {"a": 1})
        ]

    def test_a_name_that_never_comes(self, claude: AnthropicReader) -> None:
        assert self.read(claude, call_piece(0, "{}", call_id="x"), {"content": "hi"}) == [("text", "hi")]

    def test_ids_that_are_missing(self) -> None:
        one = [chunk(call_piece(0, "{}", name="f")), chunk(call_piece(1, "{}", name="g")), chunk({}, "tool_calls")]
        blocks = [data["content_block"] for _, data in read_events(run(*one)) if "content_block" in data]
        assert len({block["id"] for block in blocks}) == 2
        assert run(*one) == run(*one)

    def test_the_old_kind_of_call(self, claude: AnthropicReader) -> None:
        assert self.read(
            claude,
            {"function_call": {"name": "f", "arguments": ""}},
            {"function_call": {"arguments": '{"a"'}},
            {"function_call": {"arguments": ": 1}"}},
        ) == [("f", {"a": 1})]

    def test_arguments_as_an_object(self, claude: AnthropicReader) -> None:
        delta = {"tool_calls": [{"index": 0, "id": "x", "function": {"name": "f", "arguments": {"a": 1}}}]}
        assert self.read(claude, delta) == [("f", {"a": 1})]

    @pytest.mark.parametrize(
        ("pieces", "read"),
        [
            (["", "  "], {}),
            (['"{\\"a', '\\": 1}"'], {"a": 1}),
            (["a", ".py"], {"invalid_json": "a.py"}),
            ([" ", '{"a": 1}'], {"a": 1}),
        ],
    )
    def test_arguments_that_are_no_object(self, claude: AnthropicReader, pieces: list[str], read: Any) -> None:
        first = call_piece(0, "", call_id="x", name="f")
        assert self.read(claude, first, *(call_piece(0, piece) for piece in pieces)) == [("f", read)]


def test_a_cut_answer_says_so(claude: AnthropicReader) -> None:
    events = run(chunk({"content": "Once upon"}), chunk({}, "length"), counted(3, 2))
    assert claude.streamed(events)["stop_reason"] == "max_tokens"


def test_a_stop_word(claude: AnthropicReader) -> None:
    last = chunk({}, "stop")
    last["choices"][0]["stop_reason"] = "END"
    got = claude.streamed(run(chunk({"content": "x"}), last, stop_sequences=["END"]))
    assert (got["stop_reason"], got["stop_sequence"]) == ("stop_sequence", "END")


def test_a_refusal(claude: AnthropicReader) -> None:
    got = claude.streamed(run(chunk({"refusal": "I will "}), chunk({"refusal": "not."}), chunk({}, "stop")))
    assert (got["content"], got["stop_reason"]) == ([{"type": "text", "text": "I will not."}], "refusal")


def test_content_in_parts(claude: AnthropicReader) -> None:
    thought = {"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "Hm."}]}]}
    got = claude.streamed(run(chunk(thought), chunk({"content": [{"type": "text", "text": "4"}]}), chunk({}, "stop")))
    assert [block["type"] for block in got["content"]] == ["thinking", "text"]


def test_only_the_first_of_several_choices(claude: AnthropicReader) -> None:
    other = chunk({"content": "other"})
    other["choices"][0]["index"] = 1
    got = claude.streamed(run(chunk({"content": "one"}), other, chunk({}, "stop")))
    assert got["content"] == [{"type": "text", "text": "one"}]


@pytest.mark.parametrize("chunks", [[], [ROLE], [ROLE, chunk({}, "stop")]], ids=["nothing", "role", "finish"])
def test_an_empty_answer(claude: AnthropicReader, chunks: list[dict[str, Any]]) -> None:
    got = claude.streamed(run(*chunks))
    assert (got["content"], got["stop_reason"]) == ([], "end_turn")


def test_an_end_without_a_finish_reason_is_to_be_judged_by_the_caller() -> None:
    stream = open_stream()
    stream.chunk(chunk({"content": "x"}))
    assert not stream.finished
    assert names(stream.end()) == ["content_block_stop", "message_delta", "message_stop"]


class TestErrors:
    def test_in_the_middle(self, claude: AnthropicReader) -> None:
        stream = open_stream()
        out = stream.chunk(chunk({"content": "x"})) + stream.fail("Backend 'a' failed.", "upstream_broken")
        assert names(out)[-1] == "error"
        assert stream.failed
        assert stream.end() == stream.chunk(chunk({"content": "x"})) == b""
        with pytest.raises(anthropic.APIStatusError, match="Backend 'a' failed") as raised:
            claude.streamed(out)
        assert raised.value.body == {"type": "error", "error": {"type": "api_error", "message": "Backend 'a' failed."}}

    def test_before_anything_else(self) -> None:
        assert names(open_stream().fail("Gone.", "overloaded")) == ["error"]

    def test_an_error_object_among_the_chunks(self) -> None:
        stream = open_stream()
        stream.chunk(chunk({"content": "x"}))
        out = stream.chunk({"error": {"message": "too long", "type": "exceed_context_size_error", "code": 400}})
        (event,) = read_events(out)
        assert event[1]["error"] == {"type": "invalid_request_error", "message": "too long"}
        assert stream.failed
        assert stream.end() == b""

    @pytest.mark.parametrize(
        ("code", "kind"),
        [("rate_limit_exceeded", "rate_limit_error"), ("overloaded", "overloaded_error"), ("", "api_error")],
    )
    def test_kinds(self, code: str, kind: str) -> None:
        (event,) = read_events(open_stream().fail("No.", code))
        assert event[1]["error"]["type"] == kind
