"""Cues, their table, and the quick sum over it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model_router.config.lexicon_file import lexicon_path, load_lexicon
from model_router.engine.features import HEAD, TAIL, clip
from model_router.engine.lexicon import CLASSES, REMEMBERED, LazyLexicon, Lexicon, pack, unpack
from model_router.engine.spelling import is_odd
from model_router.engine.words import words

SHIPPED = load_lexicon()
SCRIPTS = st.one_of(
    st.text(max_size=300),
    st.text(alphabet="abc dé'?\n", max_size=200),
    st.text(alphabet="数据库删除 をカ ไท한국어 abc", max_size=120),
    st.text(alphabet="Ñß œ—“”’ı łاحذف قاعدة हटाओ डेटा", max_size=120),
    st.lists(
        st.sampled_from(
            ["please", "delete", "the", "production", "database", "and", "send", "12", "mails", "to", "Anna's", "team"]
        )
    ).map(" ".join),
)


@settings(max_examples=500, deadline=None)
@given(SCRIPTS, st.booleans())
def test_the_quick_sum_is_the_sum_over_the_cues(text: str, image: bool) -> None:
    slow = sum(SHIPPED.weight(cue) for cue in SHIPPED.known(text, image)) + SHIPPED.weight("<bias>")
    assert SHIPPED.total(clip(text), image) == slow


SPELLED = st.one_of(
    st.text(alphabet="a bX.-!?:\n1@", max_size=60),
    st.text(alphabet="a bé删가д'\u200b’ ", max_size=40),
    st.lists(st.sampled_from(["a", "x", "I", "k8s", "d.r.o.p", "the file", "now!", "- ", "it's", "\n", "?"])).map(
        " ".join
    ),
)


@settings(max_examples=500, deadline=None)
@given(SPELLED)
def test_a_spelling_that_is_called_ordinary_is_not_odd(text: str) -> None:
    _, ordinary = SHIPPED.weigh(text)
    assert not (ordinary and is_odd(text))


@pytest.mark.parametrize("text", ["rewrite this text", "what's up, then?", "Is it a file: yes or no?", "Go on - now."])
def test_an_ordinary_spelling_is_seen_to_be_one(text: str) -> None:
    assert SHIPPED.weigh(text)[1]


def test_unknown_words_are_remembered_up_to_a_bound() -> None:
    lexicon = load_lexicon()
    ask = "please describe the qwertish zwumbler"
    first = lexicon.weigh(ask)
    before = len(lexicon._words)
    for number in range(REMEMBERED * 2):
        lexicon.weigh("".join(chr(ord("a") + number // 26**place % 26) for place in range(6)) + "qzq")
    assert len(lexicon._words) - before <= REMEMBERED
    assert lexicon.weigh(ask) == first
    assert lexicon.known(ask, False) == SHIPPED.known(ask, False)


@settings(max_examples=20, deadline=None)
@given(SCRIPTS, st.booleans())
def test_reading_only_what_asks_touch_gives_the_same_sums(text: str, image: bool) -> None:
    lazy = load_lexicon(lazily=True)
    for ask in (text, text[::-1], "drop the production database"):
        assert lazy.total(clip(ask), image) == SHIPPED.total(clip(ask), image)
        assert lazy.known(ask, image) == SHIPPED.known(ask, image)
    assert lazy.weight("zu") == SHIPPED.weight("zu")
    assert lazy.version == SHIPPED.version


def test_lazily_every_line_is_found() -> None:
    lazy = load_lexicon(lazily=True)
    cues = [line.split("\t")[0] for line in lexicon_path().read_text(encoding="utf-8").splitlines() if line[0] != "#"]
    assert all(lazy.weight(cue) == SHIPPED.weight(cue) for cue in cues)


@given(st.lists(st.integers(-(2**20), 2**20), min_size=len(CLASSES), max_size=len(CLASSES)))
def test_packing_keeps_every_field(weights: list[int]) -> None:
    zero = unpack(0)
    assert [a - b for a, b in zip(unpack(pack(weights)), zero, strict=True)] == weights


def test_no_ask_can_overflow_a_field() -> None:
    zero = unpack(0)
    lines = [line for line in lexicon_path().read_text().splitlines() if not line.startswith("#")]
    largest = max(
        abs(value - base)
        for line in lines
        for value, base in zip(unpack(SHIPPED.weight(line.split("\t")[0])), zero, strict=True)
    )
    most_cues = 8 * (HEAD + TAIL + 1) + 100
    assert largest * most_cues < 2**31


def test_the_table_is_sorted_whole_and_small() -> None:
    text = lexicon_path().read_text(encoding="utf-8")
    names = [line.split("\t")[0] for line in text.splitlines() if not line.startswith("#")]
    assert names[0] == "<bias>"
    assert names[1:] == sorted(names[1:])
    assert len(names) == len(set(names))
    assert len(text.encode()) < 1_500_000


def test_a_damaged_table_is_refused() -> None:
    row = ",".join(["1"] * len(CLASSES))
    for text in ("delete\t1,2\n", f"<bias>\t{row}\ndelete\t1,2\n", f"<bias>\t{row}\ndelete\tx{row}\n"):
        with pytest.raises(ValueError, match="weights"):
            Lexicon.from_text(text)
    for damaged in (b"", b"delete\t1,2\n", b"<bias>\t1,2\n"):
        with pytest.raises(ValueError, match="weights"):
            LazyLexicon(damaged)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Don't DELETE it!", ["dont", "delete", "it"]),
        ("¿Podrías añadir 25 más?", ["podrias", "anadir", "00", "mas"]),
        ("naïve — straße", ["naive", "strasse"]),
        ("GPU服务器down", ["gpu", "服务器", "down"]),
        ("हटाओ डेटा", ["हटाओ", "डेटा"]),
        ("de\u200blete", ["delete"]),
        ("l’œuvre «Ægir»… déjà", ["loeuvre", "aegir", "deja"]),
        ("Zażółć gęślą — jaźń №5", ["zazolc", "gesla", "jazn", "no0"]),
        ("delete die Datei2 और डेटा", ["delete", "die", "datei", "0", "और", "डेटा"]),
        ("متى الموعد؟ أرسل، ثم احذف", ["متي", "الموعد", "ارسل", "ثم", "احذف"]),
        ("پیام را بفرست؟ ok", ["پيام", "را", "بفرست", "ok"]),
        ("क़लम दो। सूची हटाओ॥", ["कलम", "दो", "सूची", "हटाओ"]),
        ("Ещё раз: удали всё", ["еще", "раз", "удали", "все"]),
    ],
)
def test_words_are_folded(text: str, expected: list[str]) -> None:
    assert words(text)[0] == expected


@given(st.text(alphabet=[chr(code) for code in (*range(0x180), *range(0x2010, 0x2030), 0x20AC)], max_size=60))
def test_letters_are_folded_alike_in_every_company(text: str) -> None:
    """Alone they are read by a table of a few letters, beside a letter that is in none of those by the general rule."""
    assert words(text + " ŋ") == words(text)


@given(st.text(alphabet=[*"أإآاىيیکكةهؤوئـ؟،؛۔ ", *"ёеЁЕабв ", *"क़कड़ड।॥ा ", *"ab1?"], max_size=40))
def test_letters_that_are_written_for_one_another_are_one(text: str) -> None:
    """Whatever else stands in the text, none of those that are folded is left, and no sign that parts words."""
    assert not set("".join(words(text)[0])) & set("أإآىیکةؤئـ؟،؛۔ёЁ।॥\u093c")
