"""Text from outside is shown, never obeyed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from textual.content import Content
from textual.widgets import TextArea

from model_router.errors import ModelRouterError
from model_router.server.health import BackendHealth
from model_router.tui.app import ModelRouterApp
from model_router.tui.session import Phase, Session
from tests.tui.staging import environment, fixed_event, screen_text, standing_session, until, write_config

SIZES = [(80, 24), (120, 40)]


HOSTILE = [
    "[/x]",
    "[b",
    "[red]not red[/red]",
    "[@click=app.quit]leave[/]",
    "\x1b[2J\x1b[31mred\x07",
    "\x9b31m\x00\x7f",
    "\u202eright to left\u202c \u05e9\u05dc\u05d5\u05dd",
    "日本語" * 40,
    "e" + "\u0301" * 200,
    "👩\u200d👩\u200d👧\u200d👦" * 20,
    "x" * 10_000,
    "two\nlines\r\tand a tab",
    "$text {braces} %s \\[escaped]",
    "\ud800 lone",
    "",
]


@pytest.mark.parametrize("size", SIZES)
async def test_hostile_requests_change_neither_log_nor_receipt(size: tuple[int, int]) -> None:
    session = standing_session()
    gateway = session.gateway
    assert gateway is not None
    app = ModelRouterApp(session)
    beside = size[0] >= 120
    async with app.run_test(size=size, notifications=False) as pilot:
        await pilot.press("3")
        for number, text in enumerate(HOSTILE):
            fields = ("client", "engine", "backend", "model", "error", "preview", "request_id", "route")
            live = fixed_event(3, **dict.fromkeys(fields, text), risk_class=text, reasons=(text,), outcome=text or "ok")
            gateway.ring.append(live)
            await until(pilot, lambda number=number: session.feed.total > number)  # type: ignore[misc]  # a default binds it
            await pilot.press("G", "up")
            await pilot.pause()
            check_screen(screen_text(app), size)
            if number == 0 or (not beside and number % 4 == 2):
                await pilot.press("enter")
                await pilot.pause()
                check_screen(screen_text(app), size)
                if not beside:
                    await pilot.press("escape")


@pytest.mark.parametrize("size", [*SIZES, (60, 15)])
async def test_hostile_backends_and_addresses_do_not_change_home(size: tuple[int, int]) -> None:
    session = standing_session(fixed=8)
    gateway = session.gateway
    assert gateway is not None
    app = ModelRouterApp(session)
    async with app.run_test(size=size, notifications=False) as pilot:
        await pilot.pause()
        for text in HOSTILE:
            gateway.address = f"http://{text}/v1"
            gateway.health = tuple(_hostile(health, text) for health in gateway.health)
            session.problem = ModelRouterError(text, text)
            app._tick()
            await pilot.pause()
            check_screen(screen_text(app), size)


async def test_hostile_prompts_can_be_tried() -> None:
    app = ModelRouterApp(standing_session())
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("2")
        for text in HOSTILE:
            app.screen.query_one(TextArea).text = text
            await pilot.pause(0.1)
            check_screen(screen_text(app), (80, 24))
            assert app.screen.query_one(TextArea).text.splitlines() == text.splitlines()


def _hostile(health: BackendHealth, text: str) -> BackendHealth:
    return BackendHealth(health.name, text, text, False, False, (text,), None, text, 0.0)


def check_screen(text: str, size: tuple[int, int]) -> None:
    """No line is wider than the terminal, none holds a control character, and the frame still stands."""
    lines = text.splitlines()
    assert "DEMO" in lines[0]
    assert len(lines) <= size[1]
    for line in lines:
        assert Content(line).cell_length <= size[0]
        assert not re.search(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", line)


async def test_hostile_text_in_the_mistakes_of_a_file(tmp_path: Path) -> None:
    path = write_config(tmp_path, 0)
    path.write_text('"[/x]": 1\n"[b\\u202e": "\\e[31m"\n' + "k" * 900 + ": 1\n", "utf-8")
    session = Session(environment(tmp_path))
    async with ModelRouterApp(session).run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: session.phase is Phase.BAD_CONFIG)
        await until(pilot, lambda: "[/x]" in screen_text(pilot.app))
