"""Writes :mod:`model_router.config.prepared_catalog`: the packaged catalog as the reader reads it, in Python.

``python -m model_router.config.preparation`` does it; a test holds it current.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from model_router.config.catalog_file import load_catalog
from model_router.config.digest import config_hash
from model_router.config.files import packaged_catalog
from model_router.config.prepared import text_that_counts

_INDENT = "    "


def render() -> str:
    """The text of the module.

    Raises:
        ConfigError: the packaged catalog has a mistake.
    """
    catalog = load_catalog()
    text = text_that_counts(packaged_catalog().read_bytes())
    kinds: set[type] = set()
    value = _source(catalog, "", kinds)
    places = {kind.__module__ for kind in kinds}
    imports = [
        f"from {place} import {', '.join(sorted(kind.__name__ for kind in kinds if kind.__module__ == place))}"
        for place in sorted(places)
    ]
    return (
        '"""The packaged catalog as values, written by ``python -m model_router.config.preparation``."""\n\n'
        "from __future__ import annotations\n\n"
        "from types import MappingProxyType\n\n" + "\n".join(imports) + "\n\n"
        f"SIZE = {len(text)}\n"
        f'DIGEST = "{hashlib.sha256(text).hexdigest()}"\n'
        f'CONFIG_HASH = "{config_hash(catalog)}"\n\n'
        f"CATALOG = {value}\n"
    )


def _source(value: Any, indent: str, kinds: set[type]) -> str:
    """An expression that gives ``value``, without what is the default; ``kinds`` grows by the classes that it names."""
    if is_dataclass(value):
        kinds.add(type(value))
        rows = [
            f"{item.name}={_source(getattr(value, item.name), indent + _INDENT, kinds)}"
            for item in fields(value)
            if getattr(value, item.name) != _default(item)
        ]
        return _lines(f"{type(value).__name__}(", rows, ")", indent)
    if isinstance(value, Mapping):
        inner = indent + _INDENT
        rows = [f"{_source(key, '', kinds)}: {_source(item, inner + _INDENT, kinds)}" for key, item in value.items()]
        return f"MappingProxyType(\n{inner}{_lines('{', rows, '}', inner)}\n{indent})"
    if isinstance(value, tuple):
        items = [_source(item, "", kinds) for item in value]
        return f"({', '.join(items)}{',' if len(items) == 1 else ''})"
    if isinstance(value, Enum):
        kinds.add(type(value))
        return f"{type(value).__name__}.{value.name}"
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)


def _default(item: Field[Any]) -> Any:
    return item.default if item.default_factory is MISSING else item.default_factory()


def _lines(opening: str, rows: list[str], closing: str, indent: str) -> str:
    if not rows:
        return opening + closing
    return opening + "".join(f"\n{indent}{_INDENT}{row}," for row in rows) + f"\n{indent}{closing}"


def main() -> None:
    """Write the module."""
    place = Path(__file__).with_name("prepared_catalog.py")
    place.write_text(render(), encoding="utf-8", newline="\n")
    sys.stderr.write(f"wrote {place}\n")


if __name__ == "__main__":
    main()
