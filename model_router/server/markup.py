"""Blocks between tags in a text that is no XML: prose, code and markup in one, often cut off in the middle."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Iterator
from typing import NamedTuple

_CLOSERS = re.compile(r"</([A-Za-z][\w-]{0,80}(?: [a-z]{1,20})?)\s{0,4}>")


class Block(NamedTuple):
    """A closed block: its opening tag as the pattern found it, its content, and where the whole stands."""

    opener: re.Match[str]
    inner: str
    start: int
    end: int


def enclosed(
    text: str, openers: re.Pattern[str], name: str | int, wanted: Callable[[str], object] = bool
) -> Iterator[Block]:
    """The outermost closed blocks in order; group ``name`` of ``openers`` is what the closing tag has to repeat.

    Tags whose name is not ``wanted``, and opening tags that nothing closes, are plain text. Linear: closing tags are
    looked up, never searched for again.
    """
    match = openers.search(text)
    while match is not None and not wanted(match[name]):
        match = openers.search(text, match.end())
    if match is None:
        return
    closers: dict[str, list[tuple[int, int]]] = {}
    for closer in _CLOSERS.finditer(text, match.end()):
        closers.setdefault(closer[1], []).append(closer.span())
    while match is not None:
        position = match.end()
        places = closers.get(match[name], []) if wanted(match[name]) else []
        following = bisect_left(places, (position, 0))
        if following < len(places):
            start, end = places[following]
            yield Block(match, text[position:start], match.start(), end)
            position = end
        match = openers.search(text, position)
