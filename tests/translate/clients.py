"""Anthropic's and OpenAI's own clients as judges of shapes: what they cannot parse fails the test."""

from __future__ import annotations

from types import TracebackType
from typing import Any, Self

import anthropic
import msgspec
import openai

from tests.support.canned_server import CannedServer

ASKED: dict[str, Any] = {
    "model": "m",
    "max_tokens": 99,
    "messages": [{"role": "user", "content": "hello"}],
    "thinking": {"type": "adaptive"},
}
"""A request for thoughts too, as Claude Code makes it."""


class AnthropicReader:
    """Reads whole messages and streams of events with the ``anthropic`` package."""

    def __init__(self, canned: CannedServer) -> None:
        self._canned = canned
        self._client = anthropic.Anthropic(
            base_url=canned.root, api_key="none", max_retries=0, timeout=10, _strict_response_validation=True
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._client.close()

    def whole(self, message: dict[str, Any]) -> dict[str, Any]:
        """A message object as the client's model holds it."""
        self._canned.answers(message)
        return self._client.messages.create(**ASKED).model_dump(exclude_none=True)

    def streamed(self, events: bytes) -> dict[str, Any]:
        """The message that the client puts together out of events."""
        self._canned.streams(events)
        with self._client.messages.stream(**ASKED) as stream:
            return stream.get_final_message().model_dump(exclude_none=True)


class OpenAIReader:
    """Reads whole responses and streams of events with the ``openai`` package."""

    def __init__(self, canned: CannedServer) -> None:
        self._canned = canned
        self._client = openai.OpenAI(
            base_url=canned.root, api_key="none", max_retries=0, timeout=10, _strict_response_validation=True
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._client.close()

    def whole(self, response: dict[str, Any]) -> dict[str, Any]:
        """A response object as the client's model holds it."""
        self._canned.answers(response)
        return self._client.responses.create(model="m", input="hello").model_dump(exclude_none=True)

    def streamed(self, events: bytes) -> dict[str, Any]:
        """The response at the end of events, which also its accumulator has to arrive at when it is complete."""
        self._canned.streams(events)
        with self._client.responses.create(model="m", input="hello", stream=True) as stream:
            *_, last = stream
        assert last.type in ("response.completed", "response.incomplete", "response.failed")
        response = last.response.model_dump(exclude_none=True)
        if last.type == "response.completed":
            with self._client.responses.stream(model="m", input="hello") as accumulated:
                final = accumulated.get_final_response().model_dump(exclude_none=True)
            assert without_parsed(final) == response
        return response


def without_parsed(value: Any) -> Any:
    """``value`` without the fields in which the accumulator puts what it parsed out of text."""
    if isinstance(value, dict):
        return {key: without_parsed(item) for key, item in value.items() if not key.startswith("parsed")}
    return [without_parsed(item) for item in value] if isinstance(value, list) else value


def read_events(events: bytes) -> list[tuple[str, dict[str, Any]]]:
    """Names and data of server-sent events; each has to be complete."""
    found = []
    for event in events.split(b"\n\n")[:-1]:
        name, data = event.split(b"\n")
        assert name.startswith(b"event: ")
        assert data.startswith(b"data: ")
        found.append((name[7:].decode(), msgspec.json.decode(data[6:])))
    assert events == b"" or events.endswith(b"\n\n")
    return found


def chunk(delta: dict[str, Any] | None = None, finish: str | None = None, **more: Any) -> dict[str, Any]:
    """A chunk in the shape that llama.cpp and OpenAI send."""
    choice = {"index": 0, "delta": delta or {}, "finish_reason": finish}
    return {
        "id": "chatcmpl-Abc123xyz789",
        "object": "chat.completion.chunk",
        "created": 1_790_000_000,
        "model": "local",
        "choices": [choice],
        **more,
    }


def counted(prompt: int, completion: int, cached: int = 0, reasoning: int = 0) -> dict[str, Any]:
    """The chunk that counts tokens, which comes last and has no choices."""
    usage = {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
        "prompt_tokens_details": {"cached_tokens": cached},
        "completion_tokens_details": {"reasoning_tokens": reasoning},
    }
    return {**chunk(), "choices": [], "usage": usage}


def whole(message: dict[str, Any], finish: str | None = "stop", **more: Any) -> dict[str, Any]:
    """A whole ``chat.completion``."""
    return {
        "id": "chatcmpl-Abc123xyz789",
        "object": "chat.completion",
        "created": 1_790_000_000,
        "model": "local",
        "choices": [{"index": 0, "message": {"role": "assistant", **message}, "finish_reason": finish}],
        "usage": counted(30, 7, cached=10)["usage"],
        **more,
    }


def call_piece(
    index: int, arguments: str = "", *, call_id: str | None = None, name: str | None = None
) -> dict[str, Any]:
    """A delta with a piece of one tool call; the first piece has id and name."""
    function: dict[str, Any] = {"arguments": arguments}
    if name is not None:
        function["name"] = name
    piece: dict[str, Any] = {"index": index, "function": function}
    if call_id is not None:
        piece |= {"id": call_id, "type": "function"}
    return {"tool_calls": [piece]}
