"""Nodes of a YAML file into frozen dataclasses, with every mistake collected instead of the first one raised.

The dataclasses are the description: the type of a field says what it takes, its metadata says the rest
(``min max`` bounds, ``enum`` numbers, ``format`` url or env, ``secret``, ``internal``). The JSON Schemas come out of
the same description (:mod:`model_router.config.schema`).
"""

from __future__ import annotations

import re
import types
import typing
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, Field, dataclass, field, fields, is_dataclass
from enum import StrEnum
from functools import cache
from types import MappingProxyType
from typing import Any, TypeVar

import yaml

from model_router.config.document import Document
from model_router.config.token_count import token_count
from model_router.config.wording import clipped, joined, nearest, printable, quoted, url_problem
from model_router.errors import Problem

T = TypeVar("T")

MAX_VALUES = 50_000
"""Values read from one file; aliases that multiply each other end here."""

NAME_PATTERN = r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}"
"""Names of engines and backends: they stand in HTTP headers, so they stay plain."""

ENVIRONMENT_PATTERN = r"[A-Za-z_][A-Za-z0-9_]*"

_TAG = "tag:yaml.org,2002:"
_PLAIN_TAGS = frozenset(_TAG + kind for kind in ("str", "int", "float", "bool", "null", "timestamp", "map", "seq"))
_WHOLE = re.compile(r"[-+]?(?:0|[1-9][0-9_]{0,17})")


class _Failed:
    """What a value is after its problem has been written down."""


FAILED = _Failed()


@dataclass(frozen=True, slots=True)
class Legacy:
    """What older files may say and this version does not need: accepted with a warning.

    ``keys`` are those without a meaning, by the dataclass they stand in; ``values`` translate old words of an enum.
    """

    keys: Mapping[type, frozenset[str]] = field(default_factory=lambda: MappingProxyType({}))
    values: Mapping[type, Mapping[str, str]] = field(default_factory=lambda: MappingProxyType({}))


class TooManyValuesError(Exception):
    """The file expands to more values than any configuration holds."""


@cache
def field_types(kind: type) -> dict[str, Any]:
    """The types of a dataclass's fields, with the annotations evaluated."""
    return typing.get_type_hints(kind)


def file_fields(kind: type) -> tuple[Field[Any], ...]:
    """The fields that a file may set."""
    return tuple(item for item in fields(kind) if not item.metadata.get("internal"))


def optional_inner(annotation: Any) -> tuple[Any, bool]:
    """``X | None`` gives ``(X, True)``, anything else ``(itself, False)``."""
    if isinstance(annotation, types.UnionType):
        inner = [part for part in typing.get_args(annotation) if part is not type(None)]
        return inner[0], True
    return annotation, False


class Reader:
    """Reads one document. ``problems`` and ``warnings`` grow while it reads."""

    def __init__(self, document: Document, legacy: Legacy | None = None) -> None:
        self._document = document
        self._legacy = legacy or Legacy()
        self._places: dict[str, tuple[int, int]] = {}
        self._keys: dict[str, yaml.Mark] = {}
        self._names: dict[str, tuple[str, ...]] = {}
        self._read = 0
        self.problems: list[Problem] = []
        self.warnings: list[Problem] = []

    def read(self, kind: type[T], bases: Mapping[str, Any] | None = None) -> T | None:
        """The whole document as ``kind``; ``None`` when a required key is missing.

        ``bases`` gives the values that stand where the file is silent, by key path, when they are not the defaults of
        the dataclass. Fields with mistakes keep their defaults, so that the rest can be checked all the same.
        """
        try:
            value = self._section(self._document.root, kind, "", bases or {})
        except TooManyValuesError:
            message = f"the file expands to more than {MAX_VALUES} values; use fewer aliases"
            self.problems.append(Problem(self._document.file, 0, 0, "", message))
            return None
        return None if value is FAILED else typing.cast(T, value)

    def sorted_problems(self) -> tuple[Problem, ...]:
        """Every mistake, in file order."""
        return tuple(sorted(set(self.problems), key=lambda problem: (problem.line, problem.column, problem.path)))

    def has(self, path: str) -> bool:
        """Whether the file says something at this key path."""
        return path in self._places

    def names(self, path: str) -> tuple[str, ...]:
        """The keys of a mapping as the file has them, those with mistakes inside too."""
        return self._names.get(path, ())

    def report(
        self, path: str, message: str, *, found: str = "", allowed: Iterable[str] = (), warning: bool = False
    ) -> None:
        """Write down a mistake that shows only when several parts are looked at together."""
        place = path
        while place not in self._places and "." in place:
            place = place.rpartition(".")[0]
        line, column = self._places.get(place, (0, 0))
        known = tuple(allowed)
        target = self.warnings if warning else self.problems
        target.append(
            Problem(
                self._document.file,
                line,
                column,
                path,
                message,
                found=quoted(found) if found else "",
                allowed=" ".join(known),
                nearest=nearest(found, known),
            )
        )

    def _note(self, node: yaml.Node, path: str, message: str, **more: str) -> _Failed:
        mark = self._mark(node, path)
        self.problems.append(Problem(self._document.file, mark.line + 1, mark.column + 1, path, message, **more))
        return FAILED

    def _mark(self, node: yaml.Node, path: str) -> yaml.Mark:
        """Where a person would look: a single value itself, a list or section at its key and not the line below."""
        at_key = None if isinstance(node, yaml.ScalarNode) else self._keys.get(path)
        return at_key or node.start_mark

    def _visit(self, node: yaml.Node, path: str) -> None:
        self._read += 1
        if self._read > MAX_VALUES:
            raise TooManyValuesError
        mark = self._mark(node, path)
        self._places[path] = (mark.line + 1, mark.column + 1)

    # --- mappings

    def _pairs(self, node: yaml.MappingNode, path: str) -> list[tuple[str, yaml.Node, yaml.Node]]:
        """Keys as text, in file order, each once; ``<<`` merges fill in what is not said."""
        said: dict[str, tuple[yaml.Node, yaml.Node]] = {}
        merged: list[yaml.Node] = []
        for key_node, value_node in node.value:
            self._read += 1
            if self._read > MAX_VALUES:
                raise TooManyValuesError
            if not isinstance(key_node, yaml.ScalarNode) or key_node.tag == _TAG + "null":
                self._note(key_node, path, "a key must be a plain word")
            elif key_node.tag == _TAG + "merge":
                merged.append(value_node)
            elif key_node.value in said:
                first = said[key_node.value][0].start_mark.line + 1
                key_path = joined(path, key_node.value)
                self._note(key_node, key_path, f"this key stands twice; line {first} has it already")
            else:
                said[key_node.value] = (key_node, value_node)
        for source in merged:
            for key, pair in self._merged(source, path):
                said.setdefault(key, pair)
        return [(key, *pair) for key, pair in said.items()]

    def _merged(self, node: yaml.Node, path: str) -> Iterable[tuple[str, tuple[yaml.Node, yaml.Node]]]:
        sources = node.value if isinstance(node, yaml.SequenceNode) else [node]
        for source in sources:
            if not isinstance(source, yaml.MappingNode):
                self._note(source, path, "`<<` takes a mapping or a list of mappings")
                continue
            for key_node, value_node in source.value:
                self._read += 1
                if self._read > MAX_VALUES:
                    raise TooManyValuesError
                if isinstance(key_node, yaml.ScalarNode) and key_node.tag != _TAG + "merge":
                    yield key_node.value, (key_node, value_node)

    def _section(
        self, node: yaml.Node, kind: type, path: str, bases: Mapping[str, Any], *, secret: bool = False
    ) -> Any:
        self._visit(node, path)
        base = bases.get(path)
        if is_null(node):
            node = yaml.MappingNode(_TAG + "map", [], node.start_mark, node.end_mark)
        if not isinstance(node, yaml.MappingNode):
            return self._note(node, path, "must be `key: value` lines", found=self._found(node, secret=secret))
        known = {item.name: item for item in file_fields(kind)}
        hints = field_types(kind)
        values: dict[str, Any] = {}
        said: set[str] = set()
        for key, key_node, value_node in self._pairs(node, path):
            item = known.get(key)
            if item is None:
                self._unknown_key(kind, key, key_node, path)
                continue
            said.add(key)
            self._keys[joined(path, key)] = key_node.start_mark
            value = self._value(value_node, hints[key], joined(path, key), item.metadata, bases)
            if value is not FAILED:
                values[key] = value
        missing = [
            name
            for name, item in known.items()
            if name not in said and base is None and item.default is MISSING and item.default_factory is MISSING
        ]
        for name in missing:
            line, column = self._places[path]
            key_path = joined(path, name)
            self.problems.append(Problem(self._document.file, line, column, key_path, "this key is needed and missing"))
        if base is not None:
            values = {item.name: values.get(item.name, getattr(base, item.name)) for item in fields(kind)}
        required = {i.name for i in fields(kind) if i.default is MISSING and i.default_factory is MISSING}
        return kind(**values) if required <= values.keys() else FAILED

    def _unknown_key(self, kind: type, key: str, node: yaml.Node, path: str) -> None:
        mark = node.start_mark
        place = (self._document.file, mark.line + 1, mark.column + 1, joined(path, printable(key)))
        if key in self._legacy.keys.get(kind, ()):
            self.warnings.append(Problem(*place, "this key of an older version has no effect and can go"))
            return
        known = [item.name for item in file_fields(kind)]
        near = nearest(key, known) or _in_a_section(kind, key)
        self.problems.append(Problem(*place, "unknown key", quoted(key), " ".join(known), near))

    def _mapping(
        self, node: yaml.Node, annotation: Any, path: str, metadata: Mapping[str, Any], bases: Mapping[str, Any]
    ) -> Any:
        key_type, value_type = typing.get_args(annotation)
        secret = bool(metadata.get("secret"))
        if is_null(node):
            return MappingProxyType({})
        if not isinstance(node, yaml.MappingNode):
            return self._note(node, path, "must be `name: value` lines", found=self._found(node, secret=secret))
        result: dict[Any, Any] = {}
        names: list[str] = []
        for name, key_node, value_node in self._pairs(node, path):
            names.append(name)
            self._keys[joined(path, printable(name))] = key_node.start_mark
            if secret and not isinstance(value_node, yaml.MappingNode):  # then the name may be the secret
                self._note(key_node, path, "must be names with `key: value` lines below each", found="hidden")
                continue
            free = metadata.get("keys") == "free" and bool(name.strip()) and name.isprintable()
            key = name if free else self._key(name, key_node, key_type, path)
            value = self._value(value_node, value_type, joined(path, printable(name)), {"secret": secret}, bases)
            if key is not FAILED and value is not FAILED:
                result[key] = value
        self._names[path] = tuple(names)
        return MappingProxyType(result)

    def _key(self, name: str, node: yaml.Node, key_type: Any, path: str) -> Any:
        if key_type is str:
            if re.fullmatch(NAME_PATTERN, name):
                return name
            message = "a name takes letters, digits, `.`, `_` and `-`, at most 64 of them"
            return self._note(node, joined(path, printable(name)), message, found=quoted(name))
        try:
            return key_type(name)
        except ValueError:
            known = [str(member) for member in key_type]
            return self._note(
                node,
                joined(path, printable(name)),
                f"unknown {key_type.__name__.lower()}",
                found=quoted(name),
                allowed=" ".join(known),
                nearest=nearest(name, known),
            )

    # --- single values

    def _value(
        self, node: yaml.Node, annotation: Any, path: str, metadata: Mapping[str, Any], bases: Mapping[str, Any]
    ) -> Any:
        inner, optional = optional_inner(annotation)
        if node.tag not in _PLAIN_TAGS:
            tag = "" if metadata.get("secret") else f" {quoted(node.tag)}"  # a key may begin with `!`
            return self._note(node, path, f"the tag{tag} is not allowed here; put a text in quotes")
        if is_dataclass(inner):
            return self._section(node, typing.cast(type, inner), path, bases, secret=bool(metadata.get("secret")))
        self._visit(node, path)
        origin = typing.get_origin(inner)
        if origin is tuple:
            return self._list(node, typing.get_args(inner)[0], path, metadata)
        if origin is not None:
            return self._mapping(node, inner, path, metadata, bases)
        if inner is Any:
            return self._anything(node, path)
        return None if is_null(node) and optional else self._scalar(node, inner, path, metadata)

    def _anything(self, node: yaml.Node, path: str) -> Any:
        """A value that only a backend has to understand: whatever JSON can say."""
        if isinstance(node, yaml.MappingNode):
            pairs = {
                name: self._inside(value, joined(path, printable(name))) for name, _, value in self._pairs(node, path)
            }
            return FAILED if FAILED in pairs.values() else pairs
        if isinstance(node, yaml.SequenceNode):
            items = [self._inside(item, f"{path}[{index}]") for index, item in enumerate(node.value)]
            return FAILED if FAILED in items else items
        if not isinstance(node, yaml.ScalarNode) or is_null(node):
            return None
        if node.tag == _TAG + "bool":
            return node.value.lower() in {"true", "yes", "on"}
        number = _number(node, int if node.tag == _TAG + "int" else float)
        return node.value if number is None else number

    def _inside(self, node: yaml.Node, path: str) -> Any:
        return self._value(node, Any, path, {}, {})

    def _list(self, node: yaml.Node, member: Any, path: str, metadata: Mapping[str, Any]) -> Any:
        if is_null(node):
            return ()
        if isinstance(node, yaml.ScalarNode):
            message = "must be a list; write it as `[value]` or as lines that start with `- `"
            return self._note(node, path, message, found=self._found(node))
        if not isinstance(node, yaml.SequenceNode):
            return self._note(node, path, "must be a list", found=self._found(node))
        values = [self._value(item, member, f"{path}[{index}]", metadata, {}) for index, item in enumerate(node.value)]
        return FAILED if FAILED in values else tuple(values)

    def _scalar(self, node: yaml.Node, kind: Any, path: str, metadata: Mapping[str, Any]) -> Any:
        if not isinstance(node, yaml.ScalarNode) or is_null(node):
            return self._note(node, path, f"must be {_words(kind, metadata)}", found=self._found(node))
        if kind is bool:
            if node.tag == _TAG + "bool":
                return node.value.lower() in {"true", "yes", "on"}
        elif kind is int or kind is float:
            number = _number(node, kind)
            if number is not None:
                return self._bounded(node, number, path, metadata)
        elif isinstance(kind, type) and issubclass(kind, StrEnum):
            return self._member(node, kind, path)
        elif node.tag in {_TAG + "str", _TAG + "timestamp"}:
            return self._text(node, path, metadata)
        found = self._found(node, secret=bool(metadata.get("secret")))
        words = _words(kind, metadata)
        fix = "; put it in quotes" if kind is str else ""
        if kind is int and (count := token_count(node.value)) is not None:
            fix = f"; write {count}"
        return self._note(node, path, f"must be {words}{fix}", found=found)

    def _bounded(self, node: yaml.ScalarNode, number: Any, path: str, metadata: Mapping[str, Any]) -> Any:
        choices = metadata.get("enum")
        low, high = metadata.get("min"), metadata.get("max")
        if choices is not None and number not in choices:
            return self._note(
                node, path, "this value is not known", found=node.value, allowed=" ".join(map(str, choices))
            )
        if (low is not None and number < low) or (high is not None and number > high):
            span = f"{low} to {high}" if high is not None and low is not None else f"{low} or more"
            return self._note(node, path, "this number is out of range", found=node.value, allowed=span)
        return number

    def _member(self, node: yaml.ScalarNode, kind: type[StrEnum], path: str) -> Any:
        older = self._legacy.values.get(kind, {}).get(node.value)
        if older is not None:
            mark = node.start_mark
            message = f"{node.value!r} is a word of an older version and means {older!r} now"
            self.warnings.append(Problem(self._document.file, mark.line + 1, mark.column + 1, path, message))
            return kind(older)
        try:
            return kind(node.value)
        except ValueError:
            known = [member.value for member in kind]
            return self._note(
                node,
                path,
                "this value is not known",
                found=quoted(node.value),
                allowed=" ".join(known),
                nearest=nearest(node.value, known),
            )

    def _text(self, node: yaml.ScalarNode, path: str, metadata: Mapping[str, Any]) -> Any:
        text = node.value
        secret = bool(metadata.get("secret"))
        if any(ord(character) < 32 or 127 <= ord(character) < 160 for character in text):
            return self._note(node, path, "must not hold line breaks or control characters")
        if secret and not text.strip():
            return self._note(node, path, "is empty; leave it out when there is no key")
        wanted = metadata.get("format")
        if wanted == "url":
            problem, found = url_problem(text)
            return self._note(node, path, problem, found=found) if problem else text.rstrip("/")
        if wanted == "env" and not re.fullmatch(ENVIRONMENT_PATTERN, text):
            # a key pasted into the wrong place must not be printed
            return self._note(node, path, "must be the name of an environment variable, not its value", found="hidden")
        if wanted == "filled" and not text.strip():
            return self._note(node, path, "must not be empty")
        return text

    def _found(self, node: yaml.Node, *, secret: bool = False) -> str:
        if isinstance(node, yaml.SequenceNode):
            return "a list"
        if isinstance(node, yaml.MappingNode):
            return "`key: value` lines"
        if is_null(node):
            return "nothing"
        if secret:
            return "hidden"
        kind = node.tag.removeprefix(_TAG)
        text = clipped(printable(node.value))
        return {"int": f"the number {text}", "float": f"the number {text}", "bool": text}.get(kind, repr(text))


def is_null(node: yaml.Node) -> bool:
    """Whether the key has no value."""
    return isinstance(node, yaml.ScalarNode) and bool(node.tag == _TAG + "null")


def _in_a_section(kind: type, key: str) -> str:
    """The path of a key that exists one level down: ``port`` is probably meant as ``proxy.port``."""
    for item in file_fields(kind):
        inner, _ = optional_inner(field_types(kind)[item.name])
        if is_dataclass(inner) and key in {sub.name for sub in file_fields(typing.cast(type, inner))}:
            return f"{item.name}.{key}"
    return ""


def _number(node: yaml.ScalarNode, kind: type) -> int | float | None:
    """A plain decimal number; YAML 1.1's octal, sexagesimal, infinite and quoted ones are refused."""
    if node.style not in {None, ""}:
        return None
    if _WHOLE.fullmatch(node.value):
        whole = int(node.value.replace("_", ""))
        return whole if kind is int else float(whole)
    if kind is float and re.fullmatch(r"[-+]?[0-9]{1,18}\.[0-9]{0,18}", node.value):
        return float(node.value)
    return None


def _words(kind: Any, metadata: Mapping[str, Any]) -> str:
    if kind is bool:
        return "true or false"
    if kind is int:
        return "a whole number"
    if kind is float:
        return "a number"
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return "one of: " + " ".join(member.value for member in kind)
    return "an address" if metadata.get("format") == "url" else "text"
