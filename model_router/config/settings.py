"""Single settings of a configuration file: which there are, what they say, and how one is changed where it stands.

Everything else of the file stays as it is, byte for byte: comments, order, quotes. What was changed is read back
before it is given out, and has to differ in this one setting alone.
"""

from __future__ import annotations

import json
import typing
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, Field, dataclass, field, is_dataclass
from enum import StrEnum
from typing import Any

import yaml

from model_router.config.document import parse_document
from model_router.config.proxy import BackendConfig
from model_router.config.reader import field_types, file_fields, optional_inner
from model_router.engine.catalog import EngineSpec
from model_router.errors import UsageError

HIDDEN = "••••••"
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_WANTED: Mapping[type, frozenset[str]] = {
    BackendConfig: frozenset({"base_url", "model", "api_key_env", "max_context", "timeout_seconds", "parallel"}),
    EngineSpec: frozenset({"enabled", "model", "provider", "max_context", "cost_tier", "latency_tier"}),
}
"""What is listed of each backend and engine even where the file does not say it."""
_LEFT_OUT = frozenset({"schema_version"})


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting. ``value`` is as the file writes it, ``is_set`` whether it does; ``default`` what holds without it.

    ``allowed`` are the words that it takes, empty where it takes others; ``kind`` is ``text``, ``word``, ``number``,
    ``yes or no`` or ``list``. The value of a ``secret`` is never given out.
    """

    path: tuple[str, ...]
    kind: str
    doc: str = ""
    value: str = field(default="", repr=False)
    is_set: bool = False
    default: str = ""
    allowed: tuple[str, ...] = ()
    secret: bool = False
    line: int = 0

    @property
    def name(self) -> str:
        """The key path, ``a.b.c``."""
        return ".".join(self.path)


def settings(text: str, kind: type) -> tuple[Setting, ...]:
    """What files of ``kind`` (``ProxyConfig`` or ``Catalog``) say or could say, section by section.

    Raises:
        ConfigError: the text cannot be read at all.
    """
    root = _root(text)
    return tuple(_section(text, root, kind, ()))


def set_value(text: str, setting: Setting, written: str) -> str:
    """The text with another value for one setting; nothing written takes the setting out.

    Raises:
        ConfigError: the text cannot be read at all.
        UsageError: the value is no single value, or the file writes it so that only a person should change it.
    """
    path, value = setting.path, written.strip()
    changed = _without(text, path) if not value else _with(text, path, _encoded(value, setting.kind))
    before, after = flat(text), flat(changed)
    name = setting.name
    touched = {key for key in before.keys() | after.keys() if before.get(key) != after.get(key)}
    own = (f"{name}[", f"{name}.")
    if any(key != name and not key.startswith(own) and not name.startswith(f"{key}.") for key in touched):
        raise _by_hand(name)
    return changed


def flat(text: str) -> dict[str, str]:
    """Every value of a file by its key path; keys of servers and clients are hidden, but differ where they do.

    Raises:
        ConfigError: the text cannot be read at all.
    """
    return dict(_leaves(_root(text), ""))


def is_secret(name: str) -> bool:
    """Whether the value at a key path is a key."""
    parts = name.partition("[")[0].split(".")
    return "api_key" in parts or ("api_keys" in parts and parts[-1] != "env")


def _root(text: str) -> yaml.MappingNode:
    return parse_document(text.encode("utf-8", "replace"), "the file").root


def _leaves(node: yaml.Node, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(node, yaml.MappingNode) and node.value:
        for key, value in node.value:
            yield from _leaves(value, f"{path}.{key.value}" if path else str(key.value))
    elif isinstance(node, yaml.SequenceNode) and node.value:
        for index, item in enumerate(node.value):
            yield from _leaves(item, f"{path}[{index}]")
    elif isinstance(node, yaml.ScalarNode):
        shown = str(node.value)
        yield path, f"{HIDDEN}{abs(hash(shown)) % 1000:03d}" if is_secret(path) and shown else shown


# Which there are


def _section(text: str, node: yaml.Node | None, kind: type, path: tuple[str, ...]) -> Iterator[Setting]:
    hints = field_types(kind)
    for item in file_fields(kind):
        annotation, _ = optional_inner(hints[item.name])
        child = _child(node, item.name)
        below = (*path, item.name)
        if is_dataclass(annotation):
            if kind not in _WANTED or child is not None:
                yield from _section(text, child, typing.cast(type, annotation), below)
        elif typing.get_origin(annotation) not in (None, tuple):
            yield from _entries(text, child, typing.get_args(annotation)[1], below)
        elif not (item.name in _LEFT_OUT and not path):
            wanted = _WANTED.get(kind)
            if child is not None or wanted is None or item.name in wanted:
                yield _setting(text, child, item, annotation, below)


def _entries(text: str, node: yaml.Node | None, value: Any, path: tuple[str, ...]) -> Iterator[Setting]:
    """The entries of a mapping that the file names."""
    inner, _ = optional_inner(value)
    for key, child in node.value if isinstance(node, yaml.MappingNode) else ():
        below = (*path, str(key.value))
        if is_dataclass(inner):
            yield from _section(text, child, typing.cast(type, inner), below)
        elif inner is str and isinstance(child, yaml.ScalarNode):
            yield Setting(below, "text", value=_source(text, child), is_set=True, line=child.start_mark.line + 1)


def _setting(text: str, node: yaml.Node | None, item: Field[Any], annotation: Any, path: tuple[str, ...]) -> Setting:
    secret = bool(item.metadata.get("secret"))
    default = "" if item.default is MISSING or item.default is None or secret else _plain(item.default)
    written = node is not None and not _is_blank(node)
    value = (HIDDEN if secret else _source(text, node)) if node is not None and written else ""
    kind, allowed = _kind(annotation, item)
    line = node.start_mark.line + 1 if node is not None else 0
    return Setting(path, kind, str(item.metadata.get("doc", "")), value, written, default, allowed, secret, line)


def _kind(annotation: Any, item: Field[Any]) -> tuple[str, tuple[str, ...]]:
    if typing.get_origin(annotation) is tuple:
        return "list", ()
    if annotation is bool:
        return "yes or no", ("true", "false")
    if annotation in (int, float):
        return "number", tuple(map(str, item.metadata.get("enum", ())))
    if isinstance(annotation, type) and issubclass(annotation, StrEnum):
        return "word", tuple(member.value for member in annotation)
    return "text", ()


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"[{', '.join(map(str, value))}]" if isinstance(value, tuple) else str(value)


def _source(text: str, node: yaml.Node | None) -> str:
    """What the file writes, on one line."""
    if node is None:
        return ""
    if isinstance(node, yaml.ScalarNode):
        return str(node.value)
    return " ".join(text[node.start_mark.index : node.end_mark.index].split())


def _child(node: yaml.Node | None, name: str) -> yaml.Node | None:
    if not isinstance(node, yaml.MappingNode):
        return None
    return next((value for key, value in node.value if key.value == name), None)


def _is_blank(node: yaml.Node) -> bool:
    return (
        isinstance(node, yaml.ScalarNode)
        and node.tag.endswith(":null")
        and node.start_mark.index == (node.end_mark.index)
    )


# How one is changed


def _encoded(value: str, kind: str) -> str:
    """The value as YAML, on one line.

    Raises:
        UsageError: it is none.
    """
    if "\n" in value or "\r" in value:
        raise UsageError("a value here is one line", "Longer ones are written in the text.")
    try:
        node = yaml.compose(f"x: {value}\n", Loader=_LOADER)
        found = node.value[0][1] if isinstance(node, yaml.MappingNode) and len(node.value) == 1 else None
    except yaml.YAMLError:
        found = None
    if kind == "list":
        if not isinstance(found, yaml.SequenceNode):
            raise UsageError("a list is written as [one, two]", "")
        return value
    plain = isinstance(found, yaml.ScalarNode) and found.end_mark.index == 3 + len(value)
    if kind == "text" and not (plain and isinstance(found, yaml.ScalarNode) and found.tag.endswith(":str")):
        return json.dumps(value, ensure_ascii=False)
    if not plain:
        raise UsageError(f"{value!r} is no single value", "")
    return value


def _with(text: str, path: tuple[str, ...], value: str) -> str:
    node: yaml.Node = _root(text)
    for depth, name in enumerate(path):
        child = _child(node, name)
        if child is None:
            return _added(text, node, path[depth:], value)
        if _is_blank(child):
            return _filled(text, node, name, path[depth + 1 :], value)
        node = child
    if not isinstance(node, yaml.ScalarNode | yaml.SequenceNode) or not _on_one_line(node):
        raise _by_hand(".".join(path))
    return text[: node.start_mark.index] + value + text[node.end_mark.index :]


def _is_flow(node: yaml.Node) -> bool:
    """Whether it is written in brackets."""
    return bool(getattr(node, "flow_style", False))


def _on_one_line(node: yaml.Node) -> bool:
    if not isinstance(node, yaml.ScalarNode) and not _is_flow(node):
        return False
    block = isinstance(node, yaml.ScalarNode) and node.style in ("|", ">")
    return node.start_mark.line == node.end_mark.line and not block


def _added(text: str, node: yaml.Node, path: tuple[str, ...], value: str) -> str:
    """A setting that the file does not say yet, behind all others of its section."""
    if not isinstance(node, yaml.MappingNode):
        raise _by_hand(".".join(path))
    if _is_flow(node):
        inside = f"{path[0]}: {_nested_flow(path[1:], value)}"
        if not node.value:
            return text[: node.start_mark.index] + "{" + inside + "}" + text[node.end_mark.index :]
        end = node.value[-1][1].end_mark.index
        return text[:end] + f", {inside}" + text[end:]
    column = node.value[0][0].start_mark.column if node.value else 0
    newline = "\r\n" if "\r\n" in text else "\n"
    lines = text.split("\n")
    at = _last_line(node) + 1
    added = [one + newline.removesuffix("\n") for one in _nested_block(path, value, column)]
    if at >= len(lines) or (at == len(lines) - 1 and not lines[-1]):
        body = text if text.endswith("\n") else text + newline
        return body + "".join(f"{one}\n" for one in added)
    return "\n".join([*lines[:at], *added, *lines[at:]])


def _filled(text: str, parent: yaml.Node, name: str, path: tuple[str, ...], value: str) -> str:
    """A section, or a setting, of which the file has only the name yet."""
    key = next(key for key, _ in parent.value if key.value == name)
    end = text.index(":", key.end_mark.index) + 1
    if not path:
        return f"{text[:end]} {value}{text[end:]}"
    if _is_flow(parent):
        return f"{text[:end]} {_nested_flow(path, value)}{text[end:]}"
    newline = "\r\n" if "\r\n" in text else "\n"
    stop = text.find("\n", end)
    stop = len(text) if stop < 0 else stop + 1
    head = text[:stop] if text[:stop].endswith("\n") else text[:stop] + newline
    return head + "".join(one + newline for one in _nested_block(path, value, key.start_mark.column + 2)) + text[stop:]


def _without(text: str, path: tuple[str, ...]) -> str:
    node: yaml.Node = _root(text)
    for name in path[:-1]:
        child = _child(node, name)
        if child is None:
            return text
        node = child
    if not isinstance(node, yaml.MappingNode):
        return text
    at = next((index for index, (key, _) in enumerate(node.value) if key.value == path[-1]), -1)
    if at < 0:
        return text
    key, value = node.value[at]
    if _is_flow(node):
        if at + 1 < len(node.value):
            return text[: key.start_mark.index] + text[node.value[at + 1][0].start_mark.index :]
        start = node.value[at - 1][1].end_mark.index if at else key.start_mark.index
        return text[:start] + text[value.end_mark.index :]
    lines = text.split("\n")
    return "\n".join(lines[: key.start_mark.line] + lines[max(_last_line(value), key.start_mark.line) + 1 :])


def _nested_flow(path: tuple[str, ...], value: str) -> str:
    return f"{{{path[0]}: {_nested_flow(path[1:], value)}}}" if path else value


def _nested_block(path: tuple[str, ...], value: str, column: int) -> list[str]:
    lines = [f"{' ' * (column + 2 * depth)}{name}:" for depth, name in enumerate(path)]
    lines[-1] += f" {value}"
    return lines


def _last_line(node: yaml.Node) -> int:
    """The last line that a node itself stands on, without the comments behind it; counted from 0."""
    if isinstance(node, yaml.MappingNode) and not _is_flow(node) and node.value:
        return max(max(int(key.start_mark.line), _last_line(value)) for key, value in node.value)
    if isinstance(node, yaml.SequenceNode) and not _is_flow(node) and node.value:
        return max(map(_last_line, node.value))
    end = node.end_mark
    open_end = isinstance(node, yaml.ScalarNode) and node.style in ("|", ">") and end.column == 0
    return max(int(node.start_mark.line), int(end.line) - int(open_end))


def _by_hand(name: str) -> UsageError:
    return UsageError(f"{name} is written over several lines or in another way", "Change it in the text.")
