"""Routers of the present and of drafts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from model_router.config.files import packaged_catalog
from model_router.router import ModelRouter

Draft = Callable[..., Path]


@pytest.fixture(scope="session")
def router() -> ModelRouter:
    """The packaged catalog, whatever this machine has."""
    return ModelRouter.from_config(packaged_catalog(), validate_availability=False)


@pytest.fixture
def draft(tmp_path: Path) -> Draft:
    """A catalog that differs from the packaged one in what is given: sections are merged, engines field by field."""

    def write(**sections: object) -> Path:
        content = yaml.safe_load(packaged_catalog().read_text("utf-8"))
        merge(content, sections)
        path = tmp_path / f"draft-{len(list(tmp_path.iterdir()))}.yaml"
        path.write_text(yaml.safe_dump(content), "utf-8")
        return path

    return write


def merge(target: dict[str, object], changes: dict[str, object]) -> None:
    """Put changes into a mapping, level by level."""
    for key, value in changes.items():
        inner = target.get(key)
        if isinstance(value, dict) and isinstance(inner, dict):
            merge(inner, value)
        else:
            target[key] = value
