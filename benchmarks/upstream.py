"""A model server that thinks for no time: the answers are ready before the questions.

A chat completion of 560 bytes for every POST, a stream of eight pieces, a millisecond apart, when a short one asks for
a stream, and a list of models for every GET. Runs as a process of its own, prints its port, ends with its input.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import cast

from httptools import HttpRequestParser

PIECES = 8
PIECE_SECONDS = 0.001
_SHORT = 8_192
"""Whoever asks for a stream does it in fewer bytes, so nobody searches a megabyte."""

_WORDS = "All is well: the list is read to its end, and what was in the way has gone. " * 4
_ANSWER = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1_790_000_000,
    "model": "ready",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": _WORDS}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 70, "completion_tokens": 72, "total_tokens": 142},
}
_MODELS = {"object": "list", "data": [{"id": "model-router", "object": "model", "created": 1, "owned_by": "bench"}]}


def _plain(body: object) -> bytes:
    raw = json.dumps(body, separators=(",", ":")).encode()
    return b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%b" % (len(raw), raw)


def _event(delta: dict[str, str], reason: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": reason}
    chunk = {**_ANSWER, "object": "chat.completion.chunk", "choices": [choice], "usage": None}
    event = b"data: %b\n\n" % json.dumps(chunk, separators=(",", ":")).encode()
    return b"%x\r\n%b\r\n" % (len(event), event)


_PLAIN = _plain(_ANSWER)
_LIST = _plain(_MODELS)
_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
_STREAM = (
    _HEAD + _event({"role": "assistant", "content": "All"}),
    *(_event({"content": " is well"}) for _ in range(PIECES - 2)),
    _event({}, "stop") + b"e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n",
)


class Answering(asyncio.Protocol):
    """One connection. Bodies are counted by the parser and never put together."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is none by class
        self._parser = HttpRequestParser(self)
        self._streams = False
        self._loop = asyncio.get_running_loop()

    def data_received(self, data: bytes) -> None:
        if len(data) < _SHORT and (b'"stream":true' in data or b'"stream": true' in data):
            self._streams = True
        self._parser.feed_data(data)

    def on_message_complete(self) -> None:
        """A request is whole."""
        if self._parser.get_method() == b"GET":
            self._transport.write(_LIST)
        elif self._streams:
            self._streams = False
            self._go_on(0)
        else:
            self._transport.write(_PLAIN)

    def _go_on(self, number: int) -> None:
        if self._transport.is_closing():
            return
        self._transport.write(_STREAM[number])
        if number + 1 < len(_STREAM):
            self._loop.call_later(PIECE_SECONDS, self._go_on, number + 1)


@contextlib.contextmanager
def running() -> Iterator[int]:
    """The server in a process of its own; its port."""
    command = [sys.executable, str(Path(__file__))]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield int(process.stdout.readline())
        finally:
            process.stdin.close()
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()


async def _serve() -> None:
    loop = asyncio.get_running_loop()
    listener = await loop.create_server(Answering, "127.0.0.1", 0, backlog=512)
    print(listener.sockets[0].getsockname()[1], flush=True)
    ended = asyncio.Event()
    loop.add_reader(sys.stdin.fileno(), ended.set)
    await ended.wait()
    listener.close()


def _main() -> None:
    """Run by path, without the rest of the package, so the loop is chosen here."""
    factory: Callable[[], asyncio.AbstractEventLoop] = asyncio.new_event_loop
    with contextlib.suppress(ImportError):
        factory = importlib.import_module("uvloop").new_event_loop
    with asyncio.Runner(loop_factory=factory) as runner:
        runner.run(_serve())


if __name__ == "__main__":
    _main()
