"""Which connection a request gets, and which ones are never used again."""

from __future__ import annotations

import asyncio
import time

import httpx
import pytest

from model_router.server.http.client import LeanClient
from model_router.server.http.exchange import Exchange, Limits
from model_router.server.http.pool import Pool
from tests.http.peers import OK, SHORT, Behaviour, Line, Peer, answering, ask, gone, read_all, serving, silent
from tests.http.test_failures import full_listener
from tests.http.wires import Nowhere, Wire


async def held(client: LeanClient, peer: Peer) -> Exchange:
    """An exchange whose connection stays in use: the answer has begun and does not end."""
    return await ask(client, peer)


async def begins(line: Line, peer: Peer) -> None:
    """Begins an answer, ends it when asked to by ``peer.requests`` being emptied."""
    while True:
        request = await line.request()
        peer.requests.append(request)
        await line.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{")
        while any(one is request for one in peer.requests) and not line.gone:  # another's may come meanwhile
            await asyncio.sleep(0.001)
        await line.send(b"}")


async def test_requests_one_after_the_other_share_a_connection() -> None:
    async with serving(answering(OK)) as peer:
        client = LeanClient()
        for _ in range(20):
            assert await read_all(await ask(client, peer)) == b"{}"
        assert (peer.accepted, client.connections, client.idle_connections) == (1, 1, 1)
        await client.aclose()
        await peer.all_left()


async def test_a_connection_is_free_when_the_last_byte_is_there_and_not_when_it_was_read() -> None:
    async with serving(answering(OK)) as peer:
        client = LeanClient()
        first = await ask(client, peer)
        second = await ask(client, peer)
        assert peer.accepted == 1
        assert (await read_all(first), await read_all(second)) == (b"{}", b"{}")
        first.close()
        assert client.idle_connections == 1
        await client.aclose()


async def test_the_connection_used_last_is_used_first() -> None:
    turns = [asyncio.Event() for _ in range(3)]

    async def name_itself(line: Line, peer: Peer) -> None:
        number = peer.accepted - 1
        while True:
            peer.requests.append(await line.request())
            await turns[number].wait()
            await line.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n%d" % number)

    async with serving(name_itself) as peer:
        client = LeanClient()
        at_once = [asyncio.ensure_future(ask(client, peer)) for _ in range(3)]
        await peer.sees(3)
        for idle, number in enumerate((2, 0, 1)):
            turns[number].set()
            while client.idle_connections == idle:
                await asyncio.sleep(0)
        assert sorted([await read_all(await exchange) for exchange in at_once]) == [b"0", b"1", b"2"]
        assert [await read_all(await ask(client, peer)) for _ in range(3)] == [b"1", b"1", b"1"]
        await client.aclose()


def test_idle_connections_are_closed_after_a_while_without_any_request() -> None:
    with Wire(keepalive_expiry=1000) as wire:
        for _ in range(3):
            exchange = wire.begin()
            wire.connection.data_received(OK)
            assert wire.run(exchange.read()) == b"{}"
            wire.pass_time(900)
            assert wire.lease() is wire.connection, "the time counts from its last use"
        wire.connection.release()
        wire.pass_time(999)
        assert (len(wire.pool), wire.pool.idle) == (1, 1)
        wire.pass_time(2)
        assert (len(wire.pool), wire.pool.idle, wire.timers()) == (0, 0, 0)
        assert wire.connection.closed


async def test_a_connection_that_is_too_old_is_not_used_even_before_the_timer_comes() -> None:
    async with serving(answering(OK)) as peer:
        client = LeanClient(keepalive_expiry=0.001)
        await read_all(await ask(client, peer))
        time.sleep(0.01)  # the loop has no chance to run its timers
        await read_all(await ask(client, peer))
        assert peer.accepted == 2
        await client.aclose()


async def test_a_connection_that_the_server_closed_while_idle_is_not_used_again() -> None:
    async def answer_once(line: Line, peer: Peer) -> None:
        peer.requests.append(await line.request())
        await line.send(OK)

    async with serving(answer_once) as peer:
        client = LeanClient()
        for number in range(5):
            assert await read_all(await ask(client, peer)) == b"{}"
            await peer.all_left()
            await gone(client)
            assert (peer.accepted, len(peer.requests)) == (number + 1, number + 1)


async def test_a_connection_on_which_a_server_speaks_unasked_is_closed() -> None:
    async def speak(line: Line, _peer: Peer) -> None:
        await line.request()
        await line.send(OK)
        await asyncio.sleep(0.02)
        await line.send(b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n")
        await line.left()

    async with serving(speak) as peer:
        client = LeanClient()
        for _ in range(2):
            exchange = await ask(client, peer)
            assert (exchange.status, await read_all(exchange)) == (200, b"{}")
            await peer.all_left()
            await gone(client)


async def close_on_second(line: Line, peer: Peer) -> None:
    """Closes without a word when a second request comes, as a server does whose patience ended just then."""
    peer.requests.append(await line.request())
    await line.send(OK)
    peer.requests.append(await line.request())


async def reset_on_second(line: Line, peer: Peer) -> None:
    await close_on_second(line, peer)
    line.reset()


@pytest.mark.parametrize("behaviour", [close_on_second, reset_on_second], ids=["closed", "reset"])
async def test_a_request_that_met_a_dying_connection_is_sent_once_more_on_a_new_one(
    behaviour: Behaviour,
) -> None:
    async with serving(behaviour) as peer:
        client = LeanClient()
        await read_all(await ask(client, peer))
        assert await read_all(await ask(client, peer, body=b"second")) == b"{}"
        assert [request[-6:] for request in peer.requests[1:]] == [b"second", b"second"]
        assert peer.accepted == 2
        await client.aclose()


async def test_it_is_a_new_one_even_when_others_are_idle() -> None:
    async with serving(close_on_second) as peer:
        client = LeanClient()
        at_once = await asyncio.gather(*(ask(client, peer) for _ in range(4)))
        assert [await read_all(exchange) for exchange in at_once] == [b"{}"] * 4
        assert await read_all(await ask(client, peer)) == b"{}"
        assert (peer.accepted, len(peer.requests)) == (5, 6)
        await client.aclose()


async def test_a_request_is_not_sent_again_once_a_byte_of_its_answer_came() -> None:
    async def begin_an_answer(line: Line, peer: Peer) -> None:
        await close_on_second(line, peer)
        await line.send(b"H")

    async with serving(begin_an_answer) as peer:
        client = LeanClient()
        await read_all(await ask(client, peer))
        with pytest.raises(httpx.RemoteProtocolError, match="Server disconnected"):
            await ask(client, peer)
        assert (peer.accepted, len(peer.requests), client.connections) == (1, 2, 0)


async def test_a_request_is_not_sent_again_after_a_new_connection_failed() -> None:
    async def close(line: Line, peer: Peer) -> None:
        peer.requests.append(await line.request())
        if peer.accepted == 1:
            await line.send(OK)
            peer.requests.append(await line.request())

    async with serving(close) as peer:
        client = LeanClient()
        await read_all(await ask(client, peer))
        with pytest.raises(httpx.RemoteProtocolError, match="Server disconnected"):
            await ask(client, peer)
        assert (peer.accepted, len(peer.requests)) == (2, 3)
        with pytest.raises(httpx.RemoteProtocolError, match="Server disconnected"):
            await ask(client, peer)
        assert (peer.accepted, len(peer.requests), client.connections) == (3, 4, 0)


async def test_a_slow_answer_is_not_asked_for_twice() -> None:
    async def answer_first(line: Line, peer: Peer) -> None:
        peer.requests.append(await line.request())
        await line.send(OK)
        await silent(line, peer)

    async with serving(answer_first) as peer:
        client = LeanClient()
        await read_all(await ask(client, peer))
        with pytest.raises(httpx.ReadTimeout):
            await ask(client, peer, limits=SHORT._replace(read=0.05))
        await peer.all_left()
        assert (peer.accepted, len(peer.requests)) == (1, 2)


async def test_there_are_never_more_connections_than_may_be() -> None:
    async with serving(begins) as peer:
        client = LeanClient(max_connections=2)
        first, second = await held(client, peer), await held(client, peer)
        with pytest.raises(httpx.PoolTimeout, match=r"All 2 connections were in use for 0\.05 s"):
            await ask(client, peer, limits=SHORT._replace(pool=0.05))
        assert (peer.accepted, client.connections) == (2, 2)
        waiting = [asyncio.ensure_future(ask(client, peer)) for _ in range(3)]
        await asyncio.sleep(0.02)
        assert (peer.accepted, client.connections) == (2, 2)
        peer.requests.clear()
        assert [await read_all(first), await read_all(second)] == [b"{}", b"{}"]
        for task in waiting:
            exchange = await task
            peer.requests.clear()
            assert await read_all(exchange) == b"{}"
        assert (peer.accepted, client.connections, client.idle_connections) == (2, 2, 2)
        await client.aclose()


async def test_a_place_is_free_again_after_a_failure() -> None:
    async with serving(silent) as peer:
        client = LeanClient(max_connections=1)
        failing = asyncio.ensure_future(ask(client, peer, limits=SHORT._replace(read=0.05)))
        await peer.sees(1)
        waiting = asyncio.ensure_future(ask(client, peer, limits=SHORT._replace(read=0.05)))
        for task in (failing, waiting):
            with pytest.raises(httpx.ReadTimeout):
                await task
        assert (peer.accepted, client.connections) == (2, 0)


async def test_an_idle_connection_to_another_server_makes_room() -> None:
    async with serving(answering(OK)) as one, serving(answering(OK)) as two:
        client = LeanClient(max_connections=1)
        for _ in range(2):
            assert await read_all(await ask(client, one)) == b"{}"
            assert await read_all(await ask(client, two)) == b"{}"
            await one.all_left()
        assert client.connections == 1
        await client.aclose()


async def test_who_waits_gets_the_place_of_a_connection_to_another_server() -> None:
    async with serving(begins) as one, serving(answering(OK)) as two:
        client = LeanClient(max_connections=1)
        busy = await held(client, one)
        waiting = asyncio.ensure_future(ask(client, two))
        await asyncio.sleep(0.02)
        one.requests.clear()
        assert await read_all(busy) == b"{}"
        assert await read_all(await waiting) == b"{}"
        assert (client.connections, two.accepted) == (1, 1)
        await one.all_left()
        await client.aclose()


async def test_who_leaves_the_queue_takes_nothing_along() -> None:
    async with serving(begins) as peer:
        client = LeanClient(max_connections=1)
        busy = await held(client, peer)
        waiting = [asyncio.ensure_future(ask(client, peer)) for _ in range(3)]
        await asyncio.sleep(0.01)
        waiting[0].cancel()
        peer.requests.clear()
        await read_all(busy)
        for task in waiting[1:]:
            exchange = await task
            peer.requests.clear()
            assert await read_all(exchange) == b"{}"
        assert waiting[0].cancelled()
        assert (peer.accepted, client.connections, client.idle_connections) == (1, 1, 1)
        await client.aclose()


@pytest.mark.parametrize("connected", [True, False], ids=["a connection", "a place"])
async def test_who_is_called_off_at_the_moment_of_getting_something_gives_it_back(connected: bool) -> None:
    pool = Pool(1, 60)
    first = pool.lease(("one", 80))
    assert first is not None
    first.connection_made(Nowhere())
    waiting = asyncio.ensure_future(pool.wait(("one" if connected else "two", 80), None))
    await asyncio.sleep(0)
    first.release()
    waiting.cancel()
    await asyncio.wait([waiting])
    assert waiting.cancelled()
    assert (len(pool), pool.idle) == ((1, 1) if connected else (0, 0))
    pool.close()


async def test_who_needs_a_new_connection_is_given_no_other() -> None:
    pool = Pool(1, 60)
    first = pool.lease(("one", 80))
    assert first is not None
    first.connection_made(Nowhere())
    waiting = asyncio.ensure_future(pool.wait(("one", 80), None, fresh=True))
    await asyncio.sleep(0)
    first.release()
    given = await waiting
    assert given is not first
    assert (given.used, given.transport, first.closed, len(pool)) == (False, None, True, 1)
    pool.close()


async def test_who_waited_in_vain_is_not_remembered() -> None:
    pool = Pool(1, 60)
    assert pool.lease(("one", 80)) is not None
    for _ in range(3):
        with pytest.raises(httpx.PoolTimeout):
            await pool.wait(("one", 80), 0.001)
    assert not pool._waiters
    pool.close()


async def test_a_connection_that_breaks_at_the_moment_of_being_given_is_not_given_back() -> None:
    pool = Pool(1, 60)
    first = pool.lease(("one", 80))
    assert first is not None
    first.connection_made(Nowhere())
    waiting = asyncio.ensure_future(pool.wait(("one", 80), None))
    await asyncio.sleep(0)
    first.release()
    first.connection_lost(None)
    waiting.cancel()
    await asyncio.wait([waiting])
    assert (len(pool), pool.idle) == (0, 0)
    pool.close()


@pytest.mark.parametrize("pause", [0, 0.02])
async def test_closing_the_client_ends_attempts_to_connect(pause: float) -> None:
    client = LeanClient()
    with full_listener() as address:
        task = asyncio.ensure_future(client.exchange(address, b"GET", b"/", headers=[], body=b"", limits=Limits()))
        await asyncio.sleep(pause)
        await client.aclose()
        with pytest.raises(httpx.ConnectError, match="closed"):
            async with asyncio.timeout(2):
                await task
        assert client.connections == 0


async def test_a_connection_that_was_given_up_before_it_came_about_is_closed() -> None:
    connection, transport = Pool(1, 60).lease(("one", 80)), Nowhere()
    assert connection is not None
    connection.abort()
    connection.connection_made(transport)
    assert transport.closed


async def test_closing_the_client_in_the_moment_of_connecting_leaves_nothing() -> None:
    async with serving(silent) as peer:
        for steps in range(12):
            client = LeanClient()
            task = asyncio.ensure_future(ask(client, peer))
            for _ in range(steps):
                await asyncio.sleep(0)
            await client.aclose()
            with pytest.raises((httpx.ConnectError, httpx.ReadError, httpx.RemoteProtocolError)):
                await task
            assert client.connections == 0
        assert peer.accepted > 1
        await peer.all_left()


async def test_closing_the_client_ends_everything() -> None:
    async with serving(begins) as peer, serving(answering(OK)) as idle:
        client = LeanClient(max_connections=2)
        await read_all(await ask(client, idle))
        busy = await held(client, peer)
        reading = asyncio.ensure_future(read_all(busy))
        second = await held(client, peer)
        waiting = asyncio.ensure_future(ask(client, peer, limits=Limits()))
        await asyncio.sleep(0.01)
        await client.aclose()
        await peer.all_left()
        await idle.all_left()
        for broken in (reading, read_all(second)):
            with pytest.raises(httpx.ReadError):
                await broken
        for refused in (waiting, ask(client, peer)):
            with pytest.raises(httpx.ConnectError, match="closed"):
                await refused
        assert client.connections == 0
        await client.aclose()
