"""The digest that stands for a catalog in every receipt."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from model_router.engine.catalog import Catalog


def config_hash(catalog: Catalog) -> str:
    """Sixteen hex digits over what a catalog means; comments, order of keys and the file's place do not count."""
    text = json.dumps(_canonical(catalog), sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _canonical(value: Any) -> Any:
    if is_dataclass(value):
        return {f.name: _canonical(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): _canonical(item) for key, item in value.items()}
    if isinstance(value, tuple):
        return [_canonical(item) for item in value]
    return value
