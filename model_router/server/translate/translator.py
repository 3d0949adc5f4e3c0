"""What a translator does: a client's protocol on one side, chat completions on the other; no input or output."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol

import msgspec


class Usage(msgspec.Struct, frozen=True):
    """Token counts of one answer. ``cached_tokens`` and ``cache_write_tokens`` are part of ``prompt_tokens``.

    ``reasoning_tokens`` are part of ``completion_tokens``.
    """

    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int = 0
    cache_write_tokens: int = 0
    reasoning_tokens: int = 0


class ChatRequest(NamedTuple):
    """A request as chat completions take it.

    ``fields`` is the body; its ``model`` is the client's word, which the caller replaces. ``dropped`` names, dotted and
    without list positions, what the client sent and chat completions have no place for; hints of the client's own
    cache are not named. ``effort`` is how much thought the client wants (``none``, ``low``, ``medium``, ``high``) when
    it did not ask in words that every chat server takes: the caller knows whether the backend has a field for it.
    """

    fields: dict[str, Any]
    dropped: tuple[str, ...]
    effort: str | None = None


class EventStream(Protocol):
    """Turns the chunks of one streamed chat answer into the events of the client's protocol, complete each time."""

    @property
    def usage(self) -> Usage | None:
        """The token counts, once the backend has told them."""

    @property
    def finished(self) -> bool:
        """Whether the backend said why the answer ended; an answer without that was cut, or its server is sloppy."""

    @property
    def failed(self) -> bool:
        """Whether an error went out; nothing follows it."""

    def chunk(self, chat_chunk: Mapping[str, Any]) -> bytes:
        """Take one decoded ``chat.completion.chunk``; give the events that it causes, none or several."""

    def end(self) -> bytes:
        """Give the closing events. Empty after a failure and when called again."""

    def fail(self, sentence: str, code: str) -> bytes:
        """Give an error event; afterwards every call gives nothing."""


class Translator(Protocol):
    """One protocol. Malformed requests raise ``Refusal``; whatever a backend sends is put up with."""

    def request(self, asked: Mapping[str, Any]) -> ChatRequest:
        """The chat completions body for a client's body.

        Raises:
            Refusal: a field has a shape that the protocol does not allow, or asks for what cannot be had here.
        """

    def answer(self, chat: Mapping[str, Any], asked: Mapping[str, Any], model: str) -> dict[str, Any]:
        """The client's answer object for a whole ``chat.completion``; ``model`` is the name that it shows.

        Raises:
            BackendError: the answer is an error object, or no answer at all.
        """

    def stream(self, asked: Mapping[str, Any], model: str) -> EventStream:
        """The same for a streamed answer."""
