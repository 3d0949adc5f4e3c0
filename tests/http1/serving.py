"""Real Hypercorn in a thread with the connection class under test, and raw sockets in front of it."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import json
import logging
import socket
import threading
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from hypercorn.config import Config

from model_router.server.http1.limits import HttpLimits
from model_router.server.http1.serve import serve_fast

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Message, Receive, Send], Coroutine[Any, Any, None]]


_SERVER_TASKS = {"serve", "raise_shutdown", "handle_lifespan", "_shut_down", "count"}


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer as it came; ``headers`` by lower-case name."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def error(self) -> dict[str, Any]:
        """OpenAI's error object."""
        assert self.headers["content-type"] == "application/json"
        found: dict[str, Any] = json.loads(self.body)["error"]
        assert set(found) == {"message", "type", "code", "param"}
        return found


class Line:
    """A client's end of a connection."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=5)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._file = self.socket.makefile("rb")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Leave."""
        self._file.close()
        self.socket.close()

    def reset(self) -> None:
        """Leave without a good-bye."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
        self.close()

    def send(self, data: bytes) -> None:
        """All of it."""
        self.socket.sendall(data)

    def ask(self, data: bytes) -> Answer:
        """Send, and read an answer."""
        self.send(data)
        return self.answer()

    def answer(self, *, head_only: bool = False) -> Answer:
        """Read one answer; a body that breaks off is an ``EOFError``."""
        status_line = self._line()
        version, status, _ = status_line.split(b" ", 2)
        assert version == b"HTTP/1.1"
        headers: dict[str, str] = {}
        while line := self._line():
            name, _, value = line.decode("latin-1").partition(": ")
            assert name.lower() not in headers, f"{name} came twice"
            headers[name.lower()] = value
        body = b""
        if head_only or int(status) in (204, 304) or int(status) < 200:
            pass
        elif "transfer-encoding" in headers:
            assert headers["transfer-encoding"] == "chunked"
            assert "content-length" not in headers
            pieces = []
            while size := int(self._line(), 16):
                pieces.append(self._exactly(size))
                assert self._line() == b""
            body = b"".join(pieces)
            assert self._line() == b""
        elif "content-length" in headers:
            body = self._exactly(int(headers["content-length"]))
        else:
            assert headers["connection"] == "close"
            body = self._file.read()
        return Answer(int(status), headers, body)

    def rest(self) -> bytes:
        """Whatever comes until the server closes; a reset is an error."""
        return self._file.read()

    def closed(self) -> bool:
        """Wait for the server's close; False when something else came."""
        with contextlib.suppress(ConnectionResetError):
            return self._file.read(1) == b""
        return True

    def _line(self) -> bytes:
        line = self._file.readline()
        if not line.endswith(b"\r\n"):
            raise EOFError(line)
        return line[:-2]

    def _exactly(self, size: int) -> bytes:
        data = self._file.read(size)
        if len(data) < size:
            raise EOFError(data)
        return data


class Served:
    """A server that runs; ``logged`` is what it said."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.port = 0
        self.loop = loop
        self.logged: list[str] = []
        self.ready = threading.Event()
        self.ended = threading.Event()
        self._shut = asyncio.Event()

    def line(self) -> Line:
        """A new connection."""
        return Line(self.port)

    def ask(self, data: bytes) -> Answer:
        """One request on a connection of its own."""
        with self.line() as line:
            return line.ask(data)

    def shut_down(self) -> None:
        """Ask for a graceful end, and do not wait for it."""
        with contextlib.suppress(RuntimeError):
            self.loop.call_soon_threadsafe(self._shut.set)

    def tasks(self) -> int:
        """How many tasks the loop has beside those of the server itself: one for each connection."""

        async def count() -> int:
            names = [getattr(task.get_coro(), "__qualname__", "") for task in asyncio.all_tasks()]
            return sum(name.rpartition(".")[2] not in _SERVER_TASKS for name in names)

        return asyncio.run_coroutine_threadsafe(count(), self.loop).result(5)

    def run(self, function: Callable[[], Any]) -> Any:
        """Call something in the server's thread."""

        async def call() -> Any:
            return function()

        return asyncio.run_coroutine_threadsafe(call(), self.loop).result(30)

    async def serve(self, app: Application, config: Config, limits: HttpLimits) -> None:
        """Runs in the server's thread."""

        async def told() -> None:
            self.ready.set()
            await self._shut.wait()

        await serve_fast(with_lifespan(app), config, shutdown_trigger=told, limits=limits)


def with_lifespan(app: Application) -> Application:
    """An application that also takes part in the lifespan, and leaves a word in its state."""

    async def application(scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan":
            await app(scope, receive, send)
            return
        scope["state"]["word"] = "kept"
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})

    return application


class _Kept(logging.Handler):
    def __init__(self, lines: list[str]) -> None:
        super().__init__(logging.WARNING)
        self._lines = lines
        self.setFormatter(logging.Formatter("%(levelname)s %(message)s"))

    def emit(self, record: logging.LogRecord) -> None:
        self._lines.append(self.format(record))


@contextlib.contextmanager
def serving(
    app: Application,
    loop_name: str,
    *,
    limits: HttpLimits | None = None,
    listener: socket.socket | None = None,
    settings: dict[str, Any] | None = None,
) -> Iterator[Served]:
    """Start, and end gracefully; nothing may be left over, nor said that the test did not take off ``logged``."""
    factory = importlib.import_module("uvloop").new_event_loop if loop_name == "uvloop" else asyncio.new_event_loop
    loop: asyncio.AbstractEventLoop = factory()
    served = Served(loop)
    listener = listener or socket.create_server(("127.0.0.1", 0), backlog=512)
    served.port = listener.getsockname()[1] if listener.family == socket.AF_INET else 0
    logger = logging.getLogger(f"tests.http1.{id(served)}")
    logger.propagate = False
    handler = _Kept(served.logged)
    logger.addHandler(handler)
    logging.getLogger("asyncio").addHandler(handler)
    config = Config()
    config.bind = [f"fd://{listener.detach()}"]
    config.accesslog = None
    config.errorlog = logger
    config.graceful_timeout = 0.5
    config.include_server_header = False
    for name, value in (settings or {}).items():
        setattr(config, name, value)

    def work() -> None:
        asyncio.set_event_loop(loop)
        try:
            loop.run_until_complete(served.serve(app, config, limits or HttpLimits()))
            left = asyncio.all_tasks(loop)
            if left:
                served.logged.append(f"tasks left: {left}")
        except BaseException as error:
            served.logged.append(f"ended with {error!r}")
            raise
        finally:
            loop.run_until_complete(loop.shutdown_asyncgens())
            asyncio.set_event_loop(None)
            loop.close()
            served.ended.set()

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    assert served.ready.wait(5)
    try:
        yield served
    finally:
        served.shut_down()
        assert served.ended.wait(10), "the server did not end"
        thread.join(5)
        logging.getLogger("asyncio").removeHandler(handler)
        logger.removeHandler(handler)
    assert served.logged == []


async def read_body(receive: Receive) -> bytes:
    """A whole body; a client that leaves before its end is an error."""
    body = b""
    while True:
        message = await receive()
        assert message["type"] == "http.request", message
        body += message["body"]
        if not message["more_body"]:
            return body


async def answer(send: Send, body: bytes, status: int = 200, *headers: tuple[bytes, bytes]) -> None:
    """A plain answer in two messages."""
    await send({"type": "http.response.start", "status": status, "headers": list(headers)})
    await send({"type": "http.response.body", "body": body})


async def echo(scope: Message, receive: Receive, send: Send) -> None:
    """Answers with method, path and the body."""
    body = await read_body(receive)
    await answer(send, f"{scope['method']} {scope['path']} ".encode() + body)


def get(path: str = "/", *headers: str, version: str = "1.1", method: str = "GET") -> bytes:
    """A request without a body."""
    return "\r\n".join((f"{method} {path} HTTP/{version}", "Host: here", *headers, "", "")).encode()


def post(body: bytes, *headers: str, path: str = "/", version: str = "1.1") -> bytes:
    """A request with a body of a known length."""
    return get(path, f"Content-Length: {len(body)}", *headers, version=version, method="POST") + body


def until(condition: Callable[[], object], seconds: float = 5.0) -> float:
    """Wait for it; how long it took."""
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < seconds, "it did not come about"
        time.sleep(0.001)
    return time.monotonic() - began
