"""Sends a request to the first backend that answers, and the answer to the client.

Before the first byte of content another backend may take over; afterwards an error is told where it happens.
"""

from __future__ import annotations

import asyncio
import math
import random
import time
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Iterable
from dataclasses import dataclass
from typing import Any

import msgspec

from model_router.server.ask import CallKind
from model_router.server.assemble import BrokenStream, assembly_for
from model_router.server.backends import Backend
from model_router.server.breaker import Admission
from model_router.server.failure import Failure, status_failure
from model_router.server.gateway import Gateway
from model_router.server.headers import RawHeaders, returned_headers
from model_router.server.line import LineFull, Place
from model_router.server.outgoing import Outgoing, can_translate, outgoing
from model_router.server.outlet import WAITING, Outlet
from model_router.server.passages import TranslatedPassage, as_chunk
from model_router.server.record import Record
from model_router.server.refusal import Refusal
from model_router.server.retries import Action, Retries
from model_router.server.stream import LineHolder, Passage
from model_router.server.upstream import Upstream, UpstreamAnswer, UpstreamFailure
from model_router.server.usage import Usage, read_usage
from model_router.server.wire.request import Request
from model_router.server.wire.sse import EventReader

_LARGEST_PLAIN_ANSWER = 67_108_864
_LARGEST_ERROR = 65_536
_EVENTS = "text/event-stream"
_JSON: RawHeaders = [(b"content-type", b"application/json")]
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

    @property
    def is_utility(self) -> bool:
        """A client's housekeeping, which lets people pass."""
        return self.record.ask is not None and self.record.ask.kind is CallKind.UTILITY


@dataclass(frozen=True, slots=True)
class Failed:
    """Why one backend gave no answer, in words and for the retry policy, which has no say when ``failure`` is None.

    ``answer`` is the backend's own error, when the client can read that as it is. ``retry_after`` are seconds.
    """

    backend: Backend
    sentence: str
    status: int
    failure: Failure | None = None
    retry_after: float | None = None
    answer: tuple[int, RawHeaders, bytes] | None = None

    def __str__(self) -> str:
        return f"'{self.backend.name}' {self.sentence}"


async def relay(gateway: Gateway, backends: Iterable[Backend], call: Call) -> None:
    """Try the backends in order; the record learns who answered.

    Raises:
        Refusal: none of them answered; it names each and its reason.
    """
    record = call.record
    retries = Retries(gateway.retry_policy, random.random)
    failed: dict[str, Failed] = {}
    waiting = deque(backends)
    first = waiting[0]
    while waiting:
        backend = waiting.popleft()
        record.fallback = record.fallback or backend is not first
        record.backend, record.model = backend.name, backend.model
        failure = await _attempt(gateway.upstream, backend, call)
        if failure is None:
            return
        failed[backend.name] = failure
        record.failures.append(str(failure))
        if failure.failure is None:
            continue
        step = retries.after(backend.name, failure.failure, backend.config.retries)
        if step.action is Action.TELL:
            break
        if step.action is Action.AGAIN:
            await asyncio.sleep(step.delay)
            waiting.appendleft(backend)
        elif step.more_context:
            waiting = deque(one for one in waiting if _is_larger(one, backend, step.needs_context))
    await _tell(list(failed.values()), call)


def _is_larger(backend: Backend, tried: Backend, needed: int | None) -> bool:
    """Whether a backend may hold what was too long for another; one whose context nobody knows may."""
    context = backend.context
    if context is None:
        return True
    return context >= needed if needed is not None else context > (tried.context or 0)


async def _tell(failed: list[Failed], call: Call) -> None:
    """The client hears what its own request is wrong in, or a single backend's own error, else a sentence of ours."""
    last = next((one for one in failed if one.failure is not None and one.failure.too_long), failed[-1])
    faulty = last.failure is not None and not last.failure.blames_server and last.status in _OWN_FAULTS
    if (faulty or len(failed) == 1) and last.answer is not None and not call.outlet.begun:
        call.record.end("error", last.answer[0], f"Backend {last}.")
        await call.outlet.plain(*last.answer)
        return
    raise Refusal(last.status, f"Backend {last}.", code="upstream_error") if faulty else _nobody_answered(failed)


async def _attempt(upstream: Upstream, backend: Backend, call: Call) -> Failed | None:
    admission = backend.breaker.admit()
    if admission is None:
        seconds = backend.breaker.snapshot().retry_in or 0
        sentence = f"rests after failures and is tried again in {max(1, round(seconds))} s"
        return Failed(backend, sentence, 503, retry_after=max(1.0, seconds))
    with admission:
        if backend.line is None:
            return await _send(upstream, backend, admission, call, None)
        try:
            place = backend.line.enter(utility=call.is_utility)
        except LineFull as full:
            return Failed(backend, str(full), 429, retry_after=full.retry_after)
        try:
            while place.position:
                call.outlet.note = f"{place.position} in line for '{backend.name}'"
                await place.change()
            call.outlet.note = WAITING
            return await _send(upstream, backend, admission, call, place)
        finally:
            place.leave()


async def _send(
    upstream: Upstream, backend: Backend, admission: Admission, call: Call, place: Place | None
) -> Failed | None:
    protocol = call.request.endpoint.protocol
    answer: UpstreamAnswer | None = None
    try:
        native = await upstream.speaks(backend, protocol)
        if not native and not can_translate(protocol):
            return Failed(backend, f"does not serve {call.request.endpoint.path}", 404)
        out = outgoing(call.request, backend, native=native, keeps_model=call.keeps_model)
        call.record.dropped = out.dropped
        call.record.attempts += 1
        answer = await upstream.send(backend, out.endpoint.upstream, out.body, [*call.headers, *_JSON])
        if answer.status >= 300:
            failed = await _error_answer(backend, answer, out)
        else:
            backend.abilities.learn_server(answer.headers)
            failed = await _give_answer(answer, backend, admission, call, out)
    except UpstreamFailure as failure:
        failed = Failed(backend, failure.sentence, failure.status, failure.failure)
    finally:
        if answer is not None:
            await answer.close()
    if failed is None or failed.failure is None or not failed.failure.blames_server:
        admission.succeed()
    else:
        admission.fail(connecting=failed.failure.unconnected)
    return failed


async def _give_answer(
    answer: UpstreamAnswer, backend: Backend, admission: Admission, call: Call, out: Outgoing
) -> None:
    if answer.content_type != _EVENTS:
        await _plain(answer, call, out)
    elif call.request.stream:
        await _stream(answer, backend, admission, call, out)
    elif out.streamed:
        await _assembled(answer, backend, call, out)
    else:
        await _plain(answer, call, out)


async def _stream(
    answer: UpstreamAnswer, backend: Backend, admission: Admission, call: Call, out: Outgoing
) -> None:
    pieces = answer.pieces()
    try:
        first = await _first_content(pieces)
        answer.be_patient(backend.idle_seconds)
        admission.succeed()  # what breaks from here on is told to the client; another request may be the next probe
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


async def _assembled(answer: UpstreamAnswer, backend: Backend, call: Call, out: Outgoing) -> None:
    """A plain answer out of a stream that the client did not ask for."""
    reader, assembly = EventReader(), assembly_for(out.endpoint.protocol)
    try:
        async for piece in answer.pieces():
            for data in reader.feed(piece):
                answer.be_patient(backend.idle_seconds)
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


async def _error_answer(backend: Backend, answer: UpstreamAnswer, out: Outgoing) -> Failed:
    """What an error means: in words, for the retry policy, and as the client may read it."""
    status = answer.status
    data = await _read(answer.pieces(), _LARGEST_ERROR)
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in answer.headers}
    failure = status_failure(status, headers, data, time.time())
    if status < 400:
        location = answer.header(b"location")[:200] or "elsewhere"
        sentence, told = f"redirects to {location}; put the final address in its base_url", 502
    elif status in (401, 403):
        sentence, told = f"refused its key (HTTP {status}); check its api_key_env", 502
    elif status == 404:
        hint = f"does not know this endpoint or the model '{backend.model}' (HTTP 404); check base_url and model"
        sentence, told = hint, 502
    else:
        sentence = f"answered HTTP {status}{_excerpt(data)}"
        told = status if status == 429 or status in _OWN_FAULTS else 502
    passed = _passed_error(answer, data) if out.translator is None and told in (status, 502) else None
    if status < 400 or status in (401, 403, 404):
        passed = None
    return Failed(backend, sentence, told, failure, failure.retry_after, passed)


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
    codes = {404: "unknown_endpoint", 429: "rate_limit_exceeded", 503: "backend_resting", 504: "upstream_timeout"}
    waits = [failure.retry_after for failure in failed if failure.retry_after is not None]
    headers = {"retry-after": f"{math.ceil(min(waits))}"} if waits and status in (429, 503) else {}
    kind = "rate_limit_error" if status == 429 else "server_error"
    return Refusal(status, message, kind=kind, code=codes.get(status, "upstream_error"), headers=headers)
