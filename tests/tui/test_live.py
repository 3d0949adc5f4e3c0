"""The application with a real gateway: what a client asks appears on the screen, and leaving leaves nothing behind."""

from __future__ import annotations

import asyncio
import socket
import tempfile
import time
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from model_router.tui.app import ModelRouterApp
from model_router.tui.launch import in_shape, settle
from model_router.tui.log_view import LogView
from model_router.tui.screens.receipt import ReceiptScreen
from model_router.tui.session import Phase, Session
from tests.tui.staging import screen_text, until


@pytest.fixture
def demo_session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Session:
    """A demo whose person and whose temporary folder are this test's."""
    (tmp_path / "home").mkdir()
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    return Session({"HOME": str(tmp_path / "home"), "MODEL_ROUTER_HOME": str(tmp_path / "home" / "mr")}, demo=True)


async def ask(address: str, text: str, *, stream: bool = False) -> httpx.Response:
    """One request as a client sends it."""
    async with httpx.AsyncClient(trust_env=False) as client:
        body = {"model": "model-router", "stream": stream, "messages": [{"role": "user", "content": text}]}
        return await client.post(
            f"{address}/chat/completions", json=body, headers={"User-Agent": "watcher/1"}, timeout=10
        )


@pytest.mark.parametrize(("size", "stream"), [((80, 24), False), ((120, 40), True)])
async def test_a_request_is_on_the_screen_within_three_tenths_of_a_second(
    demo_session: Session, size: tuple[int, int], stream: bool
) -> None:
    app = ModelRouterApp(demo_session)
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: demo_session.phase is Phase.SERVING)
        await asyncio.to_thread(demo_session.stop_traffic)
        await pilot.press("3")
        await pilot.pause(0.3)
        taken = []
        for _ in range(3):
            seen = screen_text(app).count("watcher")
            answer = await ask(demo_session.address, "please rewrite this text", stream=stream)
            assert answer.status_code == 200
            taken.append(await until(pilot, lambda seen=seen: screen_text(app).count("watcher") > seen))  # type: ignore[misc]  # a default binds it
        assert min(taken) < 0.3, taken


async def test_a_blocked_request_shows_why(demo_session: Session) -> None:
    app = ModelRouterApp(demo_session)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: demo_session.phase is Phase.SERVING)
        await asyncio.to_thread(demo_session.stop_traffic)
        await pilot.press("3")
        answer = await ask(demo_session.address, "drop the production database")
        assert answer.status_code == 409
        await until(pilot, lambda: "! 409" in screen_text(app))
        view = app.screen.query_one(LogView)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, ReceiptScreen))
        await pilot.pause()
        assert view.selected is not None
        assert "! confirmation → human_confirm" in screen_text(app)
        assert "waits for a person" in " ".join(screen_text(app).split())


async def test_the_demo_shows_itself_and_d_switches_the_samples(demo_session: Session) -> None:
    app = ModelRouterApp(demo_session)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: demo_session.feed.total > 2, 20)
        traffic = demo_session.traffic
        assert traffic is not None
        for key in ("3", "1", "question_mark", "escape", "2"):
            await pilot.press(key)
            await pilot.pause()
            assert "DEMO" in screen_text(app).splitlines()[0]
        await pilot.press("escape", "d")
        await until(pilot, lambda: not traffic.running)
        await pilot.press("d")
        await until(pilot, lambda: traffic.running)
        assert "DEMO" in screen_text(app)


async def test_the_backends_of_the_demo_are_well(demo_session: Session) -> None:
    app = ModelRouterApp(demo_session)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: screen_text(app).count("answers in") == 7)
        assert "✗" not in screen_text(app)


async def test_the_first_run_can_open_the_demo_and_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    session = Session({"HOME": str(tmp_path / "home"), "MODEL_ROUTER_HOME": str(tmp_path / "home" / "mr")})
    app = ModelRouterApp(session)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: session.phase is Phase.FIRST_RUN)
        await until(pilot, lambda: app.current_mode == "welcome")
        await pilot.press("d")
        await until(pilot, lambda: session.phase is Phase.SERVING)
        await until(pilot, lambda: app.current_mode == "home" and "DEMO" in screen_text(app))
        await until(pilot, lambda: session.feed.total > 0)
        port = urlsplit(session.address).port
        app.theme = "router-light"
        await pilot.pause()
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
    assert list((tmp_path / "tmp").iterdir()) == []
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port or 0)) != 0


async def test_a_server_that_dies_is_noticed(demo_session: Session) -> None:
    app = ModelRouterApp(demo_session)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: demo_session.phase is Phase.SERVING)
        assert demo_session.gateway is not None
        demo_session.gateway.state = type(demo_session.gateway.state).FAILED
        await until(pilot, lambda: "✗ not serving" in screen_text(app))


async def test_a_request_never_waits_for_a_stuck_screen(demo_session: Session) -> None:
    app = ModelRouterApp(demo_session)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: demo_session.phase is Phase.SERVING)
        await asyncio.to_thread(demo_session.stop_traffic)
        address = demo_session.address
        done: list[float] = []

        def request() -> None:
            started = time.perf_counter()
            with httpx.Client(trust_env=False) as client:
                body = {"model": "m", "messages": [{"role": "user", "content": "drop the production database"}]}
                client.post(f"{address}/chat/completions", json=body)
            done.append(time.perf_counter() - started)

        waiting = asyncio.get_running_loop().run_in_executor(None, request)
        time.sleep(1.0)  # the screen's thread does nothing else meanwhile
        assert done, "the request waited for the screen"
        await waiting


def test_the_shape_of_the_process_is_undone() -> None:
    import gc
    import sys

    before = gc.get_threshold(), sys.getswitchinterval()
    with in_shape():
        settle()
        assert gc.get_freeze_count() > 0
        assert (gc.get_threshold(), sys.getswitchinterval()) != before
    assert gc.get_freeze_count() == 0
    assert (gc.get_threshold(), sys.getswitchinterval()) == before


async def test_the_gateway_is_stopped_and_started_by_a_key(demo_session: Session) -> None:
    app = ModelRouterApp(demo_session)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: demo_session.phase is Phase.SERVING)
        await asyncio.to_thread(demo_session.stop_traffic)
        gateway = demo_session.gateway
        assert gateway is not None
        await until(pilot, lambda: gateway.in_flight == 0)
        await pilot.press("s")
        await until(pilot, lambda: demo_session.phase is Phase.CLOSED)
        await until(pilot, lambda: "○ stopped" in screen_text(app))
        await pilot.press("s")
        await until(pilot, lambda: demo_session.phase is Phase.SERVING)
        assert (await ask(demo_session.address, "rewrite this text")).status_code == 200


async def test_leaving_asks_while_a_request_is_under_way(demo_session: Session) -> None:
    app = ModelRouterApp(demo_session)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: demo_session.phase is Phase.SERVING)
        gateway = demo_session.gateway
        assert gateway is not None
        await asyncio.to_thread(demo_session.stop_traffic)
        await until(pilot, lambda: gateway.in_flight == 0)
        gateway.in_flight += 1
        await pilot.press("q")
        await until(pilot, lambda: "1 request is under way" in screen_text(app))
        await pilot.press("n")
        await pilot.pause()
        assert app.is_running
        await pilot.press("q")
        await until(pilot, lambda: "1 request is under way" in screen_text(app))
        gateway.in_flight -= 1
        await pilot.press("y")
        await pilot.pause()
        assert app.return_value == 0


async def test_a_read_only_screen_stops_nothing(demo_session: Session) -> None:
    demo_session.read_only = True
    app = ModelRouterApp(demo_session)
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await until(pilot, lambda: demo_session.phase is Phase.SERVING)
        await pilot.press("s")
        await until(pilot, lambda: "--read-only" in screen_text(app))
        assert demo_session.phase is Phase.SERVING
