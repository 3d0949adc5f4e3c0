"""What goes wrong is told as httpx's own transport would tell it, and closes the connection."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Iterator
from typing import TypeVar

import httpx
import pytest

from model_router.server.http.client import LeanClient
from model_router.server.http.exchange import Exchange, Limits
from model_router.server.http.transport import LeanTransport
from model_router.server.upstream import _failure
from tests.http.peers import OK, SHORT, Behaviour, Line, Peer, answering, ask, read_all, serving, silent
from tests.http.wires import Wire
from tests.support.ports import free_ports

_T = TypeVar("_T")


def after_request(data: bytes, *, reset: bool = False) -> Behaviour:
    """Reads a request, sends this and closes."""

    async def behave(line: Line, _peer: Peer) -> None:
        await line.request()
        await line.send(data)
        if reset:
            await asyncio.sleep(0.02)
            line.reset()

    return behave


async def silent_in_the_body(line: Line, _peer: Peer) -> None:
    await line.request()
    await line.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
    await line.left()


async def silent_in_the_head(line: Line, _peer: Peer) -> None:
    await line.request()
    await line.send(b"HTTP/1.1 200 OK\r\nContent-Le")
    await line.left()


HALF_LENGTH = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf"
HALF_CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n"
FAULTS: dict[str, Behaviour] = {
    "closed before the answer": after_request(b""),
    "closed in the head": after_request(b"HTTP/1.1 200 OK\r\nContent-"),
    "closed after an interim answer": after_request(b"HTTP/1.1 100 Continue\r\n\r\n"),
    "closed in a body with a length": after_request(HALF_LENGTH),
    "closed between chunks": after_request(HALF_CHUNKED),
    "closed in a chunk": after_request(HALF_CHUNKED + b"9\r\nmo"),
    "closed before the last line": after_request(HALF_CHUNKED + b"0\r\n"),
    "reset before the answer": after_request(b"", reset=True),
    "reset in the head": after_request(b"HTTP/1.1 200 OK\r\nContent-", reset=True),
    "reset in a body with a length": after_request(HALF_LENGTH, reset=True),
    "reset in a chunked body": after_request(HALF_CHUNKED, reset=True),
    "reset in a body without an end": after_request(b"HTTP/1.1 200 OK\r\n\r\nhalf", reset=True),
    "a negative length": answering(b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n"),
    "two lengths": answering(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab"),
    "a chunk without a size": answering(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxx\r\nab\r\n"),
    "not HTTP": answering(b"what?\r\n\r\n"),
    "a huge head": answering(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 500_000 + b"\r\n\r\n"),
}
SILENCES: dict[str, Behaviour] = {
    "silent before the answer": silent,
    "silent in the head": silent_in_the_head,
    "silent in the body": silent_in_the_body,
}


async def failure_of(transport: httpx.AsyncBaseTransport, url: str, read: float = 5) -> httpx.TransportError:
    """The error that a request meets on its way or in its answer."""
    limits = httpx.Timeout(connect=5, read=read, write=5, pool=5)
    async with httpx.AsyncClient(transport=transport, timeout=limits, trust_env=False) as client:
        with pytest.raises(httpx.TransportError) as caught:
            await client.post(url, content=b"{}")
    return caught.value


@pytest.mark.parametrize(
    ("behaviour", "read"),
    [*((fault, 5) for fault in FAULTS.values()), *((silence, 0.1) for silence in SILENCES.values())],
    ids=[*FAULTS, *SILENCES],
)
async def test_a_fault_is_the_same_error_and_sentence_as_with_httpx(behaviour: Behaviour, read: float) -> None:
    async with serving(behaviour) as peer:
        lean = LeanTransport()
        theirs = await failure_of(httpx.AsyncHTTPTransport(), peer.url, read)
        ours = await failure_of(lean, peer.url, read)
        assert type(ours) is type(theirs)
        limits = Limits(5, read, 5, 5)
        assert _failure(ours, limits).sentence == _failure(theirs, limits).sentence
        assert _failure(ours, limits).status == _failure(theirs, limits).status
        assert ours.request.url == theirs.request.url
        assert lean.client.connections == 0
        await peer.all_left()


async def test_a_refused_connection_is_the_same_error_and_sentence_as_with_httpx() -> None:
    (port,) = free_ports(1)
    for host in ("127.0.0.1", "localhost", "[::1]"):
        url = f"http://{host}:{port}"
        theirs, ours = await failure_of(httpx.AsyncHTTPTransport(), url), await failure_of(LeanTransport(), url)
        assert type(ours) is type(theirs) is httpx.ConnectError
        assert _failure(ours, Limits(5)).sentence == _failure(theirs, Limits(5)).sentence
        assert isinstance(ours.__cause__, OSError)


async def test_a_reset_has_its_cause() -> None:
    async with serving(FAULTS["reset before the answer"]) as peer:
        error = await failure_of(LeanTransport(), peer.url)
        assert isinstance(error, httpx.ReadError)
        assert isinstance(error.__cause__, ConnectionResetError)


@pytest.mark.parametrize("url", ["http://127.0.0.1:99999", f"http://{'a' * 64}.invalid"], ids=["port", "name"])
async def test_an_address_that_leads_nowhere_is_a_connect_error(url: str) -> None:
    lean = LeanTransport()
    assert isinstance(await failure_of(lean, url), httpx.ConnectError)
    assert lean.client.connections == 0


@contextlib.contextmanager
def full_listener() -> Iterator[tuple[str, int]]:
    """A port whose queue is full, so that no further connection comes about."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(8):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
        yield listener.getsockname()


async def test_a_connection_that_does_not_come_about_is_a_connect_timeout() -> None:
    client = LeanClient(max_connections=1)
    with full_listener() as address:
        for _ in range(2):
            with pytest.raises(httpx.ConnectTimeout, match=r"0\.05"):
                await client.exchange(address, b"GET", b"/", headers=[], body=b"", limits=SHORT._replace(connect=0.05))
            assert client.connections == 0


def test_each_silence_counts_and_not_the_whole_answer() -> None:
    with Wire() as wire:
        exchange = wire.begin(read=1000)
        head = wire.start(exchange.head())
        for byte in b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n":
            wire.pass_time(900)
            wire.connection.data_received(bytes([byte]))
        wire.run(_done(head))
        for byte in b"slow":
            piece = wire.start(exchange.read())
            wire.pass_time(900)
            wire.connection.data_received(bytes([byte]))
            assert wire.run(_done(piece)) == bytes([byte])
        assert wire.run(exchange.read()) == b""


@pytest.mark.parametrize(
    "data", [b"", b"HTTP/1.1 200 OK\r\n", OK[:-1], OK[:-2]], ids=["nothing", "line", "byte", "head"]
)
def test_a_silence_that_is_too_long_is_a_read_timeout(data: bytes) -> None:
    with Wire() as wire:
        exchange = wire.begin(read=1000)
        task = wire.start(_whole(exchange))
        if data:
            wire.connection.data_received(data)
        wire.pass_time(999)
        assert not task.done()
        wire.pass_time(2)
        with pytest.raises(httpx.ReadTimeout, match="silent for 1000"):
            wire.run(_done(task))
        assert (len(wire.pool), wire.timers()) == (0, 0)


def test_the_limit_of_one_request_does_not_touch_the_next() -> None:
    with Wire() as wire:
        given = ((1000, 900), (None, 100_000), (5000, 4900), (10, 9), (3000, 2900), (None, 100_000), (5000, 1))
        for read, takes in given:
            task = wire.start(_whole(wire.begin(read=read)))
            wire.pass_time(takes)
            assert read is not None or wire.timers() == 0
            wire.connection.data_received(OK)
            assert wire.run(_done(task)) == b"{}"
            assert wire.timers() <= 2, "one for the exchange, one for the idle connections"
            assert wire.lease() is wire.connection
        task = wire.start(_whole(wire.begin(read=10)))
        wire.pass_time(11)
        with pytest.raises(httpx.ReadTimeout):
            wire.run(_done(task))


def test_an_answer_that_nobody_waits_for_may_take_its_time() -> None:
    with Wire() as wire:
        exchange = wire.begin(read=1000)
        task = wire.start(exchange.head())
        wire.connection.data_received(OK[:-1])
        wire.run(_done(task))
        assert wire.run(exchange.read()) == b"{"
        wire.pass_time(5000)
        last = wire.start(exchange.read())
        wire.connection.data_received(b"}")
        assert wire.run(_done(last)) == b"}"


async def _whole(exchange: Exchange) -> bytes:
    await exchange.head()
    return await read_all(exchange)


async def _done(task: asyncio.Task[_T]) -> _T:
    return await task


def test_a_connection_that_ends_before_the_request_is_sent_is_told() -> None:
    with Wire() as wire:
        wire.connection.connection_lost(None)
        with pytest.raises(httpx.RemoteProtocolError, match="Server disconnected"):
            wire.run(wire.begin().head())
    with Wire() as wire:
        wire.connection.connection_lost(ConnectionResetError(104, "reset"))
        with pytest.raises(httpx.ReadError, match="reset"):
            wire.run(wire.begin().head())


def test_a_break_while_writing_is_a_write_error() -> None:
    with Wire() as wire:
        head = wire.start(wire.begin().head())
        wire.connection.connection_lost(BrokenPipeError(32, "broken pipe"))
        with pytest.raises(httpx.WriteError, match="broken pipe") as caught:
            wire.run(_done(head))
        assert isinstance(caught.value.__cause__, BrokenPipeError)
        assert wire.timers() == 0


async def test_what_came_before_a_break_is_read_first() -> None:
    async with serving(after_request(HALF_CHUNKED)) as peer:
        exchange = await ask(LeanClient(), peer)
        await asyncio.sleep(0.02)
        assert await exchange.read() == b"half"
        for _ in range(2):
            with pytest.raises(httpx.RemoteProtocolError, match=r"peer closed connection .*\(4 bytes came\)"):
                await exchange.read()


@pytest.mark.parametrize(
    ("target", "header"),
    [
        (b"/", (b"x", b"a\r\nevil: 1")),
        (b"/", (b"x", b"a\nb")),
        (b"/", (b"x", b"a\rb")),
        (b"/", (b"x\r\n", b"a")),
        (b"/", (b"x", b"a\0b")),
        (b"/a b", (b"x", b"a")),
        (b"/ HTTP/1.1\r\nevil: 1\r\nx:", (b"x", b"a")),
    ],
)
async def test_a_request_that_would_read_as_another_is_not_sent(target: bytes, header: tuple[bytes, bytes]) -> None:
    client = LeanClient()
    with pytest.raises(httpx.LocalProtocolError):
        await client.exchange(("127.0.0.1", 1), b"GET", target, headers=[header], body=b"", limits=SHORT)
    assert client.connections == 0


async def test_two_tasks_cannot_wait_for_one_answer() -> None:
    async with serving(silent_in_the_body) as peer:
        exchange = await ask(LeanClient(), peer)
        assert await exchange.read() == b"half"
        first = asyncio.ensure_future(exchange.read())
        await asyncio.sleep(0)
        with pytest.raises(RuntimeError):
            await exchange.read()
        exchange.close()
        with pytest.raises(httpx.ReadError):
            await first
