"""From the GGUF files of one folder to models: shards joined, projectors given to their models, the rest left out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from model_router.errors import SetupError
from model_router.setup.gguf import Families, read_header
from model_router.setup.header import ModelHeader
from model_router.setup.stores.model import LocalModel, Unreadable
from model_router.setup.stores.names import belongs, is_aside, is_projector, plain_stem, quantization_of, shard_of

_KINDS = frozenset({"model", "embedding", "rerank", "image"})
_UNDER_WAY = (".aria2", ".part", ".incomplete", ".downloadInProgress")
"""Beside a file of the same name they say that it is still being fetched."""


class GgufFile:
    """A model in a folder. ``stem`` is its name without shard and ending."""

    __slots__ = ("header", "path", "projector", "projector_size", "stem")

    def __init__(self, stem: str, path: Path, header: ModelHeader) -> None:
        self.stem = stem
        self.path = path
        self.header = header
        self.projector: Path | None = None
        self.projector_size = 0

    def as_local(self, name: str, store: str) -> LocalModel:
        """The model as its store calls it."""
        size = self.header.size + self.projector_size
        return LocalModel(name, store, self.path, self.header, size, projector=self.projector)


def gguf_models(folder: Path, files: Mapping[str, int], families: Families) -> Iterator[GgufFile | Unreadable]:
    """All models whose files lie in ``folder``; ``files`` are names and sizes."""
    singles: dict[str, Path] = {}
    shards: dict[tuple[str, int], dict[int, Path]] = {}
    projectors: dict[Path, int] = {}
    for name, size in files.items():
        if not name.lower().endswith(".gguf") or name.startswith(".") or is_aside(name[:-5]):
            continue
        if any(name + ending in files for ending in _UNDER_WAY):
            continue
        stem = name[:-5]
        if is_projector(stem):
            projectors[folder / name] = size
        elif shard := shard_of(stem):
            shards.setdefault((shard.stem, shard.parts), {})[shard.number] = folder / name
        else:
            singles[stem] = folder / name
    models: list[GgufFile] = []
    for stem, count, parts in [
        *((stem, 1, [path]) for stem, path in singles.items()),
        *((stem, count, [found[number] for number in sorted(found)]) for (stem, count), found in shards.items()),
    ]:
        if len(parts) < count:
            yield Unreadable(parts[0], f"{count - len(parts)} of its {count} parts are missing")
            continue
        model = _read(stem, parts, families)
        if isinstance(model, Unreadable):
            yield model
        elif model.header.kind == "projector":
            projectors[model.path] = model.header.size
        elif model.header.kind in _KINDS:
            models.append(model)
    _give_projectors(models, projectors)
    yield from models


def _read(stem: str, parts: list[Path], families: Families) -> GgufFile | Unreadable:
    try:
        header = read_header(parts, families)
    except SetupError as error:
        return Unreadable(parts[0], error.message)
    named = quantization_of(stem)
    if named.startswith("UD-") or named.endswith(("_XL", "_XXL")):  # mixtures that the header has no number for
        header = replace(header, quantization=named)
    return GgufFile(stem, parts[0], header)


def _give_projectors(models: list[GgufFile], projectors: Mapping[Path, int]) -> None:
    """To each model that reads text the best projector of its own: in 16 bits where there is one, else the smallest."""
    talking = [model for model in models if model.header.kind == "model"]
    alone = len({plain_stem(model.stem) for model in talking}) == 1
    for model in talking:
        own = [path for path in projectors if belongs(path.stem, model.stem, alone)]
        if own:
            best = min(own, key=lambda path: (quantization_of(path.stem) != "F16", projectors[path], path.name))
            model.projector, model.projector_size = best, projectors[best]
