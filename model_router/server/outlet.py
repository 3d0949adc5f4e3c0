"""Where the answer to one request goes: the client's side of the gateway.

An answer is plain, or a stream. A stream that is silent for long gets a sign of life, because clients give up on
silence; the first of these commits the answer to status 200, but no content: another backend can still take over.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable
from functools import lru_cache
from typing import Any, TypeAlias

from model_router.server.headers import RawHeaders
from model_router.server.record import Record
from model_router.server.refusal import Refusal
from model_router.server.wire.endpoint import Endpoint

Send: TypeAlias = Callable[[dict[str, Any]], Awaitable[None]]

WAITING = "waiting for the model"
"""What a silent stream is told when nothing better is known."""

_STREAM_HEADERS: RawHeaders = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-cache"),
]


class ClientLeft(Exception):
    """The client closed its connection before its request, or the answer to it, was complete."""


class Outlet:
    """``begun``: the head is out, so an error can only be an event. ``contentful``: some of the answer is out.

    ``finished``: all of it is. ``outlives``: the answer goes on though the client leaves; ``abandoned``: it has left,
    and what comes is thrown away.
    """

    def __init__(self, send: Send, endpoint: Endpoint, record: Record) -> None:
        self.begun = False
        self.contentful = False
        self.finished = False
        self.outlives = False
        self.abandoned = False
        self.note = WAITING
        self._send = send
        self._endpoint = endpoint
        self._record = record
        self._interval = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._beating: asyncio.Task[None] | None = None
        self._last = 0.0
        self._ending = b""
        """The last bytes that went out, as far as they tell whether an event is open."""

    def expect_stream(self, keepalive_seconds: float) -> None:
        """The client wants a stream: it gets a sign of life in each silence of so many seconds; 0: none.

        Once somebody watches the silences, which is not worth it for an answer that is over at once.
        """
        self._interval = keepalive_seconds
        self._last = time.monotonic()

    def watch_silence(self) -> None:
        """The answer takes its time: from now on the silences of a stream are looked at."""
        if self._interval and self._timer is None:
            self._look_in(self._last + self._interval - time.monotonic())

    async def plain(self, status: int, headers: Iterable[tuple[bytes, bytes]], body: bytes) -> None:
        """A whole answer."""
        self._stop_beating()
        self.begun = self.contentful = True
        head = [*headers, (b"content-length", b"%d" % len(body)), *answer_names(self._record)]
        start = {"type": "http.response.start", "status": status, "headers": head}
        await self._emit_last(start, {"type": "http.response.body", "body": body})

    async def stream(self, status: int, headers: Iterable[tuple[bytes, bytes]]) -> None:
        """The head of a stream; nothing happens when a sign of life was sent before."""
        if self._beating is not None:
            await self._settle()
        if not self.begun:
            self.begun = True
            head = [*headers, *answer_names(self._record)]
            await self._emit({"type": "http.response.start", "status": status, "headers": head})

    async def piece(self, data: bytes) -> None:
        """Some of a stream, whole lines."""
        if self._beating is not None:
            await self._settle()
        self.contentful = True
        self._last = time.monotonic()
        self._ending = data[-4:] if len(data) >= 4 else (self._ending + data)[-4:]
        await self._emit({"type": "http.response.body", "body": data, "more_body": True})

    async def end(self, last: bytes = b"") -> None:
        """The end of a stream, with what comes last of it."""
        self._stop_beating()
        try:
            if self._beating is not None:
                await self._settle()
        except asyncio.CancelledError:
            self._take_back(last)
            raise
        if last:
            self.contentful = True
        await self._emit_last({"type": "http.response.body", "body": last})

    async def refuse(self, refusal: Refusal) -> None:
        """An error in the client's protocol: an answer of its own, or the last event of a stream that has begun."""
        record = self._record
        if record.outcome != "confirm":
            record.end("broken" if self.contentful else "error", refusal.status, refusal.message)
        if not self.begun:
            headers = [(name.encode(), _plain(value)) for name, value in refusal.headers.items()]
            await self.plain(
                refusal.status, [(b"content-type", b"application/json"), *headers], self._endpoint.error(refusal)
            )
            return
        await self.end(self._endpoint.error_event(refusal.message, refusal.code or "error"))

    def abandon(self) -> None:
        """The client has left, and the answer outlives it: throw away what comes."""
        self.abandoned = True
        self._send = _throw_away
        self._stop_beating()

    def close(self) -> None:
        """No further signs of life; called on every way out."""
        self._stop_beating()
        if self._beating is not None:
            self._beating.cancel()
            self._beating = None  # a cancelled task holds on to where it was, which is here

    async def _emit(self, *messages: dict[str, Any]) -> None:
        """Send, unless nobody is there any more.

        Raises:
            ClientLeft: so it is, and the answer ends with that.
        """
        try:
            for message in messages:
                await self._send(message)
        except ConnectionError as error:
            if not self.outlives:
                raise ClientLeft from error
            self.abandon()

    async def _emit_last(self, *messages: dict[str, Any]) -> None:
        """Send what ends the answer; the last message is its last piece."""
        self.finished = True
        try:
            await self._emit(*messages)
        except ClientLeft:
            self._take_back(messages[-1]["body"])
            raise

    def _take_back(self, last: bytes) -> None:
        """The last of an answer, which was said to be well, has not reached its client."""
        if last and self._record.outcome == "ok":
            self._record.end("", 0)

    def _look(self) -> None:
        """Runs by the clock; the deadline moves with each piece, the timer is not touched for it."""
        left = self._last + self._interval - time.monotonic()
        if left > 0 or self._beating is not None or not self._between_events():
            self._look_in(max(left, self._interval / 10))
            return
        self._beating = asyncio.get_running_loop().create_task(self._beat())
        self._last = time.monotonic()
        self._look_in(self._interval)

    def _look_in(self, seconds: float) -> None:
        self._timer = asyncio.get_running_loop().call_later(seconds, self._look)

    async def _beat(self) -> None:
        try:
            if self._interval:  # else an answer or an end came first
                if not self.begun:
                    self.begun = True
                    head = [*_STREAM_HEADERS, *answer_names(self._record)]
                    await self._emit({"type": "http.response.start", "status": 200, "headers": head})
                body = self._endpoint.keepalive(self.note)
                await self._emit({"type": "http.response.body", "body": body, "more_body": True})
        except ClientLeft:
            pass  # who listens for the client's leaving hears of it too
        finally:
            self._beating = None

    async def _settle(self) -> None:
        """Let a sign of life that is on its way get out first."""
        if self._beating is not None:  # it may have got out since somebody looked
            await asyncio.wait([self._beating])

    def _between_events(self) -> bool:
        return not self._ending or self._ending.endswith((b"\n\n", b"\n\r\n"))

    def _stop_beating(self) -> None:
        self._interval = 0.0
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


async def _throw_away(message: dict[str, Any]) -> None:
    """Where the rest of an answer goes that nobody waits for."""


def answer_names(record: Record) -> RawHeaders:
    """The headers that say what was decided."""
    found = [(b"x-modelrouter-request-id", record.request_id.encode())]
    for name, value in (
        (b"x-modelrouter-engine", record.engine),
        (b"x-modelrouter-backend", record.backend),
        (b"x-modelrouter-model", record.model),
    ):
        if value:
            found.append((name, _plain(value)))
    if record.pick is not None:
        found += (
            (b"x-modelrouter-fallback", b"true" if record.fallback else b"false"),
            (b"x-modelrouter-profile", _plain(record.profile)),
            (b"x-modelrouter-route-us", b"%.1f" % record.pick.route_us),
        )
    return found


@lru_cache(maxsize=256)
def _plain(value: str) -> bytes:
    if value.isascii() and value.isprintable():
        return value.encode()
    return "".join(character if " " <= character <= "~" else "?" for character in value).encode()
