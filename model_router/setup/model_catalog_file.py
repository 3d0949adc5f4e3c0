"""``model_catalog.yaml`` into a :class:`ModelCatalog`, with a person's own file merged over it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from model_router.config.document import Document, read_document
from model_router.config.files import configs_root, stands, user_folder
from model_router.config.reader import Reader
from model_router.errors import ConfigError, Problem
from model_router.setup.model_catalog import CatalogModel, ModelCatalog

MODEL_CATALOG_NAME = "model_catalog.yaml"
KNOWN_MODELS_NAME = "known_models.yaml"

_BITS = (2.0, 9.0)
"""Bits for each weight that a language model's file can have; a drafter's or a projector's file falls outside."""


@dataclass(frozen=True, slots=True)
class CheckedModels:
    """A catalog with every mistake of its file; usable when ``problems`` is empty."""

    catalog: ModelCatalog | None
    problems: tuple[Problem, ...]


def load_models(environ: Mapping[str, str], *, known: bool = False) -> ModelCatalog:
    """The packaged catalog with the person's own merged over it; ``known`` adds those that are not recommended.

    Raises:
        ConfigError: with every mistake of the file that has some.
    """
    catalog = read_models(configs_root() / MODEL_CATALOG_NAME)
    if known:
        catalog = merged(read_models(configs_root() / KNOWN_MODELS_NAME), catalog)
    own = user_folder(environ) / MODEL_CATALOG_NAME
    return merged(catalog, read_models(own, catalog.sources)) if stands(own) else catalog


def read_models(path: Path, sources: Iterable[str] = ()) -> ModelCatalog:
    """One file; it may cite ``sources`` that stand elsewhere.

    Raises:
        ConfigError: with every mistake.
    """
    document = read_document(path)
    checked = check_models(document, sources)
    if checked.catalog is None or checked.problems:
        first = checked.problems[0] if checked.problems else Problem(document.file, 0, 0, "", "the file is not usable")
        more = f" ({len(checked.problems)} mistakes in all)" if len(checked.problems) > 1 else ""
        raise ConfigError(f"{first}{more}", "Correct the file and try again.", checked.problems)
    return checked.catalog


def check_models(document: Document, sources: Iterable[str] = ()) -> CheckedModels:
    """Everything there is to say about a file; never raises for what it holds."""
    reader = Reader(document)
    catalog = reader.read(ModelCatalog)
    if catalog is not None:
        known = tuple(dict.fromkeys((*catalog.sources, *sources)))
        for name, model in catalog.models.items():
            _check_model(reader, known, f"models.{name}", model)
    return CheckedModels(catalog, reader.sorted_problems())


def merged(base: ModelCatalog, over: ModelCatalog) -> ModelCatalog:
    """``over``'s models replace those of the same name, and come after the others."""
    return replace(
        base,
        models=MappingProxyType({**base.models, **over.models}),
        sources=MappingProxyType({**base.sources, **over.sources}),
    )


def _check_model(reader: Reader, sources: tuple[str, ...], path: str, model: CatalogModel) -> None:
    if not model.files and model.mlx is None and not model.not_recommended:
        reader.report(f"{path}.files", "a model needs at least one file")
    for quant, file in model.files.items():
        bits = file.bytes * 8 / model.parameters.total
        if not _BITS[0] <= bits <= _BITS[1]:
            low, high = _BITS
            message = f"{bits:.1f} bits for each weight; {low:.0f} to {high:.0f} are possible, so this is another file"
            reader.report(f"{path}.files.{quant}.bytes", message, found=str(file.bytes))
    active = model.parameters.active
    if active is not None and active > model.parameters.total:
        reader.report(f"{path}.parameters.active", "more parameters are active than there are", found=str(active))
    for index, group in enumerate(model.cache.groups):
        by_heads = group.kv_heads is not None and group.head_length is not None
        if by_heads == (group.latent is not None):
            reader.report(f"{path}.cache.groups[{index}]", "needs kv_heads with head_length, or latent, and not both")
    for place, codes in _sources(model, path):
        if not codes:
            reader.report(place, "every figure needs its source")
        for code in codes:
            if code not in sources:
                reader.report(f"{place}.source", "this source is not in sources", found=code, allowed=sources)


def _sources(value: Any, path: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Every part of a model that has a source, with its place."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _sources(inner, f"{path}.{name}")
    elif is_dataclass(value):
        for item in fields(value):
            if item.metadata.get("source"):
                yield path, getattr(value, item.name)
            else:
                yield from _sources(getattr(value, item.name), f"{path}.{item.name}")
