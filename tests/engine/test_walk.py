"""A long ask is walked through from verb to verb; what is found is what a steady reading of all of it finds."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model_router.engine.rulebook import RuleBook, lower
from model_router.engine.rules import HOPS, SHORT, Rules, Seen
from model_router.engine.safety import Safety
from model_router.engine.spelling import plain

BOOK = RuleBook()
SAFETY = Safety()
PROSE = "The council met again to talk about the bridge, the library and the plans for the coming year. "
PIECES = (
    PROSE,
    PROSE * 20,
    "Delete that. ",
    "Please send it, then see. ",
    "Drop the production database. ",
    "How do I delete the file? ",
    "Never buy the tickets. ",
    "Bitte lösche die Datenbank. ",
    "Kannst du das Backup löschen? ",
    "Ähnlich ist es mit der Übersicht. ",
    "Y después borra la base de datos. ",
    "we saw the die and the van, ",
)
TEXTS = st.lists(st.sampled_from(PIECES), min_size=1, max_size=12).map("".join)


def _risks(rules: Rules, data: bytes, hops: int) -> list[str]:
    """The classes of all places that are orders, in the order of the text."""
    found, start, seen = [], 0, Seen(0, [], hops)
    while (place := rules.find(data, start, seen)) is not None:
        start = place.resume
        if place.risk is not None:
            found.append(str(place.risk))
    return found


@pytest.mark.parametrize("script", ["english", "latin"])
@settings(max_examples=60, deadline=None)
@given(TEXTS)
def test_a_walk_finds_the_orders_that_a_steady_reading_finds(script: str, text: str) -> None:
    data = lower(PROSE * 60 + text + PROSE * 60, (PROSE * 60 + text + PROSE * 60).encode())[0]
    assert _risks(BOOK.script(script), data, 10_000) == _risks(BOOK.script(script), data, 0)


@pytest.mark.parametrize(
    "order", ["Drop the production database.", "Bitte lösche die Datenbank.", "удали базу данных."]
)
def test_an_order_behind_more_verbs_than_are_looked_at_is_found(order: str) -> None:
    verbs = "Delete that. And send it. " * (HOPS * 4)
    assert SAFETY.plain_order(PROSE * 60 + verbs + PROSE * 60 + order + " " + PROSE * 60) is not None


def test_no_more_verbs_are_looked_at_one_by_one_than_the_text_allows() -> None:
    data = b"delete that. " * 2_000
    seen = BOOK.script("english").glance(data)
    assert seen.order is not None
    assert seen.hops == 0


def test_odd_spellings_are_seen_on_the_way_of_a_walk() -> None:
    text = PROSE * 60 + "Delete that. d.r.o.p the d4t4b4se. " + PROSE * 60 + "w i p e it. "
    assert len(text) > SHORT
    seen = BOOK.script("english").glance(text.encode())
    assert seen.order is None
    pieces = list(plain(text, seen.odd))
    assert pieces == list(plain(text))
    assert any("drop the" in piece for piece in pieces)


def test_outside_of_the_stretches_that_may_hold_one_no_odd_spelling_is_sought() -> None:
    text = PROSE * 20 + "d.r.o.p it. " + PROSE * 20
    place = text.index("d.r.o.p") - 1
    assert list(plain(text, [(place, place)])) == list(plain(text))
    assert list(plain(text, [(place + 1, place + 2)])) == []


@given(st.text(alphabet="aAéÉßẞİıΣσςÜK\u0307你ЯȺ ", max_size=60))
def test_lower_case_keeps_every_byte_in_its_place_or_says_that_it_does_not(text: str) -> None:
    data = text.encode()
    lowered, aligned = lower(text, data)
    assert lowered == text.lower().replace("\u0307", "").encode()
    if aligned:
        assert len(lowered) == len(data)
        assert all(
            lower(text[:cut], text[:cut].encode())[0] == lowered[: len(text[:cut].encode())] for cut in range(60)
        )
