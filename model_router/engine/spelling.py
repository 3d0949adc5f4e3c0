"""Spellings that hide words from a reader of words, taken back to plain letters.

:func:`is_odd` is the cheap question that every ask is asked; ordinary text answers no. :func:`plain` is for the rest:
letters set apart, digits for letters, marks and pictures between letters, letters of other scripts that look like Latin
ones, full-width and mathematical letters.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

LONG = 2_000
"""Characters above which only the neighbourhoods of odd places are looked at."""

REACH = 160
"""Characters of such a neighbourhood."""

PATIENCE = 4
"""Neighbourhoods of a long text that are looked at; one more for each 5,000 characters."""

_SEPARATORS = ".-_*/|+~,'\"`^=#:;"
_SHAPE = (
    bytes(
        ord(
            "a"
            if c.isalpha()
            else "0"
            if c in "0123456789@$!"
            else " "
            if c.isspace()
            else "."
            if c in _SEPARATORS
            else ","
        )
        for c in map(chr, range(128))
    )
    + b"," * 128
)

# Pairs: what it looks like follows what it is.
_LOOKALIKES = dict(
    map(
        tuple,  # type: ignore[arg-type]
        (
            "аa вb сc ԁd еe ғf ԍg нh һh іi ӏl јj кk мm пn оo рp ԛq гr ѕs тt υu ѵv ԝw шw хx уy ʏy АA ВB СC ЕE НH ІI ЈJ КK МM ОO РP "
            "ЅS ТT ХX УY αa βb ϲc δd εe ηn ιi κk νv οo ρp σo τt χx γy ωw ΑA ΒB ΕE ΖZ ΗH ΙI ΚK ΜM ΝN ΟO ΡP ΤT ΥY ΧX ɑa ɡg ıi ɩi ո"
            "n օo սu հh ցg ᴀa ʙb ᴄc ᴅd ᴇe ꜰf ɢg ʜh ɪi ᴊj ᴋk ʟl ᴍm ɴn ᴏo ᴘp ʀr ꜱs ᴛt ᴜu ᴠv ᴡw ᴢz"
        ).split(),
    )
)
_LEET = str.maketrans("034578@$", "oeastbas")
_HIDDEN = "\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufe00-\ufe0f\ufeff"
_MARKS = "\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff"
_PICTURES = "\u2190-\u23f9\u2500-\u2bff\U0001f000-\U0001faff"
_OTHER = "\u0250-\u02af\u0370-\u052f\u0561-\u0587\u1d00-\u1d7f\ua730-\ua7ff"
_ODD_LETTERS = re.compile(
    f"[a-zA-Z](?:[{_HIDDEN}{_MARKS}{_PICTURES}{_OTHER}]|(?<=[{_OTHER}].))|[\uff21-\uff3a\uff41-\uff5a\u24b6-\u24e9\U0001d400-\U0001d6a3]"
)
_ODD_PLACE = re.compile(
    f"(?:(?<![^\\W_])[a-z][ .\\-_*/|+~]{{1,2}}){{3}}[a-z](?![^\\W_])|[a-z][{_HIDDEN}{_PICTURES}{_OTHER}][a-z]|[{_OTHER}][a-z]{{2}}|"
    f"[a-z][034578@$][a-z]+[034578@$]|[\uff21-\uff3a\uff41-\uff5a\u24b6-\u24e9\U0001d400-\U0001d6a3]{{3}}",
    re.I,
)
_DROPPED = re.compile(f"[{_HIDDEN}{_MARKS}]+")
_PICTURE = re.compile(f"[{_PICTURES}]+")
_INSIDE = re.compile(r"(?<=[a-z])[*~|^·]+(?=[a-z])", re.I)
_APART = re.compile(r"(?<![^\W_])[^\W\d_](?:([ .\-_*/|+~,'·])\1{0,2}[^\W\d_](?![^\W_])){3,}")
_MIXED = re.compile(r"[^\W\d_]+")
_CODED = re.compile(r"[a-z0-9@$!|]*[a-z][a-z0-9@$!|]*", re.I)


def is_odd(ask: str) -> bool:
    """Whether an ask may hold a hidden spelling. Most that do not answer no; a wrong yes costs time, nothing else."""
    shape = ask.encode().translate(_SHAPE)
    return (
        b"a0a" in shape
        or b" a a " in shape
        or b"a a a a" in shape[:8]
        or b".a.a" in shape
        or (not ask.isascii() and _ODD_LETTERS.search(ask) is not None)
    )


def plain(ask: str) -> Iterator[str]:
    """An ask in plain letters: as many readings as its signs have, at most two a piece.

    Of a long ask only pieces come, those around odd places, and only so many: a text full of such places is a table or
    a list of codes.
    """
    for piece in _pieces(ask):
        text = _letters(piece)
        yield _decode(text, "i")
        if re.search(r"[1!|]", text):
            yield _decode(text, "l")


def _pieces(ask: str) -> Iterator[str]:
    if len(ask) <= LONG:
        yield ask
        return
    end = 0
    for _ in range(PATIENCE + len(ask) // 5_000):
        place = _ODD_PLACE.search(ask, end)
        if place is None:
            return
        end = place.end() + REACH
        yield ask[max(0, place.start() - REACH // 4) : end]


def _letters(text: str) -> str:
    if not text.isascii():
        text = _PICTURE.sub("·", unicodedata.normalize("NFKD", text))
        text = _MIXED.sub(_latin, _DROPPED.sub("", text))
    text = _INSIDE.sub("", _APART.sub(_join, text))
    return text.replace("·", " ")


def _latin(word: re.Match[str]) -> str:
    """A word in Latin letters, when it has some already and the others look like them."""
    letters = word[0]
    if letters.isascii() or not any(c.isascii() for c in letters):
        return letters
    return "".join(_LOOKALIKES.get(c, c) for c in letters)


def _join(run: re.Match[str]) -> str:
    """Letters set apart by one sign; where the sign stands twice or thrice, a word ends."""
    sign = run[1]
    return " ".join(word.replace(sign, "") for word in re.split(re.escape(sign) + "{2,}", run[0]))


def _decode(text: str, one: str) -> str:
    """Digits and signs among letters as the letters they stand for."""

    def letters(word: re.Match[str]) -> str:
        found = word[0]
        if found.isalpha():
            return found
        tail = "!" if found.endswith("!") else ""
        found = found.removesuffix("!").translate(_LEET)
        return re.sub(r"[1!|]", one, found) + tail

    return _CODED.sub(letters, text)
