"""Every size, every theme, and no colour at all."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest
from textual.events import Resize
from textual.geometry import Size

from model_router.tui.app import ModelRouterApp
from model_router.tui.session import Phase, Session
from model_router.tui.workshop import Workshop
from tests.tui.setup_staging import always, found_on
from tests.tui.staging import environment, screen_text, standing_session, until, write_config
from tests.tui.test_goldens import settled

SIZES = [(100, 30), (200, 60), (60, 15), (12, 4), (1, 1)]


async def test_every_screen_lives_at_every_size() -> None:
    app = ModelRouterApp(standing_session(fixed=40, down=("code",)))
    async with app.run_test(size=(1, 1)) as pilot:
        for size in SIZES:
            await pilot.resize_terminal(*size)
            for key in ("1", "3", "enter", "escape", "question_mark", "escape", "2", "a", "escape"):
                await pilot.press(key)
            await pilot.pause()
        assert app.is_running


async def test_home_is_whole_at_eighty_by_twenty_four() -> None:
    app = ModelRouterApp(standing_session(fixed=8))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause(0.2)
        body = app.screen.query_one("#body")
        assert body.max_scroll_y == 0
        text = screen_text(app)
        assert "http://127.0.0.1:8082/v1" in text
        assert "! confirmation" in text


async def test_a_small_terminal_gets_a_summary() -> None:
    app = ModelRouterApp(standing_session(fixed=8))
    async with app.run_test(size=(60, 15)) as pilot:
        await pilot.pause(0.2)
        assert app.screen.query_one("#body").max_scroll_y == 0
        text = screen_text(app)
        assert "8 requests" in text
        assert "! confirm" in text


async def test_resizing_keeps_the_newest_row_in_sight() -> None:
    app = ModelRouterApp(standing_session(fixed=100))
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("3")
        for size in [(80, 24), (60, 15), (12, 6), (120, 40), (80, 24)]:
            await pilot.resize_terminal(*size)
            await pilot.pause(0.1)
        assert "10:01:39" in screen_text(app)
        assert "FOLLOWING" in screen_text(app)


STORM = [(200, 60), (12, 4), (120, 9), (1, 1), (59, 33)]


async def test_a_storm_of_sizes_leaves_each_screen_as_it_was() -> None:
    """As a window that is pulled at: many sizes at once, drawn or not, and at the end the first one again."""
    session = standing_session(fixed=40, down=("code",))
    session.workshop = Workshop({"HOME": "/home/somebody"}, surveyor=always(found_on()))
    app = ModelRouterApp(session)
    async with app.run_test(size=(80, 24), notifications=False) as pilot:
        drawn: set[Size] = set()
        for keys in ("1", "3 up enter", "escape 4", "6 v", "2"):
            await pilot.press(*keys.split())
            if keys == "escape 4":
                await until(pilot, lambda: "43 of 43 models" in screen_text(app))
            before = await settled(pilot)
            drawn.clear()
            for size in [*STORM, (80, 24)]:
                app._driver._size = Size(*size)  # type: ignore[union-attr]  # as Pilot does it, without its pause
                app.post_message(Resize(Size(*size), Size(*size)))
                await asyncio.sleep(0.01)
                drawn.add(app.screen.size)
            assert await settled(pilot) == before, keys
            assert len(drawn) > 2, "the storm was none"


async def test_every_theme_draws_every_screen() -> None:
    app = ModelRouterApp(standing_session(fixed=8))
    async with app.run_test(size=(80, 24)) as pilot:
        for theme in ("router-light", "ansi-dark", "ansi-light", "dracula"):
            app.theme = theme
            for key in ("1", "2", "escape", "6", "a", "escape", "3", "up", "enter", "escape"):
                await pilot.press(key)
            await pilot.pause()
            assert "✓ 200" in screen_text(app)


async def test_no_color_means_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    app = ModelRouterApp(standing_session(fixed=8))
    async with app.run_test(size=(80, 24)) as pilot:
        for key in ("1", "3", "up"):
            await pilot.press(key)
            await pilot.pause()
            for strip in app.screen._compositor.render_strips():
                filtered = strip
                for line_filter in app.get_line_filters():
                    filtered = filtered.apply_filter(line_filter, app.screen.background_colors[1])
                for segment in filtered:
                    colour = segment.style.color if segment.style else None
                    assert colour is None or colour.is_default, segment
        assert "! 409" in screen_text(app)
        assert "✓ 200" in screen_text(app)


async def test_without_colour_the_cursor_of_each_list_is_still_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    session = Session(environment(tmp_path))
    session.workshop = Workshop(session.environ, surveyor=always(found_on()))
    app = ModelRouterApp(session)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: [line for line in underlined_lines(app) if "Setup" in line])
        await pilot.press("down")
        await until(pilot, lambda: [line for line in underlined_lines(app) if "Demo" in line])
        await pilot.press("4")
        await until(pilot, lambda: "43 of 43 models" in screen_text(app))
        await until(pilot, lambda: [line for line in underlined_lines(app) if "✓ GPU" in line])


def underlined_lines(app: ModelRouterApp) -> list[str]:
    """What is drawn underlined, line by line."""
    return [
        "".join(segment.text for segment in strip if segment.style is not None and segment.style.underline)
        for strip in app.screen._compositor.render_strips()
    ]


async def test_the_theme_and_the_filter_are_there_again(tmp_path: Path) -> None:
    write_config(tmp_path, 0)
    for expected_theme, expected_filter in [("router-dark", ""), ("router-light", "route:coding")]:
        session = Session(environment(tmp_path))
        app = ModelRouterApp(session)
        async with app.run_test(size=(80, 24)) as pilot:
            await until(pilot, lambda session=session: session.phase is Phase.SERVING)  # type: ignore[misc]  # a default binds it
            assert app.theme == expected_theme
            app.theme = "router-light"
            await pilot.press("3")
            await pilot.pause()
            view = app.screen.query_one("LogView")
            assert view.filter.text == expected_filter  # type: ignore[attr-defined]  # found by name
            if not expected_filter:
                await pilot.press("slash", *"route", "colon", *"coding", "enter")
                await pilot.pause()
    saved = tmp_path / ".model-router" / "state.json"
    assert "router-light" in saved.read_text("utf-8")
    saved.write_text('{"theme": 3, "filter": "rout:x"', "utf-8")
    async with ModelRouterApp(Session(environment(tmp_path))).run_test() as pilot:
        assert pilot.app.theme == "router-dark"


def test_the_environment_of_the_tests_is_not_the_persons() -> None:
    assert not os.environ["MODEL_ROUTER_HOME"].startswith(str(Path.home() / ".model-router"))
