"""What the search for models gives."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from model_router.setup.header import ModelHeader


class Layout(StrEnum):
    """How a store arranges its files."""

    OLLAMA = "ollama"
    HUB = "hub"
    FOLDERS = "folders"
    POINTERS = "pointers"
    """Folders, and among them such that only say where a model lies."""
    NAMES = "names"
    """No models, but further names for those of the same program."""


@dataclass(frozen=True, slots=True)
class Place:
    """A folder to look in. ``store`` is the program it belongs to."""

    store: str
    folder: Path
    layout: Layout = Layout.FOLDERS


@dataclass(frozen=True, slots=True)
class LocalModel:
    """One model, however many files it has.

    ``name`` is what its store calls it, ``aliases`` are further names for the same bytes. ``path`` is the first file,
    or the folder of an MLX model. ``size`` includes the projector, with which the model reads pictures.
    """

    name: str
    store: str
    path: Path
    header: ModelHeader
    size: int
    projector: Path | None = None
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A file that looks like a model and is none that can be used, and why."""

    path: Path
    reason: str


@dataclass(frozen=True, slots=True)
class FoundModels:
    """All that was found. ``places`` are the folders that exist."""

    models: tuple[LocalModel, ...] = ()
    unreadable: tuple[Unreadable, ...] = ()
    places: tuple[Place, ...] = ()
