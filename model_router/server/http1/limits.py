"""What one client may ask of the server before it is turned away."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class HttpLimits:
    """Sizes in bytes, times in seconds; how long an idle connection is kept is Hypercorn's ``keep_alive_timeout``.

    ``connections`` are fewer where the process may not open so many files. ``unread_bytes`` of a body wait for the
    application, then the client has to wait too, and its leaving is seen only when the application reads on.
    ``head_seconds`` count from a head's first byte, or from the connection's start; ``body_seconds`` and
    ``write_seconds`` from the last sign of progress. For ``linger_seconds`` a client that is still sending after its
    answer is listened to: closed at once, the answer would be lost to it.
    """

    connections: int = 4096
    head_bytes: int = 65_536
    header_count: int = 200
    unread_bytes: int = 262_144
    head_seconds: float = 15.0
    body_seconds: float = 60.0
    write_seconds: float = 120.0
    linger_seconds: float = 2.0
