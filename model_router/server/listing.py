"""What ``/v1/models`` says of a name: in OpenAI's shape and in Anthropic's, with what agents ask beyond both."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from model_router.engine.catalog import EngineSpec
from model_router.server.backends import Backend
from model_router.server.gateway import Gateway
from model_router.server.naming import OWN_PREFIX


def model_entry(gateway: Gateway, name: str) -> dict[str, Any]:
    """One listed model. ``context_length`` is in tokens: the most that any backend behind the name takes."""
    engines, backends = _behind(gateway, name)
    created = int(gateway.started_at or 0)
    entry: dict[str, Any] = {
        "id": name,
        "object": "model",
        "created": created,
        "owned_by": "model-router",
        "type": "model",
        "display_name": name,
        "created_at": datetime.datetime.fromtimestamp(created, datetime.UTC).isoformat().replace("+00:00", "Z"),
        "capabilities": _abilities(engines.values()) | {"vision": _sees(gateway, engines, backends)},
    }
    lengths = [backend.context for backend in backends if backend.context is not None]
    lengths = lengths or [spec.max_context for spec in engines.values()]
    if lengths:
        entry["context_length"] = entry["max_model_len"] = max(lengths)
    return entry


def _behind(gateway: Gateway, name: str) -> tuple[dict[str, EngineSpec], list[Backend]]:
    """Engines and backends that a name may lead to: one, or all of them."""
    mapped, known = gateway.config.engine_backends, gateway.router.catalog.engines
    target = gateway.config.proxy.aliases.get(name, name).removeprefix(OWN_PREFIX)
    if target in gateway.backends and target not in known:
        engine = gateway.engine_of(target)
        own = {engine: known[engine]} if engine is not None and engine in known else {}
        return own, [gateway.backends[target]]
    engines = [target] if target in known else [one for one in mapped if one in known]
    names = dict.fromkeys(mapped[one] for one in engines if one in mapped)
    return {one: known[one] for one in engines}, [gateway.backends[one] for one in names if one in gateway.backends]


def _sees(gateway: Gateway, engines: Mapping[str, EngineSpec], backends: Sequence[Backend]) -> bool:
    """Whether pictures may be sent: one of the engines takes them, and the doctor has not seen its backend refuse them.

    Of a single backend that the doctor has seen take them or not, that is the whole answer.
    """
    if len(backends) == 1 and backends[0].abilities.pictures is not None:
        return backends[0].abilities.pictures
    own = (gateway.config.engine_backends.get(name) for name, spec in engines.items() if "image" in spec.modalities)
    found = [gateway.backends.get(name or "") for name in own]
    return any(backend is None or backend.abilities.pictures is not False for backend in found)


def _abilities(engines: Iterable[EngineSpec]) -> dict[str, bool]:
    found = list(engines)
    return {
        "tools": any(spec.supports_tools for spec in found),
        "image_generation": any("image_generation" in spec.modalities for spec in found),
    }
