"""Errors amid a stream, as backends write them, and whether clients of the protocol see them as such."""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec

from model_router.server.excerpt import error_in, excerpt
from model_router.server.wire.endpoint import Family


class StreamError(NamedTuple):
    """``sentence`` is half of one: ``answered with an error (out of memory)``. ``readable``: by the client as it is."""

    sentence: str
    readable: bool


class _Event(msgspec.Struct):
    type: Any = None
    error: Any = None
    response: Any = None
    message: Any = None


_EVENT = msgspec.json.Decoder(_Event)


def read_error(name: bytes, data: bytes, family: Family) -> StreamError | None:
    """The error in an event of this name; None for all others, most of which are not even parsed."""
    if name == b"error" or b'"error"' in data or _may_be_bare(data):
        words = error_in(data)
        if words is not None:
            return StreamError(f"answered with an error{words}", _is_readable(name, data, family))
    if family is Family.RESPONSES and b"response.failed" in data:
        return _failed_response(data)
    return None


def _may_be_bare(data: bytes) -> bool:
    return b'"code"' in data and b'"message"' in data and b'"choices"' not in data


def _is_readable(name: bytes, data: bytes, family: Family) -> bool:
    event = _EVENT.decode(data)
    if family is Family.CHAT:
        return isinstance(event.error, dict)
    if family is Family.ANTHROPIC:
        return name == b"error" and event.type == "error" and isinstance(event.error, dict)
    return event.type == "error" and isinstance(event.message, str) and name in (b"", b"error")


def _failed_response(data: bytes) -> StreamError | None:
    """A response that ends as failed: its client is told by that very event."""
    try:
        event = _EVENT.decode(data)
    except (msgspec.DecodeError, RecursionError):
        return None
    if event.type != "response.failed":
        return None
    error = event.response.get("error") if isinstance(event.response, dict) else None
    return StreamError(f"failed the answer{excerpt(msgspec.json.encode({'error': error}))}", readable=True)
