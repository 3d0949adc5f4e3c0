"""OpenAI responses are taken from the last event of their streams."""

from __future__ import annotations

from typing import Any

import pytest

from model_router.server.assemble import BrokenStream, assembly_for
from tests.server.assemble.streams import DONE, assembled, feed

CREATED = {"type": "response.created", "response": {"id": "resp_1", "status": "in_progress", "output": []}}
MESSAGE = {"type": "message", "id": "msg_1", "content": [{"type": "output_text", "text": "Hello"}]}
CALL = {"type": "function_call", "id": "fc_1", "name": "read", "arguments": "{}"}


def last(status: str, **fields: Any) -> dict[str, Any]:
    return {"type": f"response.{status}", "response": {"id": "resp_1", "status": status, **fields}}


@pytest.mark.parametrize("status", ["completed", "incomplete", "failed"])
def test_the_last_event_carries_the_answer(status: str) -> None:
    delta = {"type": "response.output_text.delta", "delta": "Hello", "obfuscation": "x"}
    answer = assembled("responses", CREATED, delta, last(status, output=[MESSAGE], usage={"total_tokens": 3}), DONE)
    assert answer == {"id": "resp_1", "status": status, "output": [MESSAGE], "usage": {"total_tokens": 3}}


def test_the_error_of_a_failed_answer_stays_in_it() -> None:
    error = {"code": "server_error", "message": "no"}
    assert assembled("responses", CREATED, last("failed", error=error, output=[]))["error"] == error


def test_output_that_the_last_event_leaves_out_comes_from_the_items_before() -> None:
    done = [
        {"type": "response.output_item.done", "output_index": 1, "item": CALL},
        {"type": "response.output_item.done", "output_index": 0, "item": MESSAGE},
    ]
    assert assembled("responses", CREATED, *done, last("completed"))["output"] == [MESSAGE, CALL]
    plain = [{"type": "response.output_item.done", "item": item} for item in (MESSAGE, CALL)]
    assert assembled("responses", CREATED, *plain, last("completed", output=[]))["output"] == [MESSAGE, CALL]


def test_without_a_last_event_it_is_no_answer() -> None:
    with pytest.raises(BrokenStream, match="without saying that it is complete"):
        feed(assembly_for("responses"), CREATED, {"type": "response.output_item.done", "item": MESSAGE}, DONE).answer()


@pytest.mark.parametrize(
    "event",
    [{"type": "error", "code": "busy", "message": "Busy"}, {"error": {"code": "busy", "message": "Busy"}}],
    ids=["flat", "nested"],
)
def test_an_error_event_is_handed_on(event: Any) -> None:
    with pytest.raises(BrokenStream, match=r"\(Busy\)") as caught:
        feed(assembly_for("responses"), CREATED, event)
    assert caught.value.error == {"code": "busy", "message": "Busy"}


def test_a_last_event_without_a_response_breaks_it() -> None:
    with pytest.raises(BrokenStream, match="without its response"):
        feed(assembly_for("responses"), {"type": "response.completed"})


def test_what_llama_leaves_out_of_its_last_event_is_put_back() -> None:
    thoughts = {"type": "reasoning", "summary": []}
    event = last("completed", created_at=7, output=[thoughts, {**MESSAGE, "status": "incomplete"}])
    answer = assembled("responses", CREATED, {**event, "timings": {"predicted_n": 3}})
    assert answer["completed_at"] == 7
    assert answer["output"] == [{**thoughts, "status": "completed"}, {**MESSAGE, "status": "incomplete"}]
    others = assembled("responses", CREATED, event)
    assert "completed_at" not in others
    assert others["output"][0] == thoughts
