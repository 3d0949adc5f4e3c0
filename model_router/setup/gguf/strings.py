"""Passing over an array of texts: a vocabulary has a quarter of a million, and none of them is wanted.

Each text has its length in front, so the end of the array is only found by going through all of them, which takes
30 ms. But what follows an array is the next key, which begins with one of few words, after a length of its own; that
place is found by searching for the word, much faster. A text of the vocabulary may look like a key with its length;
but then what comes behind it, read as a value, does not end at another key. Where no such place is found, all texts are
gone through.
"""

from __future__ import annotations

import struct

from model_router.errors import SetupError
from model_router.setup.gguf.scalars import ARRAY, MOST_ITEMS, SIZES, TEXT
from model_router.setup.gguf.window import Window

_LENGTH = struct.Struct("<Q").unpack_from
_FIRST_WORDS = (b"tokenizer.", b"general.", b"quantize.", b"split.")
_SHORTEST = 1024
"""Fewer texts than this are gone through at once."""

_LONGEST_NAME = 255
_UNSEEN = -1
_ZEROS = b"\0" * 7


def end_of_texts(window: Window, place: int, count: int, architecture: str) -> int:
    """Where the array of ``count`` texts that begins at ``place`` ends."""
    if count * 8 > window.size - place:
        raise window.wrong("a list is longer than the file")
    if count >= _SHORTEST:
        found = _next_key(window, place, count, architecture)
        if found is not None:
            return found
    return _walk(window, place, count)


def _next_key(window: Window, place: int, count: int, architecture: str) -> int | None:
    """The first place, as far as texts of usual length reach, that is a whole key with a whole value behind it."""
    words = [*_FIRST_WORDS, *([architecture.encode("utf-8", "replace") + b"."] if architecture else [])]
    for length in (count * 20 + 65_536, count * 80 + 1_048_576):
        reach = min(length, window.size - place)
        start = window.at(place, reach)
        data, end = window.data, start + reach
        origin = place - start
        best = end
        for word in words:
            found = data.find(_ZEROS + word, start + 8 * count - 8, best)
            while found != -1:
                if _is_entry(window, origin + found - 1):
                    best = found
                    break
                found = data.find(_ZEROS + word, found + 1, best)
        if best < end:
            return origin + best - 1
        if reach == window.size - place or count > 1 << 20:
            break
    return None


def _is_entry(window: Window, place: int) -> bool:
    """Whether a key stands there, a value behind it, and another name behind that."""
    try:
        kind = _name_end(window, place)
        value = kind and _value_end(window, window.u32(kind), kind + 4)
        return value is not None and (value == _UNSEEN or _name_end(window, value) is not None)
    except SetupError:  # it leads out of the file
        return False


def _name_end(window: Window, place: int) -> int | None:
    """The end of a plain word with its length in front, or ``None``."""
    length = window.u64(place)
    if not 0 < length <= _LONGEST_NAME:
        return None
    word = window.slice(place + 8, length)
    return place + 8 + length if word.isascii() and word.decode("ascii").isprintable() else None


def _value_end(window: Window, kind: int, place: int) -> int | None:
    """The end of a value, ``_UNSEEN`` for another list of texts, ``None`` for what cannot be one."""
    if kind in SIZES:
        return place + SIZES[kind]
    if kind == TEXT:
        return place + 8 + window.u64(place)
    if kind != ARRAY:
        return None
    items, count = window.u32(place), window.u64(place + 4)
    if count > MOST_ITEMS:
        return None
    if items == TEXT:
        return _UNSEEN
    return place + 12 + count * SIZES[items] if items in SIZES else None


def _walk(window: Window, place: int, count: int) -> int:
    step = 1 << 20
    while count:
        start = window.at(place, min(step, window.size - place))
        data, limit = window.data, len(window.data) - 8
        position = start
        while count and position <= limit:
            position += 8 + _LENGTH(data, position)[0]
            count -= 1
        if position == start:
            raise window.wrong("it ends too early")
        place += position - start
        if place > window.size:
            raise window.wrong("a text is longer than the file")
    return place
