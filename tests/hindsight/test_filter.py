"""The filter language of the log."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model_router.errors import UsageError
from model_router.hindsight.filter import NO_FILTER, parse_filter
from tests.tui.staging import fixed_event

CODING = fixed_event(3).event  # coding, code_agent, 200, 503 ms
BLOCKED = fixed_event(7).event  # confirmation, human_confirm, 409, destructive


@pytest.mark.parametrize(
    ("text", "coding", "blocked"),
    [
        ("", True, True),
        ("route:coding", True, False),
        ("route:cod", True, False),
        ("ROUTE:Coding", True, False),
        ("route:coding,conf", True, True),
        ("-route:coding", False, True),
        ("status:409", False, True),
        ("status:4xx", False, True),
        ("status>=400", False, True),
        ("status:200,409", True, True),
        ("ms>500", True, False),
        ("ms<500", False, True),
        ("first>1", True, False),
        ("risk:destr", False, True),
        ("backend:", False, True),
        ("code_agent", True, False),
        ("human", False, True),
        ("route:coding status:409", False, False),
        ("route:coding ms>500 agent", True, False),
        ('"reads as a test"', True, True),
        ('-"reads as a test"', False, False),
        ('engine:"code_agent"', True, False),
        ("[/x]", False, False),
    ],
)
def test_terms(text: str, coding: bool, blocked: bool) -> None:
    wanted = parse_filter(text)
    assert (wanted.matches(CODING), wanted.matches(BLOCKED)) == (coding, blocked)


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("rout:coding", "no field 'rout'", "did you mean route?"),
        ("ms>soon", "ms needs a number", "ms>500"),
        ("status:", "status needs a number", "status>500"),
        ("route>coding", "route is a text", "write route:coding"),
    ],
)
def test_a_mistake_is_told_with_what_would_do(text: str, message: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_filter(text)
    assert message in caught.value.message
    assert hint in caught.value.hint


def test_an_empty_filter_is_no_filter() -> None:
    assert not parse_filter("   ")
    assert not NO_FILTER


@given(st.text(max_size=80) | st.from_regex(r"-?[a-z]{1,8}[:<>=]{1,2}\S{0,8}", fullmatch=True))
def test_whatever_is_written_is_a_filter_or_one_clear_error(text: str) -> None:
    with contextlib.suppress(UsageError):
        assert parse_filter(text).matches(CODING) in (True, False)
