"""The model servers of the soak: one that works, and one for each way in which they fail."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from benchmarks.listener import Listener

_DONE = b"data: [DONE]\n\n"
_WORDS = ("one ", "two ", "three")
_MESSAGE = {"id": "m", "type": "message", "role": "assistant", "model": "m", "stop_reason": None}
_RESPONSE = {"id": "r", "object": "response", "created_at": 1, "model": "m"}


@dataclass(frozen=True, slots=True)
class Asked:
    """One request: the path behind ``/v1``, and what it says of streams."""

    path: str
    stream: bool


Handler = Callable[[Asked, asyncio.StreamWriter], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Kind:
    """One way to fail. ``settings`` are those of the backend; ``breaks``: streams, after their first words."""

    handler: Handler | None
    settings: Mapping[str, Any] = field(default_factory=dict)
    breaks: bool = False


def _event(data: Any, name: str = "") -> bytes:
    return (f"event: {name}\n" if name else "").encode() + b"data: " + json.dumps(data).encode() + b"\n\n"


def _chat(delta: dict[str, Any], finish: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return _event({"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]})


def events(path: str) -> list[bytes]:
    """A whole stream in a protocol; its last two pieces end it."""
    if path == "/messages":
        start = {"type": "message_start", "message": {**_MESSAGE, "content": [], "usage": {"input_tokens": 7}}}
        block = {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}
        deltas = [
            {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": word}}
            for word in _WORDS
        ]
        stop = {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 3}}
        said = [start, block, *deltas, {"type": "content_block_stop", "index": 0}, stop, {"type": "message_stop"}]
        return [_event(one, str(one["type"])) for one in said]
    if path == "/responses":
        pieces = [{"type": "response.output_text.delta", "delta": word} for word in _WORDS]
        done = {"type": "response.completed", "response": {**_RESPONSE, "status": "completed", "output": []}}
        begun = {"type": "response.created", "response": {**_RESPONSE, "status": "in_progress", "output": []}}
        return [_event(one, str(one["type"])) for one in (begun, *pieces, done)]
    return [*(_chat({"content": word}) for word in _WORDS), _chat({}, "stop"), _DONE]


def whole(path: str) -> bytes:
    """A plain answer in a protocol."""
    if path == "/messages":
        return json.dumps(
            {**_MESSAGE, "content": [{"type": "text", "text": "all"}], "stop_reason": "end_turn"}
        ).encode()
    if path == "/messages/count_tokens":
        return b'{"input_tokens": 12}'
    if path == "/responses":
        return json.dumps({**_RESPONSE, "status": "completed", "output": []}).encode()
    message = {"role": "assistant", "content": "all"}
    choice = {"index": 0, "finish_reason": "stop", "message": message}
    return json.dumps({"id": "c", "object": "chat.completion", "model": "m", "choices": [choice]}).encode()


def _head(status: str, length: int | None, kind: str, more: str = "") -> bytes:
    framing = "Transfer-Encoding: chunked" if length is None else f"Content-Length: {length}"
    return f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\n{framing}\r\n{more}\r\n".encode()


def _reply(body: bytes, status: str = "200 OK", more: str = "") -> bytes:
    return _head(status, len(body), "application/json", more) + body


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


_STREAM = _head("200 OK", None, "text/event-stream")
_END = b"0\r\n\r\n"


def _says(status: str, body: bytes = b'{"error": {"message": "not now"}}', more: str = "") -> Handler:
    async def handler(_asked: Asked, writer: asyncio.StreamWriter) -> None:
        writer.write(_reply(body, status, more))

    return handler


def _works(more: str = "", pause: float = 0.0) -> Handler:
    async def handler(asked: Asked, writer: asyncio.StreamWriter) -> None:
        if not asked.stream:
            await asyncio.sleep(pause)
            writer.write(_reply(whole(asked.path), more=more))
            return
        writer.write(_head("200 OK", None, "text/event-stream", more))
        for piece in events(asked.path):
            writer.write(_chunk(piece))
            if pause:
                await writer.drain()
                await asyncio.sleep(pause)
        writer.write(_END)

    return handler


def _streams(change: Callable[[list[bytes]], list[bytes]], *, cut: bool = False) -> Handler:
    """A stream that is changed, plain answers that break off; ``cut``: the connection is, at the end of either."""

    async def handler(asked: Asked, writer: asyncio.StreamWriter) -> None:
        if asked.stream:
            writer.write(_STREAM + b"".join(map(_chunk, change(events(asked.path)))))
            if not cut:
                writer.write(_END)
        else:
            body = whole(asked.path)
            writer.write(_head("200 OK", len(body), "application/json") + body[:20])
            cut_plain(writer)
            return
        await writer.drain()
        if cut:
            await asyncio.sleep(0.01)
            cut_plain(writer)

    def cut_plain(writer: asyncio.StreamWriter) -> None:
        writer.close()

    return handler


async def _hangs(_asked: Asked, writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(30)
    writer.close()


async def _drips(_asked: Asked, writer: asyncio.StreamWriter) -> None:
    """A byte at a time, and never an answer."""
    for byte in _STREAM + b": as slow as this goes on, nobody will live to see the end of it" * 20:
        writer.write(bytes([byte]))
        await writer.drain()
        await asyncio.sleep(0.05)


async def _promises_more(asked: Asked, writer: asyncio.StreamWriter) -> None:
    body = whole(asked.path)
    writer.write(_head("200 OK", len(body) + 50, "application/json") + body)
    await writer.drain()
    writer.close()


async def _sends_more(asked: Asked, writer: asyncio.StreamWriter) -> None:
    writer.write(_reply(whole(asked.path)) + b"and a little more")


async def _drops(_asked: Asked, writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()


async def _no_http(_asked: Asked, writer: asyncio.StreamWriter) -> None:
    writer.write(b"SSH-2.0-OpenSSH_9.2\r\n")
    writer.close()


_ERROR = b'event: error\ndata: {"code": 500, "message": "out of memory"}\n\n'
_HUGE = "X-Huge: " + "x" * 200_000 + "\r\n"
_HELD = {"first_byte_timeout_seconds": 0.3}

KINDS: Mapping[str, Kind] = {
    "good": Kind(_works()),
    "chat_only": Kind(_works(), {"protocols": ["chat"]}),
    "llama": Kind(_works("Server: llama.cpp\r\n")),
    "wordy": Kind(_works(pause=0.005)),
    "narrow": Kind(_works(pause=0.005), {"parallel": 2, "queue": 4}),
    "drained": Kind(_works(pause=0.005), {"abort": "drain", "parallel": 8}),
    "refused": Kind(None),
    "dropped": Kind(_drops),
    "hanging": Kind(_hangs, _HELD),
    "dripping": Kind(_drips, _HELD),
    "cut": Kind(_streams(lambda pieces: [*pieces[:2], pieces[2][:25]], cut=True), breaks=True),
    "unfinished": Kind(_streams(lambda pieces: pieces[:-2]), breaks=True),
    "no_events": Kind(_streams(lambda pieces: [pieces[0], b"data: {no json\n\n", *pieces[1:]]), breaks=True),
    "error_late": Kind(_streams(lambda pieces: [*pieces[:2], _ERROR, *pieces[2:]]), breaks=True),
    "error_first": Kind(_streams(lambda pieces: [_ERROR, *pieces])),
    "empty": Kind(_streams(lambda _: [])),
    "too_short": Kind(_promises_more),
    "too_long": Kind(_sends_more),
    "busy": Kind(_says("429 Too Many Requests", more="Retry-After: 0.01\r\n")),
    "busy_long": Kind(_says("429 Too Many Requests", more="Retry-After: 60\r\n")),
    "failing": Kind(_says("500 Internal Server Error")),
    "redirecting": Kind(_says("302 Found", more="Location: http://127.0.0.1:1/\r\n")),
    "huge_headers": Kind(_says("200 OK", more=_HUGE)),
    "no_http": Kind(_no_http),
}
"""By the name of the backend."""


class Servers:
    """All of them, listening. ``ports`` by name; ``open`` counts connections, ``busy`` requests under way."""

    def __init__(self) -> None:
        self.ports: dict[str, int] = {}
        self.open = 0
        self.busy = 0

    async def _serve(self, handler: Handler, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.open += 1
        try:
            while not writer.is_closing():
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                length = next(
                    (int(line[15:]) for line in head.split("\r\n") if line.lower().startswith("content-length:")), 0
                )
                body = await reader.readexactly(length)
                await self._answer(handler, head, body, reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass  # cancelled only at the end of all
        finally:
            self.open -= 1
            writer.close()
            with contextlib.suppress(ConnectionError, asyncio.CancelledError):
                await writer.wait_closed()

    async def _answer(
        self,
        handler: Handler,
        head: str,
        body: bytes,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        """Answer one request; give it up when the other side closes."""
        path = head.split(" ", 2)[1].removeprefix("/v1")
        self.busy += 1
        try:
            if path == "/models":
                writer.write(_reply(b'{"object": "list", "data": [{"id": "m"}]}'))
            elif body == b"{}":
                writer.write(_reply(b'{"error": {"message": "messages are missing"}}', "400 Bad Request"))
            else:
                answering = asyncio.ensure_future(handler(Asked(path, b'"stream":true' in body), writer))
                while not answering.done():
                    await asyncio.wait([answering], timeout=0.02)
                    if reader.at_eof() or reader.exception() is not None:
                        answering.cancel()
                        await asyncio.wait([answering])
                        return
                answering.result()
            await writer.drain()
        finally:
            self.busy -= 1


@contextlib.asynccontextmanager
async def running() -> AsyncIterator[Servers]:
    """Start all, stop them afterwards."""
    servers = Servers()
    listening: list[Listener] = []
    for name, kind in KINDS.items():
        handler = kind.handler
        if handler is None:
            continue
        listener = Listener(partial(servers._serve, handler))
        await listener.begin(limit=2**24)
        servers.ports[name] = listener.address[1]
        listening.append(listener)
    try:
        yield servers
    finally:
        await asyncio.gather(*(listener.end() for listener in listening))
        rest = asyncio.all_tasks() - {asyncio.current_task()}
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)
