"""Passing over an array of texts: a vocabulary has a quarter of a million, and none of them is wanted.

Each text has its length in front, so the end of the array is only known by going through all of them, which takes
30 ms. But a few hundred bytes out of the middle show whether there are short texts, one after another, or something else:
by some twenty such samples the end is found. That is a guess: texts could be made to look like anything. So whoever
takes it has to see that the rest of the header agrees with it, to the last tensor, and ask for the sure way if not.
"""

from __future__ import annotations

import re
import struct
from itertools import islice

from model_router.errors import SetupError
from model_router.setup.gguf.scalars import ARRAY, MOST_ITEMS, SIZES, TEXT
from model_router.setup.gguf.window import Window

_LENGTH = struct.Struct("<Q").unpack_from
_FEWEST = 1024
"""Fewer texts than this are gone through at once."""

_LONGEST_TEXT = 512
_LONGEST_NAME = 255

_SAMPLE = 1024
_ENOUGH = 8
"""Bytes with so many lengths, each where the one before says, are texts."""

_SHORT = re.compile(rb"[\x01-\x7f]\0{7}")
"""The length of a short text."""


def end_of_texts(window: Window, place: int, count: int, *, sure: bool) -> int:
    """Where the array of ``count`` texts that begins at ``place`` ends; not ``sure``: where it seems to end."""
    if count * 8 > window.size - place:
        raise window.wrong("a list is longer than the file")
    if not sure and count >= _FEWEST:
        found = _likely_end(window, place, count)
        if found is not None:
            return found
    return _walk(window, place, count)


def _likely_end(window: Window, place: int, count: int) -> int | None:
    """Between what has texts around it and what has not. The lengths alone reach to the first place that is tried.

    The steps are shorter than the numbers that stand beside a vocabulary, four bytes for each of its texts: the texts
    behind those are another array.
    """
    low, step = place + 8 * count, 3 * count
    first = _text_at(window, low)
    while first is not None and low - place < 128 * count:
        high = low + step
        found = _text_at(window, high)
        if found is None:
            break
        low, first = high, found
    else:
        return None
    while high - low > _SAMPLE:
        middle = (low + high) // 2
        found = _text_at(window, middle)
        if found is None:
            high = middle
        else:
            low, first = middle, found
    return _last_end(window, first, window.peek(first, high - first + 2 * _SAMPLE))


def _text_at(window: Window, place: int) -> int | None:
    """Where the first whole text of several begins, from ``place`` on; ``None`` where there are none."""
    data = window.peek(place, _SAMPLE)
    for match in islice(_SHORT.finditer(data), 3):
        position, last = match.start(), len(data) - 8
        for _ in range(_ENOUGH):
            length = _LENGTH(data, position)[0] if position <= last else 0
            if not 0 < length <= _LONGEST_TEXT:
                break
            position += 8 + length
        else:
            return place + match.start()
    return None


def _last_end(window: Window, first: int, data: bytes) -> int | None:
    """The end of the texts that begin at ``first``: a key stands there, whose name is passed over as a text too."""
    position, last, ends = 0, len(data) - 8, [0] * 4
    while position <= last:
        ends = [*ends[1:], position]
        length = _LENGTH(data, position)[0]
        if length > _LONGEST_TEXT:
            return next((first + end for end in ends if end and _is_entry(window, first + end)), None)
        position += 8 + length
    return None


def _is_entry(window: Window, place: int) -> bool:
    """Whether a key stands there, a value behind it, and another name behind that."""
    try:
        kind = _name_end(window, place)
        value = kind and _value_end(window, window.u32(kind), kind + 4)
        return value is not None and (value == _UNSEEN or _name_end(window, value) is not None)
    except SetupError:  # it leads out of the file
        return False


_UNSEEN = -1


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
