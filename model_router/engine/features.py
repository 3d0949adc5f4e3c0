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

import re
import unicodedata
from bisect import bisect_left
from collections.abc import Container

HEAD = 250
TAIL = 150
RUN_HEAD = 100
RUN_TAIL = 60
STEM = 5
SHORT_STEM = 4

# Scripts written without spaces between words: kana, Han, Thai, Lao, Myanmar, Khmer.
_UNSPACED = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"
# Hebrew, Arabic and the Indic scripts carry vowel signs that \w does not match.
_SIGNED = "\u0590-\u06ff\u0750-\u077f\u0900-\u0dff"
_WORD = re.compile(f"[a-z]+|[0-9]+|[{_UNSPACED}]+|[{_SIGNED}]+|[^\\W_a-z0-9{_UNSPACED}{_SIGNED}]+")
_MARKS = re.compile("[\u0300-\u036f\u200b-\u200f\u2060\ufeff\u00ad'’‘ʼ]+")
_BEYOND_LATIN = re.compile("[\u0370-\u1dff\u1f00-\u1fff\u2c00-\ud7ff\uf900-\ufaff]").search
_LETTERS = (
    ("ß", "ss"),
    ("ø", "o"),
    ("ł", "l"),
    ("ı", "i"),
    ("đ", "d"),
    ("æ", "ae"),
    ("œ", "oe"),
    ("—", " "),
    ("–", " "),
)
_LENGTHS = (12, 25, 50, 90, 160, 300, 600, 1200)
_LENGTH_MARKS = tuple(f"<length {i}>" for i in range(len(_LENGTHS) + 1))


def _ascii_table() -> dict[int, str | None]:
    table: dict[int, str | None] = {
        code: char.lower() if char.isalpha() else "0" if char.isdigit() else " "
        for code, char in ((code, chr(code)) for code in range(128))
    }
    table[ord("'")] = None
    return table


_ASCII = _ascii_table()


def clip(text: str) -> str:
    """Head and tail of a long ask, the whole of a short one."""
    return text if len(text) <= HEAD + TAIL else text[:HEAD] + "\n" + text[-TAIL:]


def words(text: str) -> tuple[list[str], list[str]]:
    """Words of a (clipped) ask in order, and those of them that are runs: words that are also cut into characters."""
    if text.isascii():
        return text.translate(_ASCII).split(), []
    lowered = text.lower()
    if _BEYOND_LATIN(lowered):
        found = _WORD.findall(_MARKS.sub("", unicodedata.normalize("NFKC", lowered)))
        found = ["0" * len(word) if word[0] in "0123456789" else word for word in found]
        return found, [word for word in found if is_run(word)]
    folded = _MARKS.sub("", unicodedata.normalize("NFKD", lowered))
    for letter, plain in _LETTERS:
        if letter in folded:
            folded = folded.replace(letter, plain)
    return folded.encode("ascii", "ignore").decode("ascii").translate(_ASCII).split(), []


def is_run(word: str) -> bool:
    """Whether a word is cut into characters: unspaced scripts and Hangul."""
    first = word[0]
    return first >= "\u0e00" and not "\u0f00" <= first < "\u1000" and not "\u10a0" <= first < "\u1780"


def run_cues(runs: list[str]) -> set[str]:
    """Characters and pairs of neighbours; those with a space in them lie between two runs and are no cues."""
    joined = " ".join(runs)
    if len(joined) > RUN_HEAD + RUN_TAIL:
        joined = joined[:RUN_HEAD] + " " + joined[-RUN_TAIL:]
    found = set(joined)
    found.update(map(str.__add__, joined, joined[1:]))
    return found


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
        single.update(cue for cue in run_cues(runs) if " " not in cue)
    if found:
        single.add("^" + found[0])
        single.update(f"^{found[0]} {second}" for second in found[1:2])
        if runs and runs[0] is found[0]:
            single.update(("^" + found[0][:1], "^" + found[0][:2]))
    result += single
    return result


def structure(text: str, image: bool) -> list[str]:
    """What an ask looks like, whatever its words."""
    marks = [_LENGTH_MARKS[bisect_left(_LENGTHS, len(text))]]
    if image:
        marks.append("<image>")
    if len(text) < _PLAIN and text.replace(" ", "").isalnum():
        return marks
    if text.rstrip()[-1:] in _QUESTION_MARKS:
        marks.append("<question at the end>")
    if "\n" in text:
        marks.append("<lines>")
        if text.count("\n") > 5:
            marks.append("<many lines>")
        if ":\n" in text:
            marks.append("<colon before lines>")
        if "```" in text:
            marks.append("<fence>")
    marks += [mark for sign, mark in _SIGNS if sign in text]
    return marks


_PLAIN = 120
"""Up to this length a look whether there is any sign at all is quicker than looking for each."""

_QUESTION_MARKS = frozenset("?？؟")
# One character each: that is the quickest search there is.
_SIGNS = (
    ("?", "<question>"),
    ("？", "<question>"),
    ("؟", "<question>"),
    ('"', "<quote>"),
    ("@", "<at sign>"),
    ("$", "<dollar>"),
    ("€", "<euro>"),
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
