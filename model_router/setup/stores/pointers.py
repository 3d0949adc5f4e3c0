"""Files that say where a model lies: Jan's ``model.yml`` of imported ones, LM Studio's ``model.yaml`` of virtual ones.

Jan writes ``model_path`` and ``mmproj_path``, absolute or from its data folder; before 2025 a list of ``files``. LM
Studio's hub has ``PUBLISHER/NAME/model.yaml`` with the ``model``'s own name and its ``base``: repositories that it may
be loaded from, or other virtual models.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import yaml

from model_router.config.document import parse_document
from model_router.errors import ConfigError
from model_router.setup.gguf import Families
from model_router.setup.stores.folders import Folder, Walker
from model_router.setup.stores.gguf_files import GgufFile, gguf_models
from model_router.setup.stores.model import LocalModel, Unreadable
from model_router.setup.stores.names import shard_of

_MOST_BYTES = 1 << 20
_DEEPEST = 8
_MOST_ENTRIES = 64


def pointed_models(
    folder: Folder, data_folders: Sequence[Path], name: str, store: str, families: Families
) -> Iterator[LocalModel | Unreadable]:
    """The model that the ``model.yml`` in a folder of Jan's leads to; nothing where its files lie beside it."""
    path = folder.path / "model.yml"
    told = _read(path)
    if told is None:
        yield Unreadable(path, "it is no YAML that says where the model lies")
        return
    listed = [_text(one) for one in _items(told.get("files"))]
    text = _text(told.get("model_path")) or next(iter(listed), "")
    target = _existing(text, data_folders)
    if target is None and text:
        yield Unreadable(path, f"the file that it names, {text}, is not there")
    if target is None or target.parent == folder.path.resolve():
        return
    beside = {one.name: one.stat().st_size for one in _parts(target)}
    for found in gguf_models(target.parent, beside, families):
        if isinstance(found, GgufFile):
            local = found.as_local(name, store)
            projector = _existing(_text(told.get("mmproj_path")), data_folders)
            if projector is not None:
                local = replace(local, projector=projector, size=local.size + projector.stat().st_size)
            yield local
        else:
            yield found


def _parts(target: Path) -> list[Path]:
    """The file, and its brothers where it is a part of a model."""
    shard = shard_of(target.stem)
    if shard is None:
        return [target]
    pattern = f"-of-{shard.parts:05}.gguf"
    return [one for one in target.parent.iterdir() if one.name.startswith(shard.stem) and one.name.endswith(pattern)]


def _existing(text: str, data_folders: Sequence[Path]) -> Path | None:
    """The file under that name, from the first folder that has it; absolute names stand for themselves."""
    for base in data_folders if text else ():
        try:
            path = base / text
            if path.is_file():
                return path.resolve()
        except (OSError, ValueError):
            continue
    return None


def virtual_names(hub: Path, walker: Walker) -> dict[str, tuple[str, ...]]:
    """The virtual models of LM Studio's hub: for each repository, in small letters, the names that lead to it."""
    bases: dict[str, list[str]] = {}
    for folder in walker.walk(hub):
        if "model.yaml" in folder.files:
            told = _read(folder.path / "model.yaml") or {}
            name = _text(told.get("model")) or folder.path.relative_to(hub).as_posix()
            bases[name] = list(_bases(told.get("base")))
    found: dict[str, list[str]] = {}
    for name in sorted(bases):
        for repository in _concrete(name.lower(), {one.lower(): keys for one, keys in bases.items()}, _DEEPEST):
            found.setdefault(repository, []).append(name)
    return {repository: tuple(names) for repository, names in found.items()}


def _bases(base: yaml.Node | None) -> Iterator[str]:
    """What a virtual model is made of: a name, or a list of keys with the repositories that they are fetched from."""
    if one := _text(base):
        yield one
    for entry in map(_fields, _items(base)):
        yield _text(entry.get("key"))
        for source in map(_fields, _items(entry.get("sources"))):
            yield f"{_text(source.get('user'))}/{_text(source.get('repo'))}"


def _concrete(name: str, bases: Mapping[str, Sequence[str]], depth: int) -> dict[str, None]:
    """The repositories below a virtual model, through others; one that leads to itself ends."""
    found: dict[str, None] = {}
    for base in bases.get(name, ()):
        lowered = base.lower()
        if lowered in bases and lowered != name and depth > 0:
            found |= _concrete(lowered, bases, depth - 1)
        elif "/" in lowered.strip("/"):
            found[lowered] = None
    return found


def _read(path: Path) -> Mapping[str, yaml.Node] | None:
    """The fields of a file, unread; ``None`` where it is no mapping. Aliases in it are followed where they are asked
    for and nowhere else, so that a small file cannot become a large value."""
    try:
        with path.open("rb") as stream:
            return _fields(parse_document(stream.read(_MOST_BYTES), str(path)).root)
    except (OSError, ConfigError):
        return None


def _fields(node: yaml.Node | None) -> dict[str, yaml.Node]:
    if not isinstance(node, yaml.MappingNode):
        return {}
    return {key.value: value for key, value in node.value if isinstance(key, yaml.ScalarNode)}


def _items(node: yaml.Node | None) -> list[yaml.Node]:
    return list(node.value[:_MOST_ENTRIES]) if isinstance(node, yaml.SequenceNode) else []


def _text(node: yaml.Node | None) -> str:
    """The words of a value; those of a number or a null too, which are no file's name."""
    return str(node.value).strip() if isinstance(node, yaml.ScalarNode) else ""
