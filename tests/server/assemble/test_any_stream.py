"""Whatever a server sends, out comes JSON or a broken stream."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model_router.server.assemble import BrokenStream, assembly_for

PROTOCOLS = ["chat", "completions", "messages", "responses"]
WORDS = st.sampled_from(
    """choices delta index content tool_calls function name arguments id type role logprobs finish_reason text usage
    message message_start message_delta message_stop content_block content_block_start content_block_delta partial_json
    input_json_delta text_delta tool_use stop_reason response response.completed response.output_item.done item error
    output output_index timings reasoning_details citation citations_delta""".split()
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.floats(allow_nan=False, allow_infinity=False) | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=4),
    max_leaves=12,
)


def chunks() -> st.SearchStrategy[Any]:
    """Objects that have the right shape at the top and anything below."""
    delta = st.dictionaries(WORDS, VALUES, max_size=4)
    choice = st.fixed_dictionaries({"index": st.integers(0, 2)}, optional={"delta": delta, "text": VALUES})
    start = st.fixed_dictionaries({"type": st.just("message_start"), "message": delta})
    block = st.fixed_dictionaries({"type": st.just("content_block_start"), "index": st.just(0), "content_block": delta})
    piece = st.fixed_dictionaries({"type": st.just("content_block_delta"), "index": st.just(0), "delta": delta})
    end = st.fixed_dictionaries({"type": st.just("message_delta"), "delta": delta, "usage": VALUES})
    last = st.fixed_dictionaries({"type": st.just("response.completed"), "response": delta})
    stop = st.just({"type": "message_stop"})
    return st.fixed_dictionaries({"choices": st.lists(choice, max_size=3)}) | start | block | piece | end | last | stop


@pytest.mark.parametrize("protocol", PROTOCOLS)
@given(events=st.lists(chunks() | VALUES, max_size=8))
def test_any_json_gives_json_or_a_broken_stream(protocol: str, events: list[Any]) -> None:
    assembly = assembly_for(protocol)
    with contextlib.suppress(BrokenStream):
        for event in events:
            assembly.feed(json.dumps(event).encode())
        assembly.feed(b"[DONE]")
        json.loads(assembly.answer())


@pytest.mark.parametrize("protocol", PROTOCOLS)
@given(events=st.lists(st.binary(max_size=20), max_size=4))
def test_any_bytes_give_json_or_a_broken_stream(protocol: str, events: list[bytes]) -> None:
    assembly = assembly_for(protocol)
    with contextlib.suppress(BrokenStream):
        for event in events:
            assembly.feed(event)
        json.loads(assembly.answer())


@given(text=st.text(st.characters(codec="utf-8"), max_size=60), data=st.data())
def test_a_text_is_the_same_however_it_is_cut(text: str, data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=6)))
    assembly = assembly_for("chat")
    for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True):
        piece = {"choices": [{"index": 0, "delta": {"content": text[start:end]}}]}
        assembly.feed(json.dumps(piece).encode())
    assembly.feed(b"[DONE]")
    assert json.loads(assembly.answer())["choices"][0]["message"]["content"] == text
