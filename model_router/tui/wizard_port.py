"""The port that the wizard writes: the usual one, or where somebody else has it, the next that is free."""

from __future__ import annotations

from dataclasses import dataclass

from model_router.config.proxy import ListenConfig
from model_router.tui.session import Phase, Session

_LAST = 65_535


@dataclass(frozen=True, slots=True)
class PortChoice:
    """``port`` goes into the file. ``taken`` is the one that was wanted, where another program has it, else 0."""

    port: int
    taken: int = 0

    @property
    def words(self) -> str:
        """Why it is this port, in one sentence; empty when it is the one that was wanted."""
        if not self.taken:
            return ""
        return f"Port {self.taken} is taken by another program, so the file will say {self.port}, which is free."


def own_port(session: Session) -> int:
    """The port that this session's gateway listens on or is configured for; 0 when there is none of its own."""
    gateway = session.gateway
    return 0 if gateway is None or session.is_demo else gateway.config.proxy.port


def choose_port(session: Session, wanted: int = 0) -> PortChoice:
    """``wanted``, or without it the gateway's own port or the usual one; the next free one where it is taken.

    Called from a worker thread: ports are tried.
    """
    own = own_port(session)
    wanted = wanted or own or ListenConfig().port
    if wanted == own and session.phase is Phase.SERVING:
        return PortChoice(wanted)
    free = (port for port in range(wanted, min(wanted + 100, _LAST + 1)) if session.workshop.port_is_free(port))
    port = next(free, wanted)
    return PortChoice(port, wanted if port != wanted else 0)


def read_port(text: str) -> int:
    """A port as a person writes it; 0 when it is none."""
    return int(text) if text.isascii() and text.isdecimal() and 0 < int(text) <= _LAST else 0
