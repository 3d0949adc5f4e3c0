"""Clients that leave, and clients that do not read."""

from __future__ import annotations

import asyncio
import socket
import threading
import time

import pytest

from model_router.server.http1.limits import HttpLimits
from tests.http1.conftest import Serve
from tests.http1.serving import Message, Receive, Send, echo, get, post, read_body, until

SOON = 0.1
"""Seconds; it takes one or two milliseconds, and the quickest of several shows it on a busy machine too."""


class Watching:
    """Reads the body or not, then waits for what ``receive`` says next, and notes when."""

    def __init__(self, *, reads: bool = True) -> None:
        self.reads = reads
        self.busy = threading.Event()
        self.told = threading.Event()
        self.messages: list[Message] = []
        self.errors: list[BaseException] = []

    async def __call__(self, _scope: Message, receive: Receive, send: Send) -> None:
        if self.reads:
            await read_body(receive)
        self.busy.set()
        while True:
            message = await receive()
            self.messages.append(message)
            if message["type"] == "http.disconnect":
                break
        self.told.set()


@pytest.mark.parametrize("reset", [False, True], ids=["closed", "reset"])
@pytest.mark.parametrize("reads", [False, True], ids=["unread", "read"])
@pytest.mark.parametrize("size", [0, 100, 200_000])
def test_leaving_is_told_at_once(serve: Serve, reset: bool, reads: bool, size: int) -> None:
    def leave() -> float:
        app = Watching(reads=reads)
        served = serve(app)
        line = served.line()
        line.send(post(b"x" * size))
        assert app.busy.wait(5)
        time.sleep(0.05)
        began = time.monotonic()
        line.reset() if reset else line.close()
        assert app.told.wait(5)
        seconds = time.monotonic() - began
        until(lambda: served.tasks() == 0)
        return seconds

    assert any(leave() < SOON for _ in range(5))


def test_leaving_amid_the_body_is_told_at_once(serve: Serve) -> None:
    def leave() -> float:
        app = Watching(reads=False)
        served = serve(app)
        line = served.line()
        line.send(post(b"x" * 1_000)[:-1])
        until(lambda: app.messages)
        began = time.monotonic()
        line.close()
        assert app.told.wait(5)
        seconds = time.monotonic() - began
        assert [message["type"] for message in app.messages] == ["http.request", "http.disconnect"]
        until(lambda: served.tasks() == 0)
        return seconds

    assert any(leave() < SOON for _ in range(5))


def test_leaving_is_seen_while_the_application_is_busy(serve: Serve) -> None:
    """Without any call of ``receive``: the next one, or a ``send``, is told."""
    go = asyncio.Event()
    busy = threading.Event()
    ended: list[str] = []

    async def app(_scope: Message, receive: Receive, send: Send) -> None:
        busy.set()
        await go.wait()
        try:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"x" * 1_000})
        except ConnectionError as error:
            ended.append(type(error).__name__)
            raise
        finally:
            ended.append((await receive())["type"])

    served = serve(app)
    line = served.line()
    line.send(post(b"x" * 1_000_000)[:200_000])
    assert busy.wait(5)
    line.reset()
    time.sleep(0.05)
    served.run(go.set)
    until(lambda: len(ended) == 2)
    assert ended == ["ClientLeft", "http.disconnect"]
    until(lambda: served.tasks() == 0)


def test_an_application_that_only_sends_ends_when_the_client_leaves(serve: Serve) -> None:
    async def talk(_scope: Message, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        while True:
            await send({"type": "http.response.body", "body": b"word ", "more_body": True})

    served = serve(talk)
    with served.line() as line:
        line.send(get())
        assert line.socket.recv(1_000)
    until(lambda: served.tasks() == 0)


def test_leaving_is_no_error_of_a_group_of_tasks(serve: Serve) -> None:
    async def talk(_scope: Message, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})

        async def one() -> None:
            while True:
                await send({"type": "http.response.body", "body": b"word ", "more_body": True})

        async with asyncio.TaskGroup() as group:
            group.create_task(one())
            group.create_task(one())

    served = serve(talk)
    with served.line() as line:
        line.send(get())
        assert line.socket.recv(1_000)
    until(lambda: served.tasks() == 0)


def test_an_application_that_is_cancelled_by_what_it_hears_sees_no_error(serve: Serve) -> None:
    """As Quart's do: one task sends, another listens and cancels it."""
    ended: list[str] = []

    async def app(_scope: Message, receive: Receive, send: Send) -> None:
        async def talk() -> None:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            try:
                while True:
                    await send({"type": "http.response.body", "body": b"word ", "more_body": True})
                    await asyncio.sleep(0)
            except BaseException as error:
                ended.append(type(error).__name__)
                raise

        await read_body(receive)
        talking = asyncio.ensure_future(talk())
        assert (await receive())["type"] == "http.disconnect"
        talking.cancel()
        await asyncio.wait([talking])

    served = serve(app)
    line = served.line()
    line.send(get())
    assert line.socket.recv(1_000)
    line.reset()
    until(lambda: ended)
    assert ended == ["CancelledError"]


def test_a_client_that_sends_nothing_more_may_still_read(serve: Serve) -> None:
    with serve(echo).line() as line:
        line.send(post(b"1") + post(b"2") + post(b"3"))
        line.socket.shutdown(socket.SHUT_WR)
        assert [line.answer().body for _ in range(3)] == [b"POST / 1", b"POST / 2", b"POST / 3"]
        assert line.closed()


def test_a_client_that_sends_nothing_more_and_gets_no_answer_is_left_too(serve: Serve) -> None:
    """An application that ends because its client has left leaves no answer for what was pipelined behind."""
    paths: list[str] = []

    async def app(scope: Message, receive: Receive, _send: Send) -> None:
        paths.append(scope["path"])
        while (await receive())["type"] != "http.disconnect":
            pass

    with serve(app).line() as line:
        line.send(get("/1") + get("/2"))
        line.socket.shutdown(socket.SHUT_WR)
        assert line.rest() == b""
    assert paths == ["/1"]


def test_whoever_sends_and_is_gone_at_once_is_heard_of_once(serve: Serve) -> None:
    app = Watching(reads=False)
    heard: list[str] = []

    async def counting(scope: Message, receive: Receive, send: Send) -> None:
        heard.append(scope["path"])
        await app(scope, receive, send)

    served = serve(counting)
    for number in range(50):
        line = served.line()
        line.send(get(f"/{number}"))
        line.close() if number % 2 else line.reset()
    until(lambda: len(heard) == 50)
    until(lambda: served.tasks() == 0)
    assert sorted(heard) == sorted(f"/{number}" for number in range(50))


@pytest.mark.parametrize("data", [b"", b"\r\n", b"GET / HT", get()[:-2]])
def test_leaving_before_a_request_is_nothing(serve: Serve, data: bytes) -> None:
    async def never(_scope: Message, _receive: Receive, _send: Send) -> None:
        raise AssertionError

    served = serve(never)
    for reset in (False, True):
        line = served.line()
        line.send(data)
        time.sleep(0.02)
        line.reset() if reset else line.close()
    until(lambda: served.tasks() == 0)


# Clients that do not read


def test_a_client_that_does_not_read_stops_the_application(serve: Serve) -> None:
    sent: list[int] = []

    async def talk(_scope: Message, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for _ in range(1_000):
            await send({"type": "http.response.body", "body": b"x" * 50_000, "more_body": True})
            sent.append(50_000)
        await send({"type": "http.response.body", "body": b""})

    served = serve(talk)
    with served.line() as line:
        line.send(get())
        _until_still(sent)
        assert sum(sent) < 15_000_000  # what the sockets hold
        assert len(line.answer().body) == 50_000_000
        assert line.ask(get()).status == 200


def test_a_client_that_does_not_read_stops_its_pipeline(serve: Serve) -> None:
    asked: list[int] = []

    async def app(_scope: Message, _receive: Receive, send: Send) -> None:
        asked.append(1)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"x" * 50_000})

    served = serve(app)
    with served.line() as line:
        line.send(get() * 900)
        _until_still(asked)
        assert len(asked) < 300
        assert sum(len(line.answer().body) for _ in range(900)) == 45_000_000


def _until_still(growing: list[int]) -> None:
    before = -1
    while before != len(growing):
        before = len(growing)
        time.sleep(0.2)


def test_a_client_that_never_reads_loses_its_connection(serve: Serve) -> None:
    ended = threading.Event()

    async def talk(_scope: Message, _receive: Receive, send: Send) -> None:
        try:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            while True:
                await send({"type": "http.response.body", "body": b"x" * 50_000, "more_body": True})
        finally:
            ended.set()

    served = serve(talk, HttpLimits(write_seconds=0.3))
    with served.line() as line:
        line.send(get())
        began = time.monotonic()
        assert ended.wait(5)
        assert 0.25 < time.monotonic() - began < 2
        until(lambda: served.tasks() == 0)


def test_a_client_that_never_reads_cannot_hold_a_closing_connection(serve: Serve) -> None:
    async def big(_scope: Message, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"connection", b"close")]})
        await send({"type": "http.response.body", "body": b"x" * 20_000_000})

    served = serve(big, HttpLimits(write_seconds=0.3))
    with served.line() as line:
        line.send(get())
        until(lambda: served.tasks() == 1)
        began = time.monotonic()
        until(lambda: served.tasks() == 0)
        assert time.monotonic() - began < 2


@pytest.mark.slow
def test_a_client_that_reads_slowly_keeps_its_connection(serve: Serve) -> None:
    async def big(_scope: Message, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"x" * 40_000_000})

    served = serve(big, HttpLimits(write_seconds=3.0))
    got = 0
    with served.line() as line:
        line.send(get())
        began = time.monotonic()
        while got < 40_000_000:
            more = len(line.socket.recv(160_000))
            assert more, f"ended after {got} bytes"
            got += more
            time.sleep(0.02)
        assert time.monotonic() - began > 3.5
