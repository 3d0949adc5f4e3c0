"""RE2 asked directly, and by its package's public face where that cannot be done."""

from __future__ import annotations

import pytest
import re2
from hypothesis import given
from hypothesis import strategies as st

from model_router.engine.regex import NOWHERE, Regex

PATTERN = "(b+)(é)?"
TEXT = st.text(alphabet="abé ", max_size=40)


@given(TEXT, st.integers(0, 20))
def test_places_are_those_that_the_package_tells(text: str, start: int) -> None:
    data = text.encode()
    start = min(start, len(data))
    found = re2.compile(PATTERN).search(data, start)
    assert Regex(PATTERN, 1 << 20).search(data, start) == (found.span() if found else None)
    found = re2.compile(PATTERN).match(data, start)
    assert Regex(PATTERN, 1 << 20).match(data, start) == (found.span() if found else None)


@given(TEXT, st.integers(0, 20))
def test_a_match_ends_where_the_search_does(text: str, end: int) -> None:
    data = text.encode()
    end = min(end, len(data))
    found = re2.compile(PATTERN).search(data, 0, end)
    assert Regex(PATTERN, 1 << 20).search(data, 0, end) == (found.span() if found else None)


class _PublicFace:
    """What RE2's package says that a pattern can do, and nothing behind it."""

    def __init__(self, pattern: str, options: re2.Options) -> None:
        compiled = _COMPILE(pattern, options)
        self.search, self.match = compiled.search, compiled.match


_COMPILE = re2.compile


@given(TEXT)
def test_the_public_face_of_the_package_tells_the_same(text: str) -> None:
    data = text.encode()
    direct = Regex(PATTERN, 1 << 20, groups=True)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(re2, "compile", _PublicFace)
        public = Regex(PATTERN, 1 << 20, groups=True)
    assert public.search(data) == direct.search(data)
    assert public.match(data) == direct.match(data)
    if direct.search(data):
        assert public.groups(data, 0, len(data)) == direct.groups(data, 0, len(data))


def test_a_group_that_took_no_part_is_nowhere() -> None:
    assert Regex(PATTERN, 1 << 20, groups=True).groups(b"ab", 0, 2) == [(1, 2), (1, 2), NOWHERE]
