"""A file becomes a tree of nodes, or one clear problem; nothing in it can hurt the process."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model_router.config.document import MAX_BYTES, Document, parse_document, read_document
from model_router.errors import ConfigError, Problem


def problem_of(data: bytes) -> Problem:
    with pytest.raises(ConfigError) as caught:
        parse_document(data, "file.yaml")
    assert len(caught.value.problems) == 1
    assert caught.value.hint
    return caught.value.problems[0]


@pytest.mark.parametrize(
    ("data", "line", "words"),
    [
        (b"", 0, "empty"),
        (b"# only a comment\n\n", 0, "empty"),
        (b"- a\n- b\n", 1, "not a list"),
        (b"\n\njust words\n", 3, "not a single value"),
        (b"a: 1\nb: \xff\n", 2, "not UTF-8 (byte 0xff)"),
        (b"a:\n\tb: 1\n", 2, "tab"),
        (b"a: 1\nb: [1, 2\nc: 3\n", 3, "not YAML"),
        (b"a: b: c\n", 1, "not YAML: a `:`"),
        (b"a: 'open\n", 2, "not YAML"),
        (b"a: *nobody\n", 1, "undefined alias"),
        (b"a: 1\n---\nb: 2\n", 2, "second document"),
        (b"a: 1\nb: \x1b[31m\n", 2, "control character"),
        (b"a: \x00\n", 1, "control character"),
        (b"x: " + b"[" * 100_000, 1, "nested deeper"),
        (b"{a: " * 5_000, 1, "nested deeper"),
        (b"- " * 20_000, 1, "nested deeper"),
        (b"a: 1\nb: " + b"[{b: " * 15 + b"\n" + b"[" * 5_000, 3, "nested deeper"),
        (b"a: '" + b"[" * 40 + b"' # " + b"{" * 40 + b"\nb: [}\n", 2, "not YAML"),
        (b"a: " + b"[" * 20 + b"]" * 20 + b"\nb: " + b"[" * 20 + b"}\n", 2, "not YAML"),
    ],
)
def test_what_cannot_be_read_is_one_problem_with_its_line(data: bytes, line: int, words: str) -> None:
    problem = problem_of(data)
    assert words in problem.message
    assert problem.line == line
    assert problem.file == "file.yaml"


def test_a_syntax_error_never_quotes_the_file() -> None:
    problem = problem_of(b"proxy:\n  api_key: sk-very-secret: x\n")
    assert "sk-very-secret" not in str(problem)


def test_a_byte_order_mark_and_windows_line_ends_are_fine() -> None:
    assert parse_document("﻿a: 1\r\nb: 2\r\n".encode(), "f").root.value[1][0].value == "b"


def outcome(data: bytes) -> Document | Problem:
    try:
        return parse_document(data, "f")
    except ConfigError as error:
        return error.problems[0]


@given(st.binary(max_size=300))
def test_any_bytes_give_a_tree_or_a_problem(data: bytes) -> None:
    result = outcome(data)
    assert isinstance(result, Document) or result.message


@given(st.text(alphabet="[]{}:-&*!|>#%@`'\" \n\tab1", max_size=60))
def test_any_yaml_like_text_gives_a_tree_or_a_problem_inside_the_file(text: str) -> None:
    result = outcome(text.encode())
    assert isinstance(result, Document) or 0 <= result.line <= text.count("\n") + 2


def test_files_that_cannot_be_read_say_why(tmp_path: Path) -> None:
    large = tmp_path / "large.yaml"
    large.write_bytes(b"#" * (MAX_BYTES + 1))
    for path, words in [
        (tmp_path / "absent.yaml", "no such file"),
        (tmp_path, "folder"),
        (large, "larger than 1 MiB"),
        (large / "inside", "cannot be read"),
    ]:
        with pytest.raises(ConfigError, match=words) as caught:
            read_document(path)
        assert str(path) in str(caught.value)


def test_a_file_without_permission_says_so(tmp_path: Path) -> None:
    path = tmp_path / "closed.yaml"
    path.write_text("a: 1")
    path.chmod(0)
    if os.access(path, os.R_OK):
        pytest.skip("this user may read every file")
    with pytest.raises(ConfigError, match="cannot be read"):
        read_document(path)
