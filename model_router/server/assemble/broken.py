"""What may be wrong with a stream, and the reading of its events."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from model_router.server.excerpt import is_bare_error

END_MARK = b"[DONE]"

_LONGEST_MESSAGE = 300


class BrokenStream(Exception):
    """No plain answer comes out of a stream.

    ``sentence`` says why, without the backend's name and without a full stop, as in
    :class:`~model_router.server.upstream.UpstreamFailure`. ``error`` is the error object that the stream carried, None
    when it just ended or could not be read.
    """

    def __init__(self, sentence: str, error: Mapping[str, Any] | None = None) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.error = error


def read_event(data: bytes) -> dict[str, Any] | None:
    """The object of one event; None for ``null``, which llama.cpp sends in front of several completions.

    Raises:
        BrokenStream: it is an error, not JSON or no object.
    """
    try:
        event = msgspec.json.decode(data)
    except (msgspec.DecodeError, RecursionError):
        raise BrokenStream("sent an event that is not JSON") from None
    if event is None:
        return None
    if not isinstance(event, dict):
        raise BrokenStream("sent an event that is no object")
    if event.get("error"):
        raise carried_error(event["error"])
    if is_bare_error(event):
        raise carried_error({name: value for name, value in event.items() if (name, value) != ("type", "error")})
    return event


def carried_error(error: object) -> BrokenStream:
    """The exception for an error that came inside a stream, whatever its shape."""
    given = error if isinstance(error, dict) else {"message": str(error)}
    message = given.get("message")
    text = message if isinstance(message, str) else ""
    clean = "".join(letter if letter.isprintable() else " " for letter in text[:_LONGEST_MESSAGE]).strip().rstrip(".")
    return BrokenStream(f"broke off with an error ({clean or 'it gave no reason'})", given)


def ended_early() -> BrokenStream:
    """The exception for a stream that stopped in the middle."""
    return BrokenStream("ended the answer without saying that it is complete")
