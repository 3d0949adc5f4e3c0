"""Chat completions and completions are put together from their streams."""

from __future__ import annotations

import time
from typing import Any

import pytest

from model_router.server.assemble import BrokenStream, assembly_for
from tests.server.assemble.streams import DONE, assembled, chunk, feed, message_of, tail

USAGE = {"prompt_tokens": 9, "completion_tokens": 3, "total_tokens": 12, "prompt_tokens_details": {"cached_tokens": 4}}


def call(index: int | None, arguments: str, **head: Any) -> dict[str, Any]:
    """A delta with a piece of one tool call; ``id`` and ``name`` come with its first piece."""
    piece: dict[str, Any] = {"function": {"arguments": arguments}}
    if index is not None:
        piece["index"] = index
    if "id" in head:
        piece |= {"id": head["id"], "type": "function"}
    if "name" in head:
        piece["function"]["name"] = head["name"]
    return {"tool_calls": [piece]}


def test_a_text_with_its_usage_and_every_field_that_is_not_known() -> None:
    answer = assembled(
        "chat",
        chunk({"role": "assistant", "content": "", "refusal": None}) | {"system_fingerprint": "fp", "usage": None},
        chunk({"content": "Hel"}, logprobs=None) | {"service_tier": "default", "obfuscation": "xy"},
        chunk({"content": "lo"}) | {"x_vendor": {"region": "here"}},
        chunk({}, finish="stop", matched_stop=106),
        tail(usage=USAGE, timings={"predicted_n": 3}),
        DONE,
    )
    assert answer == {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 7,
        "model": "m",
        "system_fingerprint": "fp",
        "service_tier": "default",
        "x_vendor": {"region": "here"},
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": "Hello", "refusal": None},
                "logprobs": None,
                "matched_stop": 106,
                "finish_reason": "stop",
            }
        ],
        "usage": USAGE,
        "timings": {"predicted_n": 3},
    }


def test_choices_that_come_mixed_stand_in_their_order() -> None:
    answer = assembled(
        "chat",
        chunk({"content": "b"}, index=1),
        chunk({"content": "a"}, index=0),
        chunk({"content": "B"}, index=1, finish="length"),
        chunk({"content": "A"}, index=0, finish="stop"),
        DONE,
    )
    assert [(c["index"], c["message"]["content"], c["finish_reason"]) for c in answer["choices"]] == [
        (0, "aA", "stop"),
        (1, "bB", "length"),
    ]


def test_thoughts_and_refusals_are_texts_of_their_own() -> None:
    message = message_of(
        chunk({"role": "assistant", "reasoning_content": "Let me ", "reasoning": "Let me "}),
        chunk({"reasoning_content": "see.", "reasoning": "see."}),
        chunk({"refusal": "No"}),
        chunk({"refusal": "."}, finish="stop"),
    )
    expected = {"reasoning_content": "Let me see.", "reasoning": "Let me see.", "refusal": "No."}
    assert message == {"role": "assistant", "content": None, **expected}


def test_details_of_thoughts_with_an_index_grow_and_others_follow_each_other() -> None:
    message = message_of(
        chunk({"reasoning_details": [{"index": 0, "type": "reasoning.text", "text": "Let "}]}),
        chunk({"reasoning_details": [{"index": 0, "type": "reasoning.text", "text": "me"}]}),
        chunk({"annotations": [{"type": "url_citation"}]}),
        chunk({"annotations": [{"type": "file_citation"}]}, finish="stop"),
    )
    assert message["reasoning_details"] == [{"index": 0, "type": "reasoning.text", "text": "Let me"}]
    assert message["annotations"] == [{"type": "url_citation"}, {"type": "file_citation"}]


def test_tool_calls_come_in_pieces_and_beside_each_other() -> None:
    message = message_of(
        chunk({"role": "assistant", "content": None} | call(1, "", id="b", name="write")),
        chunk(call(0, "", id="a", name="read")),
        chunk(call(0, '{"pa')),
        chunk(call(1, '{"x":')),
        chunk(call(0, 'th":1}')),
        chunk(call(1, "2}"), finish="tool_calls"),
    )
    assert message["content"] is None
    assert message["tool_calls"] == [
        {"id": "a", "type": "function", "function": {"name": "read", "arguments": '{"path":1}'}},
        {"id": "b", "type": "function", "function": {"name": "write", "arguments": '{"x":2}'}},
    ]


@pytest.mark.parametrize("index", [0, None], ids=["always index 0", "no index at all"])
def test_servers_that_do_not_number_their_calls(index: int | None) -> None:
    message = message_of(
        chunk(call(index, '{"a":', id="one", name="read")),
        chunk(call(index, "1}")),
        chunk(call(index, '{"b":', id="two", name="write")),
        chunk(call(index, "2}"), finish="tool_calls"),
    )
    pairs = [(c["id"], c["function"]["name"], c["function"]["arguments"]) for c in message["tool_calls"]]
    assert pairs == [("one", "read", '{"a":1}'), ("two", "write", '{"b":2}')]


@pytest.mark.parametrize("repeated", ["", "read"], ids=["empty", "whole"])
def test_a_name_and_an_id_that_every_piece_repeats_are_said_once(repeated: str) -> None:
    message = message_of(
        chunk(call(0, '{"a":', id="one", name="read")),
        chunk(call(0, "1}", id=repeated and "one", name=repeated), finish="tool_calls"),
    )
    (only,) = message["tool_calls"]
    assert only == {"id": "one", "type": "function", "function": {"name": "read", "arguments": '{"a":1}'}}


def test_the_old_function_call() -> None:
    message = message_of(
        chunk({"function_call": {"name": "read", "arguments": ""}}),
        chunk({"function_call": {"arguments": '{"a"'}}),
        chunk({"function_call": {"arguments": ":1}"}}, finish="function_call"),
    )
    assert message["function_call"] == {"name": "read", "arguments": '{"a":1}'}


def test_logprobs_of_content_and_refusal_follow_each_other() -> None:
    one, two, three = ({"token": letter, "logprob": -0.5, "bytes": [1], "top_logprobs": []} for letter in "abc")
    answer = assembled(
        "chat",
        chunk({"content": "a"}, logprobs={"content": [one], "refusal": None}),
        chunk({"content": "b"}, logprobs={"content": [two], "refusal": None}),
        chunk({"refusal": "c"}, logprobs={"content": None, "refusal": [three]}),
        chunk({}, finish="stop", logprobs=None),
        DONE,
    )
    assert answer["choices"][0]["logprobs"] == {"content": [one, two], "refusal": [three]}


def test_content_in_parts_goes_on_in_the_last_text() -> None:
    message = message_of(
        chunk({"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}]}),
        chunk({"content": "Hel"}),
        chunk({"content": "lo"}, finish="stop"),
    )
    thinking = {"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}
    assert message["content"] == [thinking, {"type": "text", "text": "Hello"}]


def test_sound_is_one_object_whose_texts_grow() -> None:
    message = message_of(
        chunk({"audio": {"id": "au", "transcript": "Hel"}}),
        chunk({"audio": {"id": "au", "transcript": "lo", "data": "AA"}}),
        chunk({"audio": {"data": "BB", "expires_at": 99}}, finish="stop"),
    )
    assert message["audio"] == {"id": "au", "transcript": "Hello", "data": "AABB", "expires_at": 99}


def test_a_head_that_is_empty_at_first_is_filled_later() -> None:
    empty = {"id": "", "created": 0, "model": "", "choices": [], "prompt_filter_results": [{"prompt_index": 0}]}
    answer = assembled("chat", empty, chunk({"content": "x"}, finish="stop"), {**empty, "usage": USAGE}, DONE)
    assert (answer["id"], answer["created"], answer["model"]) == ("chatcmpl-1", 7, "m")
    assert answer["prompt_filter_results"] == [{"prompt_index": 0}]


def test_completions_with_the_four_lists_of_logprobs() -> None:
    def piece(text: str, offset: int, finish: str | None = None) -> dict[str, Any]:
        logprobs = {"tokens": [text], "token_logprobs": [-0.1], "top_logprobs": [{text: -0.1}], "text_offset": [offset]}
        choice = {"text": text, "index": 0, "logprobs": logprobs, "finish_reason": finish}
        return {"id": "cmpl-1", "object": "text_completion", "created": 7, "model": "m", "choices": [choice]}

    answer = assembled("completions", b"null", piece("a", 5), piece("b", 6, "length"), tail(usage=USAGE), DONE)
    assert answer["object"] == "text_completion"
    assert answer["usage"] == USAGE
    (choice,) = answer["choices"]
    assert choice == {
        "text": "ab",
        "index": 0,
        "finish_reason": "length",
        "logprobs": {
            "tokens": ["a", "b"],
            "token_logprobs": [-0.1, -0.1],
            "top_logprobs": [{"a": -0.1}, {"b": -0.1}],
            "text_offset": [5, 6],
        },
    }


def test_without_an_end_mark_a_finish_reason_for_every_choice_is_an_end() -> None:
    whole = feed(assembly_for("chat"), chunk({"content": "x"}, finish="stop"))
    assert not whole.complete
    assert b'"content":"x"' in whole.answer()


@pytest.mark.parametrize(
    "events",
    [
        [],
        [DONE],
        [tail(usage=USAGE)],
        [chunk({"content": "x"})],
        [chunk({"content": "x"}, finish="stop"), chunk({"content": "y"}, index=1)],
    ],
    ids=["nothing", "an end without an answer", "usage alone", "no end", "one choice of two"],
)
def test_a_stream_that_stops_in_the_middle_is_no_answer(events: list[Any]) -> None:
    with pytest.raises(BrokenStream, match="without saying that it is complete") as caught:
        feed(assembly_for("chat"), *events).answer()
    assert caught.value.error is None


def test_an_error_in_the_stream_is_handed_on() -> None:
    error = {"code": 500, "message": "out of\x1b memory.", "type": "server_error"}
    with pytest.raises(BrokenStream, match=r"broke off with an error \(out of  memory\)$") as caught:
        feed(assembly_for("chat"), chunk({"content": "x"}), {"error": error})
    assert caught.value.error == error


@pytest.mark.parametrize("data", [b"{", b"[1]", b'"x"', b"\xff", b"[" * 2000, b'{"choices": [3]}'])
def test_what_is_no_event_breaks_the_stream(data: bytes) -> None:
    with pytest.raises(BrokenStream, match="sent a"):
        assembly_for("chat").feed(data)


def test_what_comes_behind_the_end_counts_nothing() -> None:
    answer = assembled("chat", chunk({"content": "x"}, finish="stop"), DONE, chunk({"content": "y"}), b"{")
    assert answer["choices"][0]["message"]["content"] == "x"


def test_a_long_answer_takes_time_in_proportion_to_its_length() -> None:
    def seconds(pieces: int) -> float:
        best = 9.0
        for _ in range(3):
            started = time.thread_time()
            feed(assembly_for("chat"), *[chunk({"content": "x" * 200})] * pieces, DONE).answer()
            best = min(best, time.thread_time() - started)
        return best

    assert seconds(20_000) < 40 * seconds(1_000)
