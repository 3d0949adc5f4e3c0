"""The other side of a connection: servers on real sockets, in the loop of the test, that do what a test says."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import cast

from benchmarks.listener import Listener
from model_router.server.http.client import LeanClient
from model_router.server.http.exchange import Exchange, Limits
from tests.support.clock import now

SHORT = Limits(connect=5, read=5, write=5, pool=5)
"""Limits of tests in which nothing has to time out."""


class Line:
    """The server's end of one connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    @property
    def gone(self) -> bool:
        """Whether the client has closed the connection, as far as is known."""
        return self.reader.at_eof() or self.reader.exception() is not None

    async def request(self) -> bytes:
        """The next request whole, head and body.

        Raises:
            asyncio.IncompleteReadError: the client has left.
        """
        head = await self.reader.readuntil(b"\r\n\r\n")
        length = next(
            (int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), 0
        )
        return head + await self.reader.readexactly(length)

    async def send(self, data: bytes) -> None:
        if self.writer.is_closing():
            raise ConnectionResetError("the client has left")
        self.writer.write(data)
        await self.writer.drain()

    async def send_bytewise(self, data: bytes) -> None:
        """Each byte in a packet of its own, as far as the system lets them stay apart."""
        for byte in data:
            await self.send(bytes([byte]))
            await asyncio.sleep(0)

    async def left(self) -> None:
        """Wait until the client closes the connection, whatever else it sends."""
        with contextlib.suppress(ConnectionError):
            while await self.reader.read(65_536):
                pass

    def stop_reading(self) -> None:
        """Take in nothing more."""
        cast(asyncio.Transport, self.writer.transport).pause_reading()

    def close(self) -> None:
        self.writer.close()

    def reset(self) -> None:
        """Close so that the client sees a reset."""
        with socket.socket(fileno=os.dup(self.writer.get_extra_info("socket").fileno())) as same:
            same.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()


@dataclass(slots=True)
class Peer:
    """A running server: its address, its connections so far, those still open, and the requests it read."""

    address: tuple[str, int]
    accepted: int = 0
    open: int = 0
    requests: list[bytes] = field(default_factory=list)

    @property
    def url(self) -> str:
        host, port = self.address
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    async def sees(self, requests: int, within: float = 5.0) -> None:
        """Wait until so many requests have been read."""
        async with asyncio.timeout(within):
            while len(self.requests) < requests:
                await asyncio.sleep(0.001)

    async def all_left(self, within: float = 5.0) -> None:
        """Wait until the client has closed every connection."""
        deadline = now() + within
        while self.open:
            assert now() < deadline, f"{self.open} connections stayed open for {within} s"
            await asyncio.sleep(0.001)


Behaviour = Callable[[Line, Peer], Awaitable[None]]


@contextlib.asynccontextmanager
async def serving(behaviour: Behaviour, host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[Peer]:
    """Run ``behaviour`` for each connection; it returns to close it. What it raises, this raises at the end."""
    mistakes: list[Exception] = []

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line = Line(reader, writer)
        peer.accepted += 1
        peer.open += 1
        try:
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
                await behaviour(line, peer)
        except Exception as error:  # noqa: BLE001 - a server that fails would look like one that closes
            mistakes.append(error)
        finally:
            peer.open -= 1
            line.close()

    listener = Listener(handle)
    await listener.begin(host, port)
    peer = Peer(listener.address)
    try:
        yield peer
    finally:
        await listener.end()
    if mistakes:
        raise mistakes[0]


def answering(*answers: bytes) -> Behaviour:
    """Answers the requests of each connection with these in turn, the last one for all that follow."""

    async def answer(line: Line, peer: Peer) -> None:
        number = 0
        while True:
            peer.requests.append(await line.request())
            await line.send(answers[min(number, len(answers) - 1)])
            number += 1

    return answer


async def silent(line: Line, peer: Peer) -> None:
    """Takes a request and never answers."""
    peer.requests.append(await line.request())
    await line.left()


async def ask(
    client: LeanClient,
    peer: Peer,
    method: bytes = b"POST",
    body: bytes = b"{}",
    limits: Limits = SHORT,
) -> Exchange:
    """One request; the head of its answer."""
    headers = [(b"host", b"test"), (b"content-length", b"%d" % len(body))]
    return await client.exchange(peer.address, method, b"/v1/x", headers=headers, body=body, limits=limits)


async def gone(client: LeanClient, within: float = 5.0) -> None:
    """Wait until the client has noticed that it has no connection any more."""
    async with asyncio.timeout(within):
        while client.connections:
            await asyncio.sleep(0.001)


async def read_all(exchange: Exchange) -> bytes:
    """The whole body."""
    pieces = []
    while piece := await exchange.read():
        pieces.append(piece)
    return b"".join(pieces)


OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
