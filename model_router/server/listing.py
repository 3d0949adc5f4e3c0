"""What ``/v1/models`` says of a name: in OpenAI's shape and in Anthropic's, with what agents ask beyond both."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
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
        "capabilities": _abilities(engines),
    }
    lengths = [backend.context for backend in backends if backend.context is not None]
    lengths = lengths or [spec.max_context for spec in engines]
    if lengths:
        entry["context_length"] = entry["max_model_len"] = max(lengths)
    return entry


def _behind(gateway: Gateway, name: str) -> tuple[list[EngineSpec], list[Backend]]:
    """Engines and backends that a name may lead to: one, or all of them."""
    mapped, known = gateway.config.engine_backends, gateway.router.catalog.engines
    target = gateway.config.proxy.aliases.get(name, name).removeprefix(OWN_PREFIX)
    if target in gateway.backends and target not in known:
        engine = gateway.engine_of(target)
        return [known[engine]] if engine is not None and engine in known else [], [gateway.backends[target]]
    engines = [target] if target in known else [one for one in mapped if one in known]
    names = dict.fromkeys(mapped[one] for one in engines if one in mapped)
    return [known[one] for one in engines], [gateway.backends[one] for one in names if one in gateway.backends]


def _abilities(engines: Iterable[EngineSpec]) -> dict[str, bool]:
    found = list(engines)
    modalities = {modality for spec in found for modality in spec.modalities}
    return {
        "tools": any(spec.supports_tools for spec in found),
        "vision": "image" in modalities,
        "image_generation": "image_generation" in modalities,
    }
