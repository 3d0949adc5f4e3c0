"""Sends requests over kept connections and waits for the heads of their answers."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from model_router.server.http.connection import Connection
from model_router.server.http.exchange import Exchange, Limits
from model_router.server.http.library import httpx
from model_router.server.http.pool import Address, Pool


class LeanClient:
    """An HTTP/1.1 client without redirects, cookies, proxies or TLS. Made anywhere, used and closed on one loop.

    Its errors are httpx's, without ``request``.
    """

    def __init__(self, *, max_connections: int = 2000, keepalive_expiry: float = 60.0) -> None:
        """``keepalive_expiry``: seconds after which an idle connection is closed."""
        self._pool = Pool(max_connections, keepalive_expiry)

    @property
    def connections(self) -> int:
        """Open connections, idle ones included."""
        return len(self._pool)

    @property
    def idle_connections(self) -> int:
        """Open connections that wait for a request."""
        return self._pool.idle

    async def exchange(
        self,
        address: Address,
        method: bytes,
        target: bytes,
        *,
        headers: Sequence[tuple[bytes, bytes]],
        body: bytes,
        limits: Limits,
    ) -> Exchange:
        """Send a request, wait for the head of its answer.

        Args:
            address: a name or an address (IPv6 without brackets), and a port.
            method: in upper case.
            target: path and query as they go out.
            headers: as they go out; ``host``, and ``content-length`` where there is a body, have to be among them.

        Raises:
            httpx.TransportError: ConnectError, ConnectTimeout, PoolTimeout, ReadError, ReadTimeout, WriteError,
                WriteTimeout, RemoteProtocolError (no HTTP, or closed too early) or LocalProtocolError (a header that
                cannot be sent).
        """
        head = _head(method, target, headers)
        found = self._pool.lease(address)
        connection = found if found is not None and found.used else await self._connect(found, address, limits)
        kept = connection.used
        exchange = Exchange(connection, limits, bodiless=method == b"HEAD")
        exchange.send(head, body)
        try:
            await exchange.head()
        except (httpx.NetworkError, httpx.RemoteProtocolError):
            if not kept or exchange.heard:
                raise
        else:
            return exchange
        # A server may close a kept connection at the moment at which we send on it; then it has not read the request,
        # and the caller must not suffer for the age of a connection. A new connection has no such excuse: a server
        # that drops that without a word has probably seen the request, so it is not sent a third time.
        connection = await self._connect(self._pool.lease(address, fresh=True), address, limits, fresh=True)
        exchange = Exchange(connection, limits, bodiless=method == b"HEAD")
        exchange.send(head, body)
        await exchange.head()
        return exchange

    async def aclose(self) -> None:
        """Close every connection; exchanges under way fail."""
        self._pool.close()
        await asyncio.sleep(0)  # the loop closes sockets in its next round

    async def _connect(
        self, connection: Connection | None, address: Address, limits: Limits, *, fresh: bool = False
    ) -> Connection:
        """A connection that is ready: the one that was leased, or another when there was none."""
        if connection is None:
            connection = await self._pool.wait(address, limits.pool, fresh=fresh)
        if connection.transport is None:
            await connection.connect(limits.connect)
        return connection


def _head(method: bytes, target: bytes, headers: Sequence[tuple[bytes, bytes]]) -> bytes:
    head = b"\r\n".join([b"%b %b HTTP/1.1" % (method, target), *map(b": ".join, headers), b"", b""])
    lines = len(headers) + 2
    if head.count(b"\n") != lines or head.count(b"\r") != lines or b"\0" in head or b" " in target:
        raise httpx.LocalProtocolError("A header or the path of the request has a character that HTTP does not allow.")
    return head
