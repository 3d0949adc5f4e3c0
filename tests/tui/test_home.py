"""Home at any width: nothing runs over, and each route keeps its trend as long as there is room for its latencies."""

from __future__ import annotations

import time

import pytest

from model_router.engine.routes import ROUTES
from model_router.tui.backend_lines import rest_words
from model_router.tui.route_lines import route_lines
from model_router.tui.screens.home import fact_lines
from model_router.tui.tallies import BackendTally
from tests.tui.staging import StandingSession, standing_session

_SHORT, _LONG = 8, 16


def rising() -> StandingSession:
    """The simple route has had more requests in each step than in the one before."""
    session = standing_session(fixed=8)
    tally = session.feed.tallies.routes[ROUTES[0].value]
    tally.steps.extend(range(_LONG))
    return session


@pytest.mark.parametrize("width", range(36, 125))
def test_the_routes_fill_their_width_and_never_run_over(width: int) -> None:
    lines = route_lines(rising(), width)
    assert len(lines) == 1 + len(ROUTES)
    assert max(line.cell_length for line in lines) <= width


@pytest.mark.parametrize(("width", "steps"), [(46, _SHORT), (64, _SHORT), (78, _LONG), (109, _LONG)])
def test_each_route_has_its_trend_where_home_has_80_columns_or_120(width: int, steps: int) -> None:
    """64 cells are what the routes have beside the facts at 120 columns, 78 below them at 80."""
    session = rising()
    drawn = route_lines(session, width)[1].plain[-steps:]
    assert drawn[-1] == "█"
    assert list(drawn) == sorted(drawn), "it rises"
    assert len(set(drawn)) >= _SHORT


@pytest.mark.parametrize("edits_files", [True, False])
@pytest.mark.parametrize("width", [42, 50, 61, 62, 78])
def test_the_facts_keep_their_lines_however_long_it_serves(width: int, edits_files: bool) -> None:
    """42 and 50 cells are what they have beside the routes at 100 and 120 columns; nothing below them moves."""
    session = standing_session(fixed=8)
    session.edits_files = edits_files
    gateway, tallies = session.gateway, session.feed.tallies.backends
    assert gateway is not None
    here, there = list(tallies.values()), BackendTally()
    there.requests, there.completion_tokens, here[0].completion_tokens = 1, 10, 10
    tallies["a provider"] = there

    def drawn() -> list[str]:
        return [line.plain for line in fact_lines(session, width)]

    young = drawn()
    gateway.started_at = time.time() - 59 * 60 - 1
    session.feed.total = here[0].requests = 12_345
    here[0].completion_tokens = there.completion_tokens = 1_234_567
    old = drawn()
    assert len(old) == len(young)
    assert max(map(len, old)) <= width
    text = " ".join(old)
    assert all(words in text for words in ("59 min", "12,345", "1.2M of 2.5M"))
    assert ("attached" in text) != edits_files


def test_what_matters_more_goes_last() -> None:
    session = rising()
    at = {width: "\n".join(line.plain for line in route_lines(session, width)) for width in (30, 46, 64, 78, 109)}
    assert all("image" in text and "%" in text for text in at.values())
    assert [("p95" in text) for text in at.values()] == [False, True, True, True, True]
    assert [("multimodal_vision" in text) for text in at.values()] == [False, False, True, True, True]
    assert [("image_generation image_generation" in text) for text in at.values()] == [False, False, False, True, True]
    assert ["━" in text for text in at.values()] == [False, False, False, False, True]


def test_a_backend_that_rests_says_so_and_how_it_comes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    session = standing_session()
    assert session.gateway is not None
    now = [1000.0]
    breaker = session.gateway.backends["fast"].breaker
    monkeypatch.setattr(breaker, "_clock", lambda: now[0])
    for _ in range(3):
        admission = breaker.admit()
        assert admission is not None
        admission.fail(connecting=True)
    assert rest_words(session, "fast") == "rests for 10 s: 3 connections in a row failed"
    now[0] += 9.9
    assert rest_words(session, "fast") == "is tried with the next request"
    now[0] += 1
    admission = breaker.admit()
    assert rest_words(session, "fast") == "is being tried again"
    assert admission is not None
    admission.succeed()
    assert not rest_words(session, "fast")
    assert not rest_words(session, "code")
