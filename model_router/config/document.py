"""A YAML file as a tree of nodes that know their lines, or one clear problem.

Only the tree is built here: no YAML tag ever makes an object. The C composer recurses, so the depth is checked on the
flat stream of events first; a file of a hundred thousand brackets would otherwise end the process.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

import yaml

from model_router.errors import ConfigError, Problem

MAX_BYTES = 1_048_576
MAX_DEPTH = 32

# Brackets, and what brackets may stand in without being any: quoted text and comments.
_BRACKETS = re.compile(r"""(?<![^\s\[{,:])(?:"(?:[^"\\]|\\.)*"|'[^']*'|\#.*)|[\[\]{}]""")

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True)
class Document:
    """The root of one file. ``file`` is the name that problems carry."""

    file: str
    root: yaml.MappingNode

    @property
    def sections(self) -> tuple[str, ...]:
        """The keys at the top, in their order: by them one kind of file is told from another."""
        return tuple(str(key.value) for key, _ in self.root.value)


def read_document(path: Path) -> Document:
    """Read one file that must hold one mapping.

    Raises:
        ConfigError: with one problem, when the file is missing, unreadable, larger than 1 MiB, not UTF-8, not YAML,
            nested deeper than 32 levels, empty, or not a mapping.
    """
    return parse_document(_read_bytes(path), str(path))


def parse_document(data: bytes, file: str) -> Document:
    """The same for bytes that are already here."""
    text = _decode(data, file)
    try:
        _check_depth(text, file)
        root = yaml.compose(text, Loader=_LOADER)
    except yaml.YAMLError as error:
        raise _syntax_error(error, text, file) from None
    if root is None:
        raise single_problem(file, 0, 0, "the file is empty", "Write the settings into it, or remove it.")
    if not isinstance(root, yaml.MappingNode):
        kind = "a list" if isinstance(root, yaml.SequenceNode) else "a single value"
        mark = root.start_mark
        message = f"the file must hold `key: value` lines, not {kind}"
        raise single_problem(file, mark.line + 1, mark.column + 1, message)
    return Document(file, root)


def single_problem(file: str, line: int, column: int, message: str, hint: str = "") -> ConfigError:
    """A ``ConfigError`` about one thing that stops the reading."""
    problem = Problem(file, line, column, "", message)
    return ConfigError(str(problem), hint or "Correct the file and try again.", (problem,))


def _read_bytes(path: Path) -> bytes:
    file = str(path)
    try:
        with path.open("rb") as stream:
            if os.fstat(stream.fileno()).st_size > MAX_BYTES:
                raise single_problem(file, 0, 0, "the file is larger than 1 MiB, which no configuration needs")
            data = stream.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise single_problem(
            file, 0, 0, "there is no such file", "Check the path, or run `model-router init --preset NAME`."
        ) from None
    except IsADirectoryError:
        raise single_problem(file, 0, 0, "this is a folder, not a file", "Name the file inside it.") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise single_problem(file, 0, 0, f"the file cannot be read ({reason})", "Check its permissions.") from None
    if len(data) > MAX_BYTES:
        raise single_problem(file, 0, 0, "the file is larger than 1 MiB, which no configuration needs")
    return data


def _decode(data: bytes, file: str) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        column = error.start - data.rfind(b"\n", 0, error.start)
        message = f"the file is not UTF-8 (byte 0x{data[error.start]:02x})"
        raise single_problem(file, line, column, message, "Save it as UTF-8.") from None


def _check_depth(text: str, file: str) -> None:
    depth = 0
    for event in yaml.parse(text, Loader=_LOADER):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > MAX_DEPTH:
                raise _nested(file, event.start_mark.line + 1 if event.start_mark else 0)
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


def _line_of_depth(text: str) -> int:
    """The line of the first bracket that nests too deep, or 0; brackets that are closed again do not count.

    A parser reads far ahead before it tells of the first of many brackets, and some give up on their number by then.
    """
    places: list[int] = []
    for mark in _BRACKETS.finditer(text):
        if mark[0] in {"[", "{"}:
            places.append(mark.start())
        elif mark[0] in {"]", "}"} and places:
            places.pop()
    return text.count("\n", 0, places[MAX_DEPTH]) + 1 if len(places) > MAX_DEPTH else 0


def _nested(file: str, line: int) -> ConfigError:
    return single_problem(file, line, 0, f"the file is nested deeper than {MAX_DEPTH} levels")


def _syntax_error(error: yaml.YAMLError, text: str, file: str) -> ConfigError:
    """Only the parser's own words and place: its excerpt of the file could show a key."""
    if not isinstance(error, yaml.MarkedYAMLError):
        position = getattr(error, "position", 0)
        line = text.count("\n", 0, position) + 1
        return single_problem(file, line, 0, "the file holds a control character, which YAML does not allow")
    mark = error.problem_mark or error.context_mark
    if deep := _line_of_depth(text[: mark.index] if mark else text):
        return _nested(file, deep)
    line = mark.line + 1 if mark else 0
    column = mark.column + 1 if mark else 0
    lines = text.splitlines()
    source = lines[line - 1] if 0 < line <= len(lines) else ""
    indent = source[: len(source) - len(source.lstrip())]
    if "\t" in indent:
        return single_problem(file, line, column, "a tab indents this line; YAML takes spaces only")
    if error.problem == "but found another document":
        return single_problem(file, line, column, "a second document starts here; the file must hold one")
    if error.problem == "mapping values are not allowed in this context":
        message = "not YAML: a `:` where none can stand (put the text in quotes, or check the indentation)"
        return single_problem(file, line, column, message)
    words = " ".join(part for part in (error.context, error.problem) if part)
    return single_problem(file, line, column, f"not YAML: {words}")
