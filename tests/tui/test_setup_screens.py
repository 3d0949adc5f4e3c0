"""What holds for every screen about setup: keys, help, footer, sizes, themes, no colour."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.pilot import Pilot

from model_router.tui.app import ModelRouterApp
from model_router.tui.keys import key_names
from model_router.tui.screens.help import HelpScreen
from model_router.tui.session import Phase, Session
from model_router.tui.workshop import Workshop
from tests.tui.setup_staging import always, found_on
from tests.tui.staging import environment, screen_text, standing_session, until, write_config
from tests.tui.test_keys import check_footer
from tests.tui.test_models import NOWHERE
from tests.tui.test_sizes_and_colours import SIZES

SCREENS = ["models", "downloads", "doctor", "wizard"]


def looking(home: Path, *, read_only: bool = True) -> Session:
    write_config(home, 0)
    session = Session(environment(home), read_only=read_only)
    session.workshop = Workshop(session.environ, surveyor=always(found_on()))
    return session


async def stands(pilot: Pilot[int], session: Session, first: str) -> None:
    await until(pilot, lambda: session.phase is Phase.SERVING and pilot.app.current_mode == first)
    if first in {"models", "wizard"}:
        await until(pilot, lambda: session.workshop.stock is not None)
    await pilot.pause()


@pytest.mark.parametrize("first", SCREENS)
async def test_every_key_can_be_pressed_and_help_names_it(first: str, tmp_path: Path) -> None:
    session = looking(tmp_path)
    before = session.config_path.read_bytes()
    app = ModelRouterApp(session, first=first)
    async with app.run_test(size=(120, 90)) as pilot:
        await stands(pilot, session, first)
        await check_footer(pilot)
        active = app.screen.active_bindings
        await pilot.press("f1")
        await until(pilot, lambda: isinstance(app.screen, HelpScreen))
        await pilot.pause()
        text = screen_text(app)
        for binding in (entry.binding for entry in active.values()):
            if binding.show:
                assert app.get_key_display(binding) in text
                assert (binding.tooltip or binding.description).split()[0] in text
        await pilot.press("escape")
        own = [
            key
            for key, one in active.items()
            if type(one.node).__module__.startswith("model_router") and not one.binding.action.startswith("app.")
        ]
        assert len(own) > 2
        for key in own:
            await pilot.press(key)
            await pilot.pause()
            while len(app.screen_stack) > 1:
                app.pop_screen()
            app.switch_mode(first)
        assert app.is_running
        assert app.return_value is None
    assert session.config_path.read_bytes() == before, "--read-only changes nothing"
    assert not (session.config_path.parent / "downloads.json").exists()


async def test_the_screens_live_at_every_size() -> None:
    session = standing_session(fixed=8)
    session.workshop = Workshop(NOWHERE, surveyor=always(found_on()))
    app = ModelRouterApp(session)
    async with app.run_test(size=(1, 1)) as pilot:
        for size in SIZES:
            await pilot.resize_terminal(*size)
            for key in ("4", "5", "7"):
                await pilot.press(key)
            app.action_show("wizard")
            await pilot.pause()
            app.action_connect()
            await pilot.pause()
            await pilot.press("escape")
        assert app.is_running


async def test_every_theme_draws_them() -> None:
    session = standing_session(fixed=8)
    session.workshop = Workshop(NOWHERE, surveyor=always(found_on()))
    app = ModelRouterApp(session, colorless=False)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("4")
        await until(pilot, lambda: "granite-4.2-3b" in screen_text(app))
        for theme in ("router-light", "ansi-dark", "ansi-light", "dracula"):
            app.theme = theme
            await pilot.pause()
            assert "✓ GPU" in screen_text(app)


async def test_no_color_means_none_here_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    session = standing_session(fixed=8)
    session.workshop = Workshop(NOWHERE, surveyor=always(found_on()))
    app = ModelRouterApp(session)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("4")
        await until(pilot, lambda: "granite-4.2-3b" in screen_text(app))
        for strip in app.screen._compositor.render_strips():
            filtered = strip
            for line_filter in app.get_line_filters():
                filtered = filtered.apply_filter(line_filter, app.screen.background_colors[1])
            for segment in filtered:
                colour = segment.style.color if segment.style else None
                assert colour is None or colour.is_default, segment


def test_their_keys_can_be_renamed_too() -> None:
    names = {"models.filter", "downloads.pause", "doctor.repair", "wizard.back"}
    assert names <= key_names()
