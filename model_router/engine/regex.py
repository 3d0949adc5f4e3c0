"""Regular expressions of RE2 over UTF-8: linear in the text, whatever it says.

RE2's package for Python makes a generator and a match for each search, which costs more than searching a short text
does. So RE2 itself is asked, where the package still has it in the place that is known here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import re2

Span = tuple[int, int]
"""Where a match begins and ends, in bytes."""

NOWHERE: Span = (-1, -1)
"""The place of a match that is not there."""


class Regex:
    """A compiled pattern. Immutable and thread-safe.

    Its automaton grows with what it reads, up to about ``memory`` bytes, and then starts anew. Without ``groups`` it
    tells places alone, which is much quicker.
    """

    __slots__ = ("_anchored", "_anywhere", "_match")

    def __init__(self, pattern: str, memory: int, *, groups: bool = False) -> None:
        options = re2.Options()
        options.log_errors = False
        options.max_mem = memory
        options.never_capture = not groups
        compiled = re2.compile(pattern, options)
        self._match: Callable[[Any, bytes, int, int], list[Span]]
        inner: Any = getattr(compiled, "_regexp", None)
        anchors = getattr(type(inner), "Anchor", None)
        if hasattr(inner, "Match") and anchors is not None:
            self._match, self._anywhere, self._anchored = inner.Match, anchors.UNANCHORED, anchors.ANCHOR_START
        else:
            self._match, self._anywhere, self._anchored = _spans, compiled.search, compiled.match

    def search(self, data: bytes, start: int = 0, end: int | None = None) -> Span | None:
        """The first match from ``start`` on that ends at ``end`` or before."""
        span = self._match(self._anywhere, data, start, len(data) if end is None else end)[0]
        return None if span == NOWHERE else span

    def match(self, data: bytes, start: int = 0, end: int | None = None) -> Span | None:
        """The match that begins at ``start``."""
        span = self._match(self._anchored, data, start, len(data) if end is None else end)[0]
        return None if span == NOWHERE else span

    def groups(self, data: bytes, start: int, end: int) -> list[Span]:
        """The first match between two places and its groups; a group that took no part is (-1, -1)."""
        return self._match(self._anywhere, data, start, end)


def _spans(search: Callable[..., Any], data: bytes, start: int, end: int) -> list[Span]:
    """The same by the public face of RE2's package."""
    found = search(data, start, end)
    return [found.span(group) for group in range(found.re.groups + 1)] if found else [NOWHERE]
