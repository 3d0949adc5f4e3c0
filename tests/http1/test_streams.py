"""However the bytes are cut the requests are the same, and no bytes at all make the server hang."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
import socket
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import h11
import pytest
from hypercorn.config import Config
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from model_router.server.http1.limits import HttpLimits
from model_router.server.http1.serve import serve_fast
from tests.http1.conftest import new_loop
from tests.http1.serving import Message, Receive, Send, answer, with_lifespan

LIMITS = HttpLimits(head_bytes=2_000, head_seconds=5, body_seconds=5, linger_seconds=1)


async def echo(scope: Message, receive: Receive, send: Send) -> None:
    """Answers with what was asked; some in pieces."""
    body = scope["method"].encode() + b" " + scope["raw_path"] + b" "
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        body += message["body"]
        if not message["more_body"]:
            break
    if len(body) % 2:
        await answer(send, body)
        return
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": body[:3], "more_body": True})
    await asyncio.sleep(0)
    await send({"type": "http.response.body", "body": body[3:]})


class InLoop:
    """A server whose loop runs only while a test sends: each piece arrives by itself."""

    def __init__(self, loop_name: str) -> None:
        self.loop = new_loop(loop_name)
        listener = socket.create_server(("127.0.0.1", 0))
        self._port = listener.getsockname()[1]
        config = Config()
        config.bind = [f"fd://{listener.detach()}"]
        config.accesslog = None
        config.errorlog = logging.getLogger("tests.http1.streams")
        config.include_server_header = config.include_date_header = False
        self._end = asyncio.Event()
        self._ready = asyncio.Event()

        async def told() -> None:
            self._ready.set()
            await self._end.wait()

        self._server = self.loop.create_task(
            serve_fast(with_lifespan(echo), config, shutdown_trigger=told, limits=LIMITS)
        )
        self.loop.run_until_complete(asyncio.wait_for(self._ready.wait(), 5))
        self.ask([b"GET / HTTP/1.0\r\n\r\n"])
        self._tasks = len(asyncio.all_tasks(self.loop))

    def ask(self, pieces: Sequence[bytes]) -> bytes:
        """Send the pieces, then nothing more; everything that is answered until the server closes."""
        return self.loop.run_until_complete(asyncio.wait_for(self._ask(pieces), 10))

    async def _ask(self, pieces: Sequence[bytes]) -> bytes:
        with socket.create_connection(("127.0.0.1", self._port)) as client:
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            client.setblocking(False)
            answered = asyncio.ensure_future(self._read(client))
            with contextlib.suppress(ConnectionError):
                for piece in pieces:
                    await self.loop.sock_sendall(client, piece)
                    for _ in range(4):
                        await asyncio.sleep(0)
                with contextlib.suppress(OSError):
                    client.shutdown(socket.SHUT_WR)
            return await answered

    async def _read(self, client: socket.socket) -> bytes:
        data = b""
        with contextlib.suppress(ConnectionResetError):
            while more := await self.loop.sock_recv(client, 65_536):
                data += more
        return data

    def left(self) -> int:
        """Tasks that are not the server's own."""

        async def settle() -> None:
            for _ in range(100):
                if len(asyncio.all_tasks()) <= self._tasks + 1:
                    break
                await asyncio.sleep(0.005)

        self.loop.run_until_complete(settle())
        return len(asyncio.all_tasks(self.loop)) - self._tasks

    def close(self) -> None:
        """End the server."""
        self._end.set()
        self.loop.run_until_complete(asyncio.wait_for(self._server, 10))
        self.loop.close()


@pytest.fixture
def server(loop_name: str, caplog: pytest.LogCaptureFixture) -> Iterator[InLoop]:
    found = InLoop(loop_name)
    yield found
    assert found.left() == 0
    found.close()
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING] == []


@dataclass(frozen=True)
class Asked:
    """A request in bytes, and what has to be answered."""

    wire: bytes
    method: str
    answer: bytes


_TOKENS = st.text("abcXYZ-_09", min_size=1, max_size=12)


@st.composite
def requests(draw: st.DrawFn) -> Asked:
    """A valid request."""
    method = draw(st.sampled_from(["GET", "POST", "HEAD", "PUT", "OPTIONS"]))
    path = "/" + draw(st.text("abc/%20", max_size=10).filter(lambda text: "%" not in text))
    headers = [("Host", "here")]
    headers += [(f"X-{draw(_TOKENS)}", draw(_TOKENS)) for _ in range(draw(st.integers(0, 3)))]
    upgrade = draw(st.integers(0, 9)) == 0
    if upgrade:
        headers += [("Connection", "Upgrade"), ("Upgrade", draw(_TOKENS))]
    body, wire = b"", b""
    framing = draw(st.sampled_from(["none", "length", "chunked"]))
    if framing == "length":
        body = wire = draw(st.binary(max_size=60))
        headers.append(("content-length", str(len(body))))
    elif framing == "chunked":
        chunks = draw(st.lists(st.binary(min_size=1, max_size=20), max_size=4))
        body = b"".join(chunks)
        extension = draw(st.sampled_from([b"", b";a", b";a=b"]))
        wire = b"".join(b"%x%b\r\n%b\r\n" % (len(chunk), extension, chunk) for chunk in chunks)
        wire += b"0\r\n" + draw(st.sampled_from([b"", b"Sum: 1\r\n"])) + b"\r\n"
        headers.append(("Transfer-Encoding", "chunked"))
    headers = draw(st.permutations(headers))
    space = draw(st.sampled_from(["", " ", "\t ", "  "]))
    head = "".join(f"{name}:{space}{value}\r\n" for name, value in headers)
    before = draw(st.sampled_from(["", "", "\r\n"]))
    return Asked(
        f"{before}{method} {path} HTTP/1.1\r\n{head}\r\n".encode() + wire, method, f"{method} {path} ".encode() + body
    )


def cut(data: bytes, places: Sequence[int]) -> list[bytes]:
    """The data in pieces."""
    edges = sorted({place % (len(data) + 1) for place in places} | {0, len(data)})
    return [data[start:end] for start, end in itertools.pairwise(edges)] or [b""]


def answers(data: bytes, methods: Sequence[str]) -> list[tuple[int, bytes]]:
    """What h11 makes of the answers to requests of these methods."""
    client = h11.Connection(h11.CLIENT)
    found: list[tuple[int, bytes]] = []
    client.receive_data(data)
    client.receive_data(b"")
    for method in methods:
        if client.our_state is h11.DONE:
            client.start_next_cycle()
        client.send(h11.Request(method=method, target="/", headers=[("host", "here")]))
        client.send(h11.EndOfMessage())
        head = client.next_event()
        assert isinstance(head, h11.Response), head
        body = b""
        while isinstance(event := client.next_event(), h11.Data):
            body += event.data
        assert isinstance(event, h11.EndOfMessage)
        found.append((head.status_code, body))
    assert client.trailing_data[0] == b""
    return found


SPLITS = st.lists(st.integers(0, 5_000), max_size=30)
FEW = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


@FEW
@given(asked=st.lists(requests(), min_size=1, max_size=5), places=SPLITS)
def test_any_split_gives_the_same_requests(server: InLoop, asked: list[Asked], places: list[int]) -> None:
    data = b"".join(each.wire for each in asked)
    expected = [(200, b"" if each.method == "HEAD" else each.answer) for each in asked]
    methods = [each.method for each in asked]
    assert answers(server.ask(cut(data, places)), methods) == expected


@settings(FEW, max_examples=60)
@given(
    sizes=st.lists(st.sampled_from([0, 10, 16_383, 16_384, 16_385, 40_000, 300_000]), min_size=1, max_size=4),
    places=st.lists(st.integers(0, 1_300_000), max_size=12),
)
def test_any_split_gives_the_same_long_bodies(server: InLoop, sizes: list[int], places: list[int]) -> None:
    bodies = [(b"\r\n\r\n%d " % size * (size // 8 + 1))[:size] for size in sizes]
    heads = [b"POST /%d HTTP/1.1\r\nHost: here\r\nContent-Length: %d\r\n\r\n" % (size, size) for size in sizes]
    data = b"".join(head + body for head, body in zip(heads, bodies, strict=True))
    expected = [(200, b"POST /%d " % size + body) for size, body in zip(sizes, bodies, strict=True)]
    assert answers(server.ask(cut(data, places)), ["POST"] * len(sizes)) == expected


def test_every_single_split_gives_the_same_requests(server: InLoop) -> None:
    one = b"POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3;e\r\nabc\r\n0\r\nT: u\r\n\r\n"
    two = b"POST /b HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: h2c\r\nContent-Length: 3\r\n\r\nabc"
    data = one + two + b"GET /c HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    expected = [(200, b"POST /a abc"), (200, b"POST /b abc"), (200, b"GET /c ")]
    for place in range(len(data) + 1):
        assert answers(server.ask(cut(data, [place])), ["POST", "POST", "GET"]) == expected
    assert answers(server.ask([data[at : at + 1] for at in range(len(data))]), ["POST", "POST", "GET"]) == expected


@FEW
@given(
    asked=st.lists(requests(), min_size=1, max_size=3),
    changes=st.lists(
        st.tuples(st.integers(0, 2_000), st.integers(0, 2), st.binary(max_size=3)), min_size=1, max_size=4
    ),
    places=SPLITS,
)
def test_damaged_requests_are_answered_alike_however_they_are_cut(
    server: InLoop, asked: list[Asked], changes: list[tuple[int, int, bytes]], places: list[int]
) -> None:
    data = b"".join(each.wire for each in asked)
    for place, removed, added in changes:
        at = place % (len(data) + 1)
        data = data[:at] + added + data[at + removed :]
    whole = server.ask([data])
    assert server.ask(cut(data, places)) == whole
    assert server.left() == 0


@FEW
@given(pieces=st.lists(st.binary(max_size=3_000), max_size=10))
@example(pieces=[b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n", b"abc"])
@example(pieces=[b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n", b"5\r\nab"])
@example(pieces=[b"GET / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 10\r\n\r\n"])
def test_any_bytes_end_in_a_closed_connection(server: InLoop, pieces: list[bytes]) -> None:
    found = server.ask(pieces)
    assert found == b"" or found.startswith(b"HTTP/1.1 ")
    assert server.left() == 0
