"""The doctor on the screen: examined, one by one, put right after a yes, stopped."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import DataTable

from model_router.config.truth_card import TruthCard, encode_truth_cards, read_truth_cards, truth_cards_path
from model_router.server.demo import Demo
from model_router.setup.doctor.finding import Level, fine, problem, warning
from model_router.tui.app import ModelRouterApp
from model_router.tui.finding_lines import found_words
from model_router.tui.screens.change import ChangeScreen
from model_router.tui.screens.doctor import DoctorScreen
from model_router.tui.session import Phase, Session
from tests.tui.setup_staging import told
from tests.tui.staging import environment, screen_text, standing_session, until
from tests.tui.test_goldens import compare, settled
from tests.tui.test_hostile import HOSTILE, check_screen

SIZES = [(80, 24), (120, 40)]


@pytest.fixture(scope="module")
def model_server() -> Iterator[str]:
    """The address of a server that has the demo's models."""
    demo = Demo()
    yield demo.config.backends["fast"].base_url
    demo.close()


def write(home: Path, address: str, model: str) -> Path:
    path = home / ".model-router" / "routing_proxy.yaml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(
        "schema_version: 1\nproxy: {host: 127.0.0.1, port: 0}\nobservability: {enabled: false}\n"
        f"backends:\n  local:\n    base_url: {address}\n    model: {model}  # mine\n"
        "engine_backends: {fast_local: local}\n",
        "utf-8",
    )
    return path


async def opened(pilot: Pilot[int]) -> DoctorScreen:
    await pilot.press("7")
    await until(pilot, lambda: isinstance(pilot.app.screen, DoctorScreen))
    screen = pilot.app.screen
    assert isinstance(screen, DoctorScreen)
    await pilot.pause()
    return screen


def row_of(screen: DoctorScreen, code: str) -> None:
    row = next(n for n, one in enumerate(screen.shown) if one.code == code)
    screen.query_one(DataTable).move_cursor(row=row)


async def test_a_wrong_model_is_found_and_put_right_after_a_yes(model_server: str, tmp_path: Path) -> None:
    path = write(tmp_path, model_server, "demo-fat")
    session = Session(environment(tmp_path))
    async with ModelRouterApp(session).run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: session.phase is Phase.SERVING)
        screen = await opened(pilot)
        assert "Nothing was examined yet" in screen_text(pilot.app)
        await pilot.press("r")
        await until(pilot, lambda: any(one.code == "backend.model" for one in screen.shown))
        await until(pilot, lambda: "✗ 1 wrong" in screen_text(pilot.app))
        assert screen.shown[0].level is Level.PROBLEM, "what is wrong comes first"
        row_of(screen, "backend.model")
        await pilot.pause()
        assert "Set model: demo-fast" in screen_text(pilot.app)
        before = path.read_text("utf-8")
        await pilot.press("f")
        await until(pilot, lambda: isinstance(pilot.app.screen, ChangeScreen))
        assert path.read_text("utf-8") == before
        await pilot.press("y")
        await until(pilot, lambda: path.read_text("utf-8") == before.replace("demo-fat", "demo-fast"))
        await until(pilot, lambda: "Nothing is wrong." in screen_text(pilot.app))
        await until(pilot, lambda: read_truth_cards(truth_cards_path(session.environ))["local"].model == "demo-fast")
        row_of(screen, "backend.model")
        await until(pilot, lambda: "Truth card: local" in screen_text(pilot.app))


async def test_a_read_only_run_examines_and_writes_nothing(model_server: str, tmp_path: Path) -> None:
    path = write(tmp_path, model_server, "demo-fat")
    session = Session(environment(tmp_path), read_only=True)
    async with ModelRouterApp(session).run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: session.phase is Phase.SERVING)
        screen = await opened(pilot)
        await pilot.press("r")
        await until(pilot, lambda: screen.shown)
        row_of(screen, "backend.model")
        await pilot.press("f")
        await until(pilot, lambda: "does not put things right" in told(pilot.app))
    assert "demo-fat" in path.read_text("utf-8")
    assert not truth_cards_path(session.environ).exists()


async def test_a_server_that_never_answers_can_be_left_alone(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        write(tmp_path, f"http://127.0.0.1:{silent.getsockname()[1]}/v1", "m")
        session = Session(environment(tmp_path))
        async with ModelRouterApp(session).run_test(size=(80, 24)) as pilot:
            await until(pilot, lambda: session.phase is Phase.SERVING)
            screen = await opened(pilot)
            await pilot.press("r")
            await until(pilot, lambda: screen.asking == "local" and "Asking local" in screen_text(pilot.app))
            await pilot.press("escape")
            await until(pilot, lambda: screen.asking is None)
            await until(pilot, lambda: not screen.workers._workers or "Nothing was examined" in screen_text(pilot.app))
            assert pilot.app.screen is screen


async def test_one_backend_is_examined_alone(model_server: str, tmp_path: Path) -> None:
    path = write(tmp_path, model_server, "demo-fast")
    more = f"  other: {{base_url: '{model_server}', model: nothing}}\nengine_backends"
    path.write_text(path.read_text("utf-8").replace("engine_backends", more), "utf-8")
    session = Session(environment(tmp_path))
    async with ModelRouterApp(session).run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: session.phase is Phase.SERVING)
        screen = await opened(pilot)
        assert "Only this" not in screen_text(pilot.app), "nothing was examined yet"
        await pilot.press("r")
        await until(pilot, lambda: {"local", "other"} <= {one.subject for one in screen.shown})
        screen.query_one(DataTable).move_cursor(
            row=next(n for n, one in enumerate(screen.shown) if one.subject not in {"local", "other"})
        )
        await pilot.press("e")
        await until(pilot, lambda: "Put the cursor" in told(pilot.app))
        asked: list[str] = []
        screen._asks = asked.append  # type: ignore[method-assign]  # only listens
        before = [(one.code, one.subject) for one in screen.shown]
        screen.query_one(DataTable).move_cursor(
            row=next(n for n, one in enumerate(screen.shown) if one.subject == "local")
        )
        await pilot.pause()
        chosen = screen.current
        await pilot.press("e")
        await until(pilot, lambda: asked == ["local"] and screen.asking is None)
        await pilot.pause()
        assert [(one.code, one.subject) for one in screen.shown] == before, "each finding stays in its place"
        assert chosen is not None
        assert screen.current is not None
        assert (screen.current.code, screen.current.subject) == (chosen.code, chosen.subject)


def test_a_finding_about_a_line_does_not_repeat_the_path() -> None:
    found = warning("config", "/home/somebody/proxy.yaml", "/home/somebody/proxy.yaml:8: too old", "Look at this line.")
    assert found_words(found) == "line 8: too old"
    assert found_words(FOUND[0]) == "it does not have m; it has n"


CARD = TruthCard(
    "local",
    "http://127.0.0.1:9/v1",
    "m",
    "2026-01-01T10:00:00+00:00",
    "llama.cpp",
    True,
    32_768,
    True,
    True,
    True,
    False,
)
FOUND = (
    problem("backend.model", "local", "it does not have m; it has n", "Set model: n, or load the other.", model="n"),
    problem("key.missing", "proxy", "KEY is not set", "Set KEY where the proxy is started."),
    fine("config.proxy", "/home/somebody/.model-router/routing_proxy.yaml", "valid, 1 backend"),
    fine("backend.reached", "local", "http://127.0.0.1:9/v1 answers (llama.cpp)"),
)


@pytest.mark.parametrize("size", SIZES)
async def test_the_doctor_is_as_it_was(size: tuple[int, int]) -> None:
    session = standing_session(fixed=8, demo=False)
    app = ModelRouterApp(session, colorless=False)
    async with app.run_test(size=size, notifications=False) as pilot:
        screen = await opened(pilot)
        compare(f"doctor-empty-{size[0]}x{size[1]}", await settled(pilot))
        screen.shown, screen.cards, screen.examined_at = list(FOUND), {"local": CARD}, "10:00:00"
        screen._fill()
        compare(f"doctor-{size[0]}x{size[1]}", await settled(pilot))


@pytest.mark.parametrize("size", [(80, 24), (12, 4)])
async def test_hostile_findings_are_shown_and_not_obeyed(size: tuple[int, int]) -> None:
    async with ModelRouterApp(standing_session(fixed=8)).run_test(size=size) as pilot:
        screen = await opened(pilot)
        for text in HOSTILE:
            screen.shown = [problem("backend.model", text, text, text, model=text)]
            screen.cards = {text: TruthCard(text, text, text, text, text)}
            screen._fill()
            await pilot.pause()
            shown = screen_text(pilot.app)
            assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e]", shown)
            if size[0] >= 80:
                check_screen(shown, size)


def test_the_card_of_the_golden_can_be_written() -> None:
    assert b"local" in encode_truth_cards([CARD])
