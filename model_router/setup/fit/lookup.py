"""From what a person types to a shape: a file, a name of the catalog, a repository, or a name that holds a size."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from model_router.config.wording import nearest
from model_router.errors import UsageError
from model_router.setup.fit.by_name import file_bits, from_name
from model_router.setup.fit.from_header import from_header
from model_router.setup.fit.measured import plain_name
from model_router.setup.fit.shape import ModelShape, from_catalog
from model_router.setup.header import ModelHeader
from model_router.setup.model_catalog import CatalogModel, ModelCatalog, ModelFile
from model_router.setup.model_catalog_file import load_models
from model_router.setup.quant_ladder import quant_steps


def find_shape(
    text: str, environ: Mapping[str, str], *, quant: str | None = None, pictures: bool = False
) -> ModelShape:
    """The shape of the model that ``text`` names; ``quant`` chooses its file.

    Raises:
        UsageError: nothing is known by that name, or there is no such file of it.
    """
    for known in (False, True):
        catalog = load_models(environ, known=known)
        name = _named(text, catalog)
        if name is not None:
            return _of_catalog(name, catalog.models[name], quant, pictures)
    shape = from_name(text, quant or "")
    if shape is None:
        near = nearest(text, catalog.models)
        guess = f"did you mean {near!r}? " if near else ""
        raise UsageError(
            f"no model is called {text!r}",
            f"{guess}A name of the catalog, a repository whose name holds its size, or a GGUF file is needed.",
        )
    return shape


def likely_name(text: str, environ: Mapping[str, str]) -> str:
    """The name of the catalog that was probably meant by one that it does not have, or nothing. A repository has an
    owner, and is taken as it stands."""
    return "" if "/" in text else nearest(text, load_models(environ).models)


def shape_of_file(path: Path, header: ModelHeader) -> ModelShape:
    """The shape of a file from its header.

    Raises:
        UsageError: the header does not say enough.
    """
    shape = from_header(header, name=path.name)
    if shape is None:
        raise UsageError(
            f"{path} does not say enough about itself to work out its memory",
            "Is it a language model? Projectors, adapters and drafts have no cache of their own.",
        )
    return shape


def _named(text: str, catalog: ModelCatalog) -> str | None:
    """The catalog's own name for ``text``: itself, one of its repositories, or the same letters and digits."""
    if text in catalog.models:
        return text
    lowered = text.lower()
    for name, model in catalog.models.items():
        mlx = model.mlx.repository if model.mlx else ""
        told = (model.repository, model.maker_repository, mlx, model.ollama_tag)
        if lowered == name or lowered in {one.lower() for one in told if one}:
            return name
    plain = plain_name(text)
    return next((name for name in catalog.models if plain_name(name) == plain), None)


def _of_catalog(name: str, model: CatalogModel, quant: str | None, pictures: bool) -> ModelShape:
    files = [*model.files, *(["mlx"] if model.mlx else [])]
    if quant is None and files:
        usual = [step.quant for step in quant_steps(model) if not step.spare] or files
        first = "Q4_K_M" if "Q4_K_M" in usual else usual[0]
        return from_catalog(name, model, first, pictures=pictures)
    stated = quant or "Q4_K_M"
    chosen = _file_named(stated, files)
    if chosen is not None:
        return from_catalog(name, model, chosen, pictures=pictures)
    bits = file_bits(stated)
    if bits is None:
        raise UsageError(f"{name} has no file {stated!r}", f"Known: {' '.join(files)}.")
    assumed = ModelFile(file="", bytes=int(model.parameters.total * bits / 8))
    guessed = replace(model, files={stated: assumed})
    return replace(from_catalog(name, guessed, stated, pictures=pictures), weights_basis="estimate")


def _file_named(quant: str, files: list[str]) -> str | None:
    """The file that is meant: in any case, and with or without the marks of its maker."""
    plain = {re.sub(r"^UD-|_MOE$", "", file.upper()): file for file in reversed(files)}
    exact = {file.upper(): file for file in files}
    upper = quant.upper()
    return exact.get(upper) or plain.get(re.sub(r"^UD-|_MOE$", "", upper))
