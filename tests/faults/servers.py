"""Model servers that misbehave, on raw sockets: what a real network does to a gateway."""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from benchmarks.listener import Listener
from tests.support.clock import starved


@dataclass(slots=True)
class Seen:
    """One request that a server got. ``answered_at`` is the monotonic time at which its answer was complete.

    ``left_at`` is that at which its connection was closed.
    """

    head: str
    body: bytes
    arrived_at: float = field(default_factory=time.monotonic)
    answered_at: float | None = None
    left_at: float | None = None

    @property
    def path(self) -> str:
        return self.head.split(" ")[1]

    @property
    def headers(self) -> dict[str, str]:
        lines = self.head.split("\r\n")[1:]
        return {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines if line)}

    def json(self) -> Any:
        return json.loads(self.body)


class Line:
    """The server's end of one connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def send(self, data: bytes) -> None:
        self._writer.write(data)
        await self._writer.drain()

    async def head(self, status: str = "200 OK", **headers: str) -> None:
        lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
        await self.send(f"HTTP/1.1 {status}\r\n{lines}\r\n".encode())

    async def reply(self, data: bytes, status: str = "200 OK", **headers: str) -> None:
        headers.setdefault("Content_Type", "application/json")
        await self.head(status, Content_Length=str(len(data)), **headers)
        await self.send(data)

    async def chunk(self, data: bytes) -> None:
        await self.send(f"{len(data):x}\r\n".encode() + data + b"\r\n")

    async def until_left(self) -> None:
        """Wait until the other side closes."""
        await self._reader.read()

    def abort(self) -> None:
        self._writer.transport.abort()


Behaviour = Callable[[Seen, Line], Awaitable[None]]


@dataclass(slots=True)
class FaultServer:
    """A running server and what it saw."""

    port: int
    seen: list[Seen] = field(default_factory=list)

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def wait_left(self, within: float = 3.0) -> float:
        """Seconds until the other side closes the newest connection; those without a processor do not count."""
        start, hindered = time.monotonic(), starved()
        while time.monotonic() - start < within:
            if self.seen and self.seen[-1].left_at is not None:
                return self.seen[-1].left_at - start - (starved() - hindered)
            time.sleep(0.005)
        raise AssertionError(f"the connection was still open after {within} s")

    def wait_seen(self, count: int = 1, within: float = 3.0) -> None:
        deadline = time.monotonic() + within
        while len(self.seen) < count:
            assert time.monotonic() < deadline, f"{len(self.seen)} of {count} requests came"
            time.sleep(0.005)


@contextlib.contextmanager
def running(behaviour: Behaviour) -> Iterator[FaultServer]:
    """Run a server in a thread; every connection is handled by ``behaviour``."""
    ready = threading.Event()
    loop = asyncio.new_event_loop()
    server = FaultServer(0)
    stop = asyncio.Event()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen: Seen | None = None
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                length = next((int(v) for n, _, v in _header_lines(head) if n.lower() == "content-length"), 0)
                seen = Seen(head, await reader.readexactly(length))
                server.seen.append(seen)
                watching = asyncio.ensure_future(_watch(reader, seen))
                try:
                    await behaviour(seen, Line(reader, writer))
                finally:
                    watching.cancel()
                    seen.answered_at = time.monotonic()
                if writer.transport.is_closing():
                    break
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass  # cancelled is only who is still there at the end of the test
        finally:
            if seen is not None and seen.left_at is None:
                seen.left_at = time.monotonic()
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()

    async def main() -> None:
        listener = Listener(handle)
        await listener.begin(limit=2**24)
        server.port = listener.address[1]
        ready.set()
        await stop.wait()
        await listener.end()
        left = asyncio.all_tasks() - {asyncio.current_task()}
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    def run() -> None:
        loop.run_until_complete(main())
        loop.close()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    assert ready.wait(5)
    try:
        yield server
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(5)


async def _watch(reader: asyncio.StreamReader, seen: Seen) -> None:
    """Note when the other side closes, whatever the behaviour is doing meanwhile."""
    while not reader.at_eof() and reader.exception() is None:
        await asyncio.sleep(0.005)
    seen.left_at = time.monotonic()


def _header_lines(head: str) -> Iterator[tuple[str, str, str]]:
    for line in head.split("\r\n")[1:]:
        yield line.partition(":")


def completion(text: str, model: str = "m") -> bytes:
    """A plain chat completion."""
    choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text}}
    usage = {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10}
    answer = {"id": "c", "object": "chat.completion", "created": 1, "model": model, "choices": [choice], "usage": usage}
    return json.dumps(answer).encode()


def event(text: str | None, finish: str | None = None) -> bytes:
    """One streamed piece of a chat completion."""
    delta = {"content": text} if text is not None else {}
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    piece = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]}
    return b"data: " + json.dumps(piece).encode() + b"\n\n"


DONE = b"data: [DONE]\n\n"
SSE = "text/event-stream"


async def good(seen: Seen, line: Line) -> None:
    """Answers as a model server should: plain, streamed, and the list of models."""
    if seen.path.endswith("/models"):
        await line.reply(b'{"object": "list", "data": [{"id": "m"}]}')
    elif seen.json().get("stream"):
        await line.head(Content_Type=SSE, Transfer_Encoding="chunked")
        for piece in (event("one "), event("two"), event(None, "stop"), DONE):
            await line.chunk(piece)
        await line.send(b"0\r\n\r\n")
    else:
        await line.reply(completion("all well"))


def after(seconds: float, behaviour: Behaviour) -> Behaviour:
    """The same, later."""

    async def late(seen: Seen, line: Line) -> None:
        await asyncio.sleep(seconds)
        await behaviour(seen, line)

    return late


def in_turn(*behaviours: Behaviour) -> Behaviour:
    """Each request gets the next behaviour, and all further ones the last."""
    left = list(behaviours)

    async def turn(seen: Seen, line: Line) -> None:
        await (left.pop(0) if len(left) > 1 else left[0])(seen, line)

    return turn


def stream(*pieces: bytes, pause: float = 0.0, before: float = 0.0, cut: bool = False) -> Behaviour:
    """Sends the head of a stream at once, waits, and sends its pieces with pauses between them; ``cut``: no end."""

    async def answer(_seen: Seen, line: Line) -> None:
        await line.head(Content_Type=SSE, Transfer_Encoding="chunked")
        await asyncio.sleep(before)
        for number, piece in enumerate(pieces):
            if number:
                await asyncio.sleep(pause)
            await line.chunk(piece)
        if cut:
            await asyncio.sleep(0.05)
            line.abort()
        else:
            await line.send(b"0\r\n\r\n")

    return answer


async def hang(_seen: Seen, line: Line) -> None:
    """Takes the request and never answers."""
    await line.until_left()


async def talk_for_ever(_seen: Seen, line: Line) -> None:
    """Streams until the other side has had enough."""
    await line.head(Content_Type=SSE, Transfer_Encoding="chunked")

    async def words() -> None:
        while True:
            await line.chunk(event("word "))
            await asyncio.sleep(0.02)

    talking = asyncio.ensure_future(words())
    try:
        await line.until_left()
    finally:
        talking.cancel()
        await asyncio.gather(talking, return_exceptions=True)


async def close_at_once(_seen: Seen, line: Line) -> None:
    line.abort()


async def close_half_way(_seen: Seen, line: Line) -> None:
    """Promises more than it sends."""
    data = completion("half of this never comes")
    await line.head(Content_Type="application/json", Content_Length=str(len(data)))
    await line.send(data[: len(data) // 2])
    line.abort()


async def stream_half_way(_seen: Seen, line: Line) -> None:
    """Breaks in the middle of an event."""
    await line.head(Content_Type=SSE, Transfer_Encoding="chunked")
    await line.chunk(event("one ") + event("two ") + b'data: {"id": "c", "cho')
    await asyncio.sleep(0.05)
    line.abort()


async def unframed_stream_half_way(_seen: Seen, line: Line) -> None:
    """Breaks where the end of the connection is the only end there is."""
    await line.head(Content_Type=SSE, Connection="close")
    await line.send(event("one "))
    await asyncio.sleep(0.05)
    line._writer.close()


async def empty_stream(_seen: Seen, line: Line) -> None:
    await line.head(Content_Type=SSE, Transfer_Encoding="chunked")
    await line.send(b"0\r\n\r\n")


async def broken_json(_seen: Seen, line: Line) -> None:
    await line.reply(b'{"choices": [')


async def broken_events(_seen: Seen, line: Line) -> None:
    await line.head(Content_Type=SSE, Transfer_Encoding="chunked")
    await line.chunk(b"data: {not json\n\ngarbage without a colon\n\n\xff\xfe\n\n" + DONE)
    await line.send(b"0\r\n\r\n")


async def huge_header(_seen: Seen, line: Line) -> None:
    await line.head(Content_Type="application/json", X_Huge="x" * 500_000)


async def no_http(_seen: Seen, line: Line) -> None:
    await line.send(b"SSH-2.0-OpenSSH_9.2\r\n")
    line.abort()


def status(code: str, body: bytes = b"", **headers: str) -> Behaviour:
    """Answers every request with one status."""

    async def answer(_seen: Seen, line: Line) -> None:
        await line.reply(body, code, **headers)

    return answer
