"""Clients over kept connections, each with one request at a time, and what they saw."""

from __future__ import annotations

import asyncio
import gc
import importlib
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import cast

from httptools import HttpParserError, HttpResponseParser

_GRACE_SECONDS = 30.0
"""For the slowest answers; after it whoever still waits counts as failed."""


@dataclass(frozen=True, slots=True)
class Cell:
    """What came of one load. Times in seconds.

    ``first`` is the median until the first event of a stream; ``processor`` what the server used for a request, when
    somebody asked it.
    """

    p50: float = float("nan")
    p99: float = float("nan")
    rate: float = 0.0
    first: float = float("nan")
    processor: float = float("nan")
    requests: int = 0
    failures: int = 0


def loop_factory(name: str = "uvloop") -> Callable[[], asyncio.AbstractEventLoop]:
    """``asyncio`` or ``uvloop``; the latter where it can be had."""
    if name == "uvloop":
        try:
            factory: Callable[[], asyncio.AbstractEventLoop] = importlib.import_module("uvloop").new_event_loop
        except ImportError:
            return asyncio.new_event_loop
        return factory
    return asyncio.new_event_loop


def post(body: bytes, path: str = "/v1/chat/completions") -> bytes:
    """The bytes of a request."""
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nAccept: */*\r\n"
    head += f"Authorization: Bearer none\r\nUser-Agent: bench\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


def measure(
    port: int, requests: Sequence[bytes], *, clients: int, seconds: float, per_second: float | None = None
) -> Cell:
    """Load a server for so many seconds; each client goes through ``requests``, beginning at another.

    Every client has one answer before the clock starts. With ``per_second`` they send that many together, evenly, else
    each sends its next request when it has its answer. Garbage is collected before and after, not meanwhile.
    """
    gc.collect()
    gc.disable()
    try:
        with asyncio.Runner(loop_factory=loop_factory()) as runner:
            return runner.run(_measure(port, requests, clients, seconds, per_second))
    finally:
        gc.enable()


class _Crowd:
    """All clients of one load: the clock, and what they saw."""

    def __init__(self, clients: int, seconds: float, per_second: float | None) -> None:
        self.times: list[float] = []
        self.firsts: list[float] = []
        self.failures = 0
        self.began = self.ended = 0.0
        self.gap = clients / per_second if per_second else 0.0
        self._seconds = seconds
        self._waiting: list[_Client] = []
        self._open = clients
        self._done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def warm(self, client: _Client) -> None:
        """Another client has had its first answer."""
        self._waiting.append(client)
        self._start()

    def _start(self) -> None:
        if self.began or len(self._waiting) < self._open:
            return
        self.began = self.ended = time.perf_counter()
        for number, client in enumerate(self._waiting):
            client.begin(number / len(self._waiting))

    @property
    def over(self) -> bool:
        return self.began > 0 and self.ended >= self.began + self._seconds

    def leave(self, *, failed: bool) -> None:
        """A client will send no more."""
        self.failures += failed
        self._open -= 1
        if self._open == 0:
            if not self._done.done():
                self._done.set_result(None)
        else:
            self._start()

    async def wait(self) -> None:
        """Until all have left."""
        try:
            async with asyncio.timeout(self._seconds + _GRACE_SECONDS):
                await self._done
        except TimeoutError:
            self.failures += self._open

    def cell(self) -> Cell:
        """What they saw."""
        if not self.times:
            return Cell(failures=self.failures)
        times = sorted(self.times)
        return Cell(
            p50=statistics.median(times),
            p99=times[min(len(times) - 1, int(0.99 * len(times)))],
            rate=len(times) / (self.ended - self.began),
            first=statistics.median(self.firsts) if self.firsts else float("nan"),
            requests=len(times),
            failures=self.failures,
        )


class _Client(asyncio.Protocol):
    """One connection."""

    def __init__(self, crowd: _Crowd, requests: Sequence[bytes], number: int) -> None:
        self._crowd = crowd
        self._requests = requests
        self._next = number
        self._sent = self._first = self._due = 0.0
        self._warm = False
        self._left = False
        self._loop = asyncio.get_running_loop()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is none by class
        self._parser = HttpResponseParser(self)
        self._send()

    def begin(self, share: float) -> None:
        """The clock runs; with a pace, this client's turn comes after ``share`` of it."""
        self._warm = True
        self._due = self._crowd.began + share * self._crowd.gap
        self._send_in_turn()

    def data_received(self, data: bytes) -> None:
        if not self._first and b"data:" in data:
            self._first = time.perf_counter()
        try:
            self._parser.feed_data(data)
        except HttpParserError:
            self._leave(failed=True)

    def on_message_complete(self) -> None:
        """An answer is whole."""
        crowd = self._crowd
        if self._parser.get_status_code() != 200:
            self._leave(failed=True)
            return
        if not self._warm:
            crowd.warm(self)
            return
        crowd.ended = now = time.perf_counter()
        crowd.times.append(now - self._sent)
        if self._first:
            crowd.firsts.append(self._first - self._sent)
        if crowd.over:
            self._leave(failed=False)
        elif crowd.gap:
            self._send_in_turn()
        else:
            self._send()

    def connection_lost(self, error: Exception | None) -> None:
        self._leave(failed=True)

    def _send_in_turn(self) -> None:
        wait = self._due - time.perf_counter()
        self._due += self._crowd.gap
        if self._crowd.gap and wait > 0:
            self._loop.call_later(wait, self._send)
        else:
            self._send()

    def _send(self) -> None:
        if self._left:
            return
        request = self._requests[self._next % len(self._requests)]
        self._next += 1
        self._first = 0.0
        self._sent = time.perf_counter()
        self._transport.write(request)

    def _leave(self, *, failed: bool) -> None:
        if not self._left:
            self._left = True
            self._transport.close()
            self._crowd.leave(failed=failed)


async def _measure(
    port: int, requests: Sequence[bytes], clients: int, seconds: float, per_second: float | None
) -> Cell:
    loop = asyncio.get_running_loop()
    crowd = _Crowd(clients, seconds, per_second)
    for number in range(clients):
        try:
            await loop.create_connection(partial(_Client, crowd, requests, number), "127.0.0.1", port)
        except OSError:
            crowd.leave(failed=True)
    await crowd.wait()
    return crowd.cell()
