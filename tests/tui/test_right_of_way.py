"""Screen and server share an interpreter, and the server comes first."""

from __future__ import annotations

import gc
import sys
from types import SimpleNamespace

import pytest

from model_router.server.events import EventRing
from model_router.tui import feed as module
from model_router.tui.app import ModelRouterApp
from model_router.tui.feed import Feed
from model_router.tui.launch import in_shape, settle
from tests.tui.staging import fixed_event, standing_session
from tests.tui.test_log_view import SIZE, come, open_log


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    seconds: list[float] = []
    monkeypatch.setattr(module, "time", SimpleNamespace(sleep=seconds.append))
    return seconds


@pytest.mark.parametrize(("events", "requests", "gives"), [(11, 1, True), (10, 1, False), (11, 0, False)])
def test_a_drawing_gives_way_in_a_crowd_while_a_request_is_under_way(
    events: int, requests: int, gives: bool, slept: list[float]
) -> None:
    feed, ring = Feed(), EventRing()
    feed.attach(ring, lambda: requests)
    ring.extend(fixed_event(number) for number in range(events))
    feed.drain()
    feed.give_way()
    assert [0 < seconds <= 0.005 for seconds in slept] == [True] * gives
    feed.drain()  # nothing came any more
    slept.clear()
    feed.give_way()
    assert slept == []


async def test_the_log_gives_way_between_its_rows(slept: list[float]) -> None:
    session = standing_session(fixed=100)
    assert session.gateway is not None
    session.feed.attach(session.gateway.ring, lambda: 1)
    async with ModelRouterApp(session).run_test(size=SIZE) as pilot:
        view = await open_log(pilot, 100)
        slept.clear()
        come(session, 100, 50)
        session.feed.drain()
        session.feed.drain = lambda: 0  # type: ignore[method-assign]  # the crowd stays until it is drawn
        view.sync()
        view.refresh()
        await pilot.pause()
        assert len(slept) >= view.size.height


def test_beside_a_screen_threads_take_turns_often_and_collections_are_short() -> None:
    before = (gc.get_threshold(), sys.getswitchinterval())
    with in_shape():
        assert sys.getswitchinterval() <= 0.0002
        assert gc.get_threshold()[0] > before[0][0]
        settle()
        assert gc.get_threshold()[0] <= 2_000
        assert gc.get_freeze_count() > 0
    assert (gc.get_threshold(), sys.getswitchinterval()) == before
    assert gc.get_freeze_count() == 0
