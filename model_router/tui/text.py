"""Text from outside, made fit for a line of the screen.

Names of models, paths, messages of servers and previews of prompts may hold anything. A terminal obeys some of it:
escape codes move the cursor, direction overrides turn a line round, a hundred marks pile up on one letter. ``clean``
makes all of that visible or drops it; ``fit`` gives a column exactly its width. Neither knows markup, so nothing that
looks like markup ever is.
"""

from __future__ import annotations

import unicodedata

from rich.cells import cell_len, set_cell_size

from model_router.errors import ModelRouterError

SHOWABLE = r"[^\x00-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069]*"
"""What may be written or pasted into a field: nothing that the terminal would obey."""

_MARKS_PER_LETTER = 2


def clean(text: str, limit: int = 400) -> str:
    """One line of at most ``limit`` characters that no terminal obeys.

    Line breaks and tabs become spaces, control characters their pictures (an escape becomes ``␛``), direction
    overrides and the like a dot. A text that was cut ends in ``…``.
    """
    if len(text) > limit:
        text = text[: limit - 1] + "…"
    if text.isascii() and text.isprintable():
        return text
    shown: list[str] = []
    marks = 0
    for character in text:
        if unicodedata.combining(character):
            marks += 1
            if marks > _MARKS_PER_LETTER:
                continue
        else:
            marks = 0
        shown.append(character if character.isprintable() else _visible(character))
    return "".join(shown)


def _visible(character: str) -> str:
    code = ord(character)
    if character in "\t\n\v\f\r\x85\u2028\u2029" or unicodedata.category(character) == "Zs":
        return " "
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "␡"
    if character in "\u200b\u200c\u200d\u2060\ufeff":  # joiners: they have no width, and rows are not joined
        return ""
    return "·"


def clean_in_place(text: str) -> str:
    """Like ``clean``, but every character keeps its place, so that a cursor in the text stays where it belongs."""
    if text.isprintable():
        return text
    return "".join(character if character.isprintable() else _visible(character) or "·" for character in text)


def fit(text: str, width: int) -> str:
    """``text`` on exactly ``width`` cells: padded, or cut with ``…``. Wide characters count as two cells."""
    if width <= 0:
        return ""
    if cell_len(text) <= width:
        return set_cell_size(text, width)
    return set_cell_size(set_cell_size(text, width - 1).rstrip() + "…", width)


def fit_right(text: str, width: int) -> str:
    """Like ``fit``, with the text at the right edge: for numbers."""
    length = cell_len(text)
    return " " * (width - length) + text if length <= width else fit(text, width)


def counted(number: int, noun: str) -> str:
    """``1 request``, ``1,234 requests``."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def milliseconds(value: float | None) -> str:
    """A duration in at most six characters: ``0.8``, ``12``, ``431``, ``2.4 s``, ``3 min``; ``-`` when unknown."""
    if value is None:
        return "-"
    if value < 9.95:
        return f"{value:.1f}"
    if value < 9_950:
        return f"{value:.0f}"
    if value < 99_500:
        return f"{value / 1000:.1f}s"
    return f"{value / 60_000:.0f}min"


def error_words(error: ModelRouterError) -> str:
    """What is wrong and what to do, as sentences."""
    message = error.message.rstrip()
    hint = error.hint
    if hint.startswith("did "):  # a name or a command keeps its letter
        hint = f"D{hint[1:]}"
    return f"{message}{'' if message.endswith(('.', '!', '?', '…')) else '.'} {hint}".rstrip()


def duration(value: float | None) -> str:
    """The same with its unit, in at most seven characters: ``431 ms``, ``2.4 s``."""
    shown = milliseconds(value)
    return f"{shown} ms" if shown[-1].isdigit() else shown


def bar(share: float, width: int) -> str:
    """A bar of ``width`` cells whose drawn part is ``share`` (0 to 1), in half cells; a little is never nothing."""
    halves = round(min(1.0, max(0.0, share)) * width * 2)
    if share > 0:
        halves = max(1, halves)
    full, rest = divmod(halves, 2)
    return ("━" * full + ("╸" if rest else "")).ljust(width)
