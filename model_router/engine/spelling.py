"""Spellings that hide words from a reader of words, taken back to plain letters.

:func:`is_odd` is the cheap question that every ask is asked; ordinary text answers no. :func:`plain` is for the rest:
letters set apart, digits for letters, marks and pictures between letters, letters of other scripts that look like Latin
ones, full-width and mathematical letters.
"""

from __future__ import annotations

import re
import sys
import unicodedata
from collections.abc import Iterator, Sequence

from model_router.engine.regex import Regex, Span
from model_router.engine.words import kind

LONG = 600
"""Characters above which only the neighbourhoods of odd places are looked at."""

REACH = 160
"""Characters of such a neighbourhood."""

QUICK = 100
"""Characters above which an automaton is quicker than looking at the shape of an ask."""

MEMORY = 8 << 20
"""Bytes that an automaton may take."""

LONGEST_ODD = 80
"""Bytes within which an odd place ends, whatever it is."""

PATIENCE = 2
"""Neighbourhoods of a long text that are looked at; one more for each 8,000 bytes."""

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
_LATIN = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
# Bytes that hide nothing by themselves: Latin letters, plain signs, and in UTF-8 accented Latin letters and the scripts
# that have no letters like Latin ones.
_UNSUSPECTED = (
    _LATIN
    + b" ?,':\n"
    + bytes(range(0x80, 0xC0))
    + b"\xc3\xc4\xc5"
    + bytes(range(0xD7, 0xE1))
    + bytes(range(0xE3, 0xEE))
)
_SUSPECTED = bytes(ord("a") if code in _UNSUSPECTED else code for code in range(256))
_NO_ODD_LETTERS = kind(bytes({*range(256)} - {*_LATIN, 0xE2, 0xEF, 0xF0}))
"""No Latin letter to stand beside an odd one, and no first byte of a letter that is odd by itself."""
_ORDINARY = frozenset((b"", b".", b"-", b"..", b"--", b".-", b"-.", b"!", b"/"))
_PLAIN_SIGNS = b"?:\n"
ENDINGS = ("", "?", ".", "!", ":", ".\n", "?\n")
"""The commonest ordinary signs, which end an ask."""

LETTERS = frozenset("abcdefghijklmnopqrstuvwxyz")

# Pairs: what it is follows what looks like it.
_LOOKALIKES = (
    "аa вb сc ԁd еe ғf ԍg нh һh іi ӏl јj кk мm пn оo рp ԛq гr ѕs тt υu ѵv ԝw шw хx уy ʏy АA ВB СC ЕE НH ІI ЈJ КK "
    "МM ОO РP ЅS ТT "
    "ХX УY αa βb ϲc δd εe ηn ιi κk νv οo ρp σo τt χx γy ωw ΑA ΒB ΕE ΖZ ΗH ΙI ΚK ΜM ΝN ΟO ΡP ΤT ΥY ΧX ɑa ɡg ıi ɩi "
    "ոn օo սu հh ցg "
    "ᴀa ʙb ᴄc ᴅd ᴇe ꜰf ɢg ʜh ɪi ᴊj ᴋk ʟl ᴍm ɴn ᴏo ᴘp ʀr ꜱs ᴛt ᴜu ᴠv ᴡw ᴢz"
)
_HIDDEN = "\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufe00-\ufe0f\ufeff"
_MARKS = "\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff"
_PICTURES = "\u2190-\u23f9\u2500-\u2bff\U0001f000-\U0001faff"
_OTHER = "\u0250-\u02af\u0370-\u052f\u0561-\u0587\u1d00-\u1d7f\ua730-\ua7ff"
_WIDE = "\uff21-\uff3a\uff41-\uff5a\u24b6-\u24e9\U0001d400-\U0001d6a3"


def _for_re2(characters: str) -> str:
    return "".join(c if c == "-" else f"\\x{{{ord(c):x}}}" for c in characters)


_ODD_PATTERN = (
    f"[a-zA-Z][{_for_re2(_HIDDEN + _MARKS + _PICTURES + _OTHER)}]|[{_for_re2(_OTHER)}][a-zA-Z]|[{_for_re2(_WIDE)}]"
)
_ODD_LETTERS = Regex(_ODD_PATTERN, MEMORY)
ODD_PLACE = (
    rf"(?:^|[^a-z0-9])(?:[a-z][ .\-_*/|+~]{{1,3}}){{3}}[a-z](?:[^a-z0-9]|$)"
    rf"|[a-z](?:[{_for_re2(_HIDDEN + _PICTURES)}]{{1,4}}|[{_for_re2(_OTHER)}])[a-z]|[{_for_re2(_OTHER)}][a-z]{{2}}"
    rf"|[a-z][034578@$][a-z]{{1,4}}[034578@$]|[{_for_re2(_WIDE)}]{{3}}"
)
"""A pattern that finds the odd places of a long ask, whatever its case."""

_ODD_PLACE = Regex("(?i)" + ODD_PLACE, MEMORY)
_BLANK = r"[\s\x0b\x1c-\x1f]"
_SEPARATOR = "[" + "".join(f"\\x{ord(c):02x}" for c in _SEPARATORS) + "]"
_ANY_ODD = Regex(
    rf"(?i:{_BLANK}[a-z]{_BLANK}[a-z]{_BLANK}|[a-z][0-9@$!][a-z]|{_SEPARATOR}[a-z]{_SEPARATOR}[a-z])|" + _ODD_PATTERN,
    MEMORY,
)
"""What every odd ask holds: letters set apart, a digit or a sign between letters, or odd letters."""
_INSIDE = re.compile(r"(?<=[a-z])[*~|^·]+(?=[a-z])", re.I)
_APART = re.compile(r"(?<![^\W_])[^\W\d_](?:([ .\-_*/|+~,'·])\1{0,2}[^\W\d_](?![^\W_])){3,}")
_LEET = str.maketrans("034578@$", "oeastbas")
_ONES = tuple(str.maketrans("1!|", letter * 3) for letter in "il")


def _plain_letters() -> dict[int, str | None]:
    table: dict[int, str | None] = {ord(pair[0]): pair[1] for pair in _LOOKALIKES.split()}
    for ranges, letter in ((_HIDDEN, None), (_MARKS, None), (_PICTURES, "·")):
        for found in re.finditer("(.)(?:-(.))?", ranges):
            last = found[2] or found[1]
            table |= dict.fromkeys(range(ord(found[1]), ord(last) + 1), letter)
    return table


_PLAIN_LETTERS = _plain_letters()


def is_odd(ask: str) -> bool:
    """Whether a short ask may hold a hidden spelling. Ordinary ones answer no; a wrong yes costs time alone."""
    data = ask.encode()
    if len(data) > QUICK and _ANY_ODD.search(data) is None:
        return False
    shape = data.translate(_SHAPE)
    if shape.find(b" a a ") >= 0:
        return True
    suspected = data.translate(_SUSPECTED)
    if suspected.isalpha() or suspected.translate(None, b"a") in _ORDINARY:
        return False
    return (
        shape.find(b"a0a") >= 0
        or shape.find(b".a.a") >= 0
        or not (data.isascii() or data.translate(_NO_ODD_LETTERS).isalpha() or _ODD_LETTERS.search(data) is None)
    )


def has_no_suspect(data: bytes) -> bool:
    """Whether there are only bytes in an ask that hide nothing, unless letters stand alone in it."""
    return data.translate(_SUSPECTED).isalpha()


def hide_nothing(signs: bytes) -> bool:
    """Whether the signs of an ask in ASCII, in order, show that it is not odd, unless letters stand alone in it."""
    return len(signs) < 9 and signs.translate(None, _PLAIN_SIGNS) in _ORDINARY


def plain(ask: str, odd: Sequence[Span] = ((0, sys.maxsize),)) -> Iterator[str]:
    """An odd or a long ask in plain letters, in as many readings as its signs have.

    Of a long ask only pieces come, those around odd places, and only so many: a text full of such places is a table or
    a list of codes. Outside of the stretches ``odd``, in bytes and in order, none is known to begin.
    """
    if len(ask) > LONG:
        for piece in _pieces(ask, odd):
            yield from _readings(piece)
    else:
        yield from _readings(ask)


def _pieces(ask: str, odd: Sequence[Span]) -> Iterator[str]:
    data = ask.encode()
    patience, end = PATIENCE + len(data) // 8_000, 0
    for first, last in odd:
        end = max(first, end)
        while end <= last:
            place = _ODD_PLACE.search(data, end, min(last + LONGEST_ODD, len(data)))
            if place is None:
                break
            patience -= 1
            end = place[1] + REACH
            yield data[max(0, place[0] - REACH // 4) : end].decode(errors="ignore")
            if patience <= 0:
                return


def _readings(text: str) -> Iterator[str]:
    if not text.isascii():
        text = unicodedata.normalize("NFKD", text).translate(_PLAIN_LETTERS)
    text = _INSIDE.sub("", _APART.sub(_join, text)).replace("·", " ").translate(_LEET)
    for letters in _ONES if "1" in text or "!" in text or "|" in text else _ONES[:1]:
        yield text.translate(letters)


def _join(run: re.Match[str]) -> str:
    """Letters set apart by one sign; where the sign stands twice or thrice, a word ends."""
    return " ".join(word.replace(run[1], "") for word in re.split(re.escape(run[1]) + "{2,}", run[0]))
