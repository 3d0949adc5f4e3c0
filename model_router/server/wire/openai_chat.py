"""OpenAI's chat completions: what the gateway reads of a request, and what it changes in it."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from model_router.server.refusal import Refusal
from model_router.server.wire.body import JsonBody, read_object, replace_fields

_TOOL_FIELDS = frozenset({"tools", "tool_choice", "parallel_tool_calls", "functions", "function_call"})


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """A checked request. ``stream`` says whether the client wants the answer word by word."""

    body: JsonBody
    stream: bool

    def forwarded(self, model: str, *, strip_tools: bool) -> bytes:
        """The body for a backend: its own model name, tools left out if it wants none, every other byte as it came."""
        removed = _TOOL_FIELDS if strip_tools else frozenset()
        return replace_fields(self.body, {"model": msgspec.json.encode(model)}, removed)


def read_chat(raw: bytes, max_depth: int) -> ChatRequest:
    """Check a request as far as the gateway has to understand it; the rest is the backend's business.

    Raises:
        Refusal: 400, with one sentence that says what is wrong.
    """
    body = read_object(raw, max_depth)
    messages = bytes(memoryview(body.fields.get("messages", msgspec.Raw(b"null")))[:1])
    if messages == b"n":
        message = "The request has no messages; send a list of at least one in 'messages'."
        raise Refusal(400, message, code="missing_messages", param="messages")
    if messages != b"[":
        message = "'messages' must be a list of messages, each an object with a role and a content."
        raise Refusal(400, message, code="invalid_messages", param="messages")
    stream = bytes(body.fields.get("stream", b"null"))
    if stream not in (b"true", b"false", b"null"):
        raise Refusal(400, "'stream' must be true or false.", code="invalid_stream", param="stream")
    return ChatRequest(body, stream == b"true")
