"""Streams written by hand, and what comes out of them."""

from __future__ import annotations

import json
from typing import Any

from model_router.server.assemble import Assembly, assembly_for

DONE = b"[DONE]"


def feed(assembly: Assembly, *events: Any) -> Assembly:
    """Feed events: bytes as they are, all else as JSON."""
    for event in events:
        assembly.feed(event if isinstance(event, bytes) else json.dumps(event).encode())
    return assembly


def assembled(protocol: str, *events: Any) -> Any:
    """The plain answer of a whole stream."""
    return json.loads(feed(assembly_for(protocol), *events).answer())


def chunk(delta: dict[str, Any], *, index: int = 0, finish: str | None = None, **choice: Any) -> dict[str, Any]:
    """A chat chunk with one choice."""
    head = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 7, "model": "m"}
    return {**head, "choices": [{"index": index, "delta": delta, "finish_reason": finish, **choice}]}


def tail(**fields: Any) -> dict[str, Any]:
    """A chunk without choices, such as the one that carries the usage."""
    return {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 7, "model": "m", "choices": [], **fields}


def message_of(*events: Any) -> Any:
    """The message of the only choice of a chat stream."""
    (choice,) = assembled("chat", *events, DONE)["choices"]
    return choice["message"]
