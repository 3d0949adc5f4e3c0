"""From an ask to the cues it holds: words, word pairs, openings, stems, character runs and structure.

One place serves both the training script and the router, so what was learned is what is looked up. Long asks are
clipped to their head and tail: where the wish stands is what counts, and the cost stays bounded.

A cue as the table writes it:

    delete            a word, lower case, accents folded, digits turned to 0
    delete the        a pair of neighbours
    ^delete           the first word;  ^delete the  the first pair
    delet*            the first five letters of a longer word (four in scripts other than Latin)
    删除              one or two characters of a script that is written without spaces, or of a Korean word
    <fence>           structure: see :func:`structure`
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Container

from model_router.engine.words import kind, words

HEAD = 250
TAIL = 150
CLIPPED = HEAD + TAIL
"""Characters that are read of an ask."""

RUN_HEAD = 100
RUN_TAIL = 60
STEM = 5
SHORT_STEM = 4

IMAGE = "<image>"
_LENGTHS = (12, 25, 50, 90, 160, 300, 600, 1200)
_LENGTH_MARKS = tuple(f"<length {i}>" for i in range(len(_LENGTHS) + 1))


def clip(text: str) -> str:
    """Head and tail of a long ask, the whole of a short one."""
    return text if len(text) <= CLIPPED else text[:HEAD] + "\n" + text[-TAIL:]


def run_cues(runs: list[str]) -> set[str]:
    """Characters and pairs of neighbours; those with a space in them lie between two runs and are no cues."""
    joined = join_runs(runs)
    return {cue for cue in (*joined, *map(str.__add__, joined, joined[1:])) if " " not in cue}


def join_runs(runs: list[str]) -> str:
    """All the characters that are looked at of an ask's runs, with a space wherever one ends."""
    joined = " ".join(runs)
    return joined if len(joined) <= RUN_HEAD + RUN_TAIL else joined[:RUN_HEAD] + " " + joined[-RUN_TAIL:]


def stem(word: str) -> str:
    """The cue that words of one stem share; empty for a short word."""
    size = STEM if word.isascii() else SHORT_STEM
    return word[:size] + "*" if len(word) > size else ""


def cues(text: str, image: bool = False, known: Container[str] = frozenset()) -> list[str]:
    """Every cue of an ask; ``image`` says that a picture came with it. Pairs and stems may come more than once.

    Words that are ``known`` give no stem: the table has added its weight to theirs.
    """
    text = clip(text)
    found, runs = words(text)
    single = set(found)
    result = structure(text, image)
    result += filter(None, map(stem, [word for word in single if word not in known]))
    result += map("{} {}".format, found, found[1:])
    if runs:
        single.update(run_cues(runs))
    if found:
        single.add("^" + found[0])
        single.update(f"^{found[0]} {second}" for second in found[1:2])
        if runs and runs[0] is found[0]:
            single.update(("^" + found[0][:1], "^" + found[0][:2]))
    result += single
    return result


def structure(text: str, image: bool) -> list[str]:
    """What an ask looks like, whatever its words."""
    marks = [length_mark(len(text))]
    if image:
        marks.append(IMAGE)
    return marks + signs(text)


def length_mark(size: int) -> str:
    """The mark of the length of a clipped ask."""
    return _LENGTH_MARKS[bisect_left(_LENGTHS, size)]


def first_signs(data: bytes) -> bytes:
    """A text in UTF-8 from its first sign on, letters, blanks, commas and apostrophes being all alike.

    It is empty when there is none in ASCII. A digit counts as a sign, here alone, and so does a full stop.
    """
    return data.translate(SHAPE).lstrip(b"a")


def all_signs(first: bytes) -> bytes:
    """The signs in order, nothing between them, from what :func:`first_signs` gave."""
    return first.translate(None, b"a")


def signs(text: str) -> list[str]:
    """The marks of a text's signs and lines."""
    data = text.encode()
    found = all_signs(first_signs(data))
    return [*filter(None, map(SIGNS.get, set(found))), *more_marks(text, data, found)]


def says_more(signs: bytes) -> bool:
    """Whether signs may mean more than that they are there, if none of them is wide."""
    return _QUESTION in signs or _LINE_BREAK in signs


def more_marks(text: str, data: bytes, found: bytes) -> list[str]:
    """What more there is to say of a text, in UTF-8 too, than which of ``SIGNS`` are among its signs."""
    marks: list[str] = []
    if len(data) > len(text):
        marks += [mark for first, sign, mark in _WIDE_SIGNS if first in data and sign in text]
    if (marks or _QUESTION in found) and text.rstrip()[-1:] in _QUESTION_MARKS:
        marks.append("<question at the end>")
    if _LINE_BREAK in found:
        marks.append("<lines>")
        if found.count(_LINE_BREAK) > 5:
            marks.append("<many lines>")
        if _COLON in found and ":\n" in text:
            marks.append("<colon before lines>")
        if _BACKTICK in found and "```" in text:
            marks.append("<fence>")
    return marks


_LINE_BREAK = ord("\n")
_QUESTION = ord("?")
_COLON = ord(":")
_BACKTICK = ord("`")
_QUESTION_MARKS = frozenset("?？؟")
_WIDE_SIGNS = ((0xEF, "？", "<question>"), (0xD8, "؟", "<question>"), (0xE2, "€", "<euro>"))
"""With the first byte in UTF-8, which is found sooner."""

NO_WIDE_SIGNS = kind(bytes({*range(256)} - {first for first, _, _ in _WIDE_SIGNS}))
"""Bytes of texts in which none of them stands."""

SIGNS = {
    ord(sign): mark
    for sign, mark in (
        ("?", "<question>"),
        ('"', "<quote>"),
        ("@", "<at sign>"),
        ("$", "<dollar>"),
        ("{", "<brace>"),
        ("(", "<parenthesis>"),
        ("[", "<bracket>"),
        ("=", "<equals>"),
        ("<", "<angle>"),
        ("%", "<percent>"),
        ("\\", "<backslash>"),
        (":", "<colon>"),
        (";", "<semicolon>"),
        ("*", "<asterisk>"),
        ("/", "<slash>"),
        ("_", "<underscore>"),
        ("#", "<number sign>"),
        ("+", "<plus>"),
    )
}
"""Bytes that are marks by being there."""

SHAPE = bytes(ord("a") if code > 127 or chr(code).isalpha() or chr(code) in " ,'" else code for code in range(256))
"""A table that leaves signs and line breaks alone and turns all else in ASCII to letters."""
