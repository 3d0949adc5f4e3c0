"""All places, one after another; a file that several of them show is one model with several names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from model_router.setup.stores.folders import Walker
from model_router.setup.stores.gguf_files import GgufFile, gguf_models
from model_router.setup.stores.hub_cache import hub_models
from model_router.setup.stores.mlx import mlx_model
from model_router.setup.stores.model import FoundModels, Layout, LocalModel, Place, Unreadable
from model_router.setup.stores.ollama import ollama_models
from model_router.setup.stores.pointers import pointed_models, virtual_names


def find_models(places: Sequence[Place]) -> FoundModels:
    """Every model in ``places``. Never raises for what is in them, and writes nothing."""
    walker = Walker()
    models: dict[object, LocalModel] = {}
    unreadable: dict[Path, Unreadable] = {}
    existing = tuple(place for place in places if _is_folder(place.folder))
    named = [place for place in existing if place.layout is Layout.NAMES]
    existing = tuple(place for place in existing if place not in named)
    for place in existing:
        for found in _in_place(place, walker):
            if isinstance(found, Unreadable):
                unreadable.setdefault(found.path, found)
                continue
            key = _identity(found.path)
            known = models.get(key)
            if known is None:
                models[key] = found
            elif found.name != known.name and found.name not in known.aliases:
                models[key] = replace(known, aliases=(*known.aliases, found.name))
    for place in named:
        _add_names(models, virtual_names(place.folder, walker), place.store)
    if walker.cut:
        told = Unreadable(existing[-1].folder, "there are too many files here; some were not looked at")
        unreadable.setdefault(told.path, told)
    return FoundModels(tuple(models.values()), tuple(unreadable.values()), existing)


def _add_names(models: dict[object, LocalModel], names: Mapping[str, tuple[str, ...]], store: str) -> None:
    """Give models of a program the names that lead to the repository they lie in."""
    for key, model in models.items():
        if model.store == store:
            whole = model.name.lower()
            # a GGUF file is PUBLISHER/REPO/FILE, an MLX model the folder PUBLISHER/REPO
            more = [*names.get(whole, ()), *names.get(whole.rpartition("/")[0], ())]
            aliases = dict.fromkeys((*model.aliases, *(name for name in more if name != model.name)))
            models[key] = replace(model, aliases=tuple(aliases))


def _in_place(place: Place, walker: Walker) -> Iterator[LocalModel | Unreadable]:
    if place.layout is Layout.OLLAMA:
        yield from ollama_models(place.folder, walker)
    elif place.layout is Layout.HUB:
        yield from hub_models(place.folder, place.store, walker)
    else:
        yield from _folder_models(place, walker)


def _folder_models(place: Place, walker: Walker) -> Iterator[LocalModel | Unreadable]:
    for found in walker.walk(place.folder):
        within = found.path.relative_to(place.folder).as_posix()
        below = "" if within == "." else f"{within}/"
        for model in gguf_models(found.path, found.files, walker.families):
            if isinstance(model, GgufFile):
                named = below.rstrip("/") if model.stem == "model" and below else below + model.stem
                yield model.as_local(named, place.store)
            else:
                yield model
        if place.layout is Layout.POINTERS and "model.yml" in found.files:
            data_folders = (*place.folder.parents[:2], found.path)
            yield from pointed_models(
                found, data_folders, below.rstrip("/") or found.path.name, place.store, walker.families
            )
        other = mlx_model(found.path, found.files, below.rstrip("/") or place.folder.name, place.store)
        if other is not None:
            yield other


def _identity(path: Path) -> object:
    """The same for all links to one file."""
    try:
        status = path.stat()
    except OSError:
        return path
    return (status.st_dev, status.st_ino) if status.st_ino else path.resolve()


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except (OSError, ValueError):
        return False
