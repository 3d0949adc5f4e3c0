"""How deep JSON is nested, at next to no cost for what people send."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import cache
from typing import Any

import msgspec
import re2

_FIELDS = msgspec.json.Decoder(dict[str, msgspec.Raw])
_ITEMS = msgspec.json.Decoder(list[msgspec.Raw])
BYTES_PER_LEVEL = 2
"""The shortest way to one level more: ``[`` and ``]``."""
_OPENERS, _CLOSERS = (b"{", b"["), (b"}", b"]")
_WINDOW = 65_536
"""Bytes that are looked at in one piece: a copy of so many is cheap and stays in the cache."""
_SMALL = 16_384
"""Bytes of which all closing brackets are counted first: nearly always there are few."""
_SPLITS = 6
"""Levels at which a body is taken apart before its nesting is counted: a picture in a tool's result lies there."""
_MEAN_CHILD = 64


def children_deeper(parts: Sequence[dict[str, msgspec.Raw] | list[msgspec.Raw]], limit: int) -> bool:
    """Whether a child of one of them is nested deeper than ``limit``. Most hold few brackets, even all together."""
    return any_deeper([child for part in parts for child in (part.values() if isinstance(part, dict) else part)], limit)


def any_deeper(children: Sequence[msgspec.Raw], limit: int, splits: int = _SPLITS) -> bool:
    """Whether one of them is nested deeper than ``limit``."""
    longest = max([memoryview(child).nbytes for child in children], default=0)
    return longest > BYTES_PER_LEVEL * limit and _half_deeper(children, limit, splits)


def _half_deeper(children: Sequence[msgspec.Raw], limit: int, splits: int) -> bool:
    """The same. While there are too many brackets in all of them together, half of them are looked at alone."""
    if len(children) == 1:
        return is_deeper(children[0], limit, splits)
    together = b"".join(children)
    if not _more_than(limit, together, _CLOSERS, 0, len(together)):
        return False
    middle = len(children) // 2
    return _half_deeper(children[:middle], limit, splits) or _half_deeper(children[middle:], limit, splits)


def is_deeper(value: msgspec.Raw, limit: int, splits: int = _SPLITS) -> bool:
    """Whether a value is nested deeper than ``limit``."""
    if memoryview(value).nbytes <= BYTES_PER_LEVEL * limit:
        return False
    raw = bytes(value)
    if raw[0] not in b"[{" or not may_be_deeper(raw, limit):
        return False
    children: Sequence[msgspec.Raw]
    if raw[0] == ord("["):
        children, keys = _ITEMS.decode(raw), 0
    else:
        fields = _FIELDS.decode(raw)
        children, keys = list(fields.values()), sum(map(len, fields))
    # White space, and values whose key is repeated.
    unseen = len(raw) - keys - sum([memoryview(child).nbytes for child in children])
    if not splits or _MEAN_CHILD * len(children) + unseen > len(raw):
        return deeper_than(raw, limit)
    return any_deeper(children, limit - 1, splits - 1)


def may_nest(raw: bytes, limit: int) -> bool:
    """The same bound for a small body. A large one nearly always has too many brackets for it."""
    return len(raw) > _SMALL or _more_than(limit, raw, _CLOSERS, 0, len(raw))


def may_be_deeper(raw: bytes, limit: int) -> bool:
    """A bound at a fraction of the cost of :func:`deeper_than`, brackets inside of strings counted too.

    Wherever the deepest place is: if it lies in the first half, no more levels lead to it than are opened there; if in
    the second, no more than are closed there. Counting half the brackets proves nearly every body harmless.
    """
    half = len(raw) // 2
    return _more_than(limit, raw, _OPENERS, 0, half) or _more_than(limit, raw, _CLOSERS, half, len(raw))


def _more_than(limit: int, raw: bytes, kinds: Collection[bytes], start: int, end: int) -> bool:
    """Whether bytes of these kinds stand in a stretch of a text more than ``limit`` times.

    Leaving them out and measuring what is left goes at a multiple of the speed of ``bytes.count``.
    """
    left = limit
    for position in range(start, end, _WINDOW):
        window = raw[position : min(position + _WINDOW, end)]
        length = len(window)
        for kind in kinds:
            left += len(window.replace(kind, b"", left + 1)) - length
            if left < 0:
                return True
    return False


def deeper_than(raw: bytes, limit: int) -> bool:
    """Whether valid JSON is nested deeper than ``limit``: one pass at C speed, whatever stands in it."""
    return _nesting(limit).fullmatch(raw) is None


@cache
def _nesting(limit: int) -> Any:
    """Matches JSON with at most ``limit`` levels. Nested as the text itself, so that each byte has one reading only."""
    plain = rb'[^"\[\]{}]|"(?:[^"\\]|\\.)*"'
    nested = b"(?:" + plain + b")*"
    for _ in range(limit):
        nested = b"(?:" + plain + rb"|[\[{]" + nested + rb"[\]}])*"
    options = re2.Options()
    options.encoding = options.Encoding.LATIN1
    options.dot_nl = True
    options.never_capture = True
    return re2.compile(nested, options)
