"""Anthropic messages are put together from their streams."""

from __future__ import annotations

from typing import Any

import pytest

from model_router.server.assemble import BrokenStream, assembly_for
from tests.server.assemble.streams import assembled, feed

START = {
    "type": "message_start",
    "message": {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "m",
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": {"input_tokens": 20, "cache_read_input_tokens": 5, "output_tokens": 1},
    },
}
STOP = {"type": "message_stop"}
PING = {"type": "ping"}


def begin(index: int, **block: Any) -> dict[str, Any]:
    return {"type": "content_block_start", "index": index, "content_block": block}


def delta(index: int, kind: str, **fields: Any) -> dict[str, Any]:
    return {"type": "content_block_delta", "index": index, "delta": {"type": kind, **fields}}


def end(reason: str, **more: Any) -> dict[str, Any]:
    stopped = {"stop_reason": reason, "stop_sequence": None}
    return {"type": "message_delta", "delta": stopped, "usage": {"output_tokens": 9, "input_tokens": None}, **more}


def content(*events: Any) -> Any:
    """The blocks of a message that stops as usual."""
    return assembled("messages", START, *events, end("end_turn"), STOP)["content"]


def test_a_text_with_why_it_stopped_and_what_it_took() -> None:
    answer = assembled(
        "messages",
        START,
        PING,
        begin(0, type="text", text=""),
        delta(0, "text_delta", text="Hel"),
        delta(0, "text_delta", text="lo"),
        {"type": "content_block_stop", "index": 0},
        end("max_tokens", context_management={"applied_edits": []}),
        STOP,
    )
    assert answer == {
        **START["message"],
        "content": [{"type": "text", "text": "Hello"}],
        "stop_reason": "max_tokens",
        "usage": {"input_tokens": 20, "cache_read_input_tokens": 5, "output_tokens": 9},
        "context_management": {"applied_edits": []},
    }


def test_thoughts_keep_their_signature_and_hidden_ones_pass_whole() -> None:
    assert content(
        begin(0, type="thinking", thinking="", signature=""),
        delta(0, "thinking_delta", thinking="Let me "),
        delta(0, "thinking_delta", thinking="see."),
        delta(0, "signature_delta", signature="c2ln"),
        begin(1, type="redacted_thinking", data="aGlkZGVu"),
    ) == [
        {"type": "thinking", "thinking": "Let me see.", "signature": "c2ln"},
        {"type": "redacted_thinking", "data": "aGlkZGVu"},
    ]


def test_tool_inputs_are_read_from_their_pieces() -> None:
    assert content(
        begin(0, type="tool_use", id="a", name="read", input={}),
        delta(0, "input_json_delta", partial_json=""),
        begin(1, type="server_tool_use", id="b", name="web_search"),
        delta(0, "input_json_delta", partial_json='{"path": '),
        delta(1, "input_json_delta", partial_json='{"query": "x"}'),
        delta(0, "input_json_delta", partial_json='"/tmp"}'),
        begin(2, type="tool_use", id="c", name="now"),
    ) == [
        {"type": "tool_use", "id": "a", "name": "read", "input": {"path": "/tmp"}},
        {"type": "server_tool_use", "id": "b", "name": "web_search", "input": {"query": "x"}},
        {"type": "tool_use", "id": "c", "name": "now", "input": {}},
    ]


def test_citations_gather_and_the_first_words_of_a_block_stay() -> None:
    first, second = {"type": "char_location", "cited_text": "a"}, {"type": "char_location", "cited_text": "b"}
    assert content(
        begin(0, type="text", text="Once ", citations=[]),
        delta(0, "citations_delta", citation=first),
        delta(0, "text_delta", text="more"),
        delta(0, "citations_delta", citation=second),
    ) == [{"type": "text", "text": "Once more", "citations": [first, second]}]


def test_blocks_and_deltas_of_unknown_kinds_are_kept() -> None:
    assert content(
        begin(0, type="web_search_tool_result", tool_use_id="b", content=[{"type": "web_search_result", "url": "u"}]),
        begin(1, type="novelty", score="1"),
        delta(1, "novelty_delta", score="2"),
    ) == [
        {"type": "web_search_tool_result", "tool_use_id": "b", "content": [{"type": "web_search_result", "url": "u"}]},
        {"type": "novelty", "score": "12"},
    ]


def test_the_stop_sequence_of_the_end_counts() -> None:
    stopped = {"stop_reason": "stop_sequence", "stop_sequence": "###"}
    answer = assembled("messages", START, {"type": "message_delta", "delta": stopped}, STOP)
    assert (answer["stop_reason"], answer["stop_sequence"], answer["content"]) == ("stop_sequence", "###", [])


@pytest.mark.parametrize(
    "events", [[], [START], [START, begin(0, type="text", text="x"), end("end_turn")], [STOP]], ids=range(4)
)
def test_without_its_end_it_is_no_answer(events: list[Any]) -> None:
    with pytest.raises(BrokenStream, match="without saying that it is complete"):
        feed(assembly_for("messages"), *events).answer()


@pytest.mark.parametrize(
    ("event", "words"),
    [
        ({"type": "message_start"}, "without its message"),
        (delta(3, "text_delta", text="x"), "did not begin"),
        ({"type": "content_block_start", "content_block": {}}, "without its index"),
        ({"type": "content_block_delta", "index": 0}, "without its delta"),
    ],
)
def test_events_that_make_no_sense_break_it(event: Any, words: str) -> None:
    with pytest.raises(BrokenStream, match=words):
        feed(assembly_for("messages"), START, event)


def test_an_input_that_is_no_json_breaks_it() -> None:
    with pytest.raises(BrokenStream, match="input that is not JSON"):
        content(begin(0, type="tool_use", id="a", name="n"), delta(0, "input_json_delta", partial_json='{"a'))


def test_an_error_event_is_handed_on() -> None:
    error = {"type": "overloaded_error", "message": "Overloaded"}
    with pytest.raises(BrokenStream, match=r"\(Overloaded\)") as caught:
        feed(assembly_for("messages"), START, {"type": "error", "error": error})
    assert caught.value.error == error
