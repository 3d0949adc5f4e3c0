"""What comes from the client: headers, the body within its limits, and the news that it has left."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

from model_router.config.proxy import LimitsConfig
from model_router.server.headers import RawHeaders
from model_router.server.later import Later
from model_router.server.outlet import ClientLeft, Outlet
from model_router.server.refusal import Refusal

Receive: TypeAlias = Callable[[], Awaitable[dict[str, Any]]]

_UNREAD_SECONDS = 2.0


class Intake:
    """One request's. ``headers`` as bytes, ``text_headers`` as text; of a repeated header the last counts there."""

    def __init__(self, receive: Receive, headers: RawHeaders, limits: LimitsConfig) -> None:
        self.headers = headers
        self.text_headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in headers}
        self.left = False
        self._receive = receive
        self._limits = limits
        self._complete = False
        self._later: Later | None = None
        self._task: asyncio.Task[Any] | None = None
        self._outlet: Outlet | None = None
        self._listener: asyncio.Task[None] | None = None

    async def read(self) -> bytes:
        """The whole body.

        Raises:
            Refusal: 413 or 408, when it is too large or takes too long.
            ClientLeft: it never came.
        """
        limit = self._limits.max_body_bytes
        length = self.text_headers.get("content-length", "")
        if length.isdigit() and int(length) > limit:
            raise self._too_large()
        piece, more = await self._next()  # mostly the whole; the server itself ends a client that sends nothing at all
        pieces, size = [piece], len(piece)
        if size > limit:
            raise self._too_large()
        if not more:
            return piece
        try:
            async with asyncio.timeout(self._limits.request_seconds):
                while more:
                    piece, more = await self._next()
                    pieces.append(piece)
                    size += len(piece)
                    if size > limit:
                        raise self._too_large()
        except TimeoutError:
            seconds = f"{self._limits.request_seconds:g}"
            message = f"The request was not complete within {seconds} s (limits.request_seconds); send it again."
            raise Refusal(408, message, code="request_timeout") from None
        return b"".join(pieces)

    async def skip(self) -> None:
        """Take in what the client is still sending, for a moment: an answer amid its sending would be lost to it."""
        if self._complete or self.left:
            return
        try:
            async with asyncio.timeout(_UNREAD_SECONDS):
                more = True
                while more:
                    _, more = await self._next()
        except (TimeoutError, ClientLeft):
            pass

    def watch(self, outlet: Outlet, later: Later, task: asyncio.Task[Any]) -> None:
        """The task is cancelled when the client leaves; ``left`` says that this was why.

        It is not when the answer is out, or outlives the client. Most answers are quick: only of those that are not
        does anybody listen whether the client is still there.
        """
        self._outlet, self._later, self._task = outlet, later, task
        later.add(self)

    def grow_late(self) -> None:
        """The answer takes its time: listen, and give signs of life."""
        task, outlet = self._task, self._outlet
        if task is not None and outlet is not None:
            self._listener = asyncio.get_running_loop().create_task(self._listen(task, outlet))
            outlet.watch_silence()

    def close(self) -> None:
        """Stop listening. A cancelled task holds on to where it was, which is here, so it is let go of."""
        if self._later is not None:
            self._later.discard(self)
            self._later = self._task = self._outlet = None
        if self._listener is not None:
            self._listener.cancel()
            self._listener = None

    async def _listen(self, task: asyncio.Task[Any], outlet: Outlet) -> None:
        message = await self._receive()
        while message["type"] != "http.disconnect":
            message = await self._receive()
        if outlet.finished:
            return
        self.left = True
        if outlet.outlives:
            outlet.abandon()
        else:
            task.cancel()

    async def _next(self) -> tuple[bytes, bool]:
        """The next piece, and whether there are more."""
        message = await self._receive()
        if message["type"] == "http.disconnect":
            self.left = True
            raise ClientLeft
        more = bool(message.get("more_body", False))
        self._complete = not more
        return message.get("body", b""), more

    def _too_large(self) -> Refusal:
        limit = self._limits.max_body_bytes
        return Refusal(413, f"The body is larger than {limit} bytes (limits.max_body_bytes).", code="body_too_large")
