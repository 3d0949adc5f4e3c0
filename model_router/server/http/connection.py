"""One socket to a server: it carries exchanges one after the other and holds the only timer they need."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, cast

from model_router.server.http.library import httpx

if TYPE_CHECKING:
    from model_router.server.http.exchange import Exchange
    from model_router.server.http.pool import Address, Pool

_EARLY = 0.001
"""Seconds by which a loop may call too soon; uvloop counts in whole milliseconds."""


class Connection(asyncio.Protocol):
    """The state of one socket. ``transport`` is None until it is connected; ``closed`` is final.

    ``error`` is what broke it, None for a proper end. ``used`` tells a kept connection from a new one.
    """

    __slots__ = (
        "_connecting",
        "_deadline",
        "_fires_at",
        "_pool",
        "_timer",
        "address",
        "closed",
        "error",
        "exchange",
        "loop",
        "transport",
        "used",
        "write_blocked",
    )

    def __init__(self, pool: Pool, address: Address, loop: asyncio.AbstractEventLoop) -> None:
        self.address = address
        self.loop = loop
        self.transport: asyncio.Transport | None = None
        self.exchange: Exchange | None = None
        self.error: Exception | None = None
        self.closed = False
        self.used = False
        self.write_blocked = False
        self._pool = pool
        self._connecting: asyncio.Timeout | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._fires_at = 0.0
        self._deadline = 0.0

    async def connect(self, seconds: float | None) -> None:
        """Reach the server.

        Raises:
            httpx.ConnectTimeout: not in time.
            httpx.ConnectError: refused, unknown, or given up; the system's error is its cause.
        """
        limit = self._connecting = asyncio.timeout(seconds)
        try:
            async with limit:
                await self.loop.create_connection(lambda: self, *self.address)
        except BaseException as error:
            self._connecting = None
            if isinstance(error, TimeoutError) and limit.expired():
                if self.closed:
                    raise httpx.ConnectError("The client is closed.") from error
                self.abort()
                raise httpx.ConnectTimeout(f"No connection within {seconds} s.") from error
            self.abort()
            # A name or a port that the system does not take at all is one of the other two.
            if isinstance(error, OSError | OverflowError | UnicodeError):
                raise httpx.ConnectError(str(error)) from error
            raise
        self._connecting = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The socket is connected; both loops have set TCP_NODELAY by now."""
        self.transport = cast(asyncio.Transport, transport)
        if self.closed:
            self.transport.abort()

    def data_received(self, data: bytes) -> None:
        """Hand bytes to the exchange; nobody asked for those that come between two."""
        if self.exchange is None:
            self.abort()
        else:
            self.exchange.feed(data)

    def eof_received(self) -> None:
        """The server sends no more, so this connection is of no more use."""
        self._end(None)

    def connection_lost(self, exc: Exception | None) -> None:
        """The socket is closed, by whichever side."""
        self._end(exc)

    def pause_writing(self) -> None:
        """The server takes in less than we send."""
        self.write_blocked = True

    def resume_writing(self) -> None:
        """Nearly all that was written has gone out."""
        self.write_blocked = False
        if self.exchange is not None:
            self.exchange.written()

    def expect(self, seconds: float | None) -> None:
        """Call the exchange's ``timed_out`` unless this is called again, with more time, before the time is over.

        The timer is not moved each time: it fires when it was first due and then looks at the newest deadline. So a
        connection that is in steady use has one pending timer and hardly ever touches it.
        """
        if seconds is None:
            self._deadline = float("inf")
            return
        self._deadline = self.loop.time() + seconds
        if self._timer is None or self._fires_at > self._deadline:
            self._set_timer()

    def release(self) -> None:
        """The exchange is over and left the connection clean: others may use it."""
        transport = self.transport
        # An answer can end before the request was sent whole (413); the rest of that is nothing to put others behind.
        if self.closed or transport is None or transport.get_write_buffer_size():
            self.abort()
        else:
            self.used = True
            self._pool.release(self)

    def abort(self) -> None:
        """Close at once; what has not gone out is dropped."""
        if self.closed:
            return
        self.closed = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self.transport is not None:
            self.transport.abort()
        elif self._connecting is not None and not self._connecting.expired():
            self._connecting.reschedule(self.loop.time())
        self._pool.forget(self)

    def _end(self, error: Exception | None) -> None:
        if self.closed:
            return
        self.error = error
        if self.exchange is not None:
            self.exchange.lost(error)
        self.abort()

    def _set_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._fires_at = self._deadline
        self._timer = self.loop.call_at(self._deadline, self._check)

    def _check(self) -> None:
        self._timer = None
        if self.exchange is None or self._deadline == float("inf"):
            return
        if self._deadline - self.loop.time() > _EARLY:
            self._set_timer()
        else:
            self.exchange.timed_out()
