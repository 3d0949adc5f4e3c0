"""From a text to its words: lower case, accents folded, digits turned to 0.

Most of it is done on bytes, by tables. Which bytes a text holds tells what kind of text it is, and spares the common
kinds the steps that only rare ones need.
"""

from __future__ import annotations

import codecs
import re
import unicodedata

# Scripts written without spaces between words: kana, Han, Thai, Lao, Myanmar, Khmer.
_UNSPACED = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"
# Hebrew, Arabic and the Indic scripts carry vowel signs that \w does not match.
_SIGNED = "\u0590-\u06ff\u0750-\u077f\u0900-\u0dff"
_WORD = re.compile(f"[a-z]+|[0-9]+|[{_UNSPACED}]+|[{_SIGNED}]+|[^\\W_a-z0-9{_UNSPACED}{_SIGNED}]+")
_BEYOND_LATIN = re.compile("[\u0370-\u1dff\u1f00-\u1fff\u2c00-\ud7ff\uf900-\ufaff]").search
_NOT_SIGNED = re.compile("[\u0800-\u08ff\u0e00-\u0fff]").search
_MARKS = re.compile("[\u0300-\u036f\u200b-\u200f\u2060\ufeff\u00ad’‘ʼ]+")
_APOSTROPHE = b"'"
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
_FIRST_OF_RUNS = "\u0e00"
_CYRILLIC_LAST = "\u047f"
_WIDE_SIGNS = "，？！：；（）"
_WIDE = b"\xef\xbc"
"""Their first bytes in UTF-8. (``in`` would first ask whether they are a number, and take four times as long.)"""

_ALIKE: tuple[tuple[bytes, tuple[tuple[bytes, bytes], ...]], ...] = tuple(
    (mark, tuple((pair[:1].encode(), pair[1:].encode()) for pair in pairs))
    for mark, pairs in (
        (b"\xd8", ("\u061f ", "\u060c ", "\u061b ", "أا", "إا", "آا", "ةه", "ؤو", "ئي")),
        (b"\xd9", ("ىي", "ٱا", "ـ")),
        (b"\xda\xa9", ("کك",)),
        (b"\xdb\x8c", ("یي",)),
        (b"\xdb\x94", ("\u06d4 ",)),
        (b"\xe0\xa5", ("। ", "॥ ")),
        (b"\xe0\xa4\xbc", ("\u093c",)),
        (b"\xd1\x91", ("ёе",)),
    )
)
"""Where the bytes before them stand in a text: signs that part words, letters that people write for one another, and
marks that they leave out. A pair is a letter and what it is folded to."""

_ALL = bytes(range(256))
_ZEROS = _ALL.translate(bytes.maketrans(b"123456789", b"0" * 9))
_SIGNS = bytes(code for code in range(128) if not chr(code).isalnum())
FOLDED = _ZEROS.lower().translate(bytes.maketrans(_SIGNS, b" " * len(_SIGNS)))
"""A table that folds ASCII: capital letters, digits to 0, and signs to blanks, but for the apostrophe, left out."""
_CONTINUED = _ALL[0x80:0xC0]


def kind(members: bytes) -> bytes:
    """A table that tells a kind of bytes: translated by it, bytes that are all of the kind are all letters.

    That is much quicker than ``translate(None, members)``, which makes a table of its own at each call.
    """
    return bytes(ord("a") if code in members else ord(" ") for code in range(256))


# Texts by the bytes that they are made of in UTF-8; the first byte of a letter tells its script.
_LATIN = kind(_ALL[:0xC0] + _ALL[0xC2:0xCD])
_LATIN_AND_SIGNS = kind(_ALL[:0xC0] + _ALL[0xC2:0xCD] + b"\xe2")
_NO_OTHER = kind(_ALL.translate(None, _ALL[0xCE:0xE1] + _ALL[0xE3:0xED]))
"""None that surely begins a letter beyond the Latin ones."""
_CYRILLIC_OR_HANGUL = kind(_SIGNS + _CONTINUED + b"\xd0\xd1" + _ALL[0xEA:0xEE])
_SEMITIC_OR_INDIC = kind(_SIGNS + _CONTINUED + _ALL[0xD7:0xDC] + b"\xe0")
_NO_ENGLISH = kind(bytes({*_ALL} - {*b"abcdefghijklmnopqrstuvwxyz"}))
_UNMARKED = kind(_ALL.translate(None, b"\xc2\xca\xcc\xcd\xe2\xef"))


class _CodePage:
    """Letters that have a byte each, so that a text which holds no other is folded by one table."""

    def __init__(self, upper_half: str) -> None:
        self.codes = codecs.charmap_build("".join(map(chr, range(128))) + upper_half)
        self._folded = bytearray(FOLDED)
        self._left_out = _APOSTROPHE
        self._more: list[tuple[bytes, bytes]] = []
        for code, letter in enumerate(upper_half, 128):
            plain = _plain_latin(letter.lower()).translate(FOLDED, _APOSTROPHE)
            if not plain:
                self._left_out += bytes((code,))
            elif len(plain) == 1 or plain.isspace():
                self._folded[code] = plain[0]
            else:
                self._more.append((bytes((code,)), plain))

    def words(self, text: bytes) -> list[str]:
        """The words of a text that is given in these bytes."""
        folded = text.translate(self._folded, self._left_out)
        if not folded.isascii():
            for letter, plain in self._more:
                folded = folded.replace(letter, plain)
        return folded.decode().split()


def _plain_latin(lowered: str) -> bytes:
    folded = unicodedata.normalize("NFKD", lowered)
    for letter, plain in _LETTERS:
        folded = folded.replace(letter, plain)
    return folded.encode("ascii", "ignore")


_LATIN_1 = _CodePage("".join(map(chr, range(128, 256))))
_EUROPEAN = _CodePage(
    "ßàáâãäåæçèéêëìíîïñòóôõöøùúûüýÿœÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÑÒÓÔÕÖØÙÚÛÜÝŒ"
    "ąćęłńśźżčďěňřšťůžľőűğışățșţĄĆĘŁŃŚŹŻČĎĚŇŘŠŤŮŽĽŐŰĞİŞĂȚȘŢ"
    "\u00a0’‘“”„–—…•€"
)
"""Letters and signs of the languages of Europe, as many as a byte can tell apart."""


def words(text: str) -> tuple[list[str], list[str]]:
    """Words in order, and those of them that are runs: of unspaced scripts and Hangul, also cut into characters."""
    if text.isascii():
        return text.encode().translate(FOLDED, _APOSTROPHE).decode().split(), []
    size = len(text)
    narrow = text.encode("latin-1", "ignore")
    if len(narrow) == size:
        return _LATIN_1.words(narrow), []
    if text.encode().translate(_LATIN_AND_SIGNS).isalpha():
        narrow = codecs.charmap_encode(text, "ignore", _EUROPEAN.codes)[0]
        if len(narrow) == size:
            return _EUROPEAN.words(narrow), []
    lowered = text.lower()
    data = lowered.encode()
    if data.translate(_NO_OTHER).isalpha() and (data.translate(_LATIN).isalpha() or not _BEYOND_LATIN(lowered)):
        return _plain_latin(lowered).translate(FOLDED, _APOSTROPHE).decode().split(), []
    return _other_words(lowered, data)


def _other_words(given: str, data: bytes) -> tuple[list[str], list[str]]:
    lowered = given
    if data.find(_WIDE) >= 0:
        for sign in _WIDE_SIGNS:
            lowered = lowered.replace(sign, " ")
    folded = unicodedata.normalize("NFKC", lowered)
    if folded is not given:
        data = folded.encode()
    alike = _fold_alike(data)
    if alike is not data:
        data, folded = alike, alike.decode()
    if data.translate(_CYRILLIC_OR_HANGUL).isalpha():
        found = data.translate(FOLDED, _APOSTROPHE).decode().split()
        if "".join(found).isalpha():
            return found, [word for word in found if word[0] > _CYRILLIC_LAST]
    elif data.translate(_SEMITIC_OR_INDIC).isalpha() and not _NOT_SIGNED(folded):
        return data.translate(FOLDED, _APOSTROPHE).decode().split(), []
    if not data.translate(_UNMARKED).isalpha():
        data = _MARKS.sub("", folded).encode()
    if data.translate(_NO_ENGLISH).isalpha() or data != data.lower():  # normalizing brings capitals, as in "№"
        found = _WORD.findall(data.translate(_ZEROS, _APOSTROPHE).decode())
    else:
        found = _mixed_words(data.translate(FOLDED, _APOSTROPHE).decode())
    return found, [word for word in found if word >= _FIRST_OF_RUNS and _is_run(word[0])]


def _fold_alike(data: bytes) -> bytes:
    """The same object when there is nothing to fold."""
    for mark, pairs in _ALIKE:
        if data.find(mark) >= 0:
            for letter, other in pairs:
                data = data.replace(letter, other)
    return data


def _mixed_words(folded: str) -> list[str]:
    """Words of several scripts. Only what is not all Latin letters is taken apart: that is slow."""
    found: list[str] = []
    for piece in folded.split():
        if piece.isascii() and piece.isalpha():
            found.append(piece)
        else:
            found += _WORD.findall(piece)
    return found


def _is_run(first: str) -> bool:
    """Whether words that begin so are cut into characters. Tibetan, Georgian and Ethiopic are not."""
    return not "\u0f00" <= first < "\u1000" and not "\u10a0" <= first < "\u1780"
