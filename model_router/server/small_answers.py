"""The gateway's own small answers: its name, its models, how it stands. Made from text and JSON alone, so that the
first of them need not wait for a web framework.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import msgspec

from model_router.server.control.report import can_serve, health_report, is_well
from model_router.server.gateway import Gateway, GatewayState
from model_router.server.listing import model_entry
from model_router.server.naming import engine_names, listed_names
from model_router.server.record import Record
from model_router.server.refusal import Refusal
from model_router.version import __version__

_MODELS: Final = "/v1/models"
_ONE_MODEL: Final = f"{_MODELS}/"
_OPEN: Final = frozenset({"/", "/health"})
"""These look at the headers themselves, and say little to somebody without a key."""


class SmallAnswer(NamedTuple):
    """A body of JSON, and its status."""

    body: bytes
    status: int


def is_small(path: str) -> bool:
    """Whether a path is answered here."""
    return path in _OPEN or path == _MODELS or path.startswith(_ONE_MODEL) or path == "/health/"


def admit(gateway: Gateway, path: str, headers: Mapping[str, str], record: Record, *, posts: bool = False) -> None:
    """Let a request pass; ``headers`` have small letters. ``posts``: it does more than look.

    Raises:
        Refusal: 503 while the gateway stops, else what its guard says.
    """
    if gateway.state is GatewayState.STOPPING:
        raise Refusal(503, "The gateway is stopping; try again in a moment.", kind="server_error", code="stopping")
    if posts or path not in _OPEN:
        record.key_name = gateway.guard.check(headers)


async def small_answer(gateway: Gateway, path: str, headers: Mapping[str, str]) -> SmallAnswer:
    """What is said of a path that :func:`is_small`, to a request that was admitted.

    Raises:
        Refusal: a model that is not listed, a foreign host or page.
    """
    if path == "/":
        gateway.guard.check_host(headers)
        return _json({"name": "model-router", "version": __version__, "chat": "/v1/chat/completions"})
    if path.startswith("/health"):
        return await _health(gateway, headers)
    name = path.removeprefix(_MODELS).removeprefix("/")
    return _model(gateway, name) if name else _models(gateway)


async def _health(gateway: Gateway, headers: Mapping[str, str]) -> SmallAnswer:
    gateway.guard.check_host(headers)
    gateway.guard.check_page(headers)
    if gateway.guard.key_name(headers) is None:
        return _json({"status": "ok" if is_well(gateway) else "degraded"})
    await gateway.check_health()
    return _json(health_report(gateway), 200 if can_serve(gateway) else 503)


def _models(gateway: Gateway) -> SmallAnswer:
    listed = [model_entry(gateway, name) for name in listed_names(gateway)]
    ends = {"first_id": listed[0]["id"], "last_id": listed[-1]["id"], "has_more": False} if listed else {}
    return _json({"object": "list", "data": listed, **ends})


def _model(gateway: Gateway, name: str) -> SmallAnswer:
    if name not in (known := [*listed_names(gateway), *engine_names(gateway)]):
        raise Refusal(404, f"Model '{name}' is not listed here; known: {', '.join(known)}.", code="model_not_found")
    return _json(model_entry(gateway, name))


def _json(value: dict[str, Any], status: int = 200) -> SmallAnswer:
    return SmallAnswer(msgspec.json.encode(value), status)
