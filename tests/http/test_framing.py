"""Where an answer ends, however it says so and however its bytes are cut."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model_router.server.http.client import LeanClient
from model_router.server.http.exchange import LARGEST_HEAD, Exchange
from tests.http.peers import OK, SHORT, Line, Peer, answering, ask, gone, read_all, serving
from tests.http.wires import Wire, result_of


@dataclass(frozen=True, slots=True)
class Case:
    """``kept``: another request may follow on this connection; ``closes``: the server closes behind the answer.

    ``interim``: so many heads come before the one that counts.
    """

    data: bytes
    body: bytes
    status: int = 200
    method: bytes = b"POST"
    kept: bool = True
    closes: bool = False
    interim: int = 0

    @property
    def headers(self) -> list[tuple[bytes, bytes]]:
        """Those of the answer that counts, without trailers."""
        lines = self.data.split(b"\r\n\r\n")[self.interim].split(b"\r\n")[1:]
        return [(name.lower(), value.strip()) for name, _, value in (line.partition(b":") for line in lines)]


CASES = {
    "length": Case(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", b"hello"),
    "length zero": Case(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", b""),
    "no reason phrase": Case(b"HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nab", b"ab"),
    "chunks": Case(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nA\r\n, world...\r\n0\r\n\r\n",
        b"hello, world...",
    ),
    "chunks with extensions": Case(
        b'HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n2;a=b\r\nab\r\n0;x="y"\r\n\r\n', b"ab"
    ),
    "chunks and trailers": Case(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\nX-Sum: 1\r\nX-More: 2\r\n\r\n", b"ab"
    ),
    "no chunk": Case(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", b""),
    "until the end": Case(b"HTTP/1.1 200 OK\r\n\r\nall there is", b"all there is", kept=False, closes=True),
    "nothing until the end": Case(b"HTTP/1.1 200 OK\r\n\r\n", b"", kept=False, closes=True),
    "encoded until the end": Case(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n\x1f\x8b", b"\x1f\x8b", kept=False, closes=True
    ),
    "HTTP/1.0": Case(b"HTTP/1.0 200 OK\r\n\r\nold", b"old", kept=False, closes=True),
    "HTTP/1.0 with a length": Case(b"HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nold", b"old", kept=False),
    "HTTP/1.0 kept": Case(b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 3\r\n\r\nold", b"old"),
    "close is announced": Case(
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nab", b"ab", kept=False
    ),
    "close is announced among others": Case(
        b"HTTP/1.1 200 OK\r\nConnection: Foo, Close\r\nContent-Length: 2\r\n\r\nab", b"ab", kept=False
    ),
    "interim answers": Case(
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nContent-Length: 9\r\nLink: </x>\r\n\r\n"
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab",
        b"ab",
        interim=2,
    ),
    "an interim answer before one until the end": Case(
        b"HTTP/1.1 103 Early Hints\r\nContent-Length: 9\r\n\r\nHTTP/1.1 200 OK\r\nX: y\r\n\r\nall",
        b"all",
        kept=False,
        closes=True,
        interim=1,
    ),
    "204": Case(b"HTTP/1.1 204 No Content\r\n\r\n", b"", 204),
    "304": Case(b"HTTP/1.1 304 Not Modified\r\nContent-Length: 900\r\n\r\n", b"", 304),
    "HEAD with a length": Case(b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n", b"", method=b"HEAD"),
    "HEAD with chunks": Case(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"", method=b"HEAD"),
    "empty header": Case(b"HTTP/1.1 200 OK\r\nX-Empty:\r\nContent-Length: 1\r\n\r\na", b"a"),
    "an error": Case(b"HTTP/1.1 503 Busy\r\nContent-Length: 1\r\n\r\na", b"a", 503),
    "a status of its own": Case(b"HTTP/1.1 799 Odd\r\nContent-Length: 1\r\n\r\na", b"a", 799),
}
BAD = {
    "a negative length": b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
    "a length that is no number": b"HTTP/1.1 200 OK\r\nContent-Length: two\r\n\r\nab",
    "a length beyond all": b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999999\r\n\r\nab",
    "two lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nabc",
    "a length and chunks": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "a chunk without a size": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxx\r\nab\r\n",
    "a chunk longer than its size": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n0\r\n\r\n",
    "a chunk beyond all": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\nab",
    "another protocol": b"SSH-2.0-OpenSSH_9.2\r\n",
    "TLS": b"\x15\x03\x01\x00\x02\x02\x46",
    "HTTP/0.9": b"<html>hello</html>",
    "a request": b"GET / HTTP/1.1\r\n\r\n",
    "a header without a colon": b"HTTP/1.1 200 OK\r\nnonsense\r\n\r\n",
    "a header with a zero byte": b"HTTP/1.1 200 OK\r\nX: a\0b\r\n\r\n",
    "a switch of protocols": b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\nxyz",
    "a switch without a word": b"HTTP/1.1 101 Switching\r\n\r\n",
    "a status below all": b"HTTP/1.1 099 What\r\n\r\n",
    "a head without an end": b"HTTP/1.1 200 OK\r\nX: " + b"x" * (LARGEST_HEAD + 1),
    "headers without an end": b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * (LARGEST_HEAD // 6),
    "a large head": b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX: " + b"x" * LARGEST_HEAD + b"\r\n\r\n",
    "interim answers without an end": b"HTTP/1.1 100 Continue\r\n\r\n" * (LARGEST_HEAD // 25 + 1),
    "a chunk extension without an end": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;"
    + b"x" * (2 * LARGEST_HEAD),
    "a trailer without an end": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: "
    + b"x" * (2 * LARGEST_HEAD),
}
case = pytest.mark.parametrize("case", CASES.values(), ids=CASES)


@case
@pytest.mark.parametrize("bytewise", [False, True], ids=["whole", "byte by byte"])
async def test_an_answer_is_read_to_its_end_and_the_connection_kept_where_it_may_be(case: Case, bytewise: bool) -> None:
    async def answer(line: Line, _peer: Peer) -> None:
        while True:
            await line.request()
            await (line.send_bytewise if bytewise else line.send)(case.data)
            if case.closes:
                return

    async with serving(answer) as peer:
        client = LeanClient()
        for _ in range(3):
            exchange = await ask(client, peer, case.method, b"" if case.method == b"HEAD" else b"{}")
            assert exchange.status == case.status
            assert await read_all(exchange) == case.body
            assert await exchange.read() == b""
            assert exchange.headers == case.headers
            assert client.idle_connections == (1 if case.kept else 0)
        assert peer.accepted == (1 if case.kept else 3)
        await client.aclose()
        await peer.all_left()


@case
@given(data=st.data())
@settings(deadline=None, max_examples=30)
def test_no_way_of_cutting_an_answer_changes_it(case: Case, data: st.DataObject) -> None:
    cuts = data.draw(st.lists(st.integers(0, len(case.data)), max_size=12).map(sorted))
    ends = [*cuts, len(case.data)]
    pieces = [case.data[start:end] for start, end in zip([0, *cuts], ends, strict=True) if start < end]
    assert result_of(pieces, case.method, closes=case.closes) == (case.status, case.body, case.kept)


@pytest.mark.parametrize("data", BAD.values(), ids=BAD)
async def test_what_is_no_answer_is_told_at_once_and_closes_the_connection(data: bytes) -> None:
    async with serving(answering(data)) as peer:
        client = LeanClient()
        with pytest.raises(httpx.RemoteProtocolError) as caught:
            await read_all(await ask(client, peer))
        assert "Server disconnected" not in str(caught.value)
        assert "peer closed" not in str(caught.value)
        assert client.connections == 0
        await peer.all_left()


@pytest.mark.parametrize("data", BAD.values(), ids=BAD)
@pytest.mark.parametrize("size", [1, 7, 1_000_000], ids=["1 byte", "7 bytes", "whole"])
def test_what_is_no_answer_is_none_however_it_is_cut(data: bytes, size: int) -> None:
    pieces = [data[start : start + size] for start in range(0, len(data), size)]
    with pytest.raises(httpx.RemoteProtocolError):
        result_of(pieces)


def test_the_largest_head_passes_and_one_byte_more_does_not() -> None:
    start, end = b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nX: ", b"\r\n\r\n"
    largest = start + b"x" * (LARGEST_HEAD - len(start) - len(end)) + end + b"a"
    larger = largest.replace(b"X: ", b"X: x")
    for size in (1, 1000, LARGEST_HEAD, LARGEST_HEAD + 1, 10**6):
        cut = [largest[begin : begin + size] for begin in range(0, len(largest), size)]
        assert result_of(cut) == (200, b"a", True)
        with pytest.raises(httpx.RemoteProtocolError):
            result_of([larger[begin : begin + size] for begin in range(0, len(larger), size)])


@given(
    st.lists(st.binary(max_size=40), max_size=8),
    st.sampled_from([b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"]),
    st.booleans(),
)
@settings(deadline=None, max_examples=200)
def test_no_bytes_hang_or_leak(pieces: list[bytes], start: bytes, reset: bool) -> None:
    with Wire() as wire:
        exchange = wire.begin()
        for piece in filter(None, (start, *pieces)):
            wire.connection.data_received(piece)
        wire.connection.connection_lost(ConnectionResetError() if reset else None)
        with contextlib.suppress(httpx.TransportError):
            wire.run(_whole(exchange))
        assert len(wire.pool) == 0
        assert wire.pool.idle == 0
        assert wire.timers() <= 1, "only the pool's own, which looks after idle connections"


async def _whole(exchange: Exchange) -> bytes:
    await exchange.head()
    return await read_all(exchange)


@pytest.mark.parametrize(
    "more",
    [b"HTTP/1.1 200 OK\r\n\r\n", b"x", OK, b"HTTP/1.1 100 Continue\r\n\r\n", b"\r\n" * LARGEST_HEAD],
    ids=["a head", "a byte", "an answer", "an interim answer", "empty lines"],
)
async def test_bytes_behind_an_answer_do_not_spoil_it_but_the_connection(more: bytes) -> None:
    async with serving(answering(OK + more)) as peer:
        client = LeanClient()
        for _ in range(2):
            assert await read_all(await ask(client, peer)) == b"{}"
            await gone(client)
        assert peer.accepted == 2
        await peer.all_left()


@pytest.mark.parametrize(
    "wrong",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nhello",
    ],
    ids=["length", "chunks", "neither"],
)
@pytest.mark.parametrize("later", [False, True], ids=["at once", "later"])
async def test_a_body_behind_the_answer_to_head_does_not_reach_the_next_request(wrong: bytes, later: bool) -> None:
    async def answer(line: Line, peer: Peer) -> None:
        if peer.accepted > 1:
            await answering(OK)(line, peer)
        await line.request()
        head, _, rest = wrong.partition(b"\r\n\r\n")
        for data in (head + b"\r\n\r\n", rest) if later else (wrong,):
            await line.send(data)
            await asyncio.sleep(0.01)
        await line.left()

    async with serving(answer) as peer:
        client = LeanClient()
        assert await read_all(await ask(client, peer, b"HEAD", b"")) == b""
        await gone(client)
        assert await read_all(await ask(client, peer)) == b"{}"
        await client.aclose()


async def test_the_request_arrives_as_it_was_given() -> None:
    async with serving(answering(OK)) as peer:
        client = LeanClient()
        headers = [(b"Host", b"a:1"), (b"X-Two", b"1"), (b"X-Two", b"caf\xe9"), (b"content-length", b"3")]
        answer = await client.exchange(peer.address, b"PUT", b"/p?q=%20", headers=headers, body=b"abc", limits=SHORT)
        assert answer.headers == [(b"content-type", b"application/json"), (b"content-length", b"2")]
        expected = b"PUT /p?q=%20 HTTP/1.1\r\nHost: a:1\r\nX-Two: 1\r\nX-Two: caf\xe9\r\ncontent-length: 3\r\n\r\nabc"
        assert peer.requests == [expected]
        await client.aclose()
