"""Large requests and answers: nobody is made to hold more than a little of them."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from model_router.server.http.client import LeanClient
from model_router.server.http.exchange import MOST_UNREAD
from tests.http.peers import OK, SHORT, Line, Peer, answering, ask, read_all, serving, silent

MEGABYTE = 1_048_576
CHUNK = b"10000\r\n" + b"x" * 65_536 + b"\r\n"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


async def test_a_large_request_arrives_whole() -> None:
    body = bytes(range(256)) * 40_000
    async with serving(answering(OK)) as peer:
        client = LeanClient()
        for size in (0, 1, 65_536, 65_537, len(body)):
            assert await read_all(await ask(client, peer, body=body[:size])) == b"{}"
            assert peer.requests[-1].partition(b"\r\n\r\n")[2] == body[:size]
        assert peer.accepted == 1
        await client.aclose()


async def test_a_server_that_takes_in_nothing_is_a_write_timeout() -> None:
    async def take_nothing(line: Line, _peer: Peer) -> None:
        line.stop_reading()
        await asyncio.sleep(5)

    async with serving(take_nothing) as peer:
        client = LeanClient()
        with pytest.raises(httpx.WriteTimeout, match=r"0\.2 s"):
            await ask(client, peer, body=bytes(20 * MEGABYTE), limits=SHORT._replace(write=0.2))
        assert client.connections == 0


async def test_a_server_that_takes_in_slowly_is_waited_for() -> None:
    async def take_slowly(line: Line, _peer: Peer) -> None:
        left = 20 * MEGABYTE
        while left > 0:
            left -= len(await line.reader.read(MEGABYTE))
            await asyncio.sleep(0.01)
        await line.send(OK)

    async with serving(take_slowly) as peer:
        client = LeanClient()
        exchange = await ask(client, peer, body=bytes(20 * MEGABYTE), limits=SHORT._replace(write=0.3))
        assert await read_all(exchange) == b"{}"
        await client.aclose()


async def test_the_time_to_answer_counts_from_the_end_of_the_request() -> None:
    async def take_then_rest(line: Line, peer: Peer) -> None:
        await asyncio.sleep(0.3)
        await silent(line, peer)

    async with serving(take_then_rest) as peer:
        client = LeanClient()
        begun = asyncio.get_running_loop().time()
        with pytest.raises(httpx.ReadTimeout):
            await ask(client, peer, body=bytes(20 * MEGABYTE), limits=SHORT._replace(read=0.2, write=2))
        assert asyncio.get_running_loop().time() - begun >= 0.5
        await peer.all_left()


async def test_an_answer_that_comes_before_the_request_is_through_is_delivered() -> None:
    async def refuse(line: Line, _peer: Peer) -> None:
        await line.reader.readuntil(b"\r\n\r\n")
        await line.send(b"HTTP/1.1 413 Too Large\r\nContent-Length: 9\r\n\r\ntoo large")
        await line.left()

    async with serving(refuse) as peer:
        client = LeanClient()
        exchange = await ask(client, peer, body=bytes(50 * MEGABYTE))
        assert (exchange.status, await read_all(exchange)) == (413, b"too large")
        assert client.connections == 0, "the rest of the request must not stand before another one"
        await peer.all_left()


async def test_a_server_that_answers_and_hangs_up_in_the_middle_of_the_request_is_heard() -> None:
    async def refuse(line: Line, _peer: Peer) -> None:
        line.stop_reading()
        await line.send(b"HTTP/1.1 413 Too Large\r\nContent-Length: 9\r\nConnection: close\r\n\r\ntoo large")
        await asyncio.sleep(0.05)

    async with serving(refuse) as peer:
        exchange = await ask(LeanClient(), peer, body=bytes(50 * MEGABYTE))
        assert (exchange.status, await read_all(exchange)) == (413, b"too large")


async def test_an_answer_that_nobody_reads_is_held_up() -> None:
    sent = 0

    async def pour(line: Line, _peer: Peer) -> None:
        nonlocal sent
        await line.request()
        await line.send(CHUNKED)
        for _ in range(1_000):
            await line.send(CHUNK)
            sent += 65_536
        await line.send(b"0\r\n\r\n")

    async with serving(pour) as peer:
        client = LeanClient()
        exchange = await ask(client, peer)
        await asyncio.sleep(0.2)
        before = sent
        await asyncio.sleep(0.05)
        assert sent == before < 30 * MEGABYTE, "the system's own buffers hold some MB"
        first = await exchange.read()
        assert MOST_UNREAD < len(first) <= MOST_UNREAD + 262_144
        assert len(first) + len(await read_all(exchange)) == 65_536_000
        assert client.idle_connections == 1
        await client.aclose()


async def test_an_answer_that_is_held_up_can_be_given_up() -> None:
    async def pour(line: Line, _peer: Peer) -> None:
        await line.request()
        await line.send(CHUNKED)
        while not line.gone:
            await line.send(CHUNK)

    async with serving(pour) as peer:
        client = LeanClient()
        exchange = await ask(client, peer)
        await asyncio.sleep(0.1)
        exchange.close()
        await peer.all_left(within=0.5)
        assert client.connections == 0


async def test_pieces_that_piled_up_come_as_one() -> None:
    pieces = b"".join(b"1\r\n%d\r\n" % number for number in range(10))
    async with serving(answering(CHUNKED + pieces + b"0\r\n\r\n")) as peer:
        client = LeanClient()
        exchange = await ask(client, peer)
        assert await exchange.read() == b"0123456789"
        assert await exchange.read() == b""
        await client.aclose()


async def test_each_piece_comes_when_it_is_sent() -> None:
    async def words(line: Line, peer: Peer) -> None:
        peer.requests.append(await line.request())
        await line.send(CHUNKED)
        for number in range(5):
            while len(peer.requests) <= number:
                await asyncio.sleep(0)
            await line.send(b"1\r\n%d\r\n" % number)
        await line.send(b"0\r\n\r\n")

    async with serving(words) as peer:
        client = LeanClient()
        exchange = await ask(client, peer)
        for number in range(5):
            assert await exchange.read() == b"%d" % number
            peer.requests.append(b"")
        assert await exchange.read() == b""
        await client.aclose()
