"""Answers every request with the same chat completion, as fast as it can. Prints its port; ends with its input."""

from __future__ import annotations

import asyncio
import sys

from httptools import HttpRequestParser

_BODY = (
    b'{"id":"c","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"message":{"role":"assistant",'
)
_BODY += (
    b'"content":"' + b"all well " * 40 + b'"},"finish_reason":"stop"}],"usage":{"prompt_tokens":7,"total_tokens":9}}'
)
ANSWER = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%b" % (len(_BODY), _BODY)


class Answering(asyncio.Protocol):
    """One connection."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._parser = HttpRequestParser(self)

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_message_complete(self) -> None:
        """A request is whole."""
        self._transport.write(ANSWER)


async def main() -> None:
    """Serve until the standard input ends."""
    loop = asyncio.get_running_loop()
    listener = await loop.create_server(Answering, "127.0.0.1", 0)
    print(listener.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    listener.close()


if __name__ == "__main__":
    asyncio.run(main())
