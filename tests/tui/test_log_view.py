"""The log: follows, pauses, filters, copies, and stays quick whatever it holds."""

from __future__ import annotations

import time

import pytest
from textual.events import Paste
from textual.pilot import Pilot
from textual.widgets import Input

from model_router.tui.app import ModelRouterApp
from model_router.tui.log_view import LogView
from model_router.tui.screens.home import FactsBlock
from model_router.tui.screens.receipt import ReceiptScreen
from tests.tui.staging import StandingSession, fixed_event, request_name, screen_text, standing_session, until

SIZE = (80, 24)


def come(session: StandingSession, first: int, count: int) -> None:
    """Requests end at the gateway."""
    assert session.gateway is not None
    session.gateway.ring.extend(fixed_event(number) for number in range(first, first + count))


async def open_log(pilot: Pilot[int], rows: int) -> LogView:
    """The log with its rows in view."""
    await pilot.press("3")
    view = pilot.app.screen.query_one(LogView)
    await until(pilot, lambda: view.count == rows)
    await pilot.pause()
    return view


async def type_filter(pilot: Pilot[int], text: str) -> None:
    field = pilot.app.screen.query_one("#filter", Input)
    if not field.has_focus:
        await pilot.press("slash")
    field.value = text
    await pilot.pause()


async def test_the_newest_row_is_in_sight_while_it_follows() -> None:
    session = standing_session(fixed=100)
    async with ModelRouterApp(session).run_test(size=SIZE) as pilot:
        view = await open_log(pilot, 100)
        assert "10:01:39" in screen_text(pilot.app)
        come(session, 100, 50)
        await until(pilot, lambda: view.count == 150)
        await pilot.pause()
        assert "10:02:29" in screen_text(pilot.app)
        assert "FOLLOWING" in screen_text(pilot.app)


@pytest.mark.parametrize("key", ["space", "p", "k", "up", "pageup", "g", "home"])
async def test_a_pause_holds_still_and_counts_what_came(key: str) -> None:
    session = standing_session(fixed=100)
    async with ModelRouterApp(session).run_test(size=SIZE) as pilot:
        view = await open_log(pilot, 100)
        await pilot.press(key)
        await pilot.pause()
        top = view.scroll_offset.y
        come(session, 100, 123)
        await until(pilot, lambda: view.count == 223)
        await pilot.pause()
        assert view.scroll_offset.y == top
        assert "PAUSED (+123 new)" in screen_text(pilot.app)


@pytest.mark.parametrize("key", ["G", "end", "space", "p"])
async def test_following_is_taken_up_again(key: str) -> None:
    session = standing_session(fixed=100)
    async with ModelRouterApp(session).run_test(size=SIZE) as pilot:
        view = await open_log(pilot, 100)
        await pilot.press("space")
        come(session, 100, 60)
        await until(pilot, lambda: view.count == 160)
        await pilot.press(key)
        await pilot.pause()
        assert view.follow
        assert view.scroll_offset.y == view.max_scroll_y
        assert "FOLLOWING" in screen_text(pilot.app)


async def test_scrolling_back_by_mouse_pauses() -> None:
    session = standing_session(fixed=100)
    async with ModelRouterApp(session).run_test(size=SIZE) as pilot:
        view = await open_log(pilot, 100)
        view.scroll_relative(y=-5, animate=False)
        await pilot.pause()
        assert not view.follow


async def test_the_cursor_stays_on_its_row_when_old_rows_go() -> None:
    session = standing_session()
    session.feed._capacity = 150
    async with ModelRouterApp(session).run_test(size=SIZE) as pilot:
        come(session, 0, 200)
        view = await open_log(pilot, 200)
        await pilot.press("up", "up", "up")
        chosen = view.selected
        assert chosen is not None
        assert chosen.event.request_id == request_name(197)
        line = view._line_of(view._cursor)
        come(session, 200, 100)
        await until(pilot, lambda: session.feed.first > 0 and view.waiting == 100)
        await pilot.pause()
        assert view.selected is not None
        assert view.selected.event.request_id == chosen.event.request_id
        assert view._line_of(view._cursor) == line - session.feed.first if line is not None else False
        assert any(row.startswith("› 10:03:17") for row in screen_text(pilot.app).splitlines())


async def test_a_cursor_whose_row_has_gone_points_nowhere() -> None:
    session = standing_session()
    session.feed._capacity = 50
    async with ModelRouterApp(session).run_test(size=SIZE) as pilot:
        come(session, 0, 50)
        view = await open_log(pilot, 50)
        await pilot.press("g")
        come(session, 50, 300)
        await until(pilot, lambda: session.feed.total == 350)
        await pilot.pause(0.2)
        assert view.selected is None
        await pilot.press("y", "enter")


async def test_a_filter_shows_what_matches_also_of_what_comes() -> None:
    session = standing_session(fixed=80)
    async with ModelRouterApp(session).run_test(size=SIZE) as pilot:
        view = await open_log(pilot, 80)
        await type_filter(pilot, "route:coding ms>500")
        assert view.count == 10
        await pilot.press("enter")
        come(session, 80, 16)
        await until(pilot, lambda: view.count == 12)
        await pilot.pause()
        text = screen_text(pilot.app)
        assert "12 of 96 rows · filter: route:coding ms>500" in text
        assert "λ coding" in text
        assert "○ balanced" not in text


async def test_a_filter_with_a_mistake_says_so_and_keeps_the_rows() -> None:
    session = standing_session(fixed=8)
    async with ModelRouterApp(session).run_test(size=SIZE) as pilot:
        view = await open_log(pilot, 8)
        await type_filter(pilot, "route:coding")
        await type_filter(pilot, "rout:coding")
        assert "✗ no field 'rout': did you mean route?" in screen_text(pilot.app)
        assert view.count == 1


async def test_what_is_pasted_into_the_filter_cannot_reach_the_terminal() -> None:
    async with ModelRouterApp(standing_session(fixed=8)).run_test(size=SIZE) as pilot:
        await open_log(pilot, 8)
        await pilot.press("slash")
        field = pilot.app.screen.query_one("#filter", Input)
        field.post_message(Paste("\x1b[2Jroute:coding"))
        await pilot.pause()
        assert "\x1b" not in field.value
        assert "\x1b" not in screen_text(pilot.app)


async def test_escape_leaves_the_filter_then_the_log() -> None:
    session = standing_session(fixed=8)
    async with ModelRouterApp(session).run_test(size=SIZE) as pilot:
        view = await open_log(pilot, 8)
        await type_filter(pilot, "route:coding")
        await pilot.press("enter")
        assert view.has_focus
        await pilot.press("escape")
        await pilot.pause()
        assert view.count == 8
        assert pilot.app.current_mode == "log"
        await pilot.press("escape")
        assert pilot.app.current_mode == "home"


async def test_the_cursor_keeps_its_row_through_a_filter() -> None:
    session = standing_session(fixed=80)
    async with ModelRouterApp(session).run_test(size=SIZE) as pilot:
        view = await open_log(pilot, 80)
        await pilot.press("up", "up", "up", "up", "up")
        assert view.selected is not None
        assert view.selected.event.route == "coding"
        chosen = view.selected.event.request_id
        await type_filter(pilot, "route:coding")
        await pilot.press("enter")
        assert view.selected is not None
        assert view.selected.event.request_id == chosen
        await pilot.press("escape")
        await pilot.pause()
        assert view.selected is not None
        assert view.selected.event.request_id == chosen


async def test_a_row_goes_to_the_terminals_clipboard() -> None:
    session = standing_session(fixed=8)
    app = ModelRouterApp(session)
    async with app.run_test(size=SIZE) as pilot:
        await open_log(pilot, 8)
        await pilot.press("up", "y")
        assert app.clipboard.startswith("10:00:07.0  editor/2.1  ! confirm  human_confirm  -  ! 409 confirm")
        assert app.clipboard.endswith("00000007")
        assert [told.message for told in app._notifications] == ["The row was sent to the terminal's clipboard."]


async def test_text_selected_with_the_mouse_goes_there_too() -> None:
    session = standing_session(fixed=8)
    app = ModelRouterApp(session)
    async with app.run_test(size=SIZE) as pilot:
        view = await open_log(pilot, 8)
        await pilot.mouse_down(view, offset=(0, 2))
        await pilot.hover(view, offset=(20, 4))
        await pilot.mouse_up(view, offset=(20, 4))
        await pilot.press("y")
        lines = app.clipboard.splitlines()
        assert len(lines) == 3
        assert "10:00:02" in lines[0]
        assert "10:00:03" in lines[1]
        assert lines[2].strip().startswith("10:00:04")


@pytest.mark.parametrize("key", ["y", "ctrl+c"])
async def test_text_selected_on_home_is_sent_and_told(key: str) -> None:
    app = ModelRouterApp(standing_session(fixed=8))
    async with app.run_test(size=SIZE) as pilot:
        await pilot.pause()
        facts = app.screen.query_one(FactsBlock)
        await pilot.mouse_down(facts, offset=(0, 0))
        await pilot.hover(facts, offset=(6, 0))
        await pilot.mouse_up(facts, offset=(6, 0))
        await pilot.press(key)
        assert app.clipboard == "address"
        await until(pilot, lambda: app._notifications)
        words = "The selected text was sent to the terminal's clipboard."
        assert [told.message for told in app._notifications] == [words]


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_enter_opens_the_receipt_and_escape_closes_it(size: tuple[int, int]) -> None:
    session = standing_session(fixed=8)
    async with ModelRouterApp(session).run_test(size=size) as pilot:
        await open_log(pilot, 8)
        await pilot.press("up", "enter")
        await pilot.pause()
        text = screen_text(pilot.app)
        assert isinstance(pilot.app.screen, ReceiptScreen) == (size[0] < 120)
        assert "! confirmation → human_confirm" in text
        assert "DEMO" in text
        assert "destructive" in text
        await pilot.press("escape")
        await pilot.pause()
        assert "→ human_confirm" not in screen_text(pilot.app)
        assert pilot.app.current_mode == "log"


async def test_the_receipt_beside_the_rows_follows_the_cursor() -> None:
    session = standing_session(fixed=8)
    async with ModelRouterApp(session).run_test(size=(120, 40)) as pilot:
        await open_log(pilot, 8)
        await pilot.press("up", "enter", "up")
        await pilot.pause()
        assert "▦ image_generation → image_generation" in screen_text(pilot.app)


async def test_a_hundred_thousand_rows_are_drawn_and_filtered_without_a_stall() -> None:
    session = standing_session()
    session.feed._capacity = 100_000
    assert session.gateway is not None
    eight = [fixed_event(number) for number in range(8)]
    async with ModelRouterApp(session).run_test(size=SIZE) as pilot:
        for _ in range(20):
            session.gateway.ring.extend(eight * 625)
            session.feed.drain()
        view = await open_log(pilot, 100_000)
        # The work itself is timed: how long it waits for other programs says nothing of it.
        started = time.process_time()
        await pilot.press(*["pageup"] * 10, "g", "G")
        moved = time.process_time() - started
        started = time.process_time()
        await type_filter(pilot, "route:coding ms>500")
        filtered = time.process_time() - started
        assert view.count == 12_500
        assert moved < 3
        assert filtered < 3
