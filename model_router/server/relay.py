"""Sends a request to the first backend that answers.

Before the first byte of content another backend may take over; afterwards an error is told where it happens.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import time
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

import msgspec

from model_router.config.proxy import Abort
from model_router.server.backends import Backend
from model_router.server.breaker import Admission
from model_router.server.call import Call
from model_router.server.delivery import deliver
from model_router.server.excerpt import excerpt, without_key
from model_router.server.failure import Failure, status_failure
from model_router.server.gateway import Gateway
from model_router.server.headers import RawHeaders, returned_headers
from model_router.server.line import LineFull
from model_router.server.outgoing import Outgoing, can_translate, outgoing
from model_router.server.outlet import WAITING, ClientLeft
from model_router.server.refusal import Refusal
from model_router.server.retries import Action, Retries
from model_router.server.runtime.process import RuntimeFailed
from model_router.server.upstream import Upstream, UpstreamAnswer, UpstreamFailure, read_whole
from model_router.server.wire.endpoint import Endpoint

_ABSENT = frozenset({404, 405, 501})
"""Statuses by which a server says that it does not have an endpoint."""
_LARGEST_ERROR = 65_536
_JSON: RawHeaders = [(b"content-type", b"application/json")]
_OWN_FAULTS = frozenset({400, 402, 406, 409, 411, 413, 414, 415, 422, 431, 451})
"""Statuses that speak of the request itself: another backend would say the same, so the client hears them."""


@dataclass(frozen=True, slots=True)
class Failed:
    """Why one backend gave no answer, in words and for the retry policy, which has no say when ``failure`` is None.

    ``answer`` is the backend's own error, when the client can read that as it is. ``retry_after`` are seconds.
    ``given_up``: only a person can help.
    """

    backend: Backend
    sentence: str
    status: int
    failure: Failure | None = None
    retry_after: float | None = None
    answer: tuple[int, RawHeaders, bytes] | None = None
    given_up: bool = False

    def __str__(self) -> str:
        return f"'{self.backend.name}' {self.sentence}"


async def relay(gateway: Gateway, backends: Iterable[Backend], call: Call) -> None:
    """Try the backends in order; the record learns who answered.

    Raises:
        Refusal: none of them answered; it names each and its reason.
    """
    record = call.record
    retries: Retries | None = None
    failed: dict[str, Failed] = {}
    waiting = deque(backends)
    first = waiting[0]
    while waiting:
        backend = waiting.popleft()
        record.fallback = record.fallback or backend is not first
        record.backend, record.model = backend.name, backend.config.model
        attempt = _admitted if backend.runtime is None else _started
        failure = await attempt(gateway.upstream, backend, call)
        if failure is None:
            return
        failed[backend.name] = failure
        record.failed.append(backend.name)
        record.failures.append(str(failure))
        if failure.failure is None:
            continue
        if retries is None:
            retries = Retries(gateway.retry_policy, gateway.chance)
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


async def _started(upstream: Upstream, backend: Backend, call: Call) -> Failed | None:
    """One backend whose server the gateway starts itself: it is ready, and stays, while it is used."""
    if backend.runtime is None:
        raise RuntimeError("nothing to start")
    async with contextlib.AsyncExitStack() as using:
        call.outlet.note = f"starting the server of '{backend.name}'"
        try:
            await using.enter_async_context(backend.runtime.use())
        except RuntimeFailed as failed:
            after = failed.retry_after
            return Failed(backend, str(failed), 503, retry_after=after, given_up=after is None)
        finally:
            call.outlet.note = WAITING
        return await _admitted(upstream, backend, call)


async def _admitted(upstream: Upstream, backend: Backend, call: Call) -> Failed | None:
    admission = backend.breaker.admit()
    if admission is None:
        seconds = backend.breaker.snapshot().retry_in or 0
        sentence = f"rests after failures and is tried again in {max(1, round(seconds))} s"
        return Failed(backend, sentence, 503, retry_after=max(1.0, seconds))
    with admission:
        if backend.line is None:
            return await _send_to(upstream, backend, admission, call)
        try:
            place = backend.line.enter(utility=call.is_utility)
        except LineFull as full:
            return Failed(backend, str(full), 429, retry_after=full.retry_after)
        try:
            while place.position:
                call.outlet.note = f"{place.position} in line for '{backend.name}'"
                await place.change()
            call.outlet.note = WAITING
            return await _send_to(upstream, backend, admission, call)
        finally:
            place.leave()


async def _send_to(upstream: Upstream, backend: Backend, admission: Admission, call: Call) -> Failed | None:
    """Send; with a server that does not bear a closed connection, to the end, whether or not the client stays.

    Raises:
        ClientLeft: meanwhile, and that end has come.
    """
    outlet = call.outlet
    outlet.outlives = backend.config.abort is Abort.DRAIN
    try:
        failed = await _send(upstream, backend, admission, call)
    finally:
        outlet.outlives = False
    if outlet.abandoned:
        call.record.end("", 0)
        raise ClientLeft
    return failed


async def _send(upstream: Upstream, backend: Backend, admission: Admission, call: Call) -> Failed | None:
    protocol = call.request.endpoint.protocol
    answer: UpstreamAnswer | None = None
    failed: Failed | None = None
    try:
        native = await upstream.speaks(backend, protocol)
        if not native and not can_translate(protocol):
            return Failed(backend, f"does not serve {call.request.endpoint.path}", 404)
        out, answer = await _ask(upstream, backend, call, native=native)
        data = await _error_text(answer, backend) if answer.status >= 300 else b""
        if answer.status in (400, 422) and out.asks_usage and b"stream_options" in data:
            backend.abilities.takes_stream_options = False
            await answer.close()
            out, answer = await _ask(upstream, backend, call, native=native)
            data = await _error_text(answer, backend)
        if native and answer.status in _ABSENT and can_translate(protocol) and backend.config.protocols is None:
            backend.abilities.speaks[protocol] = False  # it may have been another server when it was asked
            await answer.close()
            out, answer = await _ask(upstream, backend, call, native=False)
            data = await _error_text(answer, backend)
        if answer.status >= 300:
            failed = _error_answer(backend, answer, data, out)
        else:
            backend.abilities.learn_server(answer.headers)
            await deliver(answer, backend, admission, call, out)
    except UpstreamFailure as failure:
        sentence = without_key(failure.sentence.encode(), backend.api_key).decode()
        failed = Failed(backend, sentence, failure.status, failure.failure)
    finally:
        if answer is not None:
            await answer.close()
    if failed is None or failed.failure is None or not failed.failure.blames_server:
        admission.succeed()
    else:
        admission.fail(connecting=failed.failure.unconnected)
    return failed


async def _ask(upstream: Upstream, backend: Backend, call: Call, *, native: bool) -> tuple[Outgoing, UpstreamAnswer]:
    """Put the request to a backend, and wait for the head of its answer."""
    keeps_model = call.keeps_model and not call.record.fallback
    out = outgoing(call.request, backend, native=native, keeps_model=keeps_model)
    call.record.dropped = out.dropped
    call.record.attempts += 1
    return out, await upstream.send(backend, out.endpoint.upstream, out.body, [*call.headers, *_JSON])


async def _error_text(answer: UpstreamAnswer, backend: Backend) -> bytes:
    """What stands in an answer that is an error; nothing for others."""
    if answer.status < 300:
        return b""
    answer.be_patient(backend)
    return without_key(await read_whole(answer, _LARGEST_ERROR), backend.api_key)


def _error_answer(backend: Backend, answer: UpstreamAnswer, data: bytes, out: Outgoing) -> Failed:
    """What an error means: in words, for the retry policy, and as the client may read it."""
    status = answer.status
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in answer.headers}
    failure = status_failure(status, headers, data, time.time())
    passed = None
    if status < 400:
        location = answer.header(b"location")[:200] or "elsewhere"
        sentence, told = f"redirects to {location}; put the final address in its base_url", 502
    elif status in (401, 403):
        sentence, told = f"refused its key (HTTP {status}); check its api_key_env", 502
    elif status == 404:
        hint = f"does not know this endpoint or the model '{backend.model}' (HTTP 404); check base_url and model"
        sentence, told = hint, 502
    elif status == 501:  # clients try this one again for ever
        sentence, told = f"does not serve {out.endpoint.path}{excerpt(data)}", 404
    else:
        sentence = f"answered HTTP {status}{excerpt(data)}"
        told = status if status == 429 or status in _OWN_FAULTS else 502
        if out.translator is None:
            passed = _passed_error(answer, data, out.endpoint, f"Backend '{backend.name}' {sentence}.")
    return Failed(backend, sentence, told, failure, failure.retry_after, passed)


def _passed_error(
    answer: UpstreamAnswer, data: bytes, endpoint: Endpoint, sentence: str
) -> tuple[int, RawHeaders, bytes] | None:
    """The backend's own error, when it is one that a client can read.

    Not every server gives it the shape of the protocol: then the client gets the sentence, in that shape.
    """
    try:
        value = msgspec.json.decode(data)
    except (msgspec.DecodeError, RecursionError):
        return None
    if not isinstance(value, dict) or answer.compressed:
        return None
    status = answer.status
    if not endpoint.is_error(value):
        kind = "rate_limit_error" if status == 429 else "server_error" if status >= 500 else "invalid_request_error"
        data = endpoint.error(Refusal(status, sentence, kind=kind, code="upstream_error"))
    return status, returned_headers(answer.headers), data


def _nobody_answered(failed: list[Failed]) -> Refusal:
    statuses = {failure.status for failure in failed}
    status = statuses.pop() if len(statuses) == 1 else 502
    who = "Backend" if len(failed) == 1 else "No backend answered:"
    message = f"{who} {'; '.join(str(failure) for failure in failed)}."
    codes = {404: "unknown_endpoint", 429: "rate_limit_exceeded", 503: "backend_resting", 504: "upstream_timeout"}
    waits = [failure.retry_after for failure in failed if failure.retry_after is not None]
    headers = {"retry-after": f"{math.ceil(min(waits))}"} if waits and status in (429, 503) else {}
    if all(failure.given_up for failure in failed):
        headers = {"x-should-retry": "false"}
    kind = "rate_limit_error" if status == 429 else "server_error"
    return Refusal(status, message, kind=kind, code=codes.get(status, "upstream_error"), headers=headers)
