"""The feed: counted, bounded, and honest about what it lost."""

from __future__ import annotations

import pytest

from model_router.hindsight.filter import FIELDS, parse_filter
from model_router.server.events import EventRing
from model_router.tui.feed import Feed
from model_router.tui.packed_rows import PackedRows
from tests.tui.staging import fixed_event, request_name


def test_rows_and_counts_come_out_of_the_ring() -> None:
    ring = EventRing()
    feed = Feed(ring)
    ring.extend(fixed_event(number) for number in range(16))
    assert feed.drain() == 16
    assert feed.drain() == 0
    assert feed.total == 16
    assert feed.routes["coding"] == 2
    assert feed.outcomes["confirm"] == 2


def test_old_rows_go_and_their_numbers_stay_true() -> None:
    ring = EventRing()
    feed = Feed(ring, capacity=100, receipts=10)
    for number in range(1_000):
        ring.append(fixed_event(number))
        feed.drain()
    assert 100 <= feed.kept < 100 + PackedRows.block
    assert feed.next == feed.total == 1_000
    assert feed.row(0) is None
    assert feed.row(1_000) is None
    for sequence in range(feed.first, feed.next):
        row = feed.row(sequence)
        assert row is not None
        assert row.event.request_id == request_name(sequence)
        assert (row.receipt is not None) == (sequence >= 990)


def test_what_the_ring_dropped_is_told() -> None:
    ring = EventRing(capacity=5)
    feed = Feed(ring)
    ring.extend(fixed_event(number) for number in range(8))
    feed.drain()
    assert (feed.total, feed.lost) == (5, 3)
    feed.attach(EventRing())
    assert feed.lost == 3


def test_the_rate_is_what_came_in_each_second() -> None:
    ring = EventRing()
    feed = Feed(ring)
    ring.extend(fixed_event(number) for number in range(3))
    feed.drain()
    feed.tick()
    feed.tick()
    assert list(feed.rates)[-2:] == [3, 0]


def test_a_row_comes_back_as_it_was() -> None:
    ring, feed = EventRing(), Feed()
    feed.attach(ring)
    lives = [
        fixed_event(number, prompt_tokens=10**30, client='a\n"\u2028', preview="\U0001f600") for number in range(300)
    ]
    ring.extend(lives)
    feed.drain()
    assert [feed.row(number) for number in range(300)] == lives
    assert feed.newest(3) == lives[-3:]


def test_what_bytes_cannot_hold_is_replaced() -> None:
    ring = EventRing()
    feed = Feed(ring)
    ring.append(fixed_event(0, client="a\ud800b"))
    feed.drain()
    assert feed.newest(1) == [fixed_event(0, client="a?b")]


@pytest.mark.parametrize("wanted", ["", "fix", *(f"{field}:1" for field in FIELDS), "route:coding status:200 -ms<505"])
def test_a_filter_finds_the_rows_that_it_finds_as_objects(wanted: str) -> None:
    ring, filter = EventRing(), parse_filter(wanted)
    feed = Feed(ring, capacity=300)
    lives = [fixed_event(number, error="1" if number % 5 == 0 else "", session="1f") for number in range(700)]
    ring.extend(lives)
    feed.drain()
    expected = [number for number in range(feed.first, 700) if filter.matches(lives[number].event)]
    assert list(feed.matching(filter, 0)) == expected
    assert list(feed.events(filter)) == [lives[number].event for number in expected]
    assert list(feed.matching(filter, 650)) == [number for number in expected if number >= 650]
