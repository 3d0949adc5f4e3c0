"""A backend's answer on its way to the client: plain, streamed, assembled from a stream, or translated."""

from __future__ import annotations

import asyncio
from typing import Any, NamedTuple

import msgspec

from model_router.server.assemble import BrokenStream, assembly_for
from model_router.server.backends import Backend
from model_router.server.beginning import check_no_error, first_content, told_failure
from model_router.server.breaker import Admission
from model_router.server.call import Call
from model_router.server.failure import event_failure
from model_router.server.headers import RawHeaders, returned_headers
from model_router.server.outgoing import Outgoing
from model_router.server.passages import TranslatedPassage, as_chunk
from model_router.server.record import Record
from model_router.server.stream import LineHolder, Passage
from model_router.server.upstream import UpstreamAnswer, UpstreamFailure, read_whole
from model_router.server.usage import Usage, read_usage
from model_router.server.wire.sse import EventReader

_LARGEST_PLAIN_ANSWER = 67_108_864
_LARGEST_STREAM = 4 * _LARGEST_PLAIN_ANSWER
"""Of one that becomes a plain answer: each piece of that comes wrapped."""
_ERRORS_STAND_WITHIN = 4_096
_EVENTS = "text/event-stream"
_NO_OBJECT = "sent an answer that is no JSON object"
_JSON: RawHeaders = [(b"content-type", b"application/json")]


async def deliver(answer: UpstreamAnswer, backend: Backend, admission: Admission, call: Call, out: Outgoing) -> None:
    """Give a backend's answer to the client, in the client's protocol.

    Raises:
        UpstreamFailure: there is none, and nothing of one has reached the client; another backend may be asked.
    """
    if answer.content_type != _EVENTS:
        await _plain(answer, backend, call, out)
    elif call.request.stream:
        await _stream(answer, backend, admission, call, out)
    elif out.endpoint.streams:
        await _assembled(answer, backend, call, out)
    else:
        raise UpstreamFailure("sent a stream where none can be")


async def _stream(answer: UpstreamAnswer, backend: Backend, admission: Admission, call: Call, out: Outgoing) -> None:
    if answer.compressed:
        raise UpstreamFailure("compressed its stream, though it was asked not to")
    first = await first_content(answer, backend)
    admission.succeed()  # what breaks from here on is told to the client; another request may be the next probe
    record = call.record
    record.first_byte()
    record.status = answer.status
    headers = returned_headers(answer.headers)
    if b"cache-control" not in dict(headers):
        headers.append((b"cache-control", b"no-cache"))
    passage: Passage
    if out.translator is not None:
        passage = TranslatedPassage(out.translator.stream(call.request.fields, record.model))
    else:
        passage = LineHolder(call.request.endpoint, hides_usage=out.hides_usage)
    await call.outlet.stream(answer.status, headers)
    last = _last_of(await _pump(first, answer, passage, call), passage, record)
    await call.outlet.end(last)


class _Ended(NamedTuple):
    """How the pieces came to their end: the last one, not sent yet; what went wrong; whether the gateway stops."""

    last: bytes = b""
    error: str = ""
    cut: bool = False


def _last_of(ended: _Ended, passage: Passage, record: Record) -> bytes:
    """What a stream ends with, and an honest end: the backend's own, or an error event."""
    last, error, cut = ended
    if cut and not (passage.done() or passage.broken):
        _count(record, passage.usage())
        return last + _stopped(record, passage)
    rest = b"" if error else passage.rest()
    _count(record, passage.usage())
    if passage.broken:
        error = passage.broken
    else:
        last += rest
        if not error and not passage.finished():
            error = "ended the answer without saying that it is complete"
    if not error:
        record.end("ok", record.status)
        return last
    told = _broken(record, passage, error)
    return last if passage.told else last + told


async def _pump(first: bytes, answer: UpstreamAnswer, passage: Passage, call: Call) -> _Ended:
    """Pass pieces on until there are no more. What came last goes out with the end."""
    record, outlet = call.record, call.outlet
    piece = first
    try:
        while piece:
            data = passage.feed(piece)
            over = answer.is_over()
            if over or passage.broken or record.stopped:
                return _Ended(data, cut=record.stopped and not over)
            if data:
                await outlet.piece(data)
            piece = await answer.read()
    except UpstreamFailure as failure:
        return _Ended(error="" if passage.done() else failure.sentence)
    except asyncio.CancelledError:
        if passage.done():  # the client has all it came for, and did not wait for the end of the connection
            _count(record, passage.usage())
            record.end("ok", record.status)
        if not record.stopped:
            raise  # the client left
        return _Ended(cut=True)
    return _Ended()


def _stopped(record: Record, passage: Passage) -> bytes:
    sentence = f"The gateway is stopping, so this answer ends here, unfinished (request {record.request_id})."
    record.end("broken", record.status, sentence)
    return passage.fail(sentence, "stopping")


def _broken(record: Record, passage: Passage, error: str) -> bytes:
    where = f"in the middle of the answer (request {record.request_id})"
    sentence = f"Backend '{record.backend}' failed {where}: it {error}."
    record.end("broken", record.status, sentence)
    return passage.fail(sentence, "upstream_broken")


async def _plain(answer: UpstreamAnswer, backend: Backend, call: Call, out: Outgoing) -> None:
    answer.be_patient(backend)
    data = await read_whole(answer, _LARGEST_PLAIN_ANSWER)
    if out.translator is None and not call.request.stream:
        usage = read_usage(data)
        if not answer.compressed:
            if usage is None:  # else it was read as JSON to its end
                _check_json(data)
            _check_no_error(data)
        await _give(answer.status, returned_headers(answer.headers), data, call, usage)
        return
    value = _object(data)
    _check_no_error(data)
    if not call.request.stream:
        await _give_translated(value, call, out)
    elif out.translator is not None:
        events = out.translator.stream(call.request.fields, call.record.model)
        await _give_events(events.chunk(as_chunk(value)) + events.end(), data, call)
    elif "choices" in value:
        text = b"data: " + msgspec.json.encode(as_chunk(value)) + b"\n\ndata: [DONE]\n\n"
        await _give_events(text, data, call)
    else:
        raise UpstreamFailure("sent a plain answer, though it was asked for a stream")


async def _assembled(answer: UpstreamAnswer, backend: Backend, call: Call, out: Outgoing) -> None:
    """A plain answer out of a stream that the client did not ask for."""
    reader, assembly = EventReader(), assembly_for(out.endpoint.protocol)
    size = 0
    try:
        piece = await first_content(answer, backend)
        while piece:
            size += len(piece)
            for data in reader.feed(piece):
                assembly.feed(data)
            if reader.overflown or size > _LARGEST_STREAM:
                raise UpstreamFailure("sent an answer that is too long")
            piece = await answer.read()
        for data in reader.rest():
            assembly.feed(data)
        whole = assembly.answer()
    except BrokenStream as broken:
        if broken.error is None:
            raise UpstreamFailure(broken.sentence) from None
        raise told_failure(broken.sentence, event_failure(msgspec.json.encode({"error": broken.error}))) from None
    except UpstreamFailure:
        if not assembly.complete:
            raise
        whole = assembly.answer()
    headers = [pair for pair in returned_headers(answer.headers) if pair[0] not in (b"content-type", b"cache-control")]
    if out.translator is not None:
        await _give_translated(_object(whole), call, out)
    else:
        await _give(answer.status, [*headers, *_JSON], whole, call, read_usage(whole))


async def _give_translated(value: dict[str, Any], call: Call, out: Outgoing) -> None:
    if out.translator is None:
        raise RuntimeError("nothing to translate with")
    whole = msgspec.json.encode(out.translator.answer(value, call.request.fields, call.record.model))
    await _give(200, _JSON, whole, call, read_usage(whole))


async def _give(status: int, headers: RawHeaders, data: bytes, call: Call, usage: Usage | None) -> None:
    record = call.record
    _count(record, usage)
    record.first_byte()
    record.end("ok", status)
    await call.outlet.plain(status, headers, data)


async def _give_events(text: bytes, answer: bytes, call: Call) -> None:
    record = call.record
    _count(record, read_usage(answer))
    record.first_byte()
    record.end("ok", 200)
    await call.outlet.stream(200, [(b"content-type", _EVENTS.encode()), (b"cache-control", b"no-cache")])
    await call.outlet.end(text)


def _count(record: Record, usage: Usage | None) -> None:
    if usage is not None:
        record.prompt_tokens, record.completion_tokens = usage.prompt_tokens, usage.completion_tokens


def _check_json(data: bytes) -> None:
    """See to it that an answer is a JSON object; nothing is made of it."""
    _decoded(data, msgspec.Raw)
    if data.lstrip()[:1] != b"{":
        raise UpstreamFailure(_NO_OBJECT)


def _check_no_error(data: bytes) -> None:
    """Some servers answer 200 with an error in it."""
    if b'"error"' in data[:_ERRORS_STAND_WITHIN]:
        check_no_error(data)


def _object(data: bytes) -> dict[str, Any]:
    value = _decoded(data, Any)
    if not isinstance(value, dict):
        raise UpstreamFailure(_NO_OBJECT)
    return value


def _decoded(data: bytes, kind: Any) -> Any:
    try:
        return msgspec.json.decode(data, type=kind)
    except (msgspec.DecodeError, RecursionError):
        what = "an empty answer" if not data else "an answer that is not JSON"
        raise UpstreamFailure(f"sent {what}") from None
