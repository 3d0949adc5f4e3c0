"""A connection without a socket, for tests in which the bytes have to come in exactly these pieces."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from types import TracebackType
from typing import Any, TypeVar

from model_router.server.http.connection import Connection
from model_router.server.http.exchange import Exchange, Limits
from model_router.server.http.pool import Pool
from tests.http.peers import read_all

_T = TypeVar("_T")


class Nowhere(asyncio.Transport):
    """Takes everything, sends nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.closed = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        pass

    def get_write_buffer_size(self) -> int:
        return 0

    def is_closing(self) -> bool:
        return self.closed

    def pause_reading(self) -> None:
        pass

    def resume_reading(self) -> None:
        pass

    def abort(self) -> None:
        self.closed = True


class Wire:
    """A pool with one connection, on a loop of its own."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self.pool = Pool(1, 60)
        self.connection = self.run(self._connect())

    def __enter__(self) -> Wire:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.pool.close()
        self._loop.close()

    def run(self, work: Coroutine[Any, Any, _T]) -> _T:
        """Run to the end, for a second at most."""
        return self._loop.run_until_complete(asyncio.wait_for(work, 1))

    def begin(self, method: bytes = b"POST") -> Exchange:
        """Send a request."""
        exchange = Exchange(self.connection, Limits(read=60), bodiless=method == b"HEAD")
        exchange.send(b"head", b"body")
        return exchange

    def timers(self) -> int:
        """Pending timers of the loop."""
        return sum(not timer.cancelled() for timer in self._loop._scheduled)  # type: ignore[attr-defined]  # no other way

    async def _connect(self) -> Connection:
        connection = self.pool.lease(("nowhere", 80))
        assert connection is not None
        connection.connection_made(Nowhere())
        return connection


def result_of(pieces: Sequence[bytes], method: bytes = b"POST", *, closes: bool = False) -> tuple[int, bytes, bool]:
    """Status, body, and whether the connection was kept."""
    with Wire() as wire:
        exchange = wire.begin(method)
        for piece in pieces:
            wire.connection.data_received(piece)
        if closes:
            wire.connection.eof_received()

        async def read() -> tuple[int, bytes, bool]:
            await exchange.head()
            return exchange.status, await read_all(exchange), wire.pool.idle == 1

        return wire.run(read())
