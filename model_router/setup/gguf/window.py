"""Bytes of a large file, a piece at a time.

Not a memory map: a file that shrinks, or a share that goes away, while it is mapped ends the process.
"""

from __future__ import annotations

import os
import struct
from typing import BinaryIO

from model_router.errors import SetupError

_PIECE = 1 << 12

_U32 = struct.Struct("<I").unpack_from
_U64 = struct.Struct("<Q").unpack_from


class Window:
    """``data`` holds the bytes of the file from ``base`` on. Reading beyond the end raises ``SetupError``."""

    def __init__(self, stream: BinaryIO, name: str) -> None:
        self.name = name
        self.size = os.fstat(stream.fileno()).st_size
        self.base = 0
        self.data = b""
        self._stream = stream

    def wrong(self, what: str) -> SetupError:
        """The error that says what is wrong with this file."""
        return SetupError(f"{self.name} is no GGUF model that can be read: {what}", "Fetch the file again.")

    def at(self, place: int, length: int) -> int:
        """Where in ``data`` the bytes from ``place`` on stand, ``length`` of them at least."""
        start = place - self.base
        if start >= 0 and start + length <= len(self.data):
            return start
        if place + length > self.size:
            raise self.wrong("it ends too early")
        self._stream.seek(place)
        self.data = self._stream.read(max(length, _PIECE))
        self.base = place
        if len(self.data) < length:
            raise self.wrong("it ends too early")
        return 0

    def peek(self, place: int, length: int) -> bytes:
        """The bytes from ``place`` on, fewer at the end of the file; ``data`` stays."""
        if place >= self.size:
            return b""
        self._stream.seek(place)
        return self._stream.read(length)

    def u32(self, place: int) -> int:
        """Four bytes as a number."""
        start = self.at(place, 4)
        return int(_U32(self.data, start)[0])

    def u64(self, place: int) -> int:
        """Eight bytes as a number."""
        start = self.at(place, 8)
        return int(_U64(self.data, start)[0])

    def slice(self, place: int, length: int) -> bytes:
        """The bytes themselves."""
        start = self.at(place, length)
        return self.data[start : start + length]
