"""A port for the gateway that a configuration is written for, and one for each server that has to be started for it: no
two can listen on one."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from urllib.parse import urlsplit, urlunsplit

from model_router.engine.routes import Route
from model_router.setup.survey import Survey
from model_router.setup.wizard import LLAMA_SERVER, Offer

_TRIED = 32
"""So many ports from the usual one on: more than there are servers to start, and other programs beside them."""


LAST_PORT = 65_535


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


def choose_port(wanted: int, is_free: Callable[[int], bool]) -> PortChoice:
    """``wanted``, or where it is taken the next that is free; ``is_free`` tells, and tries them."""
    port = next(filter(is_free, range(wanted, min(wanted + 100, LAST_PORT + 1))), wanted)
    return PortChoice(port, wanted if port != wanted else 0)


def ports_in_use(found: Survey, is_free: Callable[[int], bool]) -> frozenset[int]:
    """Where the servers listen that run already, and those of the ports for servers to be started that another program
    has; ``is_free`` tells."""
    ports = (urlsplit(server.address).port for server in found.servers or ())
    usual = urlsplit(LLAMA_SERVER).port or 0
    others = (port for port in range(usual, usual + _TRIED) if not is_free(port))
    return frozenset(port for port in (*ports, *others) if port is not None)


def own_ports(answers: Mapping[Route, Offer | None], busy: Collection[int]) -> dict[Route, Offer | None]:
    """The answers, with the next free port for every command but the first that would take the same.

    ``busy`` are ports that something else has or will have. The command says the port where it is not its usual one.
    """
    ports: dict[str, int] = {}
    for offer in answers.values():
        if offer is not None and offer.serve and offer.serve not in ports:
            ports[offer.serve] = free_port({*busy, *ports.values()}, offer.pick.base_url)
    return {
        route: _moved(offer, ports[offer.serve]) if offer is not None and offer.serve else offer
        for route, offer in answers.items()
    }


def _moved(offer: Offer, port: int) -> Offer:
    moved = at_port(offer.pick.base_url, port)
    return replace(offer, pick=replace(offer.pick, base_url=moved), serve=serve_at(offer.serve, moved))


def free_port(busy: Collection[int], address: str = LLAMA_SERVER) -> int:
    """The port of an address, or the next that is not ``busy``."""
    port = urlsplit(address).port or 0
    while port in busy:
        port += 1
    return port


def at_port(address: str, port: int) -> str:
    """The same address with another port."""
    parts = urlsplit(address)
    return urlunsplit(parts._replace(netloc=f"{parts.hostname}:{port}"))


def serve_at(command: str, address: str) -> str:
    """The command of a llama-server that listens at ``address``; it says the port where it is not the usual one."""
    port = urlsplit(address).port
    return command if port == urlsplit(LLAMA_SERVER).port else f"{command} --port {port}"
