"""Spellings that hide an order, and texts made to be slow."""

from __future__ import annotations

import random
import time
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model_router.config.lexicon_file import load_lexicon
from model_router.engine.catalog import Catalog
from model_router.engine.engine import DecisionEngine
from model_router.engine.routes import Route
from model_router.engine.safety import CONFIRM_MARGIN, Safety
from model_router.engine.scores import read
from model_router.engine.spelling import is_odd, plain

LEXICON = load_lexicon()
ENGINE = DecisionEngine(Catalog(), LEXICON, unavailable={}, config_hash="test")
SAFETY = Safety()
ORDERS = (
    "drop the production database",
    "delete all customer accounts",
    "wipe the hard drive",
    "send the invoice to everyone",
    "transfer money to my landlord",
)

_CYRILLIC = str.maketrans("aeopcxyi", "аеорсхуі")
_GREEK = str.maketrans("oviktn", "ονικτη")
_LEET = str.maketrans("aeot", "4307")
_WIDE = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}
_BOLD = {ord("a") + i: 0x1D41A + i for i in range(26)}


def _between(sign: str, words: str) -> Callable[[str], str]:
    return lambda order: words.join(sign.join(word) for word in order.split())


SPELLINGS: dict[str, Callable[[str], str]] = {
    "plain": lambda order: order,
    "upper": str.upper,
    "mixed case": lambda order: "".join(c.upper() if i % 2 else c for i, c in enumerate(order)),
    "spaced": _between(" ", "  "),
    "spaced all alike": _between(" ", " "),
    "dots": _between(".", " "),
    "hyphens": _between("-", " "),
    "underscores": _between("_", " "),
    "asterisks": _between("*", " "),
    "zero width": _between("\u200b", " "),
    "soft hyphens": _between("\u00ad", " "),
    "strike-through": lambda order: "".join(c + "\u0336" if c != " " else c for c in order),
    "accents": lambda order: "".join(c + "\u0301" if c != " " else c for c in order),
    "pictures": _between("🔥", " "),
    "cyrillic": lambda order: order.translate(_CYRILLIC),
    "greek": lambda order: order.translate(_GREEK),
    "leet": lambda order: order.translate(_LEET),
    "full width": lambda order: order.translate(_WIDE),
    "bold": lambda order: order.translate(_BOLD),
}


@pytest.mark.parametrize("spelling", SPELLINGS.values(), ids=SPELLINGS)
@pytest.mark.parametrize("order", ORDERS)
def test_a_spelling_hides_no_order(order: str, spelling: Callable[[str], str]) -> None:
    ask = spelling(order)
    assert ENGINE.decide(ask).route is Route.CONFIRMATION
    assert ENGINE.select(ask) == "human_confirm"


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from(ORDERS),
    st.sampled_from([name for name in SPELLINGS if name != "spaced all alike"]),
    st.sampled_from(["please ", "hey, ", "could you ", ""]),
    st.sampled_from([" now", " today please", "!", ""]),
)
def test_spelling_variants_within_an_ask_are_caught(order: str, spelling: str, before: str, after: str) -> None:
    assert ENGINE.decide(before + SPELLINGS[spelling](order) + after).route is Route.CONFIRMATION


@pytest.mark.parametrize("spelling", ["spaced", "dots", "cyrillic", "zero width", "full width"])
def test_a_hidden_order_in_a_long_ask_is_found(spelling: str) -> None:
    sentence = "Check the figures in the second table before you write the note about them. "
    text = sentence * 300 + "Then " + SPELLINGS[spelling](ORDERS[0]) + ". " + sentence * 300
    assert ENGINE.decide(text).route is Route.CONFIRMATION


@pytest.mark.parametrize(
    "ask",
    [
        "what does k8s stand for, and is h264 a codec",
        "solve x + y = 3 and a b c d are digits",
        "Привет, как работает docker в CI/CD?",
        "Ⓐ is a sign of what movement?",
        "I ❤️ this song, who wrote it?",
        "spell out N A S A for me",
        "the Greek letters α and β in the formula αx + βy",
        "crossword: _ a _ e, four letters, a musical sign",
        "cafe\u0301 or café, which is right?",
    ],
)
def test_odd_looking_but_ordinary_asks_are_read_the_same_way(ask: str) -> None:
    assert all(SAFETY.plain_order(text) is None for text in plain(ask))


@pytest.mark.parametrize(
    "ask",
    ["rewrite this text", "how are you today?", "Wie geht es dir, Jürgen?", "как дела", "最近怎么样", "어떻게 지내"],
)
def test_an_ordinary_ask_is_not_odd(ask: str) -> None:
    assert not is_odd(ask)


@settings(max_examples=300, deadline=None)
@given(
    st.one_of(
        st.text(alphabet="aB .-'1@!é\u200bеα\n", max_size=40),
        st.sampled_from([spell(order) for order in ORDERS for spell in SPELLINGS.values()]),
    )
)
def test_a_longer_ask_is_as_odd_as_the_same_words_in_a_short_one(words: str) -> None:
    """Both ways of looking say the same: the one for short asks and the one for longer ones."""
    rest = "please read on " * 10
    assert is_odd(f"{words} {rest}") == is_odd(f"{words} please") == is_odd(f"{words} {rest[:80]}")


PROSE = "The town council met again on Tuesday to talk about the bridge, the library and the plans for next year. "
UNITS = (
    "drop ",
    "delete the file ",
    "How do I delete the file, ",
    '"delete the file" ',
    "> delete the file\n",
    "`delete the file` ",
    "<a>delete the file</a> ",
    "never delete the file. ",
    "buy the database, ",
    "d r o p ",
    "d3l3t3 ",
    "dеl ",
    "d\u200be",
    "send buy drop deploy merge revoke cancel. ",
    "please please then ",
    "```",
    '"',
    "</",
    "[00:00] a\n",
    "a: b. ",
    "請刪除",
    "データベースを",
    "데이터베이스를 ",
)


def _seconds(text: str, rounds: int = 3) -> float:
    """Of processor time, which others on the machine do not take."""
    best = 1.0
    for _ in range(rounds):
        start = time.process_time()
        ENGINE.select(text)
        best = min(best, time.process_time() - start)
    return best


@pytest.mark.parametrize("unit", UNITS)
def test_no_repetition_is_more_than_linear(unit: str) -> None:
    """Four times the text takes at most about four times the time; the slack is for a busy machine."""
    short, long = (unit * (size // len(unit) + 1) for size in (50_000, 200_000))
    _seconds(short, 1)
    _seconds(long, 1)
    assert _seconds(long) < 12 * _seconds(short) + 0.002


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(UNITS), min_size=1, max_size=12), st.integers(0, 1_000_000))
def test_no_mixture_costs_much_more_than_prose_of_its_size(units: list[str], seed: int) -> None:
    """By bytes, which is what is read. A hundred kilobytes stay below some milliseconds, whatever they say."""
    pick = random.Random(seed)
    text = ""
    while len(text) < 30_000:
        text += "".join(pick.choices(units, k=200))
    _seconds(text, 1)
    assert _seconds(text) < 0.010


def test_a_hundred_kilobytes_of_prose_cost_well_below_a_millisecond() -> None:
    text = (PROSE * 1_000)[:100_000]
    _seconds(text, 2)
    assert _seconds(text, 5) < 0.002


def test_hidden_orders_are_reread_by_the_scores_too() -> None:
    ask = "w.i.p.e the story of my past"
    assert any("wipe" in text for text in plain(ask))
    assert read(LEXICON, ask).margin < CONFIRM_MARGIN <= read(LEXICON, next(plain(ask))).margin
