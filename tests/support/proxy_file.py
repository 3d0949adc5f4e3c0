"""Proxy configurations over the llama.cpp servers, written as the file that a person would write."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from tests.support.llama import ENGINES, LlamaServer


def backend_of(engine: str) -> str:
    """The name of the backend behind ``engine``; another name, so that the two cannot be mixed up unseen."""
    return f"llama-{engine.replace('_', '-')}"


def write_proxy_file(
    folder: Path,
    servers: Mapping[str, LlamaServer],
    *,
    port: int = 0,
    proxy: Mapping[str, Any] | None = None,
    observability: Mapping[str, Any] | None = None,
    engines: Mapping[str, str] | None = None,
    backend: Mapping[str, Any] | None = None,
    fallbacks: Mapping[str, list[str]] | None = None,
    **sections: Any,
) -> Path:
    """Write ``routing_proxy.yaml`` into ``folder``, with the event log beside it, and return its path.

    Args:
        servers: one backend each; the keys are engines, or any other name when ``engines`` says who uses it.
        proxy: added to the ``proxy`` section.
        observability: added to the ``observability`` section.
        engines: engine to key of ``servers``; without it each engine has the server of its own name.
        backend: added to every backend.
        fallbacks: key of ``servers`` to keys of those to try when it fails.
        sections: further sections as they are.
    """
    engines = {engine: engine for engine in ENGINES if engine in servers} if engines is None else engines
    content = {
        "schema_version": 1,
        "proxy": {"host": "127.0.0.1", "port": port, **(proxy or {})},
        "observability": {"log_path": str(folder / "logs" / "routing-events.jsonl"), **(observability or {})},
        "backends": {
            backend_of(key): {"base_url": server.base_url, "model": server.model.name, **(backend or {})}
            for key, server in servers.items()
        },
        "engine_backends": {engine: backend_of(key) for engine, key in engines.items()},
        "fallback_backends": {
            backend_of(key): [backend_of(other) for other in others] for key, others in (fallbacks or {}).items()
        },
        **sections,
    }
    path = folder / "routing_proxy.yaml"
    path.write_text(yaml.safe_dump(content, sort_keys=False))
    return path
