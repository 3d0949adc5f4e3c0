"""Nodes into dataclasses: types, bounds, words and places."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

import pytest

from model_router.config.document import parse_document
from model_router.config.reader import Legacy, Reader
from model_router.config.wording import clipped, nearest, printable, url_problem
from model_router.errors import Problem


class Mode(StrEnum):
    OFF = "off"
    FULL = "full"


@dataclass(frozen=True, slots=True)
class Part:
    size: int = field(default=1, metadata={"min": 1, "max": 9})
    ratio: float = 0.5


@dataclass(frozen=True, slots=True)
class Whole:
    name: str
    count: int = field(default=3, metadata={"enum": (3, 4)})
    flag: bool = False
    mode: Mode = Mode.FULL
    words: tuple[str, ...] = ()
    nothing: str | None = None
    key: str | None = field(default=None, metadata={"secret": True})
    url: str = field(default="http://h", metadata={"format": "url"})
    env: str = field(default="A", metadata={"format": "env"})
    part: Part = field(default_factory=Part)
    parts: Mapping[str, Part] = field(default_factory=lambda: MappingProxyType({}))
    locks: Mapping[str, Part] = field(default_factory=lambda: MappingProxyType({}), metadata={"secret": True})
    modes: Mapping[Mode, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))
    inside: str = field(default="", metadata={"internal": True})


def read(text: str, legacy: Legacy | None = None) -> tuple[Whole | None, tuple[Problem, ...], Reader]:
    reader = Reader(parse_document(text.encode(), "f.yaml"), legacy)
    return reader.read(Whole), reader.sorted_problems(), reader


def only(text: str) -> Problem:
    _, problems, _ = read(text)
    assert len(problems) == 1, problems
    return problems[0]


def test_a_full_file_becomes_values() -> None:
    value, problems, _ = read(
        "name: a\ncount: 4\nflag: yes\nmode: off\nwords: [a, b]\nnothing: ~\nkey: k\nurl: https://h:1/v1/\nenv: X_1\n"
        "part: {size: 9, ratio: 2}\nparts:\n  one: {}\n  two: {ratio: 1.25}\nmodes: {off: [x]}\n"
    )
    assert problems == ()
    assert value == Whole(
        name="a",
        count=4,
        flag=True,
        mode=Mode.OFF,
        words=("a", "b"),
        key="k",
        url="https://h:1/v1",
        env="X_1",
        part=Part(9, 2.0),
        parts={"one": Part(), "two": Part(ratio=1.25)},
        modes={Mode.OFF: ("x",)},
    )


def test_sections_left_blank_keep_their_defaults() -> None:
    value, problems, _ = read("name: a\npart:\nparts:\nwords:\nmodes:\n")
    assert problems == ()
    assert value == Whole("a")


def test_the_nearest_key_is_named_wherever_it_belongs() -> None:
    assert only("name: a\nwrods: []").nearest == "words"
    assert only("name: a\npart: {sise: 2}").nearest == "size"
    assert only("name: a\nratio: 1").nearest == "part.ratio"
    assert only("name: a\nqqqq: 1").nearest == ""
    assert only("name: a\ninside: x").message == "unknown key"


@pytest.mark.parametrize(
    ("text", "path", "words"),
    [
        ("count: x", "count", "must be a whole number"),
        ("count: '3'", "count", "must be a whole number"),
        ("count: 3.0", "count", "must be a whole number"),
        ("count: 4k", "count", "must be a whole number; write 4096"),
        ("count: 03", "count", "must be a whole number"),
        ("count: 5", "count", "not known"),
        ("count: " + "9" * 5000, "count", "must be a whole number"),
        ("flag: 'true'", "flag", "must be true or false"),
        ("flag: 1", "flag", "must be true or false"),
        ("flag: ~", "flag", "must be true or false"),
        ("mode: ful", "mode", "not known"),
        ("mode: [off]", "mode", "must be one of: off full"),
        ("words: a", "words", "must be a list"),
        ("words: [1]", "words[0]", "must be text; put it in quotes"),
        ("words: {a: 1}", "words", "must be a list"),
        ("nothing: {a: 1}", "nothing", "must be text"),
        ('nothing: "a\\nb"', "nothing", "line breaks"),
        ("url: 127.0.0.1:8080", "url", "must be an address"),
        ("url: 'http://h/v1?x=1'", "url", "before any"),
        ("url: 'http://:80'", "url", "must be an address"),
        ("url: 'http://h:99999'", "url", "must be an address"),
        ("url: 'http://[::1'", "url", "must be an address"),
        ("env: 'a b'", "env", "name of an environment variable"),
        ("part: 3", "part", "`key: value` lines"),
        ("part: {size: 0}", "part.size", "out of range"),
        ("part: {ratio: .nan}", "part.ratio", "must be a number"),
        ("part: {ratio: .inf}", "part.ratio", "must be a number"),
        ("part: {ratio: 1e400}", "part.ratio", "must be a number"),
        ("parts: [a]", "parts", "`name: value` lines"),
        ("parts: {'a b': {}}", "parts.a b", "a name takes letters"),
        ('parts: {"a\\r\\nX-Evil: 1": {}}', "parts.a\\r\\nX-Evil: 1", "a name takes letters"),
        ("modes: {of: []}", "modes.of", "unknown mode"),
        ("? [a]\n: 1", "", "plain word"),
        ("nothing: !!python/name:os.system x", "nothing", "tag"),
        ("nothing: !custom x", "nothing", "tag"),
        ("<<: 3", "", "takes a mapping"),
    ],
)
def test_each_mistake_is_named(text: str, path: str, words: str) -> None:
    problem = only("name: a\n" + text)
    assert problem.path == path
    assert words in problem.message
    assert problem.line in {2, 3}


def test_a_missing_key_points_at_its_section() -> None:
    problem = only("# first line\ncount: 3\n")
    assert (problem.path, problem.line) == ("name", 2)
    assert "needed and missing" in problem.message


def test_all_mistakes_come_at_once_and_in_file_order() -> None:
    _, problems, _ = read("flag: 7\nname: a\npart:\n  size: 10\n  ratio: no\nmode: x\nnope: 1\n")
    assert [(problem.line, problem.path) for problem in problems] == [
        (1, "flag"),
        (4, "part.size"),
        (5, "part.ratio"),
        (6, "mode"),
        (7, "nope"),
    ]


def test_a_key_that_stands_twice_names_both_lines() -> None:
    problem = only("name: a\ncount: 3\nname: b\n")
    assert problem.line == 3
    assert "line 1" in problem.message


def test_a_block_is_reported_at_its_key_and_not_below() -> None:
    assert only("name: a\nwords:\n  x: 1\n").line == 2


@pytest.mark.parametrize(
    "text",
    [
        "key: 12345678",
        "key: [sk-secret]",
        "key: !sk-secret",
        "key: !!sk-secret x",
        "env: sk-secret",
        "url: 'http://me:sk-secret@h'",
        "url: 'http://h/v1?key=sk-secret'",
        "url: 'http://h/v1#sk-secret'",
        "url: 'ftp://h/v1?key=sk-secret'",
        "url: 'http://h:x/v1?key=sk-secret'",
        "locks: {mine: sk-secret}",
        "locks: {mine: [sk-secret]}",
        "locks: sk-secret",
        "locks: 12345678",
    ],
)
def test_keys_are_never_shown(text: str) -> None:
    problem = only("name: a\n" + text)
    assert "sk-secret" not in str(problem)
    assert "12345678" not in str(problem)


def test_aliases_and_merges_work_as_people_use_them() -> None:
    value, problems, _ = read(
        "name: a\npart: &base {size: 2, ratio: 1.0}\nparts:\n  one: {<<: *base, size: 3}\n  two: *base\n"
    )
    assert problems == ()
    assert value is not None
    assert value.parts == {"one": Part(3, 1.0), "two": Part(2, 1.0)}


def test_aliases_cannot_multiply_without_end() -> None:
    assert only("name: a\nparts: &p\n  one: *p\n").path == "parts.one.one"
    rows = "".join(f"  p{number}: *words\n" for number in range(400))
    text = "name: a\nwords: &words [" + ", ".join(["w"] * 400) + "]\nparts:\n" + rows
    assert len(read(text)[1]) == 400  # each says that a list stands where a section belongs, and looks no further


@pytest.mark.parametrize(
    "text",
    [
        "words: [" + ",".join(["w"] * 60_000) + "]",
        "words: &w [" + ",".join(["w"] * 30_000) + "]\nmodes: {off: *w}",
        "part: {" + ", ".join(["<<: {size: 1}"] * 30_000) + "}",
    ],
)
def test_a_file_of_too_many_values_is_refused(text: str) -> None:
    value, problems, _ = read("name: a\n" + text)
    assert value is None
    assert "more than 50000 values" in problems[-1].message + problems[0].message


def test_older_words_and_keys_give_warnings() -> None:
    legacy = Legacy(keys={Whole: frozenset({"scoring"})}, values={Mode: {"none": "off"}})
    value, problems, reader = read("name: a\nscoring: {x: [1]}\nmode: none\n", legacy)
    assert problems == ()
    assert value == Whole("a", mode=Mode.OFF)
    assert [(warning.line, warning.path) for warning in reader.warnings] == [(2, "scoring"), (3, "mode")]


def test_words_for_people() -> None:
    assert nearest("fast_locl", ["fast_local", "code"]) == "fast_local"
    assert nearest("FAST", ["fast"]) == "fast"
    assert printable("a\x1b[2J\n") == "a\\x1b[2J\\n"
    assert clipped("x" * 100, 10) == "x" * 9 + "…"
    assert url_problem("https://host:8443/openai/v1") == ("", "")
