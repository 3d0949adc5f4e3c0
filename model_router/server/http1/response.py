"""Heads of answers as bytes."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable
from functools import lru_cache
from http import HTTPStatus
from typing import Final

from hypercorn.config import Config

from model_router.server.refusal import Refusal

CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"

_STATUS_LINES: Final = {status.value: f"HTTP/1.1 {status.value} {status.phrase}".encode() for status in HTTPStatus}
_TOKEN: Final = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_LENGTH, _CODING, _CONNECTION, _COMMON = 1, 2, 3, 4
_KINDS: Final = {
    b"content-length": _LENGTH,
    b"transfer-encoding": _CODING,
    b"connection": _CONNECTION,
    b"date": _COMMON,
    b"server": _COMMON,
}


Fields = tuple[bytes, int | None, bool, tuple[bytes, ...]]
"""An application's headers: the lines of those that do not frame the answer; its content length; whether it wants the
connection closed; and the names of headers that the server would add and the application gave itself."""


def read_fields(headers: Iterable[tuple[bytes, bytes]]) -> Fields:
    """Check the headers of an answer.

    A content length is dropped when the application chunks; the server frames the answer anyway.

    Raises:
        ValueError: a header has a line break in it, or says something about the framing that cannot be.
    """
    lines: list[bytes] = []
    length: int | None = None
    chunked = close = False
    common: tuple[bytes, ...] = ()
    for name, value in headers:
        start, kind = _start(name)
        if kind == 0:
            lines.append(start + value)
        elif kind == _LENGTH:
            if length is not None or not value.isdigit():
                raise ValueError("the answer's content-length is given twice, or is no number")
            length = int(value)
        elif kind == _CODING:
            if value.lower() != b"chunked":
                raise ValueError(f"the answer's transfer-encoding {value!r} is not supported")
            chunked = True
        elif kind == _CONNECTION:
            close = close or b"close" in value.lower()
        else:
            common += (name.lower(),)
            lines.append(start + value)
    block = b"".join(lines)
    if block.count(b"\n") != len(lines) or block.count(b"\r") != len(lines) or b"\0" in block:
        raise ValueError("a header of the answer has a line break in it")
    return block, None if chunked else length, close, common


def status_line(status: int) -> bytes:
    """Without the line's end.

    Raises:
        ValueError: the status is not one of a final answer.
    """
    line = _STATUS_LINES.get(status)
    if line is None or status < 200:
        if not 200 <= status <= 999:
            raise ValueError(f"{status} is not the status of an answer")
        line = b"HTTP/1.1 %d " % status
    return line


def error_answer(refusal: Refusal, common: bytes, *, head_only: bool = False) -> bytes:
    """The whole answer to a request that does not reach the application; the connection ends with it."""
    body = refusal.body()
    return b"%b\r\ncontent-type: application/json\r\ncontent-length: %d\r\nconnection: close%b\r\n\r\n%b" % (
        status_line(refusal.status),
        len(body),
        common,
        b"" if head_only else body,
    )


class CommonFields:
    """The lines that Hypercorn's settings add to each answer, made once a second."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._second = 0
        self._lines = b""

    def lines(self) -> bytes:
        """All of them."""
        second = int(time.time())
        if second != self._second:
            self._second = second
            self._lines = self.without(())
        return self._lines

    def without(self, names: tuple[bytes, ...]) -> bytes:
        """All but those of these names."""
        headers = self._config.response_headers("h11")
        return b"".join(b"\r\n%b: %b" % (name, value) for name, value in headers if name not in names)


@lru_cache(maxsize=512)
def _start(name: bytes) -> tuple[bytes, int]:
    """How a header's line begins, and what the server has to do with it."""
    if not _TOKEN.fullmatch(name):
        raise ValueError(f"{name!r} is not the name of a header")
    name = name.lower()
    return b"\r\n" + name + b": ", _KINDS.get(name, 0)
