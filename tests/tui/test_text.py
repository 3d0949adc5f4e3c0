"""Text from outside cannot move the cursor, turn a line round or break a column."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from model_router.errors import UsageError
from model_router.tui.text import bar, clean, error_words, fit, fit_right, milliseconds

_FORMAT = {"Cc", "Cf", "Cs", "Zl", "Zp"}


@given(st.text(max_size=300))
def test_what_is_shown_holds_nothing_that_a_terminal_obeys(text: str) -> None:
    shown = clean(text, 200)
    assert not {unicodedata.category(character) for character in shown} & _FORMAT
    assert len(shown) <= 200


@given(st.text(max_size=60), st.integers(0, 40))
def test_a_column_has_exactly_its_width(text: str, width: int) -> None:
    assert cell_len(fit(clean(text), width)) == width
    assert cell_len(fit_right(clean(text), width)) == width


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("[/x] [b", "[/x] [b"),
        ("a\x1b[31mred", "a␛[31mred"),
        ("one\ntwo\tthree", "one two three"),
        ("abc\u202egnp.exe", "abc·gnp.exe"),
        ("zero\u200bwidth", "zerowidth"),
        ("bell\x07", "bell␇"),
        ("e" + "\u0301" * 50, "e\u0301\u0301"),
        ("日本", "日本"),
    ],
)
def test_hostile_text_is_made_visible(text: str, shown: str) -> None:
    assert clean(text) == shown


def test_a_long_text_is_cut_with_an_ellipsis() -> None:
    assert clean("x" * 10_000, 50) == "x" * 49 + "…"
    assert fit("abcdefgh", 5) == "abcd…"
    assert fit("日本語日本語", 6) == "日本… "


@pytest.mark.parametrize(
    ("value", "shown"),
    [(None, "-"), (0.84, "0.8"), (9.96, "10"), (431.2, "431"), (9_949, "9949"), (12_340, "12.3s"), (180_000, "3min")],
)
def test_durations_take_few_cells(value: float | None, shown: str) -> None:
    assert milliseconds(value) == shown


@pytest.mark.parametrize(("share", "drawn"), [(0, 0), (0.001, 1), (0.5, 5), (1, 10), (7, 10)])
def test_a_bar_is_as_long_as_its_share_and_a_little_is_never_nothing(share: float, drawn: int) -> None:
    assert len(bar(share, 10)) == 10
    assert len(bar(share, 10).rstrip()) == drawn


def test_an_error_is_two_sentences_and_a_name_keeps_its_letter() -> None:
    assert error_words(UsageError("no file X", "did you mean Y?")) == "no file X. Did you mean Y?"
    assert error_words(UsageError("Nothing answers.", "ollama serve starts it.")) == (
        "Nothing answers. ollama serve starts it."
    )
