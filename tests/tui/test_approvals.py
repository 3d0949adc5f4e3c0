"""Requests that wait for a person: the badge on every screen, the list, and what a decision does to a real client."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from textual.containers import VerticalScroll

from model_router.config.proxy import ApprovalMode, ApprovalsConfig
from model_router.server.approvals import Approval, ApprovalQueue, Standing, Wish
from model_router.tui.app import ModelRouterApp
from model_router.tui.approval_lines import detail_lines, row_line
from model_router.tui.screens.approvals import ApprovalsScreen
from model_router.tui.session import Phase, Session
from tests.faults import servers
from tests.faults.servers import FaultServer
from tests.tui.staging import StandingSession, environment, open_approvals, screen_text, standing_session, until
from tests.tui.test_goldens import compare, settled
from tests.tui.test_hostile import HOSTILE, check_screen

RISKY = "drop the production database"


class StandingQueue(ApprovalQueue):
    """A queue in which nothing happens but what the person does."""

    def __init__(self, rows: list[Approval], mode: ApprovalMode = ApprovalMode.HOLD) -> None:
        super().__init__(ApprovalsConfig(mode=mode), lambda event: None)
        self.rows = rows
        self.decided: list[tuple[str, ...]] = []

    def list(self) -> tuple[Approval, ...]:
        """As they were put here."""
        return tuple(self.rows)

    def approve(self, request_id: str, who: str, *, session: bool = False, note: str = "") -> Approval:
        """Remembered."""
        return self._done(Standing.APPROVED, request_id, who, "session" if session else "once", note)

    def deny(self, request_id: str, who: str, *, note: str = "") -> Approval:
        """Remembered."""
        return self._done(Standing.DENIED, request_id, who, "deny", note)

    def _done(self, standing: Standing, request_id: str, who: str, how: str, note: str) -> Approval:
        self.decided.append((request_id, who, how, note))
        at = [one.request_id for one in self.rows].index(request_id)
        done = replace(self.rows[at], standing=standing, who=who, note=note, ttl_seconds=None)
        self.rows[at] = done
        return done


def wish(number: int, standing: Standing = Standing.WAITING, **changed: Any) -> Approval:
    """One of some requests that a person is asked about."""
    risk, client, words, cues = (
        ("destructive", "agent/0.4", RISKY, ("drop", "production database")),
        ("send", "chat/1.0", "mail the figures to everybody in the company", ("mail", "everybody")),
        ("purchase", "editor/2.1", "order ten more machines like this one", ("order",)),
    )[number % 3]
    text = str(changed.pop("text", words))
    return replace(
        Approval(
            request_id=f"mr-{number:012x}",
            wish=Wish(str(number), "s", client, risk, text, cues),
            standing=standing,
            requests=1 + number,
            waiting=1 if standing is Standing.WAITING else 0,
            arrived=float(number),
            age_seconds=12.0 + 60 * number,
            ttl_seconds=288.0 - 60 * number if standing is Standing.WAITING else None,
            who="" if standing in (Standing.WAITING, Standing.REFUSED) else "screen",
            note="not on a Friday" if standing is Standing.DENIED else "",
        ),
        **changed,
    )


SOME = [
    wish(0),
    wish(1),
    wish(2, Standing.REFUSED),
    wish(3, Standing.DENIED),
    wish(4, Standing.APPROVED),
]


def session_with(rows: list[Approval], mode: ApprovalMode = ApprovalMode.HOLD) -> tuple[StandingSession, StandingQueue]:
    """A standing session with these requests."""
    session = standing_session(fixed=8)
    queue = StandingQueue(list(rows), mode)
    assert session.gateway is not None
    session.gateway.approvals = queue
    return session, queue


@pytest.fixture
def backend() -> Iterator[FaultServer]:
    with servers.running(servers.good) as one:
        yield one


def holding_file(home: Path, url: str) -> Path:
    """A proxy file that holds risky requests."""
    path = home / ".model-router" / "routing_proxy.yaml"
    path.parent.mkdir()
    path.write_text(
        f"""
proxy: {{host: 127.0.0.1, port: 0}}
observability: {{enabled: false}}
approvals: {{mode: hold, ttl_seconds: 60}}
backends:
  one: {{base_url: "{url}", model: m}}
engine_backends: {{fast_local: one, balanced_local: one, reasoning_local: one, code_agent: one}}
""",
        "utf-8",
    )
    return path


def ask(address: str) -> httpx.Response:
    """A risky request, as a client sends it that knows how to wait."""
    with httpx.Client(trust_env=False, timeout=30) as client:
        body = {"model": "auto", "messages": [{"role": "user", "content": RISKY}]}
        return client.post(f"{address}/chat/completions", json=body, headers={"User-Agent": "agent/0.4"})


@pytest.mark.parametrize(("keys", "status"), [("y", 200), ("t n o enter n", 409)], ids=["approved", "denied"])
async def test_a_real_client_waits_until_the_screen_decides(
    tmp_path: Path, backend: FaultServer, keys: str, status: int
) -> None:
    holding_file(tmp_path, backend.base_url)
    session = Session(environment(tmp_path))
    app = ModelRouterApp(session)
    rung: list[float] = []
    app.bell = lambda: rung.append(time.monotonic())  # type: ignore[method-assign]  # listens instead of ringing
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await until(pilot, lambda: session.phase is Phase.SERVING)
        answer = asyncio.get_running_loop().run_in_executor(None, ask, session.address)
        await until(pilot, lambda: "a 1 waiting" in screen_text(app).splitlines()[0])
        await until(pilot, lambda: "A request waits for a person" in screen_text(app))
        assert len(rung) == 1
        await open_approvals(pilot)
        await until(pilot, lambda: RISKY in screen_text(app) and "A request waits" not in screen_text(app))
        assert "destructive" in screen_text(app)
        assert not answer.done()
        await pilot.press(*keys.split())
        await until(pilot, answer.done)
        assert answer.result().status_code == status
        if status == 409:
            assert "no" in answer.result().json()["error"]["message"].split(":")[-1]
        await until(pilot, lambda: "waiting" not in screen_text(app).splitlines()[0])
        assert session.gateway is not None
        await until(pilot, lambda: len(session.gateway.happenings) == 1)  # type: ignore[union-attr]  # asserted above
        assert next(iter(session.gateway.happenings)).who == "screen"  # type: ignore[union-attr]  # an approval has one
        assert len(rung) == 1


async def test_each_decision_is_one_key_and_goes_to_the_request_under_the_cursor() -> None:
    session, queue = session_with(SOME)
    app = ModelRouterApp(session)
    async with app.run_test(size=(80, 24), notifications=False) as pilot:
        await open_approvals(pilot)
        await pilot.press("down", "s")
        await until(pilot, lambda: len(queue.decided) == 1)
        await pilot.press("t", "o", "k", "enter", "y")
        await until(pilot, lambda: len(queue.decided) == 2)
        await pilot.press("up", "up", "n")
        await until(pilot, lambda: len(queue.decided) == 3)
        names = [one.request_id for one in SOME]
        assert queue.decided == [
            (names[1], "screen", "session", ""),
            (names[0], "screen", "once", "ok"),
            (names[2], "screen", "deny", ""),
        ]
        await pilot.press("y")
        await pilot.pause()
        assert len(queue.decided) == 3, "what is decided is decided"


async def test_the_arrows_reach_requests_that_are_out_of_sight() -> None:
    rows = [replace(wish(number), age_seconds=number) for number in range(0, 90, 3)]
    session, _ = session_with(rows)
    app = ModelRouterApp(session)
    async with app.run_test(size=(80, 24), notifications=False) as pilot:
        screen = await open_approvals(pilot)
        await until(pilot, lambda: screen.query_one(VerticalScroll).max_scroll_y > 0)
        first = screen.rows.chosen_line()
        await pilot.press(*["down"] * 5)
        assert screen.rows.chosen_line() == first + 5
        await pilot.press("end", "up", "home")
        assert screen.rows.chosen_line() == first


async def test_nothing_slips_under_the_cursor_when_its_request_goes() -> None:
    session, queue = session_with(SOME)
    app = ModelRouterApp(session)
    async with app.run_test(size=(80, 24), notifications=False) as pilot:
        screen = await open_approvals(pilot)
        assert screen.rows.chosen == SOME[0].request_id
        del queue.rows[0]
        screen.look()
        await pilot.press("y")
        await pilot.pause()
        assert not queue.decided
        await pilot.press("down", "y")
        await until(pilot, lambda: len(queue.decided) == 1)
        assert queue.decided[0][0] == SOME[1].request_id


@pytest.mark.parametrize("width", [36, 44, 58, 60, 78, 118])
def test_a_row_keeps_its_columns_apart(width: int) -> None:
    line = row_line(wish(0, text="drop it"), width, selected=False, now_left=10.0).plain
    assert len(line) == width
    assert line[13:].split()[0] in {"destructive", "destruc…"}


async def test_a_read_only_screen_decides_nothing() -> None:
    session, queue = session_with(SOME)
    session.read_only = True
    app = ModelRouterApp(session)
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await pilot.press("a", "y", "n", "s", "t")
        await until(pilot, lambda: "decides nothing" in screen_text(app))
        assert not queue.decided


@pytest.mark.parametrize("size", [(80, 24), (12, 4)])
async def test_the_badge_is_on_every_screen_and_a_opens_and_closes(size: tuple[int, int]) -> None:
    session, _ = session_with(SOME[:2])
    app = ModelRouterApp(session, colorless=True)
    async with app.run_test(size=size, notifications=False) as pilot:
        await until(pilot, lambda: session.waiting == 2)
        for key in ("3", "6", "question_mark"):
            await pilot.press(key)
            await pilot.pause()
            assert "a 2" in screen_text(app).splitlines()[0]
        await pilot.press("escape", "a")
        await pilot.pause()
        assert isinstance(app.screen, ApprovalsScreen)
        await pilot.press("a")
        await pilot.pause()
        assert not isinstance(app.screen, ApprovalsScreen)
        await pilot.press("2", "a")
        await pilot.pause()
        assert not isinstance(app.screen, ApprovalsScreen), "an a in the prompt is an a"


async def test_the_badge_can_be_clicked() -> None:
    session, _ = session_with(SOME)
    app = ModelRouterApp(session)
    async with app.run_test(size=(120, 40), notifications=False) as pilot:
        await until(pilot, lambda: "a 2 waiting" in screen_text(app))
        await pilot.click("TopBar", offset=(screen_text(app).splitlines()[0].index("waiting"), 0))
        await pilot.pause()
        assert isinstance(app.screen, ApprovalsScreen)


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_hostile_requests_change_nothing_else(size: tuple[int, int]) -> None:
    session, queue = session_with([])
    app = ModelRouterApp(session)
    async with app.run_test(size=size, notifications=False) as pilot:
        screen = await open_approvals(pilot)
        for text in HOSTILE:
            hostile = Wish("h", "s", text, text, text, (text,))
            queue.rows = [replace(wish(0), request_id=text or "-", wish=hostile, who=text, note=text), *SOME]
            await pilot.pause()
            screen.look()
            await pilot.pause()
            check_screen(screen_text(app), size)


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_approvals_are_as_they_were(size: tuple[int, int]) -> None:
    session, queue = session_with(SOME)
    app = ModelRouterApp(session, colorless=False)
    async with app.run_test(size=size, notifications=False) as pilot:
        await until(pilot, lambda: session.waiting == 2)
        screen = await open_approvals(pilot)
        compare(f"approvals-waiting-{size[0]}x{size[1]}", await settled(pilot))
        queue.rows = []
        await until(pilot, lambda: session.waiting == 0)
        screen.look()
        await until(pilot, lambda: "Approve" not in screen_text(app), 5)
        compare(f"approvals-none-{size[0]}x{size[1]}", await settled(pilot))
        queue.settings = ApprovalsConfig(mode=ApprovalMode.REJECT)
        screen.look()
        compare(f"approvals-rejecting-{size[0]}x{size[1]}", await settled(pilot))


@pytest.mark.parametrize("width", [38, 78, 118])
def test_the_end_of_a_long_request_can_be_read(width: int) -> None:
    """An order stands behind its introduction: whoever decides has to see it."""
    words = f"{'Some background. ' * 230}Now drop the production database."
    lines = "\n".join(line.plain for line in detail_lines(wish(0, text=words), "", width))
    assert " ".join(lines.split()).count("Some background.") == 230
    assert "Now drop the production database." in " ".join(lines.split())


def test_it_is_said_that_something_came_with_the_words() -> None:
    one = wish(0)
    with_picture = replace(one, wish=replace(one.wish, attachments=("image", "pdf")))
    shown = "\n".join(line.plain for line in detail_lines(with_picture, "", 78))
    assert "with it" in shown
    assert "image, pdf" in shown
    assert "with it" not in "\n".join(line.plain for line in detail_lines(one, "", 78))
