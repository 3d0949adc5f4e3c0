"""The beginning of an answer: until there is a piece of content, another backend can still take over."""

from __future__ import annotations

import asyncio

import msgspec

from model_router.server.backends import Backend
from model_router.server.excerpt import error_in
from model_router.server.failure import Failure, event_failure
from model_router.server.upstream import UpstreamAnswer, UpstreamFailure, begins_late
from model_router.server.wire.sse import EventReader

_LARGEST = 65_536
_DATA = b"data: "
_NO_CONTENT = (b'{"type":"ping"}', b'{"type": "ping"}', b"null")
"""Anthropic's sign of life, and what llama.cpp sends in front of several completions."""
_PASSED_ON = frozenset({400, 413, 429})
"""Statuses that a client hears as they are; every other error in the place of an answer is a bad gateway's."""


async def first_content(answer: UpstreamAnswer, backend: Backend) -> bytes:
    """The first bytes of a stream that hold a whole event with content, and what came with them.

    Raises:
        UpstreamFailure: none came, or none in time, or it is an error.
    """
    if answer.begins_by is None:
        first = await _first_content(answer)
    else:
        try:
            async with asyncio.timeout_at(answer.begins_by):
                first = await _first_content(answer)
        except TimeoutError:
            raise begins_late(backend) from None
    answer.be_patient(backend)
    return first


async def _first_content(answer: UpstreamAnswer) -> bytes:
    first = piece = await answer.read()
    if _is_one_event(piece) and _has_content([piece[len(_DATA) : -2]]):
        return first
    reader = EventReader()
    while piece:
        if _has_content(reader.feed(piece)) or len(first) > _LARGEST:
            return first
        piece = await answer.read()
        first += piece
    if _has_content(reader.rest()):
        return first
    raise UpstreamFailure("closed the stream without an answer")


def _is_one_event(piece: bytes) -> bool:
    """Whether a piece is the one event, of one line, that servers mostly begin with."""
    return piece.startswith(_DATA) and piece.endswith(b"}\n\n") and piece.count(b"\n") == 2


def _has_content(events: list[bytes]) -> bool:
    for data in events:
        text = data.strip()
        if not text or text in _NO_CONTENT:
            continue
        if text == b"[DONE]":
            raise UpstreamFailure("ended the stream without an answer")
        check_no_error(data)
        try:
            msgspec.json.decode(data, type=msgspec.Raw)
        except (msgspec.DecodeError, RecursionError):
            raise UpstreamFailure("sent an event that is not JSON") from None
        return True
    return False


def check_no_error(data: bytes) -> None:
    """See to it that what came in the place of an answer is not an error.

    Raises:
        UpstreamFailure: it is one.
    """
    words = error_in(data) if b"error" in data or b'"code"' in data else None
    if words is not None:
        raise told_failure(f"answered with an error{words}", event_failure(data))


def told_failure(sentence: str, failure: Failure) -> UpstreamFailure:
    """An error that came with status 200, as the failure that it is."""
    status = failure.status if failure.status in _PASSED_ON else 502
    return UpstreamFailure(sentence, status, failure.kind, failure)
