"""The packaged catalog is sound, and mistakes in a person's own are named with their place."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from model_router.config.document import parse_document
from model_router.config.files import configs_root
from model_router.errors import ConfigError
from model_router.setup.model_catalog import ModelCatalog, Work
from model_router.setup.model_catalog_file import (
    KNOWN_MODELS_NAME,
    MODEL_CATALOG_NAME,
    check_models,
    load_models,
    read_models,
)
from model_router.setup.model_catalog_schema import SCHEMA_NAME, catalog_schema
from model_router.setup.recommend.options import OPEN_LICENCES
from tests.config.test_schema import accepts

OWN = """\
version: "1"
verified_on: "2026-11-28"
sources:
  me: {name: my own measurements, date: "2026-11"}
models:
  house-model:
    repository: me/house-model-GGUF
    licence: apache-2.0
    routes: [simple]
    parameters: {total: 4000000000, source: [me]}
    context: {tokens: 32768, source: [me]}
    architecture: {layers: 36, source: [me]}
    cache:
      source: [me]
      groups:
      - {layers: 36, kv_heads: 8, head_length: 128}
    files:
      Q4_K_M: {file: house.gguf, bytes: 2500000000, source: [me]}
    quality:
      overall: {score: 90, source: [me]}
"""


@pytest.fixture(scope="module", params=[MODEL_CATALOG_NAME, KNOWN_MODELS_NAME])
def packaged(request: pytest.FixtureRequest) -> ModelCatalog:
    return read_models(configs_root() / str(request.param))


def test_every_packaged_figure_is_possible_and_has_its_source(packaged: ModelCatalog) -> None:
    # bits a weight, sources, ids that stand twice and sizes above nothing are checked by the reader itself
    assert len(packaged.models) >= 39
    for name, model in packaged.models.items():
        for quant, file in model.files.items():
            assert 2 <= file.bytes * 8 / model.parameters.total <= 9, (name, quant)
            assert file.source, (name, quant)
        assert sum(group.layers for group in model.cache.groups) <= model.architecture.layers, name
        assert not any("mtp" in file.file.lower() or "draft" in file.file.lower() for file in model.files.values())


def test_the_catalog_recommends_and_the_known_models_do_not() -> None:
    catalog = read_models(configs_root() / MODEL_CATALOG_NAME)
    known = read_models(configs_root() / KNOWN_MODELS_NAME)
    assert 35 <= len(catalog.models) <= 45
    assert [name for name, model in catalog.models.items() if not model.routes or model.not_recommended] == []
    assert [name for name, model in catalog.models.items() if model.quality.overall is None] == []
    assert [name for name, model in known.models.items() if model.routes or not model.not_recommended] == []
    assert not set(catalog.models) & set(known.models)
    for work in Work:
        free = [m for m in catalog.models.values() if work in m.routes and m.licence in OPEN_LICENCES and not m.gated]
        assert len(free) >= 5, work


def test_a_person_s_own_models_are_merged_over(home: Path, tmp_path: Path) -> None:
    folder = tmp_path / "own"
    folder.mkdir()
    (folder / MODEL_CATALOG_NAME).write_text(OWN, encoding="utf-8")
    packaged = load_models({"MODEL_ROUTER_HOME": str(tmp_path / "none")})
    both = load_models({"MODEL_ROUTER_HOME": str(folder)})
    assert "house-model" not in packaged.models
    assert len(both.models) == len(packaged.models) + 1
    assert both.models["house-model"].files["Q4_K_M"].bytes == 2_500_000_000


def test_an_own_file_may_cite_the_packaged_sources(tmp_path: Path) -> None:
    text = OWN.replace("bytes: 2500000000, source: [me]", "bytes: 2500000000, source: [H1]")
    (tmp_path / MODEL_CATALOG_NAME).write_text(text, encoding="utf-8")
    assert "house-model" in load_models({"MODEL_ROUTER_HOME": str(tmp_path)}).models


@pytest.mark.parametrize(
    ("before", "after", "line", "words"),
    [
        ("bytes: 2500000000", "bytes: 250000000", 18, "0.5 bits for each weight"),
        ("bytes: 2500000000", "bytes: 0", 18, "out of range"),
        ("overall: {score: 90, source: [me]}", "overall: {score: 90}", 20, "every figure needs its source"),
        (
            "overall: {score: 90, source: [me]}",
            "overall: {score: 90, source: [you]}",
            20,
            "is not in sources",
        ),
        ("routes: [simple]", "routes: [simpel]", 9, "did you mean 'simple'?"),
        ("licence:", "license:", 8, "unknown key"),
        ("kv_heads: 8, head_length: 128", "kv_heads: 8", 16, "needs kv_heads with head_length, or latent"),
        ("total: 4000000000", "total: 4000000000, active: 5000000000", 10, "more parameters are active"),
    ],
)
def test_a_mistake_is_named_with_its_line(before: str, after: str, line: int, words: str) -> None:
    checked = check_models(parse_document(OWN.replace(before, after).encode(), "own.yaml"))
    found = [(problem.line, str(problem)) for problem in checked.problems]
    assert any(place == line and words in text for place, text in found), found


def test_a_model_that_stands_twice_is_a_mistake(tmp_path: Path) -> None:
    twice = OWN + OWN[OWN.index("  house-model") :]
    (tmp_path / MODEL_CATALOG_NAME).write_text(twice, encoding="utf-8")
    with pytest.raises(ConfigError, match="stands twice"):
        load_models({"MODEL_ROUTER_HOME": str(tmp_path)})


def test_editors_have_a_schema_that_says_what_the_reader_does() -> None:
    text = (configs_root() / "schemas" / SCHEMA_NAME).read_text(encoding="utf-8")
    assert text == catalog_schema(), "run: python -m model_router.setup.model_catalog_schema"
    schema = json.loads(text)
    for name in (MODEL_CATALOG_NAME, KNOWN_MODELS_NAME):
        value = yaml.safe_load((configs_root() / name).read_text(encoding="utf-8"))
        assert accepts(schema, value)
    first = next(iter(value["models"].values()))
    first["parametres"] = first.pop("parameters")
    assert not accepts(schema, value)
