"""The connections of a client: how many there may be, which are idle, and who waits for one."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import NamedTuple

from model_router.server.http.connection import Connection
from model_router.server.http.library import httpx

Address = tuple[str, int]
"""Host and port."""


class _Waiter(NamedTuple):
    address: Address
    fresh: bool
    future: asyncio.Future[Connection]


class Pool:
    """Gives out connections, the one used last first, so that those not needed grow old and are closed.

    A connection that it gives out may have to be connected yet: it only holds the place.
    """

    __slots__ = ("_all", "_closed", "_expiry", "_idle", "_most", "_timer", "_waiters")

    def __init__(self, max_connections: int, keepalive_expiry: float) -> None:
        self._most = max_connections
        self._expiry = keepalive_expiry
        self._all: set[Connection] = set()
        # The times at which they became idle; a dict keeps order and loses one from its middle at no cost.
        self._idle: dict[Address, dict[Connection, float]] = {}
        self._waiters: deque[_Waiter] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._closed = False

    def __len__(self) -> int:
        """How many connections there are, those that are being made included."""
        return len(self._all)

    @property
    def idle(self) -> int:
        """How many of them wait for a request."""
        return sum(map(len, self._idle.values()))

    def lease(self, address: Address, *, fresh: bool = False) -> Connection | None:
        """A connection for one exchange, ``fresh``: surely a new one; None when there are as many as may be.

        Raises:
            httpx.ConnectError: the pool is closed.
        """
        if self._closed:
            raise httpx.ConnectError("The client is closed.")
        idle = self._idle.get(address)
        while idle and not fresh:
            connection, since = idle.popitem()
            if connection.loop.time() - since < self._expiry:
                return connection
            connection.abort()
        if len(self._all) >= self._most and not self._evict():
            return None
        return self._add(address, asyncio.get_running_loop())

    async def wait(self, address: Address, seconds: float | None, *, fresh: bool = False) -> Connection:
        """Queue for a connection.

        Raises:
            httpx.PoolTimeout: none became free in time.
            httpx.ConnectError: the pool was closed.
        """
        waiter = _Waiter(address, fresh, asyncio.get_running_loop().create_future())
        self._waiters.append(waiter)
        try:
            async with asyncio.timeout(seconds):
                return await waiter.future
        except BaseException as error:
            self._leave_queue(waiter)
            if isinstance(error, TimeoutError):
                raise httpx.PoolTimeout(f"All {self._most} connections were in use for {seconds} s.") from error
            raise

    def release(self, connection: Connection) -> None:
        """Take a connection back whose exchange has ended well."""
        while self._waiters:
            waiter = self._waiters.popleft()
            if waiter.future.done():
                continue
            if waiter.address == connection.address and not waiter.fresh:
                waiter.future.set_result(connection)
            else:
                self._waiters.appendleft(waiter)
                connection.abort()
            return
        loop = connection.loop
        self._idle.setdefault(connection.address, {})[connection] = loop.time()
        if self._timer is None:
            self._timer = loop.call_later(self._expiry, self._expire, loop)

    def forget(self, connection: Connection) -> None:
        """A connection is closed: its place is free."""
        if connection not in self._all:
            return
        self._all.discard(connection)
        idle = self._idle.get(connection.address)
        if idle is not None:
            idle.pop(connection, None)
        while self._waiters and not self._closed:
            waiter = self._waiters.popleft()
            if not waiter.future.done():
                waiter.future.set_result(self._add(waiter.address, connection.loop))
                return

    def close(self) -> None:
        """Close every connection; exchanges under way fail."""
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
        for waiter in self._waiters:
            if not waiter.future.done():
                waiter.future.set_exception(httpx.ConnectError("The client is closed."))
        self._waiters.clear()
        for connection in list(self._all):
            if connection.exchange is not None:
                connection.exchange.close()
            connection.abort()

    def _add(self, address: Address, loop: asyncio.AbstractEventLoop) -> Connection:
        connection = Connection(self, address, loop)
        self._all.add(connection)
        return connection

    def _leave_queue(self, waiter: _Waiter) -> None:
        """Wait no longer; give back what was granted at this very moment."""
        if waiter in self._waiters:
            self._waiters.remove(waiter)
        if not waiter.future.done() or waiter.future.cancelled() or waiter.future.exception() is not None:
            return
        connection = waiter.future.result()
        if connection.transport is None:
            connection.abort()
        else:
            connection.release()

    def _evict(self) -> bool:
        """Close the connection that was idle longest, if any is."""
        oldest = [next(iter(idle.items())) for idle in self._idle.values() if idle]
        if not oldest:
            return False
        min(oldest, key=lambda item: item[1])[0].abort()
        return True

    def _expire(self, loop: asyncio.AbstractEventLoop) -> None:
        """Close what was idle for too long, and come back when the next one is due."""
        due = loop.time() - self._expiry
        for address, idle in list(self._idle.items()):
            for connection, since in list(idle.items()):
                if since > due:
                    break
                connection.abort()
            if not idle:
                del self._idle[address]
        oldest = min((next(iter(idle.values())) for idle in self._idle.values()), default=None)
        self._timer = None if oldest is None else loop.call_at(oldest + self._expiry, self._expire, loop)
