"""The JSON Schema of ``model_catalog.yaml`` for editors, from the dataclasses that read it.

``python -m model_router.setup.model_catalog_schema`` writes it into ``configs/schemas``; a test holds it current.
"""

from __future__ import annotations

import sys
from pathlib import Path

from model_router.config.files import configs_root
from model_router.config.schema import render
from model_router.setup.model_catalog import ModelCatalog

SCHEMA_NAME = "model_catalog.schema.json"


def catalog_schema() -> str:
    """The text of the file."""
    return render(ModelCatalog, "ModelRouter model catalog")


def main() -> None:
    """Write it."""
    path: Path = configs_root() / "schemas" / SCHEMA_NAME
    path.write_text(catalog_schema(), encoding="utf-8")
    sys.stderr.write(f"wrote {path}\n")


if __name__ == "__main__":
    main()
