"""The end: what is under way is answered, what is idle is closed, and nothing new is taken."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest

from tests.http1.conftest import Serve
from tests.http1.serving import Message, Receive, Send, answer, echo, get, until


class Slow:
    """Answers when it is let go; notes how it was ended."""

    def __init__(self) -> None:
        self.busy = threading.Event()
        self.go = asyncio.Event()
        self.ended: list[str] = []

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["path"] == "/begun":
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"be", "more_body": True})
        self.busy.set()
        try:
            await self.go.wait()
        except asyncio.CancelledError:
            self.ended.append("cancelled")
            raise
        if scope["path"] != "/begun":
            await answer(send, b"done")
        else:
            await send({"type": "http.response.body", "body": b"gun"})


def test_idle_connections_are_closed_at_once(serve: Serve) -> None:
    served = serve(echo, graceful_timeout=5)
    lines = [served.line() for _ in range(4)]
    assert lines[0].ask(get()).status == 200
    assert lines[1].ask(get() + b"GET / HT").status == 200
    lines[2].send(b"GET / HT")
    time.sleep(0.1)
    began = time.monotonic()
    served.shut_down()
    for line in lines:
        assert line.closed()
    assert served.ended.wait(5)
    assert time.monotonic() - began < 1
    for line in lines:
        line.close()


@pytest.mark.parametrize("path", ["/", "/begun"])
def test_what_is_under_way_is_answered_and_nothing_more(serve: Serve, path: str) -> None:
    app = Slow()
    served = serve(app, graceful_timeout=5)
    with served.line() as line:
        line.send(get(path))
        assert app.busy.wait(5)
        served.shut_down()
        time.sleep(0.1)
        assert not served.ended.is_set()
        with pytest.raises(OSError):  # noqa: PT011 - refused or reset, as the kernel likes
            served.line().ask(get())
        line.send(get("/next"))
        served.run(app.go.set)
        found = line.answer()
        assert found.body == (b"begun" if path == "/begun" else b"done")
        assert found.headers.get("connection") == (None if path == "/begun" else "close")
        assert line.closed()
    assert served.ended.wait(5)
    assert app.ended == []


@pytest.mark.parametrize("path", ["/", "/begun"])
def test_what_takes_too_long_is_cut(serve: Serve, path: str) -> None:
    app = Slow()
    served = serve(app, graceful_timeout=0.3)
    with served.line() as line:
        line.send(get(path))
        assert app.busy.wait(5)
        began = time.monotonic()
        served.shut_down()
        with pytest.raises((EOFError, ConnectionResetError)):
            line.answer()
        assert 0.2 < time.monotonic() - began < 2
    assert served.ended.wait(5)
    assert app.ended == ["cancelled"]


def test_an_answer_that_is_still_on_its_way_arrives_whole(serve: Serve) -> None:
    async def big(_scope: Message, _receive: Receive, send: Send) -> None:
        await answer(send, b"x" * 20_000_000)

    served = serve(big, graceful_timeout=5)
    with served.line() as line:
        line.send(get())
        until(lambda: served.tasks() == 1)
        time.sleep(0.2)
        served.shut_down()
        time.sleep(0.2)
        assert len(line.answer().body) == 20_000_000
        assert line.closed()
    assert served.ended.wait(5)


def test_work_after_an_answer_is_cancelled_too(serve: Serve) -> None:
    app = Slow()

    async def lingering(scope: Message, receive: Receive, send: Send) -> None:
        await answer(send, b"done")
        await app(scope, receive, send)

    served = serve(lingering, graceful_timeout=0.2)
    with served.line() as line:
        for _ in range(3):
            assert line.ask(get()).body == b"done"
        time.sleep(0.05)
        served.shut_down()
        assert line.closed()
    assert served.ended.wait(5)
    assert app.ended == ["cancelled"] * 3
