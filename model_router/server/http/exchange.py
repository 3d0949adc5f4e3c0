"""One request and its answer on one connection."""

from __future__ import annotations

import asyncio
from typing import NamedTuple

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

from model_router.server.http.connection import Connection
from model_router.server.http.library import httpx

LARGEST_HEAD = 65_536
"""Bytes of a head, or of framing without a byte of body in it, after which a server is not taken seriously."""

MOST_UNREAD = 1_048_576
"""Bytes that may lie unread before the server is held up."""

_JOINED = 16_384
"""Bodies up to this size are copied behind the head; larger ones are handed over beside it."""

_Failure = tuple[type[httpx.TransportError], str, Exception | None]
_GIVEN_UP: _Failure = (httpx.ReadError, "The answer was given up before its end.", None)


class Limits(NamedTuple):
    """Seconds for each step, or None for no limit.

    ``read`` bounds each silence, not the whole answer; ``write`` bounds the time in which the server takes in nothing;
    ``pool`` bounds the wait for a connection when all are in use.
    """

    connect: float | None = None
    read: float | None = None
    write: float | None = None
    pool: float | None = None


class Exchange:
    """An answer whose head has come: ``status``, and ``headers`` with names in lower case. ``read`` gives its body.

    Whoever has one must read it to its end or close it, in one task at a time. The connection goes back to the pool
    as soon as the last byte has arrived, whether or not it has been read. The methods from ``feed`` on are called by
    the connection, the ``on_`` ones by the parser.
    """

    __slots__ = (
        "_bodiless",
        "_complete",
        "_connection",
        "_failure",
        "_fault",
        "_framed",
        "_limits",
        "_overhead",
        "_parser",
        "_paused",
        "_pieces",
        "_received",
        "_reusable",
        "_unread",
        "_unsent",
        "_waiter",
        "headers",
        "heard",
        "status",
    )

    def __init__(self, connection: Connection, limits: Limits, *, bodiless: bool = False) -> None:
        """``bodiless``: the answer has no body whatever its head says, as with HEAD."""
        self.status = 0
        self.headers: list[tuple[bytes, bytes]] = []
        self.heard = False
        self._connection: Connection | None = connection
        self._parser: HttpResponseParser | None = HttpResponseParser(self)
        self._limits = limits
        self._bodiless = bodiless
        self._framed = False
        self._reusable = False
        self._complete = False
        self._failure = _GIVEN_UP
        self._fault = ""
        self._pieces: list[bytes] = []
        self._overhead = 0
        self._received = 0
        self._unread = 0
        self._unsent = 0
        self._paused = False
        self._waiter: asyncio.Future[None] | None = None
        connection.exchange = self
        if connection.closed:
            self.lost(connection.error)

    def send(self, head: bytes, body: bytes) -> None:
        """Write the request; what the socket does not take at once goes out while the answer is awaited."""
        connection = self._connection
        if connection is None or connection.transport is None:
            return
        transport = connection.transport
        if len(body) <= _JOINED:
            transport.write(head + body)
        else:
            transport.writelines((head, body))
        if connection.write_blocked:
            self._unsent = transport.get_write_buffer_size()

    async def head(self) -> None:
        """Wait until ``status`` and ``headers`` are there.

        Raises:
            httpx.TransportError: there will be no answer.
        """
        while not self.status:
            await self._wait()

    async def read(self) -> bytes:
        """The next bytes of the body, as many as have come; ``b""`` is its end.

        Raises:
            httpx.TransportError: the rest will not come.
        """
        while not self._pieces:
            if self._complete:
                return b""
            await self._wait()
        pieces = self._pieces
        data = pieces[0] if len(pieces) == 1 else b"".join(pieces)
        pieces.clear()
        self._unread = 0
        if self._paused:
            self._paused = False
            if self._connection is not None and self._connection.transport is not None:
                self._connection.transport.resume_reading()
        return data

    def is_over(self) -> bool:
        """Whether all of it has been read."""
        return self._complete and not self._pieces

    def be_patient(self, seconds: float | None) -> None:
        """From the next wait on, a silence may last so long: an answer that has begun is waited for differently."""
        self._limits = self._limits._replace(read=seconds)

    def close(self) -> None:
        """Give up what has not come yet; the server sees its connection closed at once. May be called at any time."""
        if self._connection is not None:
            self._fail(*_GIVEN_UP)

    async def aclose(self) -> None:
        """The same, where a coroutine is wanted."""
        self.close()

    def feed(self, data: bytes) -> None:
        """Bytes of the answer have come."""
        parser, connection = self._parser, self._connection
        if parser is None or connection is None:
            return
        self.heard = True
        # Bytes without a body in them are counted: heads and framing must end within the limit, however they are cut.
        rest: bytes | memoryview = data
        while rest and self._overhead < LARGEST_HEAD and not self._fault:
            room = LARGEST_HEAD - self._overhead
            piece, rest = (rest, b"") if len(rest) <= room else (memoryview(rest)[:room], memoryview(rest)[room:])
            self._overhead += len(piece)
            self._parse(parser, piece)
        if self._complete:
            self._reusable = self._reusable and not rest
            self._finish()
        elif self._fault:
            self._fail(httpx.RemoteProtocolError, self._fault)
        elif self._overhead >= LARGEST_HEAD:
            self._fail(httpx.RemoteProtocolError, f"The answer has {LARGEST_HEAD} bytes without a body in them.")
        else:
            if self._unread > MOST_UNREAD and not self._paused and connection.transport is not None:
                self._paused = True
                connection.transport.pause_reading()
            if self.status:
                self._wake()
            elif self._waiter is not None:
                connection.expect(self._limits.read)

    def lost(self, error: Exception | None) -> None:
        """The connection has ended, in the middle of the answer or, where nothing else marks it, at its end."""
        if error is not None:
            kind = httpx.WriteError if isinstance(error, BrokenPipeError) else httpx.ReadError
            self._fail(kind, str(error), error)
        elif not self.status:
            self._fail(httpx.RemoteProtocolError, "Server disconnected without sending a response.")
        elif self._framed:
            reason = f"peer closed connection without sending complete message body ({self._received} bytes came)"
            self._fail(httpx.RemoteProtocolError, reason)
        else:
            self._complete = True
            self._finish()

    def written(self) -> None:
        """The request has gone out; from now on it is the server's turn."""
        if self._waiter is not None and self._connection is not None:
            self._connection.expect(self._limits.read)

    def timed_out(self) -> None:
        """Nothing happened for as long as may be."""
        connection = self._connection
        if self._waiter is None or connection is None or connection.transport is None:
            return
        if self.status or not connection.write_blocked:
            self._fail(httpx.ReadTimeout, f"The server was silent for {self._limits.read} s.")
            return
        left = connection.transport.get_write_buffer_size()
        if left < self._unsent:
            self._unsent = left
            connection.expect(self._limits.write)
        else:
            self._fail(httpx.WriteTimeout, f"The server took in nothing for {self._limits.write} s.")

    def on_message_begin(self) -> None:
        """A first answer begins, one after an interim answer, or one too many."""
        if self._complete:
            self._reusable = False

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header, or a trailer, which nobody needs."""
        if self.status:
            return
        name = name.lower()
        self.headers.append((name, value))
        if name == b"content-length":
            self._framed = True
        elif name == b"transfer-encoding":
            self._framed = value.lower().rstrip().endswith(b"chunked")

    def on_headers_complete(self) -> None:
        """A head is there: of an interim answer (100, 103), which is dropped, or of the one that counts."""
        parser = self._parser
        if parser is None or self._complete:
            return
        status = parser.get_status_code()
        if 100 <= status < 200 and status != 101:
            self.headers = []
            self._framed = False
            return
        if status < 200:
            self._fault = f"The server answered with status {status}, which nobody asked for."
            return
        self.status = status
        self._overhead = 0
        self._reusable = parser.should_keep_alive()
        self._complete = self._bodiless

    def on_body(self, body: bytes) -> None:
        """A piece of the body without its framing."""
        if self._complete:
            self._reusable = False
            return
        size = len(body)
        self._overhead = 0
        self._received += size
        self._unread += size
        self._pieces.append(body)

    def on_message_complete(self) -> None:
        """The end that the framing announced."""
        if self.status:
            self._complete = True

    def _parse(self, parser: HttpResponseParser, data: bytes | memoryview) -> None:
        try:
            parser.feed_data(data)
        except (HttpParserError, HttpParserUpgrade) as error:
            # Behind a whole answer this is something that nobody asked for, and says nothing about the answer.
            self._reusable = False
            self._fault = self._fault or f"The answer is not HTTP as it should be ({error})."

    async def _wait(self) -> None:
        """Sleep until something changes; a wait that is cancelled ends the exchange."""
        connection = self._connection
        if connection is None:
            raise self._error()
        if self._waiter is not None:
            raise RuntimeError("two tasks wait for the same answer")
        writing = connection.write_blocked and not self.status
        connection.expect(self._limits.write if writing else self._limits.read)
        waiter = self._waiter = connection.loop.create_future()
        try:
            await waiter
        except BaseException:
            self._waiter = None
            self.close()
            raise

    def _wake(self) -> None:
        waiter, self._waiter = self._waiter, None
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    def _finish(self) -> None:
        connection = self._detach()
        if connection is None:
            return
        if self._reusable:
            connection.release()
        else:
            connection.abort()
        self._wake()

    def _fail(self, kind: type[httpx.TransportError], message: str, cause: Exception | None = None) -> None:
        connection = self._detach()
        if connection is None:
            return
        self._failure = (kind, message, cause)
        connection.abort()
        self._wake()

    def _detach(self) -> Connection | None:
        """Part from the connection; None when that has happened before."""
        connection, self._connection, self._parser = self._connection, None, None
        if connection is not None:
            connection.exchange = None
        return connection

    def _error(self) -> httpx.TransportError:
        kind, message, cause = self._failure
        error = kind(message)
        error.__cause__ = cause
        return error
