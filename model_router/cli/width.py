"""Lines that fit a terminal. Where results go elsewhere, into a pipe or a file, every line is as long as it is."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence

from model_router.cli.output import plain

_GAP = "  "


def width() -> int | None:
    """The letters that a line of the terminal has room for; None where results go elsewhere."""
    if not (sys.stdout and sys.stdout.isatty()):
        return None
    from shutil import get_terminal_size

    return max(get_terminal_size().columns - 1, 20)


def length(text: str) -> int:
    """The columns that a text takes in a terminal: some letters take two, and marks on others none."""
    if text.isascii():
        return len(text)
    from unicodedata import combining, east_asian_width

    return sum(0 if combining(letter) else 1 + (east_asian_width(letter) in {"W", "F"}) for letter in text)


def padded(text: str, columns: int) -> str:
    """With spaces behind it, so that what follows stands in line."""
    return text + " " * (columns - length(text))


def filled(cells: Iterable[str], room: int, first: str = "", later: str = "    ") -> list[str]:
    """Cells one after the other, in as few lines as have room for them; the first line begins with ``first``, all
    others with ``later``. Only a cell that is longer than a line is broken, between its words.
    """
    lines: list[str] = []
    line = first
    for cell in cells:
        if not cell.strip():
            continue
        before = line + _GAP if line.strip() else line
        if length((before + cell).rstrip()) <= room:
            line = before + cell
            continue
        if line.strip() and (length(later + cell) <= room or length(before) > room // 2):
            lines.append(line.rstrip())
            before = later
        *full, line = _broken(cell, room, before, later)
        lines += full
    return [*lines, line.rstrip()] if line.strip() else lines


def _broken(text: str, room: int, first: str, later: str) -> list[str]:
    """A text in lines, broken between words, or within one that is longer than a line."""
    lines: list[str] = []
    line, gap = first, ""
    for word in text.strip().split(" "):
        if length(line + gap + word) <= room:
            line, gap = line + gap + word, " "
            continue
        if gap:
            lines.append(line.rstrip())
            line = later
        rest = word
        while length(line + rest) > room:
            cut = max(_fitting(rest, room - length(line)), line == later)  # never none for ever
            lines.append((line + rest[:cut]).rstrip())
            line, rest = later, rest[cut:]
        line, gap = line + rest, " "
    return [*lines, line]


def _fitting(text: str, room: int) -> int:
    """How many letters of a text fit."""
    count = min(len(text), max(room, 0))
    while length(text[:count]) > room:
        count -= 1
    return count


def table(rows: Iterable[Sequence[str]], room: int | None, indent: str = "  ") -> list[str]:
    """Rows with their cells in line. Where they do not fit, as many of the first columns as fit stay in line, and the
    other cells of each row follow on lines of their own, further in.
    """
    cells = [tuple(plain(cell) for cell in row) for row in rows]
    if not cells:
        return []
    widths = [max(length(row[place]) for row in cells) for place in range(len(cells[0]))]
    whole = [_in_line(row, widths, indent) for row in cells]
    if room is None or all(length(line) <= room for line in whole):
        return whole
    count, used = 0, len(indent)
    while count < len(widths) - 1 and used + widths[count] <= room:
        used += widths[count] + len(_GAP)
        count += 1
    later = " " * used if used <= room // 3 else indent + "  "
    lines: list[str] = []
    for row, line in zip(cells, whole, strict=True):
        if length(line) <= room:
            lines.append(line)
            continue
        head = _in_line(row[:count], widths, indent) if count else ""
        lines += filled(row[count:], room, padded(head, used - len(_GAP)) if count else indent, later)
    return lines


def _in_line(row: Sequence[str], widths: Sequence[int], indent: str) -> str:
    return (indent + _GAP.join(padded(cell, size) for cell, size in zip(row, widths, strict=False))).rstrip()
