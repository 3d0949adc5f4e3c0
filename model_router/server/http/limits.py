"""How long each step of an exchange may take."""

from __future__ import annotations

from typing import NamedTuple


class Limits(NamedTuple):
    """Seconds, or None for no limit.

    ``read`` bounds each silence, not the whole answer; ``write`` bounds the time in which the other side takes in
    nothing; ``pool`` bounds the wait for a connection when all are in use.
    """

    connect: float | None = None
    read: float | None = None
    write: float | None = None
    pool: float | None = None
