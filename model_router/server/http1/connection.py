"""One accepted connection: bytes in and out, and what its client may take its time for."""

from __future__ import annotations

import asyncio
import contextlib
import enum
import os
import socket
import struct
from collections import deque
from collections.abc import Awaitable, Callable, Generator, Sequence
from typing import TYPE_CHECKING, Any, Final, cast

from hypercorn.config import Config

from model_router.server.http1.deadlines import Deadlines
from model_router.server.http1.exchange import Exchange
from model_router.server.http1.parser import SLICE, Request, RequestParser
from model_router.server.http1.response import error_answer
from model_router.server.refusal import Refusal

if TYPE_CHECKING:
    from model_router.server.http1.serve import Listener

Application = Callable[..., Awaitable[None]]
"""Takes ASGI's scope, receive and send."""

_FIRST_READ: Final = 2**20
"""More than a stream reader holds: what is read at first is all there is."""

_WAITING_REQUESTS: Final = 8
"""So many pipelined requests are parsed ahead."""

_BREATH: Final = 16
"""After so many pipelined requests the others on the loop have their turn."""

_HEAD_END: Final = b"\r\n\r\n"

_RESET: Final = struct.pack("hh" if os.name == "nt" else "ii", 1, 0)


class _Awaited(enum.Enum):
    NOTHING = enum.auto()
    FIRST = enum.auto()  # the first byte of all
    NEXT = enum.auto()  # the first byte of another request
    HEAD = enum.auto()
    BODY = enum.auto()  # the application is waiting for it
    REST = enum.auto()  # what nobody wants: of a body after its answer, or of anything before the end


# Read for each request; an enumeration's attributes are slow before Python 3.12.
_NOTHING, _FIRST, _NEXT, _HEAD, _BODY, _REST = _Awaited


class Connection(Deadlines):
    """Takes the place of Hypercorn's ``TCPServer``: the same arguments, and to be awaited.

    The first bytes come through the stream reader; from then on this is the transport's protocol itself, so nothing
    needs a task to be read. Applications are called in the task that awaits: one request after the other, in one
    context. Only when an application goes on after its answer and the next request is there, another task serves that.
    """

    def __init__(  # noqa: PLR0917 - Hypercorn passes them so
        self,
        app: Application,
        loop: asyncio.AbstractEventLoop,
        config: Config,
        context: Any,
        state: dict[str, Any],
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        *,
        listener: Listener,
    ) -> None:
        super().__init__(listener.limits.write_seconds)
        self.loop = loop
        self.app = app
        self.config = config
        self.state = state
        self.listener = listener
        self.transport = cast(asyncio.Transport, writer.transport)
        self.client = _address(writer.get_extra_info("peername"))
        self.server = _address(writer.get_extra_info("sockname"))
        self.keeps = True  # another request may follow the present one
        self.left = False  # the client is gone, or at least will send nothing more
        self.lost = False
        self.write_paused = False
        self._context = context
        self._reader = reader
        self._writer = writer
        self._limits = listener.limits
        self._streams: asyncio.BaseProtocol | None = None  # asyncio's, once its place is taken
        self._parser = RequestParser(listener.limits, self._deliver)
        self._queue: deque[Request | Refusal] = deque()
        self._unparsed = b""
        self.read_paused = False
        self._exchange: Exchange | None = None
        self._requests = 0
        self._arrived: asyncio.Future[None] | None = None
        self._driver = 0
        self._drivers: set[asyncio.Task[None]] = set()
        self._drains: list[asyncio.Future[None]] = []
        self._awaited = _NOTHING
        self._shutting = False
        self._ending = False
        self._closed: asyncio.Future[None] = loop.create_future()

    def __await__(self) -> Generator[Any, None, None]:
        return self._run().__await__()

    # Its life

    async def _run(self) -> None:
        try:
            if await self._take_over():
                await self._drive(self._driver)
                while self._drivers:
                    await asyncio.wait(self._drivers)
        except asyncio.CancelledError:
            self.transport.abort()
            for driver in self._drivers:
                driver.cancel()
            if self._drivers:
                await asyncio.wait(self._drivers)
            # Ended, as was asked for. Raised again, asyncio's streams before Python 3.12 would log it as an error.
        finally:
            await self._leave()

    async def _take_over(self) -> bool:
        """Wait for the first bytes, and become the transport's protocol; False when there is nobody to serve."""
        self._await(_FIRST, self._limits.head_seconds)
        try:
            data = await self._reader.read(_FIRST_READ)
        except OSError:
            return False
        if not data or self.transport.is_closing():
            return False
        eof = self._reader.at_eof()
        self._streams = self.transport.get_protocol()
        self.transport.set_protocol(self)
        self._await(_HEAD, self._limits.head_seconds)
        self.data_received(data)
        if eof:
            self.eof_received()
        return True

    async def _leave(self) -> None:
        try:
            if self._streams is None:
                self.transport.close()
                with contextlib.suppress(OSError):
                    await self._writer.wait_closed()
            else:
                self._end()
                await self._closed
        except asyncio.CancelledError:  # the server does not wait for who reads slowly; as above, that is no error
            self.transport.abort()
        finally:
            self.stop_expecting()
            self._parser.close()  # it refers to this
            self.listener.leave(self)

    async def _drive(self, driver: int) -> None:
        """Answer requests in order, until the end or until another driver does so."""
        while not (self._ending or self.lost):
            if not self._queue:
                if self.left:
                    return
                self._arrived = self.loop.create_future()
                try:
                    await self._arrived
                finally:
                    self._arrived = None
                continue
            following = self._queue.popleft()
            if self.read_paused:
                self._parse_on()
            if isinstance(following, Refusal):
                self.answer_error(following)
                return
            if following.broken is not None:
                self.answer_error(following.broken, head_only=following.method == "HEAD")
                return
            if self._context.max_requests is not None:
                await self._context.mark_request()
            self._await_nothing()
            self._requests += 1
            self.keeps = not self._shutting and self._requests < self.config.keep_alive_max_requests
            self._exchange = exchange = Exchange(self, following)
            if self.listener.names and following.host not in self.listener.names:
                exchange.refuse(Refusal(404, "No server of this name is here.", code="unknown_host"))
                return
            await exchange.run()
            if self._driver != driver:
                return
            self._exchange = None
            if self._queue and not self._requests % _BREATH:
                await asyncio.sleep(0)

    def _hand_over(self, exchange: Exchange) -> None:
        """The application is still at work on something else after its answer: do not let the next request wait."""
        if self._exchange is exchange and self._queue and not (self._ending or self.lost or self.write_paused):
            self._exchange = None
            self._driver += 1
            task = self.loop.create_task(self._drive(self._driver))
            self._drivers.add(task)
            task.add_done_callback(self._drivers.discard)

    def shut_down(self) -> None:
        """The server ends: at once when nothing is under way, else after the answer."""
        self._shutting = True
        self.keeps = False
        if self._streams is None:
            self.transport.close()
        elif not self._queue and (self._exchange is None or self._exchange.finished):
            self._end()

    def abort(self) -> None:
        """Give the client up."""
        self.transport.abort()

    def _end(self, *, linger: bool = False) -> None:
        """Close after what is written; with ``linger`` only when the client has had time to read it."""
        if self._ending:
            return
        self._ending = True
        self._parser.close()
        self._unparsed = b""
        self._wake()
        if self.lost:
            return
        self._await_nothing()
        if linger and not self.left:
            with contextlib.suppress(OSError, RuntimeError):
                self.transport.write_eof()
            self.read_on()
            self._await(_REST, self._limits.linger_seconds)
        else:
            self.transport.close()
        self.expect_writing()

    # What an exchange asks for

    def write(self, data: bytes | Sequence[bytes]) -> None:
        """Hand bytes to the transport."""
        if self.lost:
            return
        if isinstance(data, bytes):
            self.transport.write(data)
        else:
            self.transport.writelines(data)

    async def drained(self) -> None:
        """Wait until the client has read most of what was written, or is gone."""
        while self.write_paused and not self.lost:
            waiter = self.loop.create_future()
            self._drains.append(waiter)
            try:
                await waiter
            finally:
                self._drains.remove(waiter)

    async def more_body(self, request: Request) -> None:
        """Wait for more of a body, or its end; too long a silence is answered with 408."""
        self._await(_BODY, self._limits.body_seconds)
        try:
            await request.changed(self.loop)
        finally:
            if self._awaited is _BODY:
                self._await_nothing()

    def read_on(self) -> None:
        """Go on reading when there is room again."""
        if self.read_paused and not self._full and not self.transport.is_closing():
            self.read_paused = False
            self.transport.resume_reading()

    def answered(self, exchange: Exchange) -> None:
        """The answer is written: what is next?"""
        request = exchange.request
        request.wake()
        if not request.complete:
            request.drop()
            self.read_on()
        if not exchange.keep or self._shutting or (self.left and self._idle):
            self._end(linger=not request.complete or bool(self._queue) or bool(self._unparsed))
        elif not request.complete:
            self._await(_REST, self._limits.linger_seconds)
        elif self._queue:
            self.loop.call_soon(self._hand_over, exchange)
        elif self._parser.in_head:
            self._await(_HEAD, self._limits.head_seconds)
        else:
            self._await(_NEXT, self.config.keep_alive_timeout)

    def answer_error(self, refusal: Refusal, *, head_only: bool = False) -> None:
        """The connection's last answer, without an application."""
        self.write(error_answer(refusal, self.listener.common.lines(), head_only=head_only))
        self._end(linger=True)

    def break_answer(self, *, framed: bool) -> None:
        """End amid an answer so that the client can tell: its length or last chunk is missing, or there is a reset."""
        if framed or self.lost:
            self._end()
            return
        with contextlib.suppress(OSError, AttributeError):
            self.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self.transport.abort()

    # What comes in

    def data_received(self, data: bytes) -> None:
        """The transport's."""
        if self._ending:
            return
        if self._unparsed or len(data) > SLICE:
            self._unparsed += data
            self._parse_on()
        else:
            self._parse(data)
        if self._unparsed or len(self._queue) > 1 or self._parser.request.unread > self._limits.unread_bytes:
            self._pause_when_full()

    def _parse_on(self) -> None:
        """Parse what is left, until enough requests are waiting.

        The library does not stop between requests that came together, and it copies bodies: it gets long data in parts,
        and of the long body of an ordinary request no more than the head.
        """
        data, self._unparsed = self._unparsed, b""
        at = 0
        while at < len(data) and not self._ending:
            if len(self._queue) >= _WAITING_REQUESTS:
                self._unparsed = data[at:]
                return
            start = at
            if (remaining := self._parser.remaining) > SLICE:
                at += remaining
                self._parser.feed_body(data[start:at])
                self._see()
            else:
                end = data.find(_HEAD_END, at, at + SLICE)
                at = end + len(_HEAD_END) if end >= 0 else at + SLICE
                self._parse(data[start:at])
        self.read_on()

    def _parse(self, data: bytes) -> None:
        refusal = self._parser.feed(data)
        if refusal is not None:
            self._refuse(refusal)
        else:
            self._see()

    def _see(self) -> None:
        """Await what comes next, when no application is at work."""
        parser = self._parser
        if parser.in_head:
            if self._awaited in (_NOTHING, _NEXT, _REST) and self._idle:
                self._await(_HEAD, self._limits.head_seconds)
        elif self._awaited is _REST and parser.request.complete:
            self._await(_NEXT, self.config.keep_alive_timeout)

    @property
    def _idle(self) -> bool:
        return not self._queue and not self._unparsed and (self._exchange is None or self._exchange.finished)

    @property
    def _full(self) -> bool:
        """Whether enough waits for applications."""
        if self._ending or self._unparsed:
            return not self._ending
        newest = self._parser.request
        unread = sum(item.unread for item in self._queue if isinstance(item, Request) and item is not newest)
        return newest.unread + unread > self._limits.unread_bytes

    def _deliver(self, following: Request | Refusal) -> None:
        """The head of a request is complete, or there will be none."""
        self._queue.append(following)
        self._wake()
        exchange = self._exchange
        if exchange is not None and exchange.finished:
            self._hand_over(exchange)

    def _refuse(self, refusal: Refusal) -> None:
        request = self._parser.request
        self._unparsed = b""
        if request.broken is not refusal:
            self._deliver(refusal)
        elif self._exchange is not None and self._exchange.request is request:
            if self._exchange.finished:
                self._end(linger=True)
            else:
                self._exchange.refuse(refusal)

    def _wake(self) -> None:
        if self._arrived is not None and not self._arrived.done():
            self._arrived.set_result(None)

    def _pause_when_full(self) -> None:
        if not self.read_paused and self._full and not self.transport.is_closing():
            self.read_paused = True
            self.transport.pause_reading()

    def eof_received(self) -> bool:
        """The transport's: the client sends nothing more. It may still read."""
        self.left = True
        exchange = self._exchange
        if exchange is not None:
            exchange.request.wake()
        if self._ending:
            self.transport.close()
        elif self._idle:
            self._end()
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        """The transport's."""
        self.lost = self.left = True
        self.stop_expecting()
        self._parser.close()
        self._unparsed = b""
        if self._exchange is not None:
            self._exchange.request.wake()
        self._wake()
        for waiter in self._drains:
            if not waiter.done():
                waiter.set_result(None)
        if not self._closed.done():
            self._closed.set_result(None)
        if self._streams is not None:
            self._streams.connection_lost(exc)  # it holds the reader, the writer and the task

    # What goes out

    def pause_writing(self) -> None:
        """The transport's."""
        self.write_paused = True
        self.expect_writing()

    def resume_writing(self) -> None:
        """The transport's."""
        self.write_paused = False
        if not self._ending:
            self.expect_no_writing()
        for waiter in self._drains:
            if not waiter.done():
                waiter.set_result(None)
        if self._exchange is not None and self._exchange.finished:
            self.loop.call_soon(self._hand_over, self._exchange)

    # Deadlines

    def _await(self, awaited: _Awaited, seconds: float) -> None:
        self._awaited = awaited
        self.expect_reading(seconds)

    def _await_nothing(self) -> None:
        self._awaited = _NOTHING
        self.expect_no_reading()

    def read_late(self) -> None:
        """What was awaited did not come in time."""
        awaited = self._awaited
        self._await_nothing()
        if awaited is _HEAD:
            seconds = self._limits.head_seconds
            self.answer_error(Refusal(408, f"The head did not come within {seconds:g} s.", code="request_timeout"))
        elif awaited is _BODY and self._exchange is not None:
            seconds = self._limits.body_seconds
            message = f"Nothing of the body came for {seconds:g} s."
            self._exchange.request.broken = refusal = Refusal(408, message, code="request_timeout")
            self._exchange.refuse(refusal)
        elif self._ending or self._streams is None:
            self.transport.close()
        else:
            self._end()

    def write_late(self) -> None:
        """The client does not read."""
        self.transport.abort()


def _address(name: Any) -> tuple[str, int] | None:
    """Host and port of an internet socket's name."""
    return (name[0], name[1]) if isinstance(name, tuple) and len(name) >= 2 else None
