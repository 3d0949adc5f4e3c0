"""A streamed chat answer as the events of Anthropic's protocol."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from model_router.server.translate.chat_answer import Ending
from model_router.server.translate.chat_stream import Section
from model_router.server.translate.function_names import shortened
from model_router.server.translate.marks import reasoning_mark
from model_router.server.translate.messages_answer import (
    call_input,
    message_id,
    stop_reason,
    usage_object,
    wants_thoughts,
)
from model_router.server.translate.translator import Usage

_encode = msgspec.json.Encoder().encode
_DELTAS = {
    "text": ("text_delta", "text"),
    "refusal": ("text_delta", "text"),
    "reasoning": ("thinking_delta", "thinking"),
    "call": ("input_json_delta", "partial_json"),
}
_ERRORS = {
    "rate_limit_exceeded": "rate_limit_error",
    "rate_limit_error": "rate_limit_error",
    "overloaded": "overloaded_error",
    "overloaded_error": "overloaded_error",
    "exceed_context_size_error": "invalid_request_error",
    "context_length_exceeded": "invalid_request_error",
    "invalid_request_error": "invalid_request_error",
    "timeout": "timeout_error",
}


class MessagesWriter:
    """Writes ``message_start``, then block after block, then ``message_delta`` and ``message_stop``."""

    errors_need_beginning = False

    def __init__(self, asked: Mapping[str, Any], model: str) -> None:
        self._asked = asked
        self._model = model
        self._names = shortened(asked.get("tools") or ())
        self._thoughts = wants_thoughts(asked)
        self._index = -1
        self._before = b""
        self._calls = False
        self._refusal = False
        self._held = False
        self._seen = False

    def begin(self, key: str, created: int) -> bytes:
        """``message_start``; token counts are not known yet, and clients take those of ``message_delta``."""
        message: dict[str, Any] = {
            "id": message_id(key),
            "type": "message",
            "role": "assistant",
            "model": self._model,
            "content": [],
            "stop_reason": None,
            "stop_sequence": None,
            "usage": usage_object(None),
        }
        return _event("message_start", {"type": "message_start", "message": message})

    def open(self, section: Section) -> bytes:
        """``content_block_start``."""
        if section.kind == "reasoning" and not self._thoughts:
            return b""
        self._index += 1
        self._held = self._seen = False
        block: dict[str, Any]
        if section.kind == "call":
            self._calls = True
            name = self._names.get(section.name, section.name)
            block = {"type": "tool_use", "id": section.call_id, "name": name, "input": {}}
        elif section.kind == "reasoning":
            block = {"type": "thinking", "thinking": "", "signature": ""}
        else:
            self._refusal = self._refusal or section.kind == "refusal"
            block = {"type": "text", "text": ""}
        delta, field = _DELTAS[section.kind]
        self._before = (
            f'event: content_block_delta\ndata: {{"type":"content_block_delta","index":{self._index},'
            f'"delta":{{"type":"{delta}","{field}":'
        ).encode()
        start = {"type": "content_block_start", "index": self._index, "content_block": block}
        return _event("content_block_start", start)

    def write(self, section: Section, piece: str, logprobs: list[Any]) -> bytes:
        """``content_block_delta``. Arguments that do not begin as an object are held until they can be mended."""
        if section.kind == "call" and not self._passes(piece):
            return b""
        if section.kind == "reasoning" and not self._thoughts:
            return b""
        return b"".join((self._before, _encode(piece), b"}}\n\n"))

    def close(self, section: Section) -> bytes:
        """``content_block_stop``, after the signature of thoughts and after arguments that were held."""
        out = b""
        if section.kind == "reasoning":
            if not self._thoughts:
                return b""
            delta = {"type": "signature_delta", "signature": reasoning_mark(section.field)}
            out = _event("content_block_delta", {"type": "content_block_delta", "index": self._index, "delta": delta})
        elif self._held:
            mended = _encode(call_input(section.text())).decode()
            out = b"".join((self._before, _encode(mended), b"}}\n\n"))
        return out + _event("content_block_stop", {"type": "content_block_stop", "index": self._index})

    def end(self, ending: Ending, usage: Usage | None) -> bytes:
        """``message_delta`` with stop reason and token counts, and ``message_stop``."""
        reason, word = stop_reason(ending, self._asked, calls=self._calls, refusal=self._refusal)
        delta = {
            "type": "message_delta",
            "delta": {"stop_reason": reason, "stop_sequence": word},
            "usage": usage_object(usage),
        }
        return _event("message_delta", delta) + _event("message_stop", {"type": "message_stop"})

    def fail(self, sentence: str, code: str) -> bytes:
        """``error``, which may stand anywhere."""
        error = {"type": _ERRORS.get(code, "api_error"), "message": sentence}
        return _event("error", {"type": "error", "error": error})

    def _passes(self, piece: str) -> bool:
        if not self._seen:
            begin = piece.lstrip()
            self._seen = bool(begin)
            self._held = self._seen and begin[0] != "{"
        return self._seen and not self._held


def _event(name: str, data: dict[str, Any]) -> bytes:
    return b"".join((b"event: ", name.encode(), b"\ndata: ", _encode(data), b"\n\n"))
