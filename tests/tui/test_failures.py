"""What nobody foresaw: it is told in the last line, and the application and its gateway go on."""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import SimpleNamespace

import httpx
import pytest
from textual.app import App
from textual.pilot import Pilot

from model_router.tui.app import ModelRouterApp
from model_router.tui.failures import failure_words
from model_router.tui.launch import run
from model_router.tui.lines import Lines
from model_router.tui.screens.base import MainScreen
from model_router.tui.screens.log import LogScreen
from model_router.tui.screens.models import ModelsScreen
from model_router.tui.session import Phase, Session
from tests.tui.staging import environment, screen_text, standing_session, until, write_config


class Bad(Exception):
    """What no code expects."""


def breaks(*_: object, **__: object) -> None:
    raise Bad("nobody expects this")


def last_line(app: App[int]) -> str:
    return screen_text(app).splitlines()[-1]


async def told(pilot: Pilot[int], failures: list[BaseException]) -> None:
    """It stands in the last line, and esc brings the keys back."""
    await until(pilot, lambda: "Bad: nobody expects this" in last_line(pilot.app))
    assert "test_failures.py" in last_line(pilot.app), "whoever reports it can say where"
    assert failures
    assert all(isinstance(error, Bad) for error in failures)
    failures.clear()
    await pilot.press("escape")
    await until(pilot, lambda: "Quit" in last_line(pilot.app))


async def test_a_worker_that_fails_is_a_line_and_the_gateway_serves_on(
    tmp_path: Path, failures: list[BaseException]
) -> None:
    write_config(tmp_path, 0)
    session = Session(environment(tmp_path))
    app = ModelRouterApp(session)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: session.phase is Phase.SERVING)
        session.workshop.look = breaks
        await pilot.press("4")
        await told(pilot, failures)
        assert app.is_running
        answer = await asyncio.to_thread(httpx.get, f"{session.address}/models", trust_env=False)
        assert answer.status_code == 200


@pytest.mark.parametrize("where", ["check", "watch", "look_at_approvals"])
async def test_a_clock_or_a_task_that_fails_goes_on(where: str, failures: list[BaseException]) -> None:
    session = standing_session(fixed=8)
    app = ModelRouterApp(session)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        setattr(session, where, breaks)
        await pilot.press("r")
        await until(pilot, lambda: failures)
        delattr(session, where)
        await told(pilot, failures)
        await pilot.press("3")
        await until(pilot, lambda: app.current_mode == "log")


async def test_a_clock_that_fails_whenever_it_strikes_is_not_the_end(failures: list[BaseException]) -> None:
    session = standing_session(fixed=8)
    app = ModelRouterApp(session)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        session.feed.drain = breaks  # type: ignore[assignment,method-assign]  # ten times a second
        await until(pilot, lambda: len(failures) > 12)
        await pilot.press("3")
        await until(pilot, lambda: app.current_mode == "log")
        del session.feed.drain
        await told(pilot, failures)


async def test_a_key_that_fails_is_told(monkeypatch: pytest.MonkeyPatch, failures: list[BaseException]) -> None:
    monkeypatch.setattr(ModelRouterApp, "action_profile", breaks)
    app = ModelRouterApp(standing_session(fixed=8))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("P")
        await told(pilot, failures)
        await pilot.press("3")
        await until(pilot, lambda: app.current_mode == "log")


@pytest.mark.parametrize("what", ["resize", "draw", "key"])
async def test_a_screen_that_breaks_is_made_anew(
    what: str, monkeypatch: pytest.MonkeyPatch, failures: list[BaseException]
) -> None:
    app = ModelRouterApp(standing_session(fixed=8))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("3")
        broken = app.screen
        assert isinstance(broken, LogScreen)
        with monkeypatch.context() as patch:
            if what == "resize":
                patch.setattr(LogScreen, "on_resize", breaks)
                await pilot.resize_terminal(90, 24)
            elif what == "draw":
                patch.setattr(type(broken.view), "render_line", breaks)
                broken.view.refresh()
            else:
                patch.setattr(LogScreen, "action_filter", breaks)
                await pilot.press("slash")
            await until(pilot, lambda: failures)
        await told(pilot, failures)
        await pilot.press("3")
        await until(pilot, lambda: "8 rows" in screen_text(app))
        assert app.screen is not broken or what == "key"


async def test_of_errors_at_once_the_cause_is_told(
    monkeypatch: pytest.MonkeyPatch, failures: list[BaseException]
) -> None:
    app = ModelRouterApp(standing_session(fixed=8))
    async with app.run_test(size=(80, 24)) as pilot:
        with monkeypatch.context() as patch:
            patch.setattr(ModelsScreen, "body", breaks)  # and then nothing that it looks for is there
            await pilot.press("4")
            await until(pilot, lambda: len(failures) > 1)
        assert isinstance(failures[0], Bad)
        failures[1:] = []
        await told(pilot, failures)
        await pilot.press("4")
        await until(pilot, lambda: "models" in screen_text(app))
        assert not failures


async def test_errors_without_end_are_the_end(monkeypatch: pytest.MonkeyPatch, failures: list[BaseException]) -> None:
    app = ModelRouterApp(standing_session(fixed=8))

    async def break_everything() -> None:
        async with app.run_test(size=(80, 24)) as pilot:
            await pilot.pause()
            monkeypatch.setattr(Lines, "render", breaks)
            monkeypatch.setattr(MainScreen, "state_changed", breaks)
            await until(pilot, lambda: not app.is_running)

    with pytest.raises(Bad):
        await break_everything()
    failures.clear()
    assert app.return_code == 1


@pytest.mark.parametrize(("left_with", "crashed", "code"), [(None, 0, 0), (143, 0, 143), (None, 1, 1)])
def test_a_crash_is_no_success(
    left_with: int | None, crashed: int, code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def leaves(app: ModelRouterApp, *, mouse: bool) -> int | None:
        app._return_code = crashed
        return left_with

    monkeypatch.setattr(ModelRouterApp, "run", leaves)
    monkeypatch.setattr("sys.stdin", SimpleNamespace(isatty=lambda: True))
    monkeypatch.setattr("sys.stdout", SimpleNamespace(isatty=lambda: True))
    monkeypatch.setenv("MODEL_ROUTER_HOME", str(tmp_path))
    assert run(None) == code


def test_hostile_words_of_an_error_stay_one_line() -> None:
    words = failure_words(Bad("a\x1b[2J\nb" * 200))
    assert words.isprintable()
    assert len(words) < 230
