"""A real server (Quart on Hypercorn) on loopback that tells what a model server of some kind would."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from hypercorn.asyncio import serve
from hypercorn.config import Config
from quart import Quart, Response, jsonify, request

from tests.support.ports import free_ports

HANGS = object()
"""As the answer of a path: none, for as long as the server runs."""


@dataclass(slots=True)
class ToldServer:
    """A running server and the paths it was asked for."""

    port: int
    asked: list[str] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)


@contextlib.contextmanager
def told_server(answers: Mapping[str, Any], otherwise: tuple[Any, int] = ({}, 404)) -> Iterator[ToldServer]:
    """Answer each path with its JSON, its bytes or its status, and every other as ``otherwise`` says."""
    (port,) = free_ports(1)
    told = ToldServer(port)
    app = Quart(__name__)
    loop = asyncio.new_event_loop()
    stop, ready = asyncio.Event(), threading.Event()

    @app.route("/", defaults={"path": ""})
    @app.route("/<path:path>")
    async def answer(path: str) -> Any:
        told.asked.append(f"/{path}")
        told.headers.append({name.lower(): value for name, value in request.headers.items()})
        value: Any
        value, status = (answers[f"/{path}"], 200) if f"/{path}" in answers else otherwise
        if value is HANGS:
            await stop.wait()
        if isinstance(value, int):
            value, status = {"error": "no"}, value
        return Response(value, status) if isinstance(value, bytes) else (jsonify(value), status)

    @app.before_serving
    async def begun() -> None:
        ready.set()

    config = Config()
    config.bind = [f"127.0.0.1:{port}"]
    config.graceful_timeout = 0.1
    config.errorlog = None

    def run() -> None:
        asyncio.set_event_loop(loop)
        loop.run_until_complete(serve(app, config, shutdown_trigger=stop.wait))
        loop.close()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        assert ready.wait(20)
        _wait_listening(port)
        yield told
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()


def _wait_listening(port: int) -> None:
    import socket
    import time

    deadline = time.monotonic() + 20
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            assert time.monotonic() < deadline
            time.sleep(0.005)
