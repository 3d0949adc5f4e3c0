"""Nothing is left of a request, nor of a connection, that only the garbage collector could find."""

from __future__ import annotations

import asyncio
import gc
import inspect
import os
from typing import Any

import pytest

from tests.http1.conftest import Serve
from tests.http1.serving import Message, Receive, Send, Served, answer, echo, get, post, until

OURS = "model_router.server.http1."


def garbage(served: Served) -> list[str]:
    """The types of ours among what a collection finds now."""

    def collect() -> list[str]:
        gc.collect()
        found = [each for each in gc.garbage if _is_ours(each)]
        names = [f"{type(each).__name__} {getattr(each, '__qualname__', '')}" for each in found]
        gc.garbage.clear()
        return names

    found: list[str] = served.run(collect)
    return found


def _is_ours(each: Any) -> bool:
    module = type(each).__module__
    if inspect.iscoroutine(each):
        return OURS in each.cr_code.co_filename.replace(os.sep, ".")
    return module.startswith((OURS, "httptools")) or isinstance(each, asyncio.Task | asyncio.StreamWriter)


@pytest.mark.usefixtures("_saving_garbage")
def test_requests_and_connections_leave_no_cycles(serve: Serve) -> None:
    async def watching(scope: Message, receive: Receive, send: Send) -> None:
        watch = asyncio.ensure_future(receive())
        await echo(scope, receive, send)
        watch.cancel()

    async def listening(_scope: Message, receive: Receive, send: Send) -> None:
        await receive()
        await answer(send, b"x")

    for app in (listening, watching):
        served = serve(app)
        with served.line() as line:
            line.ask(post(b"x"))
            garbage(served)
            for number in range(50):
                line.ask(post(b"x"))
                line.ask(get("/", "Connection: Upgrade", "Upgrade: x"))
                line.send(get(f"/{number}") * 3)
                for _ in range(3):
                    line.answer()
            assert garbage(served) == []
        for _ in range(10):
            served.ask(get())
            served.ask(get("/", "Connection: close"))
            served.ask(b"nonsense\r\n\r\n")
            served.ask(b"GET / HTTP/1.1\r\n\r\n")
        served.line().close()
        until(lambda served=served: served.tasks() == 0)
        assert garbage(served) == []


@pytest.fixture
def _saving_garbage() -> Any:
    gc.collect()
    gc.disable()
    gc.set_debug(gc.DEBUG_SAVEALL)
    yield
    gc.set_debug(0)
    gc.garbage.clear()
    gc.enable()


@pytest.mark.slow
def test_thousands_of_connections_leave_nothing(serve: Serve) -> None:
    from model_router.server.http1.connection import Connection

    def alive() -> int:
        gc.collect()
        return sum(isinstance(each, Connection) for each in gc.get_objects())

    async def app(_scope: Message, receive: Receive, send: Send) -> None:
        while (message := await receive()).get("more_body"):
            pass
        if message["type"] == "http.request":
            await answer(send, b"x")

    served = serve(app)
    served.ask(get())
    until(lambda: served.tasks() == 0)
    before = served.run(alive)
    files = len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 0
    for number in range(5_000):
        with served.line() as line:
            if number % 5 == 0:
                continue
            if number % 5 == 1:
                line.send(post(b"x" * 100)[: number % 150])
                continue
            assert line.ask(post(b"x")).status == 200
            if number % 5 == 2:
                line.reset()
    until(lambda: served.tasks() == 0)
    assert served.run(alive) <= before
    if files:
        assert len(os.listdir("/proc/self/fd")) == files
