"""The lean client behind httpx: the same requests, responses and errors as with httpx's own transport."""

from __future__ import annotations

from model_router.server.http.client import LeanClient
from model_router.server.http.exchange import Exchange, Limits
from model_router.server.http.library import httpx


class LeanTransport(httpx.AsyncBaseTransport):
    """For ``http`` alone. Use and close it on one loop."""

    def __init__(self, *, max_connections: int = 2000, keepalive_expiry: float = 60.0) -> None:
        """``keepalive_expiry``: seconds after which an idle connection is closed."""
        self.client = LeanClient(max_connections=max_connections, keepalive_expiry=keepalive_expiry)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send, wait for the head.

        Raises:
            httpx.TransportError: as with httpx's own transport; ``request`` is set.
        """
        url = request.url
        host = url.raw_host.decode("ascii")
        if url.scheme != "http" or not host:
            raise httpx.UnsupportedProtocol(f"This transport needs an http address, not {url}.", request=request)
        given = request.extensions.get("timeout", {})
        limits = Limits(given.get("connect"), given.get("read"), given.get("write"), given.get("pool"))
        headers, body = await _content(request)
        try:
            exchange = await self.client.exchange(
                (host, url.port or 80),
                request.method.encode("ascii"),
                url.raw_path,
                headers=headers,
                body=body,
                limits=limits,
            )
        except httpx.TransportError as error:
            error.request = request
            raise
        return httpx.Response(exchange.status, headers=exchange.headers, stream=_Body(exchange, request))

    async def aclose(self) -> None:
        """Close every connection; exchanges under way fail."""
        await self.client.aclose()


class _Body(httpx.AsyncByteStream):
    """What is still to come of an answer; its own iterator, as it can be read once."""

    __slots__ = ("_exchange", "_request")

    def __init__(self, exchange: Exchange, request: httpx.Request) -> None:
        self._exchange = exchange
        self._request = request

    def __aiter__(self) -> _Body:
        return self

    async def __anext__(self) -> bytes:
        try:
            piece = await self._exchange.read()
        except httpx.TransportError as error:
            error.request = self._request
            raise
        if not piece:
            raise StopAsyncIteration
        return piece

    async def aclose(self) -> None:
        self._exchange.close()


async def _content(request: httpx.Request) -> tuple[list[tuple[bytes, bytes]], bytes]:
    """Headers and whole body; a body that comes as a stream is read first and sent with its length."""
    headers = request.headers.raw
    try:
        return headers, request.content
    except httpx.RequestNotRead:
        body = await request.aread()
    if "transfer-encoding" not in request.headers:
        return headers, body
    kept = [(name, value) for name, value in headers if name.lower() != b"transfer-encoding"]
    return [*kept, (b"Content-Length", b"%d" % len(body))], body
