"""Answers of a backend that only speaks chat, on their way to a client that speaks something else."""

from __future__ import annotations

from typing import Any

import msgspec

from model_router.server.excerpt import error_in
from model_router.server.translate import EventStream
from model_router.server.usage import Usage, read_usage
from model_router.server.wire.sse import EventReader

_CHUNK = msgspec.json.Decoder(dict[str, Any])


class TranslatedPassage:
    """A stream of chat chunks in, a stream of the client's own events out. ``broken``: what came is no chunk."""

    def __init__(self, events: EventStream) -> None:
        self.broken = ""
        self.told = False
        self._events = events
        self._reader = EventReader()
        self._done = False
        self._finished = False
        self._usage: Usage | None = None

    def feed(self, piece: bytes) -> bytes:
        """Take a piece in; give the events that it completes."""
        out = b"".join(map(self._take, self._reader.feed(piece)))
        if self._reader.overflown and not self.broken:
            self.broken = "sent an event that is too long"
        return out

    def rest(self) -> bytes:
        """The last events, at a proper end."""
        out = b"".join(map(self._take, self._reader.rest()))
        return out if self._done or self.broken or not self._finished else out + self._events.end()

    def done(self) -> bool:
        """Whether ``[DONE]`` came."""
        return self._done

    def finished(self) -> bool:
        """Whether the backend gave a reason for the end."""
        return self._done or self._finished

    def usage(self) -> Usage | None:
        """The token counts, once the backend has told them."""
        return self._usage

    def fail(self, sentence: str, code: str) -> bytes:
        """An error that ends the stream."""
        return self._events.fail(sentence, code)

    def _take(self, data: bytes) -> bytes:
        text = data.strip()
        if self._done or self.broken or not text or text == b"null":
            return b""
        if text == b"[DONE]":
            self._done = True
            return self._events.end()
        try:
            chunk = _CHUNK.decode(data)
        except (msgspec.DecodeError, RecursionError):
            self.broken = "sent an event that is not JSON"
            return b""
        if chunk.get("error") or "code" in chunk:
            words = error_in(data)
            if words is not None:
                self.broken = f"answered with an error{words}"
                return b""
        if b'"usage"' in data:
            self._usage = read_usage(data) or self._usage
        if b'"finish_reason"' in data and not self._finished:
            choices = chunk.get("choices") or ()
            self._finished = any(isinstance(one, dict) and one.get("finish_reason") for one in choices)
        return self._events.chunk(chunk)


def as_chunk(answer: dict[str, Any]) -> dict[str, Any]:
    """A plain chat answer as the one chunk of a stream: for servers that do not stream though asked to.

    A plain completion is its own chunk.
    """
    choices = [one for one in answer.get("choices") or () if isinstance(one, dict)]
    if any("text" in one for one in choices):
        return answer
    chunks = [
        {
            "index": one.get("index", 0),
            "delta": _numbered(one.get("message") or {}),
            "finish_reason": one.get("finish_reason"),
        }
        for one in choices
    ]
    return {**answer, "object": "chat.completion.chunk", "choices": chunks}


def _numbered(message: dict[str, Any]) -> dict[str, Any]:
    """A message whose tool calls have the numbers by which a stream's pieces are told apart."""
    calls = message.get("tool_calls")
    if not isinstance(calls, list):
        return message
    return {**message, "tool_calls": [{"index": at, **call} for at, call in enumerate(calls) if isinstance(call, dict)]}
