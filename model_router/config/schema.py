"""JSON Schemas for editors, from the same dataclasses that read the files.

``python -m model_router.config.schema`` writes them into ``configs/schemas``; a test holds them current.
"""

from __future__ import annotations

import json
import sys
import typing
from collections.abc import Mapping
from dataclasses import MISSING, Field, is_dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from model_router.config.files import configs_root
from model_router.config.proxy import ProxyConfig
from model_router.config.reader import ENVIRONMENT_PATTERN, NAME_PATTERN, field_types, file_fields, optional_inner
from model_router.engine.catalog import Catalog

SCHEMAS: Mapping[str, type] = {
    "model_router.schema.json": Catalog,
    "routing_proxy.schema.json": ProxyConfig,
}


def json_schema(kind: type, title: str = "") -> dict[str, Any]:
    """The schema of a whole file (JSON Schema 2020-12)."""
    title = title or ("ModelRouter catalog" if kind is Catalog else "ModelRouter proxy")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": title, **_object(kind)}


def render(kind: type, title: str = "") -> str:
    """The schema as the text of its file."""
    return json.dumps(json_schema(kind, title), indent=2, ensure_ascii=False) + "\n"


def _object(kind: type) -> dict[str, Any]:
    hints = field_types(kind)
    properties = {item.name: _property(item, hints[item.name]) for item in file_fields(kind)}
    required = [item.name for item in file_fields(kind) if item.default is MISSING and item.default_factory is MISSING]
    schema: dict[str, Any] = {"type": "object", "additionalProperties": False, "properties": properties}
    return schema | ({"required": required} if required else {})


def _property(item: Field[Any], annotation: Any) -> dict[str, Any]:
    schema = _typed(annotation, item.metadata)
    words = item.metadata.get("doc")
    if words:
        schema["description"] = words
    if item.default is not MISSING and not item.metadata.get("secret") and not is_dataclass(item.default):
        schema["default"] = list(item.default) if isinstance(item.default, tuple) else item.default
    return schema


def _typed(annotation: Any, metadata: Mapping[str, Any]) -> dict[str, Any]:
    inner, optional = optional_inner(annotation)
    schema = _plain(inner, metadata)
    may_be_blank = optional or is_dataclass(inner) or typing.get_origin(inner) is not None
    if not may_be_blank:
        return schema
    if "enum" in schema:
        return schema | {"type": [schema["type"], "null"], "enum": [*schema["enum"], None]}
    return schema | {"type": [schema["type"], "null"]}


def _plain(inner: Any, metadata: Mapping[str, Any]) -> dict[str, Any]:
    if is_dataclass(inner):
        return _object(typing.cast(type, inner))
    origin = typing.get_origin(inner)
    if inner is Any:
        return {}
    if origin is tuple:
        return {"type": "array", "items": _typed(typing.get_args(inner)[0], {})}
    if origin is not None:
        key_type, value_type = typing.get_args(inner)
        value = _typed(value_type, {})
        if key_type is str:
            names = {"minLength": 1} if metadata.get("keys") == "free" else {"pattern": f"^{NAME_PATTERN}$"}
            return {"type": "object", "propertyNames": names, "additionalProperties": value}
        properties = {member.value: value for member in key_type}
        return {"type": "object", "additionalProperties": False, "properties": properties}
    return _scalar(inner, metadata)


def _scalar(inner: Any, metadata: Mapping[str, Any]) -> dict[str, Any]:
    if isinstance(inner, type) and issubclass(inner, StrEnum):
        return {"type": "string", "enum": [member.value for member in inner]}
    if inner is bool:
        return {"type": "boolean"}
    if inner is int or inner is float:
        schema: dict[str, Any] = {"type": "integer" if inner is int else "number"}
        names = {"min": "minimum", "max": "maximum"}
        schema |= {names[key]: metadata[key] for key in names if key in metadata}
        return schema | ({"enum": list(metadata["enum"])} if "enum" in metadata else {})
    wanted = metadata.get("format")
    if wanted == "url":
        return {"type": "string", "pattern": "^https?://[^@?#\\s]+$"}
    if wanted == "env":
        return {"type": "string", "pattern": f"^{ENVIRONMENT_PATTERN}$"}
    return {"type": "string", "minLength": 1} if wanted == "filled" else {"type": "string"}


def main() -> None:
    """Write every schema."""
    folder: Path = configs_root() / "schemas"
    folder.mkdir(parents=True, exist_ok=True)
    for name, kind in SCHEMAS.items():
        (folder / name).write_text(render(kind), encoding="utf-8")
        sys.stderr.write(f"wrote {folder / name}\n")


if __name__ == "__main__":
    main()
