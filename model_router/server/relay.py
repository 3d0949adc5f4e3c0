"""Sends a request to the first backend that answers, and the answer to the client.

Before the first byte of content another backend may take over; afterwards an error is told where it happens.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterable
from dataclasses import dataclass
from typing import Any

import msgspec

from model_router.server.assemble import BrokenStream, assembly_for
from model_router.server.backends import Backend
from model_router.server.headers import RawHeaders, returned_headers
from model_router.server.outgoing import Outgoing, can_translate, outgoing
from model_router.server.outlet import Outlet
from model_router.server.passages import TranslatedPassage, as_chunk
from model_router.server.record import Record
from model_router.server.refusal import Refusal
from model_router.server.stream import LineHolder, Passage
from model_router.server.upstream import Upstream, UpstreamAnswer, UpstreamFailure
from model_router.server.usage import Usage, read_usage
from model_router.server.wire.request import Request
from model_router.server.wire.sse import EventReader

_LARGEST_PLAIN_ANSWER = 67_108_864
_LARGEST_ERROR = 65_536
_EVENTS = "text/event-stream"
_JSON: RawHeaders = [(b"content-type", b"application/json")]
_CONTEXT_CODES = (b"exceed_context_size_error", b"context_length_exceeded")
_OWN_FAULTS = frozenset({400, 402, 406, 409, 411, 413, 414, 415, 422, 431, 451})
"""Statuses that speak of the request itself: another backend would say the same, so the client hears them."""


@dataclass(frozen=True, slots=True)
class Call:
    """One request on its way. ``headers`` are those that backends may see; ``keeps_model``: so is the model's name."""

    request: Request
    headers: RawHeaders
    keeps_model: bool
    record: Record
    outlet: Outlet


@dataclass(frozen=True, slots=True)
class Failed:
    """Why one backend gave no answer. ``answer`` is its own error, when the client can read that as it is."""

    backend: str
    sentence: str
    status: int
    retry_after: str = ""
    answer: tuple[int, RawHeaders, bytes] | None = None

    def __str__(self) -> str:
        return f"'{self.backend}' {self.sentence}"


async def relay(upstream: Upstream, backends: Iterable[Backend], call: Call) -> None:
    """Try the backends in order; the record learns who answered.

    Raises:
        Refusal: 502, 504 or 429, when none of them answered; it names each and its reason.
    """
    record = call.record
    failed: list[Failed] = []
    for backend in backends:
        record.attempts += 1
        record.fallback = record.fallback or bool(failed)
        record.backend, record.model = backend.name, backend.model
        failure = await _attempt(upstream, backend, call)
        if failure is None:
            return
        failed.append(failure)
    own = failed[0].answer
    if len(failed) == 1 and own is not None and not call.outlet.begun:
        record.end("error", own[0], f"Backend {failed[0]}.")
        await call.outlet.plain(*own)
        return
    raise _nobody_answered(failed)


async def _attempt(upstream: Upstream, backend: Backend, call: Call) -> Failed | None:
    protocol = call.request.endpoint.protocol
    try:
        native = await upstream.speaks(backend, protocol)
        if not native and not can_translate(protocol):
            return Failed(backend.name, f"does not serve {call.request.endpoint.path}", 404)
        out = outgoing(call.request, backend, native=native, keeps_model=call.keeps_model)
        call.record.dropped = out.dropped
        answer = await upstream.send(backend, out.endpoint.upstream, out.body, [*call.headers, *_JSON])
    except UpstreamFailure as failure:
        return Failed(backend.name, failure.sentence, failure.status)
    try:
        if answer.status >= 300:
            return await _error_answer(backend, answer, call, out)
        if answer.content_type != _EVENTS:
            await _plain(answer, call, out)
        elif call.request.stream:
            await _stream(answer, call, out)
        elif out.streamed:
            await _assembled(answer, call, out)
        else:
            await _plain(answer, call, out)
        return None
    except UpstreamFailure as failure:
        return Failed(backend.name, failure.sentence, failure.status)
    finally:
        await answer.close()


async def _stream(answer: UpstreamAnswer, call: Call, out: Outgoing) -> None:
    pieces = answer.pieces()
    try:
        first = await _first_content(pieces)
        record = call.record
        record.first_byte()
        record.status = answer.status
        headers = returned_headers(answer.headers)
        if not any(name == b"cache-control" for name, _ in headers):
            headers.append((b"cache-control", b"no-cache"))
        passage: Passage
        if out.translator is not None:
            passage = TranslatedPassage(out.translator.stream(call.request.fields, record.model))
        else:
            judged = not answer.header(b"content-encoding")
            passage = LineHolder(call.request.endpoint, judged=judged, hides_usage=out.hides_usage)
        await call.outlet.stream(answer.status, headers)
        await _pass_on(first, pieces, passage, call)
        await call.outlet.end()
    finally:
        await pieces.aclose()


async def _first_content(pieces: AsyncGenerator[bytes, None]) -> bytes:
    """The first bytes that hold an event: until then another backend can still take over.

    Raises:
        UpstreamFailure: none came, or it is an error.
    """
    first = b""
    while b"data:" not in first or b"\n" not in first:
        try:
            first += await anext(pieces)
        except StopAsyncIteration:
            if b"data:" in first:
                break
            raise UpstreamFailure("closed the stream without an answer") from None
        if len(first) > _LARGEST_ERROR:
            break
    if b'"error"' in first:
        for data in EventReader().feed(first)[:1]:
            told = _error_in(data)
            if told is not None:
                raise UpstreamFailure(f"answered with an error{told}")
    return first


async def _pass_on(first: bytes, pieces: AsyncIterator[bytes], passage: Passage, call: Call) -> None:
    record, outlet = call.record, call.outlet
    error, cut = "", False
    try:
        data = passage.feed(first)
        if data:
            await outlet.piece(data)
        if not passage.broken:
            async for piece in pieces:
                data = passage.feed(piece)
                if data:
                    await outlet.piece(data)
                if record.stopped or passage.broken:
                    cut = record.stopped
                    break
    except UpstreamFailure as failure:
        error = "" if passage.done() else failure.sentence
    except asyncio.CancelledError:
        if not record.stopped:
            raise  # the client left
        cut = True
    _count(record, passage.usage())
    if cut and not passage.done():
        await outlet.piece(_stopped(record, passage))
        return
    rest = b"" if error else passage.rest()
    if rest and not passage.broken:
        await outlet.piece(rest)
    _count(record, passage.usage())
    if passage.broken:
        error = "sent an event that is not JSON"
    elif not error and not passage.finished():
        error = "ended the answer without saying that it is complete"
    if error:
        await outlet.piece(_broken(record, passage, error))
        return
    record.end("ok", record.status)


def _stopped(record: Record, passage: Passage) -> bytes:
    sentence = f"The gateway is stopping, so this answer ends here, unfinished (request {record.request_id})."
    record.end("broken", record.status, sentence)
    return passage.fail(sentence, "stopping")


def _broken(record: Record, passage: Passage, error: str) -> bytes:
    where = f"in the middle of the answer (request {record.request_id})"
    sentence = f"Backend '{record.backend}' failed {where}: it {error}."
    record.end("broken", record.status, sentence)
    return passage.fail(sentence, "upstream_broken")


async def _plain(answer: UpstreamAnswer, call: Call, out: Outgoing) -> None:
    data = await _read(answer.pieces(), _LARGEST_PLAIN_ANSWER)
    if out.translator is None and not call.request.stream:
        if not answer.header(b"content-encoding") and answer.content_type != _EVENTS:
            _check_json(data)
        await _give(answer.status, returned_headers(answer.headers), data, call)
        return
    value = _object(data)
    if not call.request.stream:
        await _give_translated(value, call, out)
    elif out.translator is not None:
        events = out.translator.stream(call.request.fields, call.record.model)
        await _give_events(events.chunk(as_chunk(value)) + events.end(), data, call)
    elif call.outlet.begun and "choices" in value:
        text = b"data: " + msgspec.json.encode(as_chunk(value)) + b"\n\ndata: [DONE]\n\n"
        await _give_events(text, data, call)
    else:
        await _give(answer.status, returned_headers(answer.headers), data, call)


async def _assembled(answer: UpstreamAnswer, call: Call, out: Outgoing) -> None:
    """A plain answer out of a stream that the client did not ask for."""
    reader, assembly = EventReader(), assembly_for(out.endpoint.protocol)
    try:
        async for piece in answer.pieces():
            for data in reader.feed(piece):
                assembly.feed(data)
        for data in reader.rest():
            assembly.feed(data)
        whole = assembly.answer()
    except BrokenStream as broken:
        raise UpstreamFailure(broken.sentence) from None
    except UpstreamFailure:
        if not assembly.complete:
            raise
        whole = assembly.answer()
    headers = [pair for pair in returned_headers(answer.headers) if pair[0] not in (b"content-type", b"cache-control")]
    if out.translator is not None:
        await _give_translated(_object(whole), call, out)
    else:
        await _give(answer.status, [*headers, *_JSON], whole, call)


async def _give_translated(value: dict[str, Any], call: Call, out: Outgoing) -> None:
    if out.translator is None:
        raise RuntimeError("nothing to translate with")
    whole = out.translator.answer(value, call.request.fields, call.record.model)
    await _give(200, _JSON, msgspec.json.encode(whole), call)


async def _give(status: int, headers: RawHeaders, data: bytes, call: Call) -> None:
    record = call.record
    _count(record, read_usage(data))
    record.first_byte()
    record.end("ok", status)
    await call.outlet.plain(status, headers, data)


async def _give_events(text: bytes, answer: bytes, call: Call) -> None:
    record = call.record
    _count(record, read_usage(answer))
    record.first_byte()
    record.end("ok", 200)
    await call.outlet.stream(200, [(b"content-type", _EVENTS.encode()), (b"cache-control", b"no-cache")])
    await call.outlet.piece(text)
    await call.outlet.end()


def _count(record: Record, usage: Usage | None) -> None:
    if usage is not None:
        record.prompt_tokens, record.completion_tokens = usage.prompt_tokens, usage.completion_tokens


def _check_json(data: bytes) -> None:
    try:
        msgspec.json.decode(data, type=msgspec.Raw)
    except (msgspec.DecodeError, RecursionError):
        what = "an empty answer" if not data else "an answer that is not JSON"
        raise UpstreamFailure(f"sent {what}") from None


def _object(data: bytes) -> dict[str, Any]:
    try:
        value = msgspec.json.decode(data)
    except (msgspec.DecodeError, RecursionError):
        value = None
    if not isinstance(value, dict):
        what = "an empty answer" if not data else "an answer that is not JSON"
        raise UpstreamFailure(f"sent {what}")
    return value


async def _error_answer(backend: Backend, answer: UpstreamAnswer, call: Call, out: Outgoing) -> Failed | None:
    """Pass the client's own fault on; make everything else a reason to try the next backend."""
    status = answer.status
    if status < 400:
        location = answer.header(b"location")[:200] or "elsewhere"
        return Failed(backend.name, f"redirects to {location}; put the final address in its base_url", 502)
    if status in (401, 403):
        return Failed(backend.name, f"refused its key (HTTP {status}); check its api_key_env", 502)
    data = await _read(answer.pieces(), _LARGEST_ERROR)
    if status == 404:
        hint = f"does not know this endpoint or the model '{backend.model}' (HTTP 404); check base_url and model"
        return Failed(backend.name, hint, 502)
    passed = _passed_error(answer, data) if out.translator is None else None
    sentence = f"answered HTTP {status}{_excerpt(data)}"
    if status in _OWN_FAULTS and not any(code in data for code in _CONTEXT_CODES):
        message = f"Backend '{backend.name}' {sentence}."
        if passed is None or call.outlet.begun:
            raise Refusal(status, message, code="upstream_error")
        call.record.end("error", status, message)
        await call.outlet.plain(*passed)
        return None
    own = 429 if status == 429 else 502
    return Failed(backend.name, sentence, own, answer.header(b"retry-after"), passed)


def _passed_error(answer: UpstreamAnswer, data: bytes) -> tuple[int, RawHeaders, bytes] | None:
    """The backend's own error, when it is one that a client can read."""
    try:
        value = msgspec.json.decode(data)
    except (msgspec.DecodeError, RecursionError):
        return None
    if not isinstance(value, dict) or answer.header(b"content-encoding"):
        return None
    return answer.status, returned_headers(answer.headers), data


def _error_in(data: bytes) -> str | None:
    """What an event says that is an error and nothing else; None for all others."""
    try:
        value = msgspec.json.decode(data)
    except (msgspec.DecodeError, RecursionError):
        return None
    if not isinstance(value, dict) or not value.get("error") or value.get("choices"):
        return None
    return _excerpt(data)


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
    return collected[0] if len(collected) == 1 else b"".join(collected)


def _nobody_answered(failed: list[Failed]) -> Refusal:
    statuses = {failure.status for failure in failed}
    status = statuses.pop() if len(statuses) == 1 else 502
    who = "Backend" if len(failed) == 1 else "No backend answered:"
    message = f"{who} {'; '.join(str(failure) for failure in failed)}."
    codes = {404: "unknown_endpoint", 429: "rate_limit_exceeded", 504: "upstream_timeout"}
    headers = {"retry-after": failed[-1].retry_after} if status == 429 and failed[-1].retry_after else {}
    kind = "rate_limit_error" if status == 429 else "server_error"
    return Refusal(status, message, kind=kind, code=codes.get(status, "upstream_error"), headers=headers)
