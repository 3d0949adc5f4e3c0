"""What commands print: results on standard output, talk on standard error, colour only where a person looks."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from typing import Any, TextIO

import click

from model_router.config.wording import printable
from model_router.errors import Problem

_TIE = "\N{WORD JOINER}"
"""Stands for a space at which no line may break."""


def plain(text: str) -> str:
    """Text from files and prompts without anything that could drive a terminal."""
    return "\n".join(printable(line) for line in text.split("\n"))


def _color() -> bool | None:
    """``None``: click decides by looking at the stream."""
    return False if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb" else None


def say(text: str = "", *, bold: bool = False, dim: bool = False) -> None:
    """A line of the result."""
    words = plain(text)
    click.echo(click.style(words, bold=bold, dim=dim) if bold or dim else words, color=_color())


def say_words(text: str, *, bold: bool = False, dim: bool = False) -> None:
    """A sentence of the result, with its indent; on a terminal it breaks between words and goes on two further in."""
    for line in _broken(text, sys.stdout):
        say(line, bold=bold, dim=dim)


def _broken(text: str, stream: TextIO | None) -> list[str]:
    """A sentence in lines that fit the terminal, if ``stream`` is one. What is to be typed, between backticks, stays
    whole, so that it can be copied."""
    words = plain(text)
    if not (stream and stream.isatty() and words.strip()):
        return [words]
    from shutil import get_terminal_size
    from textwrap import wrap

    first = " " * (len(words) - len(words.lstrip()))
    lines = wrap(
        "`".join(part.replace(" ", _TIE) if place % 2 else part for place, part in enumerate(words.strip().split("`"))),
        max(get_terminal_size().columns - 1, 20),
        initial_indent=first,
        subsequent_indent=first + "  ",
        break_long_words=False,
        break_on_hyphens=False,
    )
    return [line.replace(_TIE, " ") for line in lines]


def talk(text: str) -> None:
    """A line that is not part of the result; on a terminal it breaks between words."""
    for part in text.split("\n"):
        for line in _broken(part, sys.stderr):
            click.echo(line, err=True, color=_color())


def complain(message: str, hint: str, *, label: str = "error") -> None:
    """An error and what to do next, a line each; empty ones are left out."""
    for head, text in ((f"{label}:" if label else "", message), ("hint:", hint)):
        if text:
            whole = "\n".join(_broken(f"{head} {text}" if head else f"  {text}", sys.stderr))
            click.echo(click.style(head, bold=True) + whole[len(head) :], err=True, color=_color())


def say_json(value: Any) -> None:
    """A result for machines."""
    import json

    encoding = (getattr(sys.stdout, "encoding", None) or "utf-8").lower().replace("-", "")
    click.echo(json.dumps(value, indent=2, ensure_ascii=encoding != "utf8"))


def problem_rows(problems: Iterable[Problem]) -> list[dict[str, Any]]:
    """Problems as plain JSON types."""
    return [{name: getattr(problem, name) for name in problem.__slots__} for problem in problems]


def count(number: int, noun: str) -> str:
    """``1 backend``, ``7 backends``."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def columns(rows: Iterable[tuple[str, ...]], indent: str = "  ") -> list[str]:
    """Rows with their cells in line; the last cell is as long as it likes."""
    table = [tuple(plain(cell) for cell in row) for row in rows]
    if not table:
        return []
    widths = [max(len(row[index]) for row in table) for index in range(len(table[0]) - 1)]
    return [
        (indent + "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[-1]])).rstrip()
        for row in table
    ]
