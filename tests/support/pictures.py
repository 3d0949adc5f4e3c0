"""A picture to send."""

from __future__ import annotations

import base64
import struct
import zlib


def red_square(side: int = 8) -> bytes:
    """A PNG file of ``side`` by ``side`` red pixels."""
    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    rows = (b"\0" + b"\xff\0\0" * side) * side
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    )


def as_data_url(png: bytes) -> str:
    """The picture as clients put it into an ``image_url``."""
    return "data:image/png;base64," + base64.b64encode(png).decode()
