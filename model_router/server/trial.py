"""One prompt sent through the running gateway, as any client would send it, and what came back so far."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, replace

import msgspec

from model_router.server.http.library import httpx
from model_router.server.wire.sse import EventReader

_TIMEOUT = httpx.Timeout(600.0, connect=5.0)
MODEL = "model-router"


@dataclass(frozen=True, slots=True)
class Trial:
    """How far a trial is. Times are milliseconds since the request was sent; ``status`` is 0 before the answer began.

    ``reasoning`` is what the model thought aloud, ``text`` its answer; ``error`` a sentence when there is none.
    """

    request_id: str = ""
    engine: str = ""
    backend: str = ""
    model: str = ""
    status: int = 0
    text: str = ""
    reasoning: str = ""
    error: str = ""
    tokens: int | None = None
    first_byte_ms: float | None = None
    total_ms: float | None = None
    done: bool = False


class _Delta(msgspec.Struct):
    content: str | None = None
    reasoning_content: str | None = None


class _Choice(msgspec.Struct):
    delta: _Delta = msgspec.field(default_factory=_Delta)


class _Usage(msgspec.Struct):
    completion_tokens: int | None = None


class _Error(msgspec.Struct):
    message: str = ""


class _Event(msgspec.Struct):
    choices: list[_Choice] = []
    usage: _Usage | None = None
    error: _Error | None = None


_DECODER = msgspec.json.Decoder(_Event)


async def send_trial(address: str, prompt: str, *, key: str | None = None) -> AsyncGenerator[Trial, None]:
    """Send ``prompt`` to the gateway at ``address`` (with ``/v1``) and give the state after each piece of the answer.

    The last one is ``done``; nothing is raised for what a server does. Closing the iterator leaves the request.
    """
    body = {
        "model": MODEL,
        "stream": True,
        "stream_options": {"include_usage": True},
        "messages": [{"role": "user", "content": prompt}],
    }
    headers = {"User-Agent": "model-router-try"} | ({"Authorization": f"Bearer {key}"} if key else {})
    started = time.perf_counter()
    trial = Trial()

    def since() -> float:
        return round((time.perf_counter() - started) * 1000, 1)

    try:
        async with (
            httpx.AsyncClient(trust_env=False, timeout=_TIMEOUT) as client,
            client.stream("POST", f"{address}/chat/completions", json=body, headers=headers) as response,
        ):
            trial = _begun(response)
            yield trial
            if response.status_code != 200:
                told = _decoded(await response.aread())
                message = told.error.message if told is not None and told.error is not None else ""
                yield replace(trial, error=message or f"status {response.status_code}", total_ms=since(), done=True)
                return
            reader = EventReader()
            async for piece in response.aiter_bytes():
                for data in reader.feed(piece):
                    trial = _grown(trial, data, since)
                yield trial
    except httpx.HTTPError as error:
        trial = replace(trial, error=f"The gateway does not answer ({type(error).__name__}).")
    yield replace(trial, total_ms=since(), done=True)


def _begun(response: httpx.Response) -> Trial:
    told = response.headers
    return Trial(
        request_id=told.get("x-modelrouter-request-id", ""),
        engine=told.get("x-modelrouter-engine", ""),
        backend=told.get("x-modelrouter-backend", ""),
        model=told.get("x-modelrouter-model", ""),
        status=response.status_code,
    )


def _decoded(data: bytes) -> _Event | None:
    try:
        return _DECODER.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def _grown(trial: Trial, data: bytes, since: Callable[[], float]) -> Trial:
    event = _decoded(data)
    if event is None:  # ``[DONE]``, or nothing that a person could read
        return trial
    if event.error is not None:
        return replace(trial, error=event.error.message or "the answer broke off")
    text = "".join(choice.delta.content or "" for choice in event.choices)
    thought = "".join(choice.delta.reasoning_content or "" for choice in event.choices)
    first = trial.first_byte_ms
    if first is None and (text or thought):
        first = since()
    tokens = event.usage.completion_tokens if event.usage is not None else trial.tokens
    return replace(
        trial, text=trial.text + text, reasoning=trial.reasoning + thought, tokens=tokens, first_byte_ms=first
    )
