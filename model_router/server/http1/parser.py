"""Requests out of bytes: llhttp's parser, and the rules that it leaves to its user."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Final

from httptools import HttpParserError, HttpParserInvalidMethodError, HttpParserUpgrade, HttpRequestParser

from model_router.server.http1.limits import HttpLimits
from model_router.server.refusal import Refusal

SLICE: Final = 16_384
"""Feed no more at once while no body is under way: the parser does not stop between requests that came together."""

_LARGE: Final = 65_536

_METHODS: Final = {method: method.decode() for method in (b"GET", b"POST", b"HEAD")}
_WATCHED: Final = frozenset((b"host", b"content-length", b"transfer-encoding", b"expect"))
_NOWHERE: Final[deque[tuple[bytes, bytes]]] = deque(maxlen=0)  # where trailers go

Headers = list[tuple[bytes, bytes]]


class Request:
    """One request: its head, and what has come of its body and was not taken yet.

    ``length`` is None for a chunked body. ``broken`` is set when the rest of the body cannot be read.
    """

    method = ""
    version = "1.1"
    target = b""
    host = b""
    keep_alive = True
    expects = False
    length: int | None = 0
    received = 0
    unread = 0
    complete = False
    dropping = False
    broken: Refusal | None = None

    def __init__(self) -> None:
        self.headers: Headers = []
        self.pieces: list[bytes] = []
        self._waiters: list[asyncio.Future[None]] = []

    def take(self) -> bytes:
        """What is here of the body and was not taken; of much a part, so that it need not be copied together."""
        pieces = self.pieces
        if len(pieces) == 1 or self.unread > _LARGE:
            body = pieces.pop(0)
        else:
            body = b"".join(pieces)
            pieces.clear()
        self.unread -= len(body)
        return body

    def drop(self) -> None:
        """Nobody wants the rest of the body."""
        self.dropping = True
        self.pieces.clear()
        self.unread = 0

    def wake(self) -> None:
        """Tell those who wait in ``changed``."""
        if self._waiters:
            for waiter in self._waiters:
                if not waiter.done():
                    waiter.set_result(None)

    async def changed(self, loop: asyncio.AbstractEventLoop) -> None:
        """Wait until ``wake`` is called."""
        waiter = loop.create_future()
        self._waiters.append(waiter)
        try:
            await waiter
        finally:
            self._waiters.remove(waiter)


class RequestParser:
    """The requests of one connection. ``deliver`` gets each as soon as its head is complete.

    ``request`` is the newest; its body grows by itself.
    """

    def __init__(self, limits: HttpLimits, deliver: Callable[[Request], None]) -> None:
        self.request = Request()
        self.in_head = False
        self._limits = limits
        self._deliver = deliver
        self._headers: Headers | deque[tuple[bytes, bytes]] = []
        self._refusal: Refusal | None = None
        self._feeding = 0
        self._silent = (
            0  # bytes since the last thing that came out of them; those of a request before may be among them
        )
        self._delivered: Request | None = None
        self._resumed: Request | None = None
        self._apart = False
        self._parser: HttpRequestParser | None = HttpRequestParser(self)

    @property
    def remaining(self) -> int:
        """Bytes that are known to be missing of the newest request's body."""
        request = self.request
        if self.in_head or request.length is None or self._parser is None:
            return 0
        return request.length - request.received

    def feed(self, data: bytes) -> Refusal | None:
        """Take bytes in; after a refusal, and after the connection's last request, nothing more is read.

        A refusal belongs to the newest request's body when that is ``broken`` by it, else to what comes next.
        """
        if self._apart:
            size = self.remaining
            self.feed_body(data[:size])
            data = data[size:]
        while self._parser is not None:
            self._feeding = len(data)
            self._silent += self._feeding
            try:
                self._parser.feed_data(data)
            except HttpParserUpgrade as upgrade:
                # Not done here, so the request is an ordinary one. The library takes all behind its head for the other
                # protocol, a body too.
                data = data[upgrade.args[0] :]
                self._start_again()
                continue
            except HttpParserError as error:
                last = self.request.complete and not self.request.keep_alive and not self.in_head
                return self._end(None if last else self._refusal or _refusal_for(error))
            if self._silent > self._limits.head_bytes + SLICE and (self.in_head or not self.request.complete):
                return self._end(_too_large(self._limits))
            break
        return None

    def feed_body(self, data: bytes) -> None:
        """Take in a part of a body, not more than is ``remaining``, as it is.

        The library never hears of this body's rest, so another parser reads the next request.
        """
        self._silent = 0
        self._apart = True
        self.on_body(data)
        request = self.request
        if request.received == request.length:
            self._apart = False
            request.complete = True
            if request.keep_alive:
                self._parser = HttpRequestParser(self)
            else:
                self.close()

    def _end(self, refusal: Refusal | None) -> Refusal | None:
        self.close()
        if self.request is self._delivered and not self.request.complete:
            self.request.broken = refusal
        return refusal

    def close(self) -> None:
        """Read nothing more."""
        self.in_head = self._apart = False
        self._parser = None
        self._deliver = _ignore

    def on_message_begin(self) -> None:
        """The library's; so are those that follow."""
        self.in_head = True
        self._silent = self._feeding
        self.request = request = Request()
        self._headers = request.headers

    def on_url(self, piece: bytes) -> None:
        self.request.target += piece

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers.append((name.lower(), value.rstrip()))

    def on_headers_complete(self) -> None:
        self.in_head = False
        self._headers = _NOWHERE
        parser = self._parser
        if self._resumed is not None:
            self.request, self._resumed = self._resumed, None
        if parser is None or self.request is self._delivered:
            return
        request = self.request
        request.version = parser.get_http_version()
        request.method = _METHODS.get(method := parser.get_method()) or method.decode("ascii")
        request.keep_alive = parser.should_keep_alive()
        self._check(request)
        self._silent = 0
        self._delivered = request
        self._deliver(request)

    def on_body(self, piece: bytes) -> None:
        self._silent = 0
        request = self.request
        request.received += len(piece)
        if not request.dropping:
            request.pieces.append(piece)
            request.unread += len(piece)
            request.wake()

    def on_message_complete(self) -> None:
        request = self.request
        if request.length is None:
            if self._parser is not None and self._parser.should_upgrade():
                return  # the library skipped a body that is still to come
        elif request.received != request.length:
            return  # the same
        request.complete = True
        request.wake()

    def _check(self, request: Request) -> None:
        """The rules of a head that the library does not know.

        Raises:
            _Stop: ``self._refusal`` says why.
        """
        hosts = codings = 0
        for name, value in request.headers:
            if name in _WATCHED:
                if name == b"host":
                    hosts += 1
                    request.host = value
                elif name == b"content-length":
                    request.length = int(value)
                elif name == b"expect":
                    request.expects = value.lower() == b"100-continue" and request.version == "1.1"
                else:
                    codings += 1
                    request.length = None
                    if value.lower() != b"chunked" or codings > 1 or request.version != "1.1":
                        self._stop("The Transfer-Encoding must be chunked, once, in HTTP/1.1.")
        if len(request.headers) > self._limits.header_count or self._silent > self._limits.head_bytes:
            self._measure(request)
        if request.version not in {"1.1", "1.0"}:
            self._refusal = Refusal(505, "This server speaks HTTP/1.1.", code="http_version_not_supported")
            raise _Stop
        if hosts > 1 or (not hosts and request.version == "1.1"):
            self._stop("A request has one Host header.")
        if request.method == "CONNECT":
            self._stop("This server is no tunnel: it does not take CONNECT.")

    def _measure(self, request: Request) -> None:
        size = len(request.target) + sum(len(name) + len(value) + 4 for name, value in request.headers)
        if len(request.headers) > self._limits.header_count or size > self._limits.head_bytes:
            self._refusal = _too_large(self._limits)
            raise _Stop

    def _stop(self, message: str) -> None:
        self._refusal = Refusal(400, message, code="bad_request")
        raise _Stop

    def _start_again(self) -> None:
        """A new parser; when a body is to come, one that has read a head that announces it."""
        request = self.request
        self._parser = HttpRequestParser(self)
        if request.complete:
            if not request.keep_alive:
                self.close()
            return
        self._resumed = request
        framing = b"transfer-encoding: chunked" if request.length is None else b"content-length: %d" % request.length
        keep = b"keep-alive" if request.keep_alive else b"close"
        self._parser.feed_data(b"POST / HTTP/1.1\r\n%b\r\nconnection: %b\r\n\r\n" % (framing, keep))


def _ignore(request: Request) -> None:
    """Nobody is served any more."""


class _Stop(Exception):
    """Makes the library end; never leaves this module."""


def _refusal_for(error: HttpParserError) -> Refusal:
    if isinstance(error, HttpParserInvalidMethodError):
        return Refusal(400, "This is no request of HTTP/1.1: its method is unknown.", code="bad_request")
    reason = str(error).replace("`", "")
    if "PRI" in reason:
        return Refusal(505, "This server speaks HTTP/1.1, not HTTP/2.", code="http_version_not_supported")
    return Refusal(400, f"This is no request of HTTP/1.1: {reason[:1].lower()}{reason[1:]}.", code="bad_request")


def _too_large(limits: HttpLimits) -> Refusal:
    message = f"The head is larger than {limits.head_bytes} bytes or has more than {limits.header_count} headers."
    return Refusal(431, message, code="head_too_large")
