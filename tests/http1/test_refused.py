"""Bytes that are no request, or one that two servers could read in two ways: an error, and the connection ends."""

from __future__ import annotations

import time

import pytest

from model_router.server.http1.limits import HttpLimits
from model_router.server.http1.serve import affordable_connections
from tests.http1.conftest import Serve
from tests.http1.serving import Message, Receive, Send, Served, answer, echo, get, post

HOST = b"Host: here\r\n"
CHUNKED = b"POST / HTTP/1.1\r\nHost: here\r\nTransfer-Encoding: chunked\r\n\r\n"
SECOND = b"GET /smuggled HTTP/1.1\r\nHost: here\r\n\r\n"


class Asked:
    """Echoes, and keeps the paths that reached it."""

    def __init__(self) -> None:
        self.paths: list[str] = []

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        self.paths.append(scope["path"])
        while (message := await receive()).get("more_body"):
            pass
        if message["type"] == "http.request":
            await answer(send, b"echo")


def refused(served: Served, data: bytes, status: int, *, after: int = 0) -> dict[str, object]:
    """The error object; the connection ends behind it, and however the bytes are cut the answer is the same."""
    errors = []
    for size in (len(data), 1 if len(data) < 2_000 else 5_000):
        with served.line() as line:
            for at in range(0, len(data), size):
                line.send(data[at : at + size])
            for _ in range(after):
                assert line.answer().status == 200
            found = line.answer()
            assert (found.status, found.headers["connection"]) == (status, "close")
            errors.append(found.error)
            assert line.closed()
    assert errors[0] == errors[1]
    assert errors[0]["type"] == "invalid_request_error"
    return errors[0]


@pytest.mark.parametrize(
    "data",
    [
        b"\0",
        b"hello\r\n\r\n",
        b"get / HTTP/1.1\r\n" + HOST + b"\r\n",
        b"UNKNOWN / HTTP/1.1\r\n" + HOST + b"\r\n",
        b" GET / HTTP/1.1\r\n" + HOST + b"\r\n",
        b"GET no-slash HTTP/1.1\r\n" + HOST + b"\r\n",
        b"GET /\x01 HTTP/1.1\r\n" + HOST + b"\r\n",
        b"GET /\xff HTTP/1.1\r\n" + HOST + b"\r\n",
        b"GET / HTTP/1.2\r\n" + HOST + b"\r\n",
        b"GET / HTTP/1.1 \r\n" + HOST + b"\r\n",
        b"GET / HTTP/1.1\n" + HOST + b"\r\n",
        b"GET / HTTP/1.1\r\nHost: here\nX: y\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: here\rX: y\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: here\0\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: here\r\n folded\r\n\r\n",
        b"GET / HTTP/1.1\r\n Host: here\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost : here\r\n\r\n",
        b"GET / HTTP/1.1\r\n: x\r\n" + HOST + b"\r\n",
        b"GET / HTTP/1.1\r\nno colon\r\n" + HOST + b"\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + HOST + HOST + b"\r\n",
        b"GET / HTTP/1.0\r\n" + HOST + HOST + b"\r\n",
        b"CONNECT there:443 HTTP/1.1\r\n" + HOST + b"\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    ],
)
def test_what_is_no_request_is_400(serve: Serve, data: bytes) -> None:
    app = Asked()
    error = refused(serve(app), data, 400)
    assert error["code"] == "bad_request"
    assert app.paths == []


@pytest.mark.parametrize("data", [b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"GET / HTTP/2.0\r\n\r\n", b"GET /\r\n\r\n"])
def test_other_versions_are_505(serve: Serve, data: bytes) -> None:
    assert refused(serve(Asked()), data, 505)["code"] == "http_version_not_supported"


@pytest.mark.parametrize(
    "framing",
    [
        b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
        b"Content-Length: 5\r\nContent-Length: 6\r\n",
        b"Content-Length: 5\r\nContent-Length: 5\r\n",
        b"Content-Length: 5, 6\r\n",
        b"Content-Length: +5\r\n",
        b"Content-Length: -5\r\n",
        b"Content-Length: 0x5\r\n",
        b"Content-Length: 5 6\r\n",
        b"Content-Length:\r\n",
        b"Content-Length: 99999999999999999999999999\r\n",
        b"Content-Length : 5\r\n",
        b"Content-Length\t: 5\r\n",
        b"Content-Length: 5\r\n 6\r\n",
        b"Transfer-Encoding: gzip\r\n",
        b"Transfer-Encoding: gzip, chunked\r\n",
        b"Transfer-Encoding: chunked, gzip\r\n",
        b"Transfer-Encoding: chunked, identity\r\n",
        b"Transfer-Encoding: identity\r\n",
        b"Transfer-Encoding: xchunked\r\n",
        b"Transfer-Encoding: chunkedx\r\n",
        b"Transfer-Encoding: \x0bchunked\r\n",
        b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
        b"Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n",
        b"Transfer-Encoding:\r\n chunked\r\n",
        b"Transfer-Encoding:\r\n",
        b"Transfer-Encoding : chunked\r\n",
        b'Transfer-Encoding: "chunked"\r\n',
        b"Foo: bar\rTransfer-Encoding: chunked\r\n",
    ],
)
def test_framing_that_can_be_read_in_two_ways_is_400(serve: Serve, framing: bytes) -> None:
    app = Asked()
    refused(serve(app), b"POST /a HTTP/1.1\r\n" + HOST + framing + b"\r\n0\r\n\r\n" + SECOND, 400)
    assert "/smuggled" not in app.paths


def test_version_1_0_has_no_chunks(serve: Serve) -> None:
    app = Asked()
    refused(serve(app), CHUNKED.replace(b"HTTP/1.1", b"HTTP/1.0") + b"0\r\n\r\n" + SECOND, 400)
    assert app.paths == []


@pytest.mark.parametrize(
    "chunks",
    [
        b"zz\r\nabc\r\n0\r\n\r\n",
        b"0x3\r\nabc\r\n0\r\n\r\n",
        b"+3\r\nabc\r\n0\r\n\r\n",
        b"-3\r\nabc\r\n0\r\n\r\n",
        b"3 \r\nabc\r\n0\r\n\r\n",
        b" 3\r\nabc\r\n0\r\n\r\n",
        b"\r\nabc\r\n0\r\n\r\n",
        b"3\nabc\r\n0\r\n\r\n",
        b"3\rabc\r\n0\r\n\r\n",
        b"3\r\nabcd\r\n0\r\n\r\n",
        b"3\r\nabc0\r\n\r\n",
        b"3\r\nabc\n0\r\n\r\n",
        b"3;a\nabc\r\n0\r\n\r\n",
        b"3;a\0b\r\nabc\r\n0\r\n\r\n",
        b"ffffffffffffffff1\r\nabc\r\n0\r\n\r\n",
        b"0\r\nbad trailer\r\n\r\n",
        b"0\r\nA: b\n\r\n",
        b"0\r\nContent-Length: 5\r\n\r\n",
        b"0\r\nA: b\r\n c\r\n\r\n",
    ],
)
def test_malformed_chunks_are_400(serve: Serve, chunks: bytes) -> None:
    app = Asked()
    refused(serve(app), CHUNKED + chunks + SECOND, 400)
    assert "/smuggled" not in app.paths


def test_a_body_that_breaks_after_the_answer_began_ends_the_connection(serve: Serve) -> None:
    told: list[str] = []

    async def eager(_scope: Message, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"a", "more_body": True})
        while (message := await receive()).get("more_body"):
            await send({"type": "http.response.body", "body": message["body"], "more_body": True})
        told.append(message["type"])
        await send({"type": "http.response.body", "body": b"z"})

    with serve(eager).line() as line:
        line.send(CHUNKED + b"1\r\nb\r\n")
        line.socket.settimeout(5)
        time.sleep(0.05)
        line.send(b"zz\r\n" + SECOND)
        assert line.answer().body == b"abz"
        assert line.closed()
    assert told == ["http.disconnect"]  # it was told before it sent the end


def test_what_came_before_is_answered_first(serve: Serve) -> None:
    app = Asked()
    refused(serve(app), get("/1") + post(b"x", path="/2") + b"nonsense\r\n\r\n", 400, after=2)
    assert app.paths == ["/1", "/2"] * 2


# Limits


@pytest.mark.parametrize(
    "head",
    [
        b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n" + HOST,
        b"GET / HTTP/1.1\r\n" + HOST + b"X: " + b"a" * 70_000 + b"\r\n",
        b"GET / HTTP/1.1\r\n" + HOST + b"X" * 70_000 + b": a\r\n",
        b"GET / HTTP/1.1\r\n" + HOST + b"X: " + b"a" * 700_000 + b"\r\n",
        b"GET / HTTP/1.1\r\n" + HOST + b"".join(b"X: " + b"a" * 900 + b"\r\n" for _ in range(100)),
        b"GET / HTTP/1.1\r\n" + HOST + b"X: y\r\n" * 200,
    ],
    ids=["target", "value", "name", "endless value", "many", "too many"],
)
def test_a_large_head_is_431(serve: Serve, head: bytes) -> None:
    app = Asked()
    assert refused(serve(app), head + b"\r\n", 431)["code"] == "head_too_large"
    assert app.paths == []


def test_heads_below_the_limits_are_taken(serve: Serve) -> None:
    with serve(echo).line() as line:
        assert line.ask(get("/" + "a" * 60_000)).status == 200
        assert line.ask(get("/", "X: " + "a" * 60_000)).status == 200
        assert line.ask(get("/", *(f"X{number}: y" for number in range(199)))).status == 200
        line.send(post(b"x" * 200_000) + get("/", "X: " + "a" * 60_000))
        assert line.answer().status == 200
        assert line.answer().status == 200


@pytest.mark.parametrize(
    "endless", [b"3;" + b"a" * 100_000, b"0\r\nX: " + b"a" * 100_000, b"0\r\n" + b"X: y\r\n" * 20_000]
)
def test_endless_extensions_and_trailers_are_431(serve: Serve, endless: bytes) -> None:
    refused(serve(Asked()), CHUNKED + endless, 431)


def test_too_many_connections_are_503_and_the_others_go_on(serve: Serve) -> None:
    served = serve(echo, HttpLimits(connections=3))
    lines = [served.line() for _ in range(3)]
    for line in lines:
        assert line.ask(get()).status == 200
    with served.line() as line:
        found = line.ask(get())
        assert (found.status, found.headers["connection"]) == (503, "close")
        assert (found.error["code"], found.error["type"]) == ("too_many_connections", "server_error")
        assert line.closed()
    for line in lines:
        assert line.ask(get()).status == 200
    lines.pop().close()
    time.sleep(0.1)
    with served.line() as line:
        assert line.ask(get()).status == 200
    for line in lines:
        line.close()


def test_a_flood_of_connections_is_turned_away(serve: Serve) -> None:
    served = serve(echo, HttpLimits(connections=3, linger_seconds=0.3))
    lines = [served.line() for _ in range(300)]
    time.sleep(0.8)
    assert served.tasks() <= 3
    lines[-1].close()
    assert lines[0].ask(get()).status == 200
    for line in lines:
        line.close()


def test_there_are_fewer_connections_where_the_process_may_open_few_files() -> None:
    resource = pytest.importorskip("resource")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (1_024, hard))
        assert affordable_connections() == 768
        resource.setrlimit(resource.RLIMIT_NOFILE, (300, hard))
        assert affordable_connections() == 150
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
