"""Streamed chat answers as events of the responses protocol, read by OpenAI's own client."""

from __future__ import annotations

from typing import Any

import pytest

from model_router.server.translate import RESPONSES, EventStream
from tests.translate.clients import OpenAIReader, call_piece, chunk, counted, read_events
from tests.translate.test_responses_answer import TOOLS

ROLE = chunk({"role": "assistant", "content": None})


def open_stream(**asked: Any) -> EventStream:
    return RESPONSES.stream({"model": "m", "input": "hello", "tools": TOOLS, **asked}, "auto")


def run(*chunks: dict[str, Any], **asked: Any) -> bytes:
    stream = open_stream(**asked)
    return b"".join(stream.chunk(piece) for piece in chunks) + stream.end()


def names(events: bytes) -> list[str]:
    found = read_events(events)
    assert all(data["type"] == name for name, data in found)
    assert [data["sequence_number"] for _, data in found] == list(range(len(found)))
    return [name.removeprefix("response.") for name, _ in found]


def output(codex: OpenAIReader, *deltas: dict[str, Any]) -> list[dict[str, Any]]:
    events = run(*(chunk(delta) for delta in deltas), chunk({}, "tool_calls"))
    items = [data["item"] for name, data in read_events(events) if name == "response.output_item.done"]
    read = codex.streamed(events)["output"]
    assert [item["id"] for item in read] == [item["id"] for item in items]
    return items


def test_words_event_by_event(codex: OpenAIReader) -> None:
    events = run(ROLE, chunk({"content": "Fo"}), chunk({"content": "ur."}), chunk({}, "stop"), counted(30, 7, 10))
    assert names(events) == [
        "created",
        "in_progress",
        "output_item.added",
        "content_part.added",
        "output_text.delta",
        "output_text.delta",
        "output_text.done",
        "content_part.done",
        "output_item.done",
        "completed",
    ]
    found = [data for _, data in read_events(events)]
    place = {"item_id": "msg_Abc123xyz789_0", "output_index": 0, "content_index": 0}
    empty = {"type": "output_text", "annotations": [], "logprobs": [], "text": ""}
    item = {"id": place["item_id"], "type": "message", "status": "in_progress", "role": "assistant", "content": []}
    done = {**item, "status": "completed", "content": [{**empty, "text": "Four."}]}
    assert found[0]["response"] == found[1]["response"]
    assert (found[0]["response"]["status"], found[0]["response"]["usage"]) == ("in_progress", None)
    assert found[2:9] == [
        {"type": "response.output_item.added", "output_index": 0, "item": item, "sequence_number": 2},
        {"type": "response.content_part.added", **place, "part": empty, "sequence_number": 3},
        {"type": "response.output_text.delta", **place, "logprobs": [], "delta": "Fo", "sequence_number": 4},
        {"type": "response.output_text.delta", **place, "logprobs": [], "delta": "ur.", "sequence_number": 5},
        {"type": "response.output_text.done", **place, "logprobs": [], "text": "Four.", "sequence_number": 6},
        {"type": "response.content_part.done", **place, "part": {**empty, "text": "Four."}, "sequence_number": 7},
        {"type": "response.output_item.done", "output_index": 0, "item": done, "sequence_number": 8},
    ]
    assert found[9]["response"] == {
        **found[0]["response"],
        "status": "completed",
        "output": [done],
        "usage": {
            "input_tokens": 30,
            "input_tokens_details": {"cached_tokens": 10, "cache_write_tokens": 0},
            "output_tokens": 7,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": 37,
        },
    }
    assert codex.streamed(events)["output"][0]["content"][0]["text"] == "Four."


def test_each_chunk_gives_its_events_at_once() -> None:
    stream = open_stream()
    begin = stream.chunk(ROLE)
    assert names(begin) == ["created", "in_progress"]
    assert stream.chunk(chunk({"content": "a"})).count(b"event: ") == 3
    assert stream.chunk(chunk({"content": "b"})).count(b"event: ") == 1
    assert stream.chunk(chunk({"content": ""})) == b""
    assert stream.chunk(chunk({}, "stop")).count(b"event: ") == 3
    assert stream.finished
    assert stream.chunk(counted(30, 7)) == b""
    assert stream.usage is not None
    assert stream.usage.completion_tokens == 7
    assert stream.end().count(b"event: ") == 1
    assert stream.end() == stream.chunk(chunk({"content": "late"})) == stream.fail("x", "y") == b""


def test_thoughts_words_and_two_calls(codex: OpenAIReader) -> None:
    events = run(
        ROLE,
        chunk({"reasoning": "H"}),
        chunk({"reasoning": "m."}),
        chunk({"content": "I run."}),
        chunk(call_piece(0, '{"cmd": ', call_id="call_7", name="run")),
        chunk(call_piece(0, '"ls"}')),
        chunk(call_piece(1, "{}", call_id="call_8", name="agents__spawn")),
        chunk({}, "tool_calls"),
        counted(30, 7),
    )
    assert names(events)[2:] == [
        "output_item.added",
        "content_part.added",
        "reasoning_text.delta",
        "reasoning_text.delta",
        "reasoning_text.done",
        "content_part.done",
        "output_item.done",
        "output_item.added",
        "content_part.added",
        "output_text.delta",
        "output_text.done",
        "content_part.done",
        "output_item.done",
        "output_item.added",
        "function_call_arguments.delta",
        "function_call_arguments.delta",
        "function_call_arguments.done",
        "output_item.done",
        "output_item.added",
        "function_call_arguments.delta",
        "function_call_arguments.done",
        "output_item.done",
        "completed",
    ]
    thoughts, words, first, second = codex.streamed(events)["output"]
    assert thoughts["content"] == [{"type": "reasoning_text", "text": "Hm."}]
    assert words["content"][0]["text"] == "I run."
    assert (first["name"], first["arguments"], first["call_id"]) == ("run", '{"cmd": "ls"}', "call_7")
    assert (second["name"], second["namespace"], second["call_id"]) == ("spawn", "agents", "call_8")
    places = [data["output_index"] for _, data in read_events(events) if "output_index" in data]
    assert places == sorted(places)


def test_ids_are_those_of_the_item_from_its_first_event_to_its_last() -> None:
    events = read_events(
        run(chunk({"reasoning": "a"}), chunk({"content": "b"}), chunk(call_piece(0, "{}", name="run")))
    )
    for place in range(3):
        inside = {data["item_id"] for _, data in events if data.get("output_index") == place and "item_id" in data}
        items = {data["item"]["id"] for _, data in events if data.get("output_index") == place and "item" in data}
        assert inside == items
        assert len(items) == 1
    assert len({data["response"]["id"] for _, data in events if "response" in data}) == 1


class TestCalls:
    def test_a_custom_tool_gets_its_text_in_one_piece(self, codex: OpenAIReader) -> None:
        pieces = ['{"inp', 'ut": "a \\', '"b"}']
        events = run(
            chunk(call_piece(0, "", call_id="call_7", name="patch")),
            *(chunk(call_piece(0, piece)) for piece in pieces),
            chunk({}, "tool_calls"),
        )
        assert names(events)[2:-1] == [
            "output_item.added",
            "custom_tool_call_input.delta",
            "custom_tool_call_input.done",
            "output_item.done",
        ]
        (item,) = codex.streamed(events)["output"]
        assert (item["type"], item["name"], item["input"]) == ("custom_tool_call", "patch", 'a "b')

    def test_no_arguments_are_empty_ones(self, codex: OpenAIReader) -> None:
        (item,) = output(codex, call_piece(0, "", call_id="c", name="run"))
        assert item["arguments"] == "{}"

    def test_arguments_of_two_calls_in_turn_are_not_cut(self, codex: OpenAIReader) -> None:
        items = output(
            codex,
            call_piece(0, '{"a"', call_id="x", name="run"),
            call_piece(1, '{"b"', call_id="y", name="run"),
            call_piece(0, ": 1}"),
            call_piece(1, ": 2}"),
        )
        assert [(item["call_id"], item["arguments"]) for item in items] == [("x", '{"a": 1}'), ("y", '{"b": 2}')]

    def test_words_in_the_middle_of_arguments_wait(self, codex: OpenAIReader) -> None:
        items = output(
            codex, call_piece(0, '{"a"', call_id="x", name="run"), {"content": "Wait"}, call_piece(0, ": 1}")
        )
        assert [item["type"] for item in items] == ["function_call", "message"]
        assert items[0]["arguments"] == '{"a": 1}'


@pytest.mark.parametrize(("finish", "reason"), [("length", "max_output_tokens"), ("content_filter", "content_filter")])
def test_a_cut_answer_says_so(codex: OpenAIReader, finish: str, reason: str) -> None:
    events = run(chunk({"reasoning": "Hm."}), chunk({"content": "Once upon"}), chunk({}, finish), counted(3, 2))
    assert names(events)[-1] == "incomplete"
    got = codex.streamed(events)
    assert (got["status"], got["incomplete_details"]) == ("incomplete", {"reason": reason})
    assert [item["status"] for item in got["output"]] == ["completed", "incomplete"]


def test_a_refusal(codex: OpenAIReader) -> None:
    events = run(chunk({"refusal": "I will "}), chunk({"refusal": "not."}), chunk({}, "stop"))
    assert names(events)[4:7] == ["refusal.delta", "refusal.delta", "refusal.done"]
    assert codex.streamed(events)["output"][0]["content"] == [{"type": "refusal", "refusal": "I will not."}]


def test_log_probabilities(codex: OpenAIReader) -> None:
    tokens = [{"token": sign, "bytes": [120], "logprob": -0.5, "top_logprobs": []} for sign in "ab"]
    chunks = [chunk({"content": token["token"]}) for token in tokens]
    for piece, token in zip(chunks, tokens, strict=True):
        piece["choices"][0]["logprobs"] = {"content": [token]}
    events = run(*chunks, chunk({}, "stop"))
    deltas = [data["logprobs"] for name, data in read_events(events) if name == "response.output_text.delta"]
    assert deltas == [[tokens[0]], [tokens[1]]]
    assert codex.streamed(events)["output"][0]["content"][0]["logprobs"] == tokens


def test_encrypted_thoughts_for_clients_that_return_nothing_else(codex: OpenAIReader) -> None:
    events = run(chunk({"reasoning": "Hm."}), chunk({}, "stop"), include=["reasoning.encrypted_content"])
    assert "Hm." in codex.streamed(events)["output"][0]["encrypted_content"]


@pytest.mark.parametrize("chunks", [[], [ROLE], [ROLE, chunk({}, "stop")]], ids=["nothing", "role", "finish"])
def test_an_empty_answer(codex: OpenAIReader, chunks: list[dict[str, Any]]) -> None:
    got = codex.streamed(run(*chunks))
    assert (got["output"], got["status"]) == ([], "completed")


class TestErrors:
    def test_in_the_middle(self, codex: OpenAIReader) -> None:
        stream = open_stream()
        out = stream.chunk(chunk({"reasoning": "Hm."})) + stream.chunk(chunk({"content": "Once"}))
        out += stream.fail("Backend 'a' failed.", "upstream_broken")
        assert names(out)[-1] == "failed"
        assert stream.failed
        assert stream.end() == stream.chunk(chunk({"content": "x"})) == b""
        got = codex.streamed(out)
        assert (got["status"], got["error"]["code"]) == ("failed", "server_error")
        assert got["error"]["message"] == "Backend 'a' failed."
        assert [item["type"] for item in got["output"]] == ["reasoning"]

    def test_before_anything_else(self, codex: OpenAIReader) -> None:
        out = open_stream().fail("Gone.", "stopping")
        assert names(out) == ["created", "in_progress", "failed"]
        assert codex.streamed(out)["error"]["message"] == "Gone."

    @pytest.mark.parametrize(
        ("kind", "code"),
        [
            ("exceed_context_size_error", "context_length_exceeded"),
            ("rate_limit_error", "rate_limit_exceeded"),
            ("overloaded_error", "server_is_overloaded"),
            ("out_of_memory", "server_error"),
        ],
    )
    def test_an_error_object_among_the_chunks(self, kind: str, code: str) -> None:
        stream = open_stream()
        stream.chunk(ROLE)
        ((name, data),) = read_events(stream.chunk({"error": {"message": "no", "type": kind, "code": 400}}))
        assert name == "response.failed"
        assert data["response"]["error"] == {"code": code, "message": "no"}
        assert stream.failed
