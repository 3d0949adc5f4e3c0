"""Ollama's store: a manifest for each tag names blobs by their hashes; one of them is the GGUF file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import msgspec

from model_router.errors import SetupError
from model_router.setup.gguf import Families, read_header
from model_router.setup.stores.folders import Walker
from model_router.setup.stores.model import LocalModel, Unreadable

_DIGEST = re.compile(r"sha256[:-]([0-9a-f]{64})\Z", re.ASCII)
_MOST_MANIFEST = 1 << 20
_KIND = "application/vnd.ollama.image."
_USUAL_REGISTRY, _USUAL_OWNER = "registry.ollama.ai", "library"


class _Layer(msgspec.Struct):
    mediaType: str = ""
    digest: str = ""
    size: int = 0


class _Manifest(msgspec.Struct):
    layers: list[_Layer] | None = None


def ollama_models(folder: Path, walker: Walker) -> Iterator[LocalModel | Unreadable]:
    """Every tag that has a model; tags of models elsewhere ("cloud") have none."""
    for name in ("manifests", "manifests-v2"):
        root = folder / name
        for found in walker.walk(root):
            for tag in found.files:
                path = found.path / tag
                if tag.startswith("."):
                    continue
                model = _of_manifest(folder, root, path, walker.families)
                if model is not None:
                    yield model


def tag_name(parts: tuple[str, ...]) -> str:
    """``qwen3:8b`` from ``("registry.ollama.ai", "library", "qwen3", "8b")``; what is not usual stays in the name."""
    *front, tag = parts
    if front[:1] == [_USUAL_REGISTRY]:
        front = front[1:]
        if front[:1] == [_USUAL_OWNER]:
            front = front[1:]
    return f"{'/'.join(front)}:{tag}"


def _of_manifest(folder: Path, root: Path, path: Path, families: Families) -> LocalModel | Unreadable | None:
    parts = path.relative_to(root).parts
    manifest = _read_manifest(path) if len(parts) > 2 else None
    if manifest is None or isinstance(manifest, Unreadable):
        return manifest
    layers = {layer.mediaType.removeprefix(_KIND): layer for layer in manifest.layers or ()}
    weights, projector, template = (layers.get(kind) for kind in ("model", "projector", "template"))
    if weights is None:
        return None
    name = tag_name(parts)
    blob = _blob(folder, weights)
    if blob is None:
        return Unreadable(path, f"the weights of {name} are missing or not all there")
    try:
        header = read_header([blob], families)
    except SetupError as error:
        return Unreadable(path, f"{name}: {error.message}")
    if header.tools is None and template is not None:
        header = replace(header, tools=_names_tools(_blob(folder, template)))
    pictures = _blob(folder, projector) if projector else None
    size = header.size + (projector.size if projector and pictures else 0)
    return LocalModel(name, "ollama", blob, header, size, projector=pictures)


def _read_manifest(path: Path) -> _Manifest | Unreadable:
    try:
        with path.open("rb") as stream:
            return msgspec.json.decode(stream.read(_MOST_MANIFEST), type=_Manifest)
    except OSError as error:
        return Unreadable(path, f"it cannot be read ({error.strerror or error})")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return Unreadable(path, "it is no manifest of Ollama's")


def _names_tools(template: Path | None) -> bool | None:
    """Whether Ollama's own template, in Go's language, has a place for tools."""
    if template is None:
        return None
    try:
        with template.open("rb") as stream:
            return b".Tools" in stream.read(_MOST_MANIFEST)
    except OSError:
        return None


def _blob(folder: Path, layer: _Layer) -> Path | None:
    """The file of a layer, if all of it is there. A digest is a hash and nothing else, so it leads nowhere outside."""
    found = _DIGEST.match(layer.digest)
    if found is None:
        return None
    path = folder / "blobs" / f"sha256-{found.group(1)}"
    try:
        size = path.stat().st_size
    except OSError:
        return None
    return path if not layer.size or size == layer.size else None
