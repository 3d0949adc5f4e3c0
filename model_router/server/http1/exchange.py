"""One request and its answer, as an ASGI application sees them."""

from __future__ import annotations

import asyncio
import enum
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote

from model_router.server.http1.parser import Request
from model_router.server.http1.response import CONTINUE, Fields, read_fields, status_line
from model_router.server.refusal import Refusal

if TYPE_CHECKING:
    from model_router.server.http1.connection import Connection

_APART: Final = 65_536
"""Bodies from this size on are handed to the transport beside their head instead of being copied behind it."""

_BREATH: Final = 16
"""After so many pieces the others on the loop have their turn, however fast the client reads."""

_LEAVE_SECONDS: Final = 0.05
_LAST_CHUNK: Final = b"0\r\n\r\n"


class ClientLeft(ConnectionResetError):
    """``send`` was called although nobody is there any more."""


class _Stage(enum.Enum):
    WAITING = enum.auto()  # for http.response.start
    HELD = enum.auto()  # the head is known; it goes out with the first piece of the body
    OPEN = enum.auto()
    FINISHED = enum.auto()


class _Framing(enum.Enum):
    NOTHING = enum.auto()  # a head without a body
    LENGTH = enum.auto()
    CHUNKED = enum.auto()
    UNTIL_CLOSE = enum.auto()


# Read for each message; an enumeration's attributes are slow before Python 3.12.
_WAITING, _HELD, _OPEN, _FINISHED = _Stage
_NOTHING, _LENGTH, _CHUNKED, _UNTIL_CLOSE = _Framing


class Exchange:
    """Made when the application is about to be called; ``keep`` says whether the connection may go on afterwards.

    ``finished`` says that the answer is complete, ``cut`` that the server has answered in the application's place, or
    given the client up.
    """

    status = 0
    keep = False
    cut = False
    finished = False
    _stage = _WAITING
    _framing = _NOTHING
    _line = b""
    _fields: Fields = (b"", None, False, ())
    _left = 0  # bytes of the body that the content length still promises
    _pieces = 0
    _told_all = False

    def __init__(self, connection: Connection, request: Request) -> None:
        self._connection = connection
        self.request = request

    async def run(self) -> None:
        """Call the application, and see to it that the client gets an answer, or sees that it is broken."""
        connection = self._connection
        scope = self._scope()
        logs_access = connection.listener.logs_access
        began = time.time() if logs_access else 0.0
        try:
            await connection.app(scope, self.receive, self.send)
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise
            await connection.config.log.error("The application cancelled itself in %s", _name(scope))
            self._fail()
        except Exception as error:  # noqa: BLE001 - an application's errors end its request, and are logged
            if not _is_leaving(error):
                await connection.config.log.exception("Error in %s", _name(scope))
            self._fail()
        else:
            if not (self.finished or self.cut):
                if not connection.left:
                    await connection.config.log.error("No whole answer to %s", _name(scope))
                self._fail()
        if logs_access:
            answer: Any = {"status": self.status, "headers": []} if self.status else None
            await connection.config.log.access(scope, answer, time.time() - began)  # type: ignore[arg-type]  # a plain dict

    def refuse(self, refusal: Refusal) -> None:
        """Answer in the application's place when it has not begun; it sees a client that leaves."""
        if self._stage in (_WAITING, _HELD) and not self.cut:
            self.cut = True
            self.status = refusal.status
            self._connection.answer_error(refusal, head_only=self.request.method == "HEAD")
        self.keep = False
        self.request.wake()

    async def receive(self) -> dict[str, Any]:
        """ASGI's ``receive``: what has come of the body, then the client's leaving."""
        request, connection = self.request, self._connection
        while True:
            if self.finished or self.cut:
                return {"type": "http.disconnect"}
            if request.complete:
                if not self._told_all:
                    return self._body()
                if connection.left:
                    return {"type": "http.disconnect"}
                await request.changed(connection.loop)
            elif connection.left or request.broken is not None:
                return {"type": "http.disconnect"}
            elif request.pieces:
                return self._body()
            else:
                if request.expects:
                    request.expects = False
                    if self._stage is not _OPEN and not request.received:
                        connection.write(CONTINUE)
                await connection.more_body(request)

    def _body(self) -> dict[str, Any]:
        request = self.request
        body = request.take()
        if self._connection.read_paused:
            self._connection.read_on()
        self._told_all = request.complete and not request.pieces
        return {"type": "http.request", "body": body, "more_body": not self._told_all}

    async def send(self, message: dict[str, Any]) -> None:
        """ASGI's ``send``; waits while the client does not read.

        Raises:
            ClientLeft: nobody is there any more, and the application has not taken notice for a while.
            ValueError: the head has something in it that cannot be sent.
            RuntimeError: the messages come in an order, or with a length, that makes no answer.
        """
        connection = self._connection
        if self.cut or connection.lost or connection.transport.is_closing():
            # An application that listens is ended by what it hears; this is for one that does not.
            await asyncio.sleep(_LEAVE_SECONDS)
            raise ClientLeft("the client left")
        kind = message["type"]
        stage = self._stage
        if kind == "http.response.body" and (stage is _HELD or stage is _OPEN):
            self._write(message.get("body", b""), more=message.get("more_body", False))
            self._pieces += 1
            if connection.write_paused:
                await connection.drained()
                if connection.write_paused:  # what was not read is lost
                    raise ClientLeft("the client left")
            elif not self._pieces % _BREATH:
                await asyncio.sleep(0)
        elif kind == "http.response.start" and stage is _WAITING:
            self._line = status_line(message["status"])
            self._fields = read_fields(message.get("headers", ()))
            self.status = message["status"]
            self._stage = _HELD
        else:
            raise RuntimeError(f"the application sent {kind} when the answer was {stage.name.lower()}")

    def _write(self, body: bytes, *, more: bool) -> None:
        if type(body) is not bytes:
            body = bytes(body)
        size = len(body)
        head = self._open(size, more=more) if self._stage is _HELD else b""
        framing = self._framing
        data: bytes | Sequence[bytes]
        if framing is _CHUNKED:
            data = _chunk(head, body, more=more)
        elif framing is _NOTHING:
            data = head
        else:
            if framing is _LENGTH:
                self._left -= size
                if self._left < 0 or (self._left and not more):
                    raise RuntimeError("the answer's body has not the length that its head says")
            data = (head, body) if size >= _APART else head + body
        connection = self._connection
        if head:
            self._stage = _OPEN
        if data:
            connection.write(data)
        if not more:
            self._stage = _FINISHED
            self.finished = True
            connection.answered(self)

    def _open(self, size: int, *, more: bool) -> bytes:
        """Settle how the answer is framed and whether the connection goes on; the head."""
        request, connection, status = self.request, self._connection, self.status
        lines, length, close, given = self._fields
        if status in {204, 304} or request.method == "HEAD":
            self._framing = _NOTHING
            if status == 204:
                length = None
        elif length is not None or not more:
            self._framing = _LENGTH
            length = size if length is None else length
            self._left = length
        elif request.version == "1.1":
            self._framing = _CHUNKED
        else:
            self._framing = _UNTIL_CLOSE
        self.keep = (
            request.keep_alive
            and not close
            and self._framing is not _UNTIL_CLOSE
            and (request.complete or not request.expects)
            and connection.keeps
        )
        framing = b""
        if length is not None:
            framing = b"\r\ncontent-length: %d" % length
        elif self._framing is _CHUNKED:
            framing = b"\r\ntransfer-encoding: chunked"
        if not self.keep:
            framing += b"\r\nconnection: close"
        elif request.version == "1.0":
            framing += b"\r\nconnection: keep-alive"
        common = connection.listener.common
        return b"%b%b%b%b\r\n\r\n" % (
            self._line,
            lines,
            framing,
            common.without(given) if given else common.lines(),
        )

    def _fail(self) -> None:
        """The application has ended, perhaps without a whole answer."""
        if self.finished or self.cut:
            return
        if self._stage is not _OPEN and not self._connection.left:
            message = "The server failed on this request; its log says more."
            self.refuse(Refusal(500, message, kind="server_error", code="internal_error"))
        else:
            self.cut = True
            self._connection.break_answer(framed=self._framing is not _UNTIL_CLOSE)

    def _scope(self) -> dict[str, Any]:
        request, connection = self.request, self._connection
        headers = request.headers
        path, _, query = request.target.partition(b"?")
        if path[:1] != b"/" and b"://" in path:  # the form for forward proxies, which servers have to take too
            host, _, path = path.partition(b"://")[2].partition(b"/")
            path = b"/" + path
            headers = [(b"host", host), *(pair for pair in headers if pair[0] != b"host")]  # the header does not count
        text = path.decode("ascii", "replace")
        return {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.4"},
            "http_version": request.version,
            "method": request.method,
            "scheme": "http",
            "path": unquote(text) if "%" in text else text,
            "raw_path": path,
            "query_string": query,
            "root_path": connection.listener.root_path,
            "headers": headers,
            "client": connection.client,
            "server": connection.server,
            "state": dict(connection.state),
            "extensions": {},
        }


def _chunk(head: bytes, body: bytes, *, more: bool) -> bytes | Sequence[bytes]:
    """What is still to be sent of the head, the piece as a chunk, and the last chunk when no more comes."""
    size = len(body)
    if not size:
        return head if more else head + _LAST_CHUNK
    tail = b"\r\n" if more else b"\r\n" + _LAST_CHUNK
    if size >= _APART:
        return (head + b"%x\r\n" % size, body, tail)
    return b"%b%x\r\n%b%b" % (head, size, body, tail)


def _is_leaving(error: BaseException) -> bool:
    """Whether an error says only that the client has left; groups of tasks wrap it."""
    if isinstance(error, BaseExceptionGroup):
        return all(_is_leaving(each) for each in error.exceptions)
    return isinstance(error, ClientLeft)


def _name(scope: dict[str, Any]) -> str:
    """A request, for the log: as it came, so that there is no line break in it, and without the query."""
    return f"{scope['method']} {scope['raw_path'].decode('ascii', 'replace')}"
