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


class _Clock(asyncio.SelectorEventLoop):
    """A loop whose time can be moved on."""

    ahead = 0.0

    def time(self) -> float:
        return super().time() + self.ahead


class Wire:
    """A pool with one connection, on a loop of its own whose time stands still as long as nobody moves it."""

    def __init__(self, keepalive_expiry: float = 60) -> None:
        self._loop = _Clock()
        self.pool = Pool(1, keepalive_expiry)
        self.connection = self.run(self._connect())

    def __enter__(self) -> Wire:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.pool.close()
        self._loop.close()

    def run(self, work: Coroutine[Any, Any, _T]) -> _T:
        """Run to the end, which must not take any time."""
        return self._loop.run_until_complete(asyncio.wait_for(work, 5))

    def pass_time(self, seconds: float) -> None:
        """Let everything happen that is due, before and after so much time has gone by."""
        for ahead in (0, seconds):
            self._loop.ahead += ahead
            for _ in range(3):
                self.run(asyncio.sleep(0))

    def lease(self) -> Connection | None:
        """Take the connection out of the pool again."""

        async def lease() -> Connection | None:
            return self.pool.lease(("nowhere", 80))

        return self.run(lease())

    def start(self, work: Coroutine[Any, Any, _T]) -> asyncio.Task[_T]:
        """Run up to its first wait."""
        task = self._loop.create_task(work)
        self.run(asyncio.sleep(0))
        return task

    def begin(self, method: bytes = b"POST", read: float | None = 60) -> Exchange:
        """Send a request."""
        exchange = Exchange(self.connection, Limits(read=read), bodiless=method == b"HEAD")
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
