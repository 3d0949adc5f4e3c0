"""The cache of the Hub's client: ``models--OWNER--NAME/snapshots/COMMIT/...``, where files are links to blobs.

A file that is still being fetched has no link yet, so what is in a snapshot is there as a whole.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from model_router.setup.stores.folders import Walker
from model_router.setup.stores.gguf_files import GgufFile, gguf_models
from model_router.setup.stores.mlx import mlx_model
from model_router.setup.stores.model import LocalModel, Unreadable
from model_router.setup.stores.names import quantization_of

_PREFIX = "models--"


def hub_models(folder: Path, store: str, walker: Walker) -> Iterator[LocalModel | Unreadable]:
    """Every model in every snapshot; those of the newest revision come first and have the plain name."""
    try:
        repositories = sorted(name for name in os.listdir(folder) if name.startswith(_PREFIX))
    except OSError:
        return
    for directory in repositories:
        repository = directory.removeprefix(_PREFIX).replace("--", "/", 1)
        for snapshot, label in _snapshots(folder / directory):
            for found in walker.walk(snapshot):
                within = found.path.relative_to(snapshot).as_posix()
                place = repository if within == "." else f"{repository}/{within}"
                for model in gguf_models(found.path, found.files, walker.families):
                    yield _named(model, repository, store, label) if isinstance(model, GgufFile) else model
                other = mlx_model(found.path, found.files, place + label, store)
                if other is not None:
                    yield other


def _snapshots(repository: Path) -> Iterator[tuple[Path, str]]:
    """The folder of each revision, with what is put behind names from it."""
    try:
        newest = (repository / "refs" / "main").read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        newest = ""
    try:
        commits = sorted(os.listdir(repository / "snapshots"))
    except OSError:
        return
    ordered = sorted(commits, key=lambda commit: (commit != newest, commit))
    for number, commit in enumerate(ordered):
        yield repository / "snapshots" / commit, "" if number == 0 else f"@{commit[:7]}"


def _named(model: GgufFile, repository: str, store: str, label: str) -> LocalModel:
    """By repository and quantisation, as llama.cpp names it."""
    quantization = quantization_of(model.stem)
    name = f"{repository}:{quantization}" if quantization else f"{repository}/{model.stem}"
    return replace(model.as_local(name, store), name=name + label)
