"""The port that the wizard writes: this gateway's own, the usual one, or where another program has it the next free."""

from __future__ import annotations

from model_router.config.proxy import ListenConfig
from model_router.setup.own_ports import LAST_PORT, PortChoice, choose_port
from model_router.tui.session import Phase, Session


def own_port(session: Session) -> int:
    """The port that this session's gateway listens on or is configured for; 0 when there is none of its own."""
    gateway = session.gateway
    return 0 if gateway is None or session.is_demo else gateway.config.proxy.port


def session_port(session: Session, wanted: int = 0) -> PortChoice:
    """``wanted``, or without it the gateway's own port or the usual one; the next free one where it is taken.

    Called from a worker thread: ports are tried.
    """
    own = own_port(session)
    wanted = wanted or own or ListenConfig().port
    if wanted == own and session.phase is Phase.SERVING:
        return PortChoice(wanted)
    return choose_port(wanted, session.workshop.port_is_free)


def read_port(text: str) -> int:
    """A port as a person writes it; 0 when it is none."""
    return int(text) if text.isascii() and text.isdecimal() and 0 < int(text) <= LAST_PORT else 0
