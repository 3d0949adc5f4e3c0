"""The JSON Schemas say what the reader does."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from model_router.config.catalog_file import check_catalog
from model_router.config.files import configs_root, packaged_catalog
from model_router.config.proxy import ProxyConfig
from model_router.config.proxy_file import check_proxy
from model_router.config.schema import SCHEMAS, json_schema, render
from model_router.engine.catalog import Catalog

PRESETS = sorted((configs_root() / "presets").glob("*.yaml"))
_TYPES = {"object": dict, "array": list, "string": str, "boolean": bool, "integer": int, "number": (int, float)}


def accepts(schema: dict[str, Any], value: Any) -> bool:
    """As much of JSON Schema as our schemas use."""
    kinds = schema.get("type", [])
    kinds = [kinds] if isinstance(kinds, str) else kinds
    if value is None:
        return "null" in kinds
    if not any(isinstance(value, _TYPES[kind]) for kind in kinds if kind != "null"):
        return False
    if isinstance(value, dict):
        return _accepts_object(schema, value)
    if isinstance(value, list):
        return all(accepts(schema["items"], item) for item in value)
    return _accepts_scalar(schema, value, kinds)


def _accepts_scalar(schema: dict[str, Any], value: Any, kinds: list[str]) -> bool:
    if isinstance(value, bool) or "boolean" in kinds:
        return isinstance(value, bool) and "boolean" in kinds
    if value not in schema.get("enum", [value]):
        return False
    if isinstance(value, str):
        return len(value) >= schema.get("minLength", 0) and re.search(schema.get("pattern", ""), value) is not None
    return bool(schema.get("minimum", value) <= value <= schema.get("maximum", value))


def _accepts_object(schema: dict[str, Any], value: dict[str, Any]) -> bool:
    properties = schema.get("properties", {})
    rest = schema.get("additionalProperties", True)
    names = re.compile(schema.get("propertyNames", {}).get("pattern", ""))
    if any(name not in value for name in schema.get("required", [])):
        return False
    for name, item in value.items():
        inner = properties.get(name, rest)
        if inner is False or names.search(name) is None or not accepts(inner, item):
            return False
    return True


@pytest.mark.parametrize("name", SCHEMAS)
def test_the_files_are_current(name: str) -> None:
    path = configs_root() / "schemas" / name
    assert path.read_text(encoding="utf-8") == render(SCHEMAS[name]), "run: python -m model_router.config.schema"


def test_what_we_ship_fits_the_schemas() -> None:
    assert accepts(json_schema(Catalog), yaml.safe_load(packaged_catalog().read_text(encoding="utf-8")))
    for preset in PRESETS:
        value = yaml.safe_load(preset.read_text(encoding="utf-8"))
        value["observability"]["prompt_capture"] = "off"  # YAML 1.1 reads the plain word as false; editors use 1.2
        assert accepts(json_schema(ProxyConfig), value), preset


BACKEND = {"base_url": "http://127.0.0.1:1/v1", "model": "m"}


@pytest.mark.parametrize(
    "change",
    [
        {"nope": 1},
        {"proxy": {"port": 70_000}},
        {"proxy": {"port": "80"}},
        {"proxy": {"routing_profile": "fastest"}},
        {"proxy": {"api_key_env": "not a name"}},
        {"proxy": []},
        {"safety": {"confirm_status": 500}},
        {"backends": {"one": {**BACKEND, "timeout_seconds": 0}}},
        {"backends": {"one": {"model": "m"}}},
        {"backends": {"a b": BACKEND}},
        {"backends": {"one": {**BACKEND, "base_url": "h:1"}}},
        {"backends": {"one": {**BACKEND, "base_url": "http://u@h"}}},
        {"backends": {"one": {**BACKEND, "model": ""}}},
        {"engine_backends": {"fast_local": 3}},
        {"fallback_backends": {"one": "two"}},
        {"schema_version": 2},
    ],
)
def test_schema_and_reader_refuse_the_same(tmp_path: Path, change: dict[str, Any]) -> None:
    good: dict[str, Any] = {"backends": {"one": BACKEND}, "engine_backends": {"fast_local": "one"}}
    path = tmp_path / "p.yaml"
    schema = json_schema(ProxyConfig)
    path.write_text(json.dumps(good))
    assert accepts(schema, good)
    assert check_proxy(path, {}).problems == ()
    bad = {**good, **change}
    path.write_text(json.dumps(bad))
    assert not accepts(schema, bad)
    assert check_proxy(path, {}).problems


def test_the_catalog_s_schema_refuses_what_the_reader_refuses(tmp_path: Path) -> None:
    good = yaml.safe_load(packaged_catalog().read_text(encoding="utf-8"))
    bad = {**good, "routing_targets": {**good["routing_targets"], "simpel": "fast_local"}}
    path = tmp_path / "c.yaml"
    path.write_text(json.dumps(bad))
    assert not accepts(json_schema(Catalog), bad)
    assert [problem.path for problem in check_catalog(path).problems] == ["routing_targets.simpel"]


def test_every_key_is_described_or_speaks_for_itself() -> None:
    backend = json_schema(ProxyConfig)["properties"]["backends"]["additionalProperties"]
    assert backend["required"] == ["base_url", "model"]
    assert all("description" in item for name, item in backend["properties"].items() if name != "overrides")
    assert "source" not in json_schema(ProxyConfig)["properties"]
    assert "default" not in backend["properties"]["api_key"]
