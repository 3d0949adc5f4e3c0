"""A listening socket whose every connection is closed when it ends, also one whose handler had not begun."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Listener:
    """Serves connections on the running loop until ``end``.

    asyncio's own server leaves a connection open when its handler is cancelled before the first step; the collector
    finds it much later, in the middle of another test.
    """

    def __init__(self, handler: Handler) -> None:
        self._handler = handler
        self._open: dict[asyncio.Task[None], asyncio.StreamWriter] = {}
        self._server: asyncio.Server

    @property
    def address(self) -> tuple[str, int]:
        """Host and port."""
        host, port = self._server.sockets[0].getsockname()[:2]
        return host, port

    async def begin(self, host: str = "127.0.0.1", port: int = 0, limit: int = 2**16) -> None:
        """Listen; ``limit`` is the reader's, in bytes."""
        self._server = await asyncio.start_server(self._accept, host, port, limit=limit)

    async def end(self) -> None:
        """Stop listening, cancel what is under way and close every connection."""
        self._server.close()
        # A connection taken from the system this moment gets its handler two turns later.
        for _ in range(3):
            await asyncio.sleep(0)
        left = dict(self._open)
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        for writer in left.values():
            writer.transport.abort()
        await asyncio.sleep(0)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(self._handle(reader, writer))
        self._open[task] = writer
        task.add_done_callback(self._open.pop)

    async def _handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._handler(reader, writer)
