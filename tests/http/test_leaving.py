"""Who gives up a request frees the server at once, wherever the request stands."""

from __future__ import annotations

import asyncio
import gc

import httpx
import pytest

from model_router.server.http.client import LeanClient
from model_router.server.http.exchange import Limits
from model_router.server.http.transport import LeanTransport
from tests.http.peers import OK, Behaviour, Line, Peer, answering, ask, gone, read_all, serving, silent
from tests.http.test_failures import full_listener, silent_in_the_body

AT_ONCE = 0.3
"""Seconds in which a server must see that its client has left; a millisecond is usual."""


async def talks(line: Line, peer: Peer) -> None:
    """Streams until the client leaves."""
    peer.requests.append(await line.request())
    await line.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while not line.gone:
        await line.send(b"5\r\nword \r\n")
        await asyncio.sleep(0.002)


async def test_closing_an_answer_that_goes_on_closes_the_connection() -> None:
    async with serving(talks) as peer:
        client = LeanClient()
        exchange = await ask(client, peer)
        assert (await exchange.read()).startswith(b"word ")
        exchange.close()
        assert client.connections == 0
        await peer.all_left(within=AT_ONCE)
        exchange.close()


async def test_closing_a_response_of_httpx_closes_the_connection() -> None:
    async with serving(talks) as peer, httpx.AsyncClient(transport=LeanTransport(), timeout=2) as client:
        async with client.stream("POST", peer.url, content=b"{}") as response:
            async for _ in response.aiter_raw():
                break
        await peer.all_left(within=AT_ONCE)


async def test_stopping_at_the_last_byte_keeps_the_connection() -> None:
    async with serving(answering(OK)) as peer:
        transport = LeanTransport()
        async with httpx.AsyncClient(transport=transport, timeout=2) as client:
            for _ in range(3):
                async with client.stream("POST", peer.url, content=b"{}") as response:
                    async for piece in response.aiter_raw():
                        assert piece == b"{}"
                        break
            assert (peer.accepted, transport.client.idle_connections) == (1, 1)


@pytest.mark.parametrize("behaviour", [silent, silent_in_the_body, talks], ids=["head", "body", "stream"])
async def test_a_task_that_is_cancelled_while_it_waits_frees_the_server(behaviour: Behaviour) -> None:
    async with serving(behaviour) as peer:
        client = LeanClient()

        async def work() -> None:
            await read_all(await ask(client, peer))

        task = asyncio.ensure_future(work())
        await asyncio.sleep(0.03)
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()
        assert client.connections == 0
        await peer.all_left(within=AT_ONCE)


async def test_a_task_that_is_cancelled_while_it_connects_leaves_nothing() -> None:
    client = LeanClient(max_connections=1)
    with full_listener() as address:
        for pause in (0, 0.001, 0.02):
            work = client.exchange(address, b"GET", b"/", headers=[], body=b"", limits=Limits())
            task = asyncio.ensure_future(work)
            await asyncio.sleep(pause)
            task.cancel()
            await asyncio.wait([task])
            assert task.cancelled()
            assert client.connections == 0


@pytest.mark.parametrize("body", [2, 3_000_000], ids=["small", "large"])
async def test_a_task_may_be_cancelled_at_any_step(body: int) -> None:
    """Steps are counted in rounds of the loop, until one attempt gets through."""
    async with serving(answering(OK, OK + b"extra", OK)) as peer:
        client = LeanClient(max_connections=2)
        for steps in range(500):
            task = asyncio.ensure_future(_whole(client, peer, b"x" * body))
            for _ in range(steps):
                await asyncio.sleep(0)
            if task.done():
                assert await task == b"{}"
                break
            task.cancel()
            await asyncio.wait([task])
            assert task.cancelled() or await task == b"{}"
            assert client.connections == client.idle_connections
        assert 3 < steps < 499
        await client.aclose()
        await peer.all_left()


async def test_an_answer_that_nobody_waits_for_breaks_quietly() -> None:
    async def begin_and_reset(line: Line, _peer: Peer) -> None:
        await line.request()
        await line.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
        await asyncio.sleep(0.01)
        line.reset()

    async with serving(begin_and_reset) as peer:
        client = LeanClient()
        exchange = await ask(client, peer)
        await gone(client)
        del exchange
        gc.collect()


async def test_requests_leave_no_garbage_behind() -> None:
    async with serving(answering(OK)) as peer:
        client = LeanClient()
        await _whole(client, peer, b"{}")
        gc.collect()
        gc.disable()
        try:
            for _ in range(200):
                await _whole(client, peer, b"{}")
            assert gc.collect() < 200, "a cycle for each request keeps it alive until a collection"
        finally:
            gc.enable()
        await client.aclose()


@pytest.mark.slow
async def test_ten_thousand_requests_leave_no_socket_open() -> None:
    """Whole ones, given up ones, broken ones and cancelled ones, sixteen at a time."""

    async def mixed(line: Line, peer: Peer) -> None:
        while True:
            request = await line.request()
            peer.requests.append(b"")
            kind = request[-1:]
            if kind == b"c":
                return
            if kind == b"s":
                await line.left()
                return
            await line.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n")
            await line.send(b"x\r\n" if kind == b"b" else b"0\r\n\r\n")

    async with serving(mixed) as peer:
        client = LeanClient(max_connections=16)

        async def requests(number: int) -> None:
            for count in range(625):
                if (number + count) % 50:
                    assert await _whole(client, peer, b"{}") == b"{}"
                    continue
                kind = b"cbgs"[count // 50 % 4 :][:1]
                try:
                    async with asyncio.timeout(0.01 if kind == b"s" else 5):
                        exchange = await ask(client, peer, body=kind)
                        if kind == b"g":
                            exchange.close()
                        await read_all(exchange)
                except (httpx.TransportError, TimeoutError):
                    pass

        await asyncio.gather(*map(requests, range(16)))
        assert len(peer.requests) >= 10_000
        assert client.connections == client.idle_connections <= 16
        before = _sockets()
        await client.aclose()
        await peer.all_left()
        await asyncio.sleep(0.01)
        gc.collect()
        assert client.connections == 0
        assert _sockets() <= before - 16


async def _whole(client: LeanClient, peer: Peer, body: bytes) -> bytes:
    return await read_all(await ask(client, peer, body=body))


def _sockets() -> int:
    """Open sockets of this process."""
    import psutil

    return len(psutil.Process().net_connections(kind="tcp"))
