"""Clients that take their time."""

from __future__ import annotations

import asyncio
import contextlib
import time

import pytest

from model_router.server.http1.limits import HttpLimits
from tests.http1.conftest import Serve
from tests.http1.serving import Line, Message, Receive, Send, answer, echo, get, post, until

LIMITS = HttpLimits(head_seconds=0.3, body_seconds=0.3)


def trickle(line: Line, data: bytes, seconds: float) -> float:
    """A byte at a time until the server has had enough; how long that took."""
    began = time.monotonic()
    line.socket.settimeout(0.001)
    with contextlib.suppress(OSError):
        for byte in data:
            line.send(bytes([byte]))
            time.sleep(seconds)
            with contextlib.suppress(TimeoutError):
                if line.socket.recv(1, 2):  # a look, nothing is taken
                    break
    line.socket.settimeout(5)
    return time.monotonic() - began


def test_a_slow_head_is_408(serve: Serve) -> None:
    with serve(echo, LIMITS).line() as line:
        assert 0.2 < trickle(line, get("/" + "a" * 1_000), 0.02) < 1.5
        found = line.answer()
        assert (found.status, found.error["code"]) == (408, "request_timeout")
        assert line.closed()


def test_a_slow_head_on_a_kept_connection_is_408(serve: Serve) -> None:
    with serve(echo, LIMITS).line() as line:
        assert line.ask(get() + b"GET").status == 200
        assert 0.2 < trickle(line, get("/" + "a" * 1_000)[3:], 0.02) < 1.5
        assert line.answer().status == 408
    with serve(echo, LIMITS).line() as line:
        assert line.ask(get()).status == 200
        time.sleep(0.4)
        assert trickle(line, get("/" + "a" * 1_000), 0.02) > 0.2
        assert line.answer().status == 408


@pytest.mark.parametrize("data", [b"\r\n" * 100, b"G"])
def test_a_head_that_does_not_go_on_is_408(serve: Serve, data: bytes) -> None:
    with serve(echo, LIMITS).line() as line:
        line.send(data)
        assert line.answer().status == 408


def test_a_connection_without_a_request_is_closed(serve: Serve) -> None:
    served = serve(echo, LIMITS)
    with served.line() as line:
        began = time.monotonic()
        assert line.rest() == b""
        assert 0.2 < time.monotonic() - began < 1.5
    until(lambda: served.tasks() == 0)


def test_an_idle_connection_is_closed(serve: Serve) -> None:
    with serve(echo, LIMITS, keep_alive_timeout=1.0).line() as line:
        for _ in range(3):
            assert line.ask(get()).status == 200
            time.sleep(0.5)
        began = time.monotonic()
        assert line.rest() == b""
        assert time.monotonic() - began < 1.5


def test_line_breaks_do_not_keep_an_idle_connection(serve: Serve) -> None:
    with serve(echo, LIMITS, keep_alive_timeout=0.3).line() as line:
        assert line.ask(get()).status == 200
        assert 0.2 < trickle(line, b"\r\n" * 1_000, 0.02) < 1.5
        assert line.closed()


def test_a_stalled_body_is_408_and_the_application_sees_it_leave(serve: Serve) -> None:
    told: list[str] = []

    async def app(_scope: Message, receive: Receive, _send: Send) -> None:
        while (message := await receive()).get("more_body"):
            pass
        told.append(message["type"])

    with serve(app, LIMITS).line() as line:
        began = time.monotonic()
        found = line.ask(post(b"x" * 100)[:-1])
        assert 0.2 < time.monotonic() - began < 1.5
        assert (found.status, found.error["code"]) == (408, "request_timeout")
        assert line.closed()
    until(lambda: told == ["http.disconnect"])


def test_a_body_that_goes_on_is_waited_for(serve: Serve) -> None:
    with serve(echo, HttpLimits(body_seconds=1.0)).line() as line:
        body = b"x" * 8
        line.send(post(body)[:-8])
        for _ in range(8):
            time.sleep(0.2)
            line.send(b"x")
        assert line.answer().body == b"POST / " + body


def test_chunk_extensions_are_no_progress(serve: Serve) -> None:
    async def app(_scope: Message, receive: Receive, _send: Send) -> None:
        while (await receive()).get("more_body"):
            pass

    with serve(app, LIMITS).line() as line:
        line.send(b"POST / HTTP/1.1\r\nHost: here\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n1;")
        assert trickle(line, b"a" * 1_000, 0.02) < 1.5
        assert line.answer().status == 408


def test_an_application_may_take_longer_than_all_of_them(serve: Serve) -> None:
    async def slow(_scope: Message, receive: Receive, send: Send) -> None:
        await asyncio.sleep(1)
        await receive()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"a", "more_body": True})
        await asyncio.sleep(1)
        await send({"type": "http.response.body", "body": b"b"})

    with serve(
        slow, HttpLimits(head_seconds=0.2, body_seconds=0.2, write_seconds=0.2), keep_alive_timeout=0.2
    ).line() as line:
        assert line.ask(post(b"x" * 1_000)).body == b"ab"


def test_a_client_that_goes_on_sending_after_a_refusal_gets_the_answer(serve: Serve) -> None:
    """A socket that is closed with unread bytes in it sends a reset, which would overtake the answer."""

    async def refuse(_scope: Message, _receive: Receive, send: Send) -> None:
        await answer(send, b"too large", 413, (b"connection", b"close"))

    for app, request in ((refuse, post(b"x" * 2_000_000)), (echo, b"nonsense\r\n" + b"x" * 2_000_000)):
        with serve(app).line() as line:
            line.send(request[:1_000])
            time.sleep(0.05)
            line.send(request[1_000:])
            assert line.answer().status in (413, 400)
            assert line.rest() == b""
