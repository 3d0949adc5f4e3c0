"""Small questions to servers on loopback, with little patience.

The standard library's client: it starts at once, knows no proxies and follows nothing elsewhere.
"""

from __future__ import annotations

import http.client
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

_MOST_BYTES = 4 << 20


@dataclass(frozen=True, slots=True)
class Answer:
    """``status`` is 0 when nobody answered; ``value`` is ``None`` when it was no JSON."""

    status: int = 0
    value: Any = None

    def object(self) -> dict[str, Any]:
        """The JSON object of a good answer; empty for anything else."""
        return self.value if 200 <= self.status < 300 and isinstance(self.value, dict) else {}

    def rows(self, key: str) -> list[dict[str, Any]]:
        """The objects in a list of that object."""
        listed = self.object().get(key)
        return [row for row in listed if isinstance(row, dict)] if isinstance(listed, list) else []


class Questioner:
    """Asks one server, for at most ``seconds`` in all."""

    def __init__(self, host: str, port: int, seconds: float) -> None:
        self._host = host
        self._port = port
        self._deadline = time.monotonic() + seconds

    def get(self, path: str) -> Answer:
        """One request; nobody there, no answer in time and nonsense are all an ``Answer`` without a value."""
        left = self._deadline - time.monotonic()
        if left <= 0:
            return Answer()
        connection = http.client.HTTPConnection(self._host, self._port, timeout=left)
        try:
            connection.request("GET", path, headers={"accept": "application/json", "connection": "close"})
            response = connection.getresponse()
            return Answer(response.status, _parsed(self._body(response, connection)))
        except (OSError, http.client.HTTPException, ValueError):
            return Answer()
        finally:
            connection.close()

    def _body(self, response: http.client.HTTPResponse, connection: http.client.HTTPConnection) -> bytes:
        """All of it, unless it is endless or drips."""
        pieces: list[bytes] = []
        length = 0
        while piece := response.read1(1 << 16):
            pieces.append(piece)
            length += len(piece)
            left = self._deadline - time.monotonic()
            if length > _MOST_BYTES or left <= 0:
                return b""
            if connection.sock is not None:
                connection.sock.settimeout(left)
        return b"".join(pieces)


def _parsed(raw: bytes) -> Any:
    try:
        return msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def count(row: Mapping[str, Any], *keys: str) -> int | None:
    """The first of these members that is a whole number above 0."""
    for key in keys:
        value = row.get(key)
        if isinstance(value, int) and not isinstance(value, bool) and value > 0:
            return value
    return None


def text(row: Mapping[str, Any], *keys: str) -> str:
    """The first of these members that is a text with something in it."""
    for key in keys:
        value = row.get(key)
        if isinstance(value, str) and value:
            return value
    return ""


def member(row: Mapping[str, Any], key: str) -> dict[str, Any]:
    """The object that is this member; an empty one when it is none."""
    value = row.get(key)
    return value if isinstance(value, dict) else {}
