"""Passing over an array of texts: a vocabulary has a quarter of a million, and none of them is wanted.

Each text has its length in front, so the end of the array is only known by going through all of them, which takes
30 ms. But a few hundred bytes out of the middle show whether short texts stand there, one after another, or something
else: by some fifteen such samples the end is found, and what lies between them is not even read. That is a guess, for
texts could be made to look like anything. So whoever takes it has to see that the rest of the header agrees, to the
last tensor, and to go through all texts if not.
"""

from __future__ import annotations

import re
import struct
from itertools import islice

from model_router.setup.gguf.scalars import ARRAY, MOST_ITEMS, SIZES, TEXT
from model_router.setup.gguf.window import Window

_LENGTH = struct.Struct("<Q").unpack_from
_KIND_AND_LIST = struct.Struct("<IIQ").unpack_from
_UNSEEN = -1

_LONGEST_TEXT = 512
_LONGEST_NAME = 255

_SAMPLE = 1024
_NARROW = 256
_ENOUGH = 8
"""Bytes with so many lengths, each where the one before says, are texts."""

_SHORT = re.compile(rb"[\x01-\x7f]\0{7}")
"""The length of a short text."""


def likely_end(window: Window, place: int, count: int) -> int | None:
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
    while high - low > _NARROW:
        middle = (low + high) // 2
        found = _text_at(window, middle)
        if found is None:
            high = middle
        else:
            low, first = middle, found
    return _last_end(window, first, window.peek(first, high - first + _SAMPLE))


def _text_at(window: Window, place: int) -> int | None:
    """Where the first whole text of several begins, from ``place`` on; ``None`` where there are none."""
    data = window.peek(place, _SAMPLE)
    for match in islice(_SHORT.finditer(data, 0, 160), 3):
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
    position, last = 0, len(data) - 8
    ends: list[int] = []
    while position <= last:
        ends.append(position)
        length = _LENGTH(data, position)[0]
        if length > _LONGEST_TEXT:
            return next((first + end for end in ends[-4:] if is_entry(window, first + end)), None)
        position += 8 + length
    return None


def is_entry(window: Window, place: int) -> bool:
    """Whether a key stands there, a value behind it, and another name behind that."""
    data = window.peek(place, _LONGEST_NAME + 32)
    kind = _name_end(data)
    value = kind and _value_end(data, kind)
    if not value:
        return False
    return value == _UNSEEN or _name_end(window.peek(place + value, _LONGEST_NAME + 8)) > 0


def _name_end(data: bytes) -> int:
    """The end of a plain word with its length in front, or 0."""
    length = _LENGTH(data)[0] if len(data) >= 8 else 0
    word = data[8 : 8 + length] if length <= _LONGEST_NAME else b""
    return 8 + length if word and word.isascii() and word.decode("ascii").isprintable() else 0


def _value_end(data: bytes, place: int) -> int:
    """The end of a value, ``_UNSEEN`` for another list of texts, 0 for what cannot be one."""
    if place + 16 > len(data):
        return 0
    kind, items, count = _KIND_AND_LIST(data, place)
    if kind in SIZES:
        return place + 4 + SIZES[kind]
    if kind == TEXT:
        return place + 12 + int(_LENGTH(data, place + 4)[0])
    if kind != ARRAY or count > MOST_ITEMS:
        return 0
    if items == TEXT:
        return _UNSEEN
    return place + 16 + count * SIZES[items] if items in SIZES else 0
