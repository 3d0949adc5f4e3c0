"""The endpoints that agents call, and how each says errors, ends and token counts.

Three families share them: OpenAI's chat (also plain completions and embeddings), OpenAI's responses, and Anthropic's
messages. What a family says in a stream stands here and nowhere else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any

import msgspec

from model_router.config.proxy import WireProtocol
from model_router.server.refusal import Refusal, anthropic_error, error_object


class Family(StrEnum):
    """Whose shapes a protocol has."""

    CHAT = "chat"
    RESPONSES = "responses"
    ANTHROPIC = "anthropic"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """``path`` is what clients call, ``upstream`` the same behind ``/v1``; ``list_field`` holds the conversation.

    ``tool_fields`` go when a backend wants no tools; ``length_fields`` say how long an answer may be, the first is the
    protocol's own. ``streams``: whether an answer can come word by word.
    """

    path: str
    protocol: WireProtocol
    family: Family
    list_field: str
    tool_fields: frozenset[str] = frozenset()
    length_fields: tuple[str, ...] = ()
    streams: bool = True
    counts_tokens: bool = False
    upstream: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "upstream", self.path.removeprefix("/v1"))

    def error(self, refusal: Refusal) -> bytes:
        """The body of an error answer."""
        return refusal.anthropic_body() if self.family is Family.ANTHROPIC else refusal.body()

    def is_error(self, value: Mapping[str, Any]) -> bool:
        """Whether an object is an error as clients of this protocol read it."""
        typed = self.family is not Family.ANTHROPIC or value.get("type") == "error"
        return typed and isinstance(value.get("error"), dict)

    def error_event(self, sentence: str, code: str) -> bytes:
        """An error in the middle of a stream. No end mark follows it, so nobody takes it for an end."""
        if self.family is Family.ANTHROPIC:
            error = msgspec.json.encode(anthropic_error("api_error", sentence))
            return b"\n\nevent: error\ndata: " + error + b"\n\n"
        if self.family is Family.RESPONSES:
            event = {"type": "error", "code": code, "message": sentence, "param": None, "sequence_number": 0}
            return b"\n\nevent: error\ndata: " + msgspec.json.encode(event) + b"\n\n"
        return b"\n\ndata: " + msgspec.json.encode(error_object(sentence, "server_error", code)) + b"\n\n"

    def keepalive(self, note: str) -> bytes:
        """A sign of life in a silent stream; ``note`` says what is waited for, in words without line breaks."""
        if self.family is Family.ANTHROPIC:
            return f': {note}\n\nevent: ping\ndata: {{"type": "ping"}}\n\n'.encode()
        return f": {note}\n\n".encode()


_TOOLS = frozenset({"tools", "tool_choice", "parallel_tool_calls", "functions", "function_call"})

CHAT = Endpoint(
    "/v1/chat/completions",
    WireProtocol.CHAT,
    Family.CHAT,
    "messages",
    _TOOLS,
    ("max_completion_tokens", "max_tokens"),
)
COMPLETIONS = Endpoint("/v1/completions", WireProtocol.COMPLETIONS, Family.CHAT, "prompt", _TOOLS, ("max_tokens",))
RESPONSES = Endpoint("/v1/responses", WireProtocol.RESPONSES, Family.RESPONSES, "input", _TOOLS, ("max_output_tokens",))
MESSAGES = Endpoint("/v1/messages", WireProtocol.MESSAGES, Family.ANTHROPIC, "messages", _TOOLS, ("max_tokens",))
COUNT_TOKENS = Endpoint(
    "/v1/messages/count_tokens",
    WireProtocol.MESSAGES,
    Family.ANTHROPIC,
    "messages",
    _TOOLS,
    streams=False,
    counts_tokens=True,
)
EMBEDDINGS = Endpoint("/v1/embeddings", WireProtocol.EMBEDDINGS, Family.CHAT, "input", streams=False)

ENDPOINTS: Mapping[str, Endpoint] = MappingProxyType(
    {one.path: one for one in (CHAT, COMPLETIONS, RESPONSES, MESSAGES, COUNT_TOKENS, EMBEDDINGS)}
)
"""By path."""
