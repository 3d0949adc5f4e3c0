"""A port for each server that has to be started for what was chosen: no two can listen on one."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from urllib.parse import urlsplit, urlunsplit

from model_router.engine.routes import Route
from model_router.setup.survey import Survey
from model_router.setup.wizard import LLAMA_SERVER, Offer

_TRIED = 32
"""So many ports from the usual one on: more than there are servers to start, and other programs beside them."""


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
            port = urlsplit(offer.pick.base_url).port or 0
            while port in busy or port in ports.values():
                port += 1
            ports[offer.serve] = port
    return {
        route: _moved(offer, ports[offer.serve]) if offer is not None and offer.serve else offer
        for route, offer in answers.items()
    }


def _moved(offer: Offer, port: int) -> Offer:
    address = urlsplit(offer.pick.base_url)
    if port == address.port:
        return offer
    moved = urlunsplit(address._replace(netloc=f"{address.hostname}:{port}"))
    return replace(offer, pick=replace(offer.pick, base_url=moved), serve=f"{offer.serve} --port {port}")
