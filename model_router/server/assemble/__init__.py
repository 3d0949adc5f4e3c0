"""A plain answer put together from a stream, field by field the same as the server's own plain answer.

Some servers go on generating after the connection of a plain request is closed, but stop at once when a stream's is.
To such a server the gateway sends a plain request as a stream, and gives the client what comes out here.

    assembly = assembly_for("chat")
    for data in payloads:          # of each event of the stream, ``[DONE]`` included
        assembly.feed(data)
    assembly.answer()              # JSON

What only a stream can tell differently from a plain answer is left out: padding against eavesdroppers, progress of
the prompt. Everything else that is not known is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from model_router.server.assemble.broken import BrokenStream
from model_router.server.assemble.choices import ChatAssembly, CompletionAssembly
from model_router.server.assemble.messages import MessagesAssembly
from model_router.server.assemble.responses import ResponsesAssembly

__all__ = ["Assembly", "BrokenStream", "assembly_for", "may_stream"]


class Assembly(Protocol):
    """One answer in the making. Used by one request, from one task."""

    @property
    def complete(self) -> bool:
        """Whether the stream's own end has come; nothing behind it counts."""

    def feed(self, data: bytes) -> None:
        """Take the payload of one event in.

        Raises:
            BrokenStream: it is an error, or not JSON.
        """

    def answer(self) -> bytes:
        """The plain answer as JSON.

        Raises:
            BrokenStream: the stream ended without its end.
        """


_ASSEMBLIES: dict[str, Callable[[], Assembly]] = {
    "chat": ChatAssembly,
    "completions": CompletionAssembly,
    "messages": MessagesAssembly,
    "responses": ResponsesAssembly,
}


def assembly_for(protocol: str) -> Assembly:
    """A new assembly; ``protocol`` is ``chat``, ``completions``, ``messages`` or ``responses``.

    Raises:
        KeyError: a protocol without streams.
    """
    return _ASSEMBLIES[protocol]()


def may_stream(protocol: str, fields: Mapping[str, Any]) -> bool:
    """Whether a plain request with these fields can be sent as a stream at all.

    llama.cpp answers 400 to a stream with both tools and logprobs, though not to the same request without a stream.
    """
    return not (protocol == "chat" and fields.get("logprobs") and fields.get("tools"))
