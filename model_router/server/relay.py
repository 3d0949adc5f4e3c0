"""Sends a request to the first backend that answers, and the answer to the client.

Before the first byte of output another backend may take over; afterwards an error is told where it happens.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass

import msgspec
from quart import Response

from model_router.server.backends import Backend
from model_router.server.record import Record
from model_router.server.refusal import Refusal
from model_router.server.stream import RelayBody, read_usage
from model_router.server.upstream import Upstream, UpstreamAnswer, UpstreamFailure, returned_headers

_LARGEST_PLAIN_ANSWER = 67_108_864
_LARGEST_ERROR = 65_536
_CONTEXT_CODES = (b"exceed_context_size_error", b"context_length_exceeded")
_OWN_FAULTS = frozenset({400, 402, 406, 409, 411, 413, 414, 415, 422, 431, 451})
"""Statuses that speak of the request itself: another backend would say the same, so the client hears them."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A request as the backends get it: the endpoint behind ``/v1``, a body for each, and headers."""

    path: str
    body_for: Callable[[Backend], bytes]
    headers: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class _Failed:
    backend: str
    sentence: str
    status: int
    retry_after: str = ""
    answer: Response | None = None

    def __str__(self) -> str:
        return f"'{self.backend}' {self.sentence}"


async def relay(upstream: Upstream, backends: Iterable[Backend], outgoing: Outgoing, record: Record) -> Response:
    """Try the backends in order; the record learns who answered.

    Raises:
        Refusal: 502, 504 or 429, when none of them answered; it names each and its reason.
    """
    failed: list[_Failed] = []
    for backend in backends:
        record.attempts += 1
        record.fallback = record.fallback or bool(failed)
        record.backend, record.model = backend.name, backend.model
        result = await _attempt(upstream, backend, outgoing, record)
        if isinstance(result, Response):
            return result
        failed.append(result)
    if len(failed) == 1 and failed[0].answer is not None:
        record.end("error", failed[0].answer.status_code, f"Backend {failed[0]}.")
        return failed[0].answer
    raise _nobody_answered(failed)


async def _attempt(upstream: Upstream, backend: Backend, outgoing: Outgoing, record: Record) -> Response | _Failed:
    try:
        answer = await upstream.send(backend, outgoing.path, outgoing.body_for(backend), outgoing.headers)
    except UpstreamFailure as failure:
        return _Failed(backend.name, failure.sentence, failure.status)
    handed_over = False
    try:
        if answer.status >= 300:
            return await _error_answer(backend, answer, record)
        if answer.content_type == "text/event-stream" and record.stream:
            response = await _stream(answer, record)
            handed_over = True
            return response
        return await _plain(answer, record)
    except UpstreamFailure as failure:
        return _Failed(backend.name, failure.sentence, failure.status)
    finally:
        if not handed_over:
            await answer.close()


async def _stream(answer: UpstreamAnswer, record: Record) -> Response:
    pieces = answer.pieces()
    first = b""
    while not first:
        try:
            first = await anext(pieces)
        except StopAsyncIteration:
            raise UpstreamFailure("closed the stream without an answer") from None
    record.first_byte()
    record.status = answer.status
    response = Response(RelayBody(answer, first, pieces, record), answer.status, returned_headers(answer.headers))
    response.headers.setdefault("cache-control", "no-cache")
    response.timeout = None
    return response


async def _plain(answer: UpstreamAnswer, record: Record) -> Response:
    data = await _read(answer.pieces(), _LARGEST_PLAIN_ANSWER)
    if "content-encoding" not in answer.headers and answer.content_type != "text/event-stream":
        _check_json(data)
        usage = read_usage(data)
        if usage is not None:
            record.prompt_tokens, record.completion_tokens = usage.prompt_tokens, usage.completion_tokens
    record.first_byte()
    record.end("ok", answer.status)
    return Response(data, answer.status, returned_headers(answer.headers))


def _check_json(data: bytes) -> None:
    try:
        msgspec.json.decode(data, type=msgspec.Raw)
    except (msgspec.DecodeError, RecursionError):
        what = "an empty answer" if not data else "an answer that is not JSON"
        raise UpstreamFailure(f"sent {what}") from None


async def _error_answer(backend: Backend, answer: UpstreamAnswer, record: Record) -> Response | _Failed:
    """Pass the client's own fault on; make everything else a reason to try the next backend."""
    status = answer.status
    if status < 400:
        location = answer.headers.get("location", "elsewhere")[:200]
        return _Failed(backend.name, f"redirects to {location}; put the final address in its base_url", 502)
    if status in (401, 403):
        return _Failed(backend.name, f"refused its key (HTTP {status}); check its api_key_env", 502)
    data = await _read(answer.pieces(), _LARGEST_ERROR)
    if status == 404:
        hint = f"does not know this endpoint or the model '{backend.model}' (HTTP 404); check base_url and model"
        return _Failed(backend.name, hint, 502)
    passed = _passed_error(answer, data)
    sentence = f"answered HTTP {status}{_excerpt(data)}"
    if status in _OWN_FAULTS and not any(code in data for code in _CONTEXT_CODES):
        if passed is None:
            raise Refusal(status, f"Backend '{backend.name}' {sentence}.", code="upstream_error")
        record.end("error", status, f"Backend '{backend.name}' {sentence}.")
        return passed
    own = 429 if status == 429 else 502
    return _Failed(backend.name, sentence, own, answer.headers.get("retry-after", ""), passed)


def _passed_error(answer: UpstreamAnswer, data: bytes) -> Response | None:
    """The backend's own error, when it is one that a client can read."""
    try:
        value = msgspec.json.decode(data)
    except (msgspec.DecodeError, RecursionError):
        return None
    if not isinstance(value, dict) or "content-encoding" in answer.headers:
        return None
    return Response(data, answer.status, returned_headers(answer.headers))


def _excerpt(data: bytes) -> str:
    try:
        value = msgspec.json.decode(data)
    except (msgspec.DecodeError, RecursionError):
        return ""
    error = value.get("error", value) if isinstance(value, dict) else None
    message = error.get("message") if isinstance(error, dict) else error
    if not isinstance(message, str) or not message:
        return ""
    clean = "".join(character if character.isprintable() else " " for character in message[:200])
    return f" ({clean.strip()})"


async def _read(pieces: AsyncIterator[bytes], limit: int) -> bytes:
    collected: list[bytes] = []
    size = 0
    async for piece in pieces:
        collected.append(piece)
        size += len(piece)
        if size > limit:
            raise UpstreamFailure(f"sent an answer larger than {limit} bytes")
    return b"".join(collected)


def _nobody_answered(failed: list[_Failed]) -> Refusal:
    statuses = {failure.status for failure in failed}
    status = statuses.pop() if len(statuses) == 1 else 502
    who = "Backend" if len(failed) == 1 else "No backend answered:"
    message = f"{who} {'; '.join(str(failure) for failure in failed)}."
    codes = {429: "rate_limit_exceeded", 504: "upstream_timeout"}
    headers = {"retry-after": failed[-1].retry_after} if status == 429 and failed[-1].retry_after else {}
    kind = "rate_limit_error" if status == 429 else "server_error"
    return Refusal(status, message, kind=kind, code=codes.get(status, "upstream_error"), headers=headers)
