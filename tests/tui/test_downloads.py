"""Downloads against a hub on loopback: planned, approved one by one, stopped, gone on with, used."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import DataTable, Input

from model_router.setup.download.hub import Digest, DigestKind
from model_router.setup.download.plan import DownloadPlan, PlannedFile, Role
from model_router.setup.download.progress import DownloadSnapshot, DownloadState, Failure, FileSnapshot, FileState
from model_router.setup.download.wanted import Wanted
from model_router.tui.app import ModelRouterApp
from model_router.tui.screens.change import ChangeScreen
from model_router.tui.screens.downloads import DownloadsScreen
from model_router.tui.screens.plan import PlanScreen
from model_router.tui.screens.question import QuestionScreen
from model_router.tui.session import Phase, Session
from model_router.tui.workshop import Workshop
from tests.hub.contents import MB, Faults, small_model
from tests.hub.server import TestHub
from tests.setup.download.conftest import RoomyDisk
from tests.tui.setup_staging import always, found_on, told
from tests.tui.staging import environment, screen_text, standing_session, until, write_config
from tests.tui.test_goldens import compare, settled
from tests.tui.test_hostile import HOSTILE

SIZES = [(80, 24), (120, 40)]


@pytest.fixture
def model_hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[TestHub]:
    """Holds ``org/tiny``; ``org/slow`` stands still after half of it."""
    monkeypatch.setattr("huggingface_hub.constants.HF_TOKEN_PATH", str(tmp_path / "no-token"))
    slow = small_model("slow", 2 * MB)
    slow.faults = Faults(hold_at=MB)
    hub = TestHub({"org/tiny": small_model(), "org/slow": slow})
    hub.start()
    yield hub
    hub.let_go()
    hub.stop()


def session_at(hub: TestHub, home: Path, *, read_only: bool = False) -> Session:
    if not (home / ".model-router").exists():
        write_config(home, 0)
    session = Session(environment(home) | {"HF_ENDPOINT": hub.url}, read_only=read_only)
    session.workshop = Workshop(session.environ, surveyor=always(found_on()), disk=RoomyDisk())
    return session


async def planned(pilot: Pilot[int], repository: str) -> DownloadsScreen:
    """The plan of a repository, on the screen and not answered."""
    await pilot.press("5")
    await until(pilot, lambda: isinstance(pilot.app.screen, DownloadsScreen))
    screen = pilot.app.screen
    assert isinstance(screen, DownloadsScreen)
    await until(pilot, lambda: screen.session.workshop.queue is not None)
    await pilot.press("n")
    await until(pilot, lambda: bool(pilot.app.screen.query(Input)))
    pilot.app.screen.query_one(Input).value = repository
    await pilot.press("enter")
    await until(pilot, lambda: isinstance(pilot.app.screen, PlanScreen) or screen.problem is not None)
    await pilot.pause()
    return screen


def state(screen: DownloadsScreen) -> DownloadState | None:
    return screen.shown[0].state if screen.shown else None


async def test_a_download_is_planned_approved_fetched_and_given_to_a_route(model_hub: TestHub, tmp_path: Path) -> None:
    session = session_at(model_hub, tmp_path)
    async with ModelRouterApp(session).run_test(size=(100, 40)) as pilot:
        await until(pilot, lambda: session.phase is Phase.SERVING)
        screen = await planned(pilot, "org/tiny:Q4_K_M")
        text = screen_text(pilot.app)
        for words in ("org/tiny", "tiny-Q4_K_M.gguf", "apache-2.0", "1 MB", "1 TB free", "sha256", "1" * 40):
            assert words in text
        assert not model_hub.storage_requests
        await pilot.press("n")
        await until(pilot, lambda: state(screen) is DownloadState.PLANNED)
        assert not model_hub.storage_requests, "a plan fetches nothing"
        await pilot.press("enter", "y")
        await until(pilot, lambda: state(screen) is DownloadState.DONE)
        target = tmp_path / ".model-router" / "models" / "tiny-Q4_K_M" / "tiny-Q4_K_M.gguf"
        assert target.stat().st_size == MB
        await pilot.press("v")
        await until(pilot, lambda: "Every file of tiny-Q4_K_M is as it should be." in told(pilot.app))
        assert state(screen) is DownloadState.DONE
        await pilot.press("u")
        await until(pilot, lambda: "Which route is it for?" in screen_text(pilot.app))
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, ChangeScreen))
        await pilot.press("y")
        await until(pilot, lambda: "model: tiny-Q4_K_M" in session.config_path.read_text("utf-8"))
        await until(pilot, lambda: pilot.app.screen is screen)
        await pilot.press("f")
        await until(pilot, lambda: not screen.shown)
        assert target.exists()


async def test_what_models_wants_is_planned_here(model_hub: TestHub, tmp_path: Path) -> None:
    session = session_at(model_hub, tmp_path)
    async with ModelRouterApp(session).run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: session.phase is Phase.SERVING)
        session.workshop.to_plan.append(Wanted("coding", "org/tiny", ("tiny-Q8_0.gguf",)))
        await pilot.press("5")
        await until(pilot, lambda: isinstance(pilot.app.screen, PlanScreen))
        await pilot.pause()
        assert "tiny-Q8_0, for coding" in screen_text(pilot.app)


async def test_pause_go_on_and_cancel(model_hub: TestHub, tmp_path: Path) -> None:
    session = session_at(model_hub, tmp_path)
    async with ModelRouterApp(session).run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: session.phase is Phase.SERVING)
        screen = await planned(pilot, "org/slow:Q4_K_M")
        await pilot.press("y")
        await until(pilot, lambda: state(screen) is DownloadState.RUNNING and screen.shown[0].done >= MB)
        assert " 50%" in screen_text(pilot.app)
        await pilot.press("q")
        await until(pilot, lambda: isinstance(pilot.app.screen, QuestionScreen))
        await pilot.press("n")
        await until(pilot, lambda: pilot.app.screen is screen)
        await pilot.press("space")
        await until(pilot, lambda: state(screen) is DownloadState.PAUSED)
        await pilot.press("space")
        await until(pilot, lambda: state(screen) is DownloadState.RUNNING)
        await pilot.press("x")
        await until(pilot, lambda: isinstance(pilot.app.screen, QuestionScreen))
        await pilot.press("y")
        await until(pilot, lambda: state(screen) is DownloadState.CANCELLED)
        folder = tmp_path / ".model-router" / "models" / "slow-Q4_K_M"
        assert not folder.exists() or not list(folder.iterdir())


async def test_the_next_run_goes_on_where_this_one_stopped(model_hub: TestHub, tmp_path: Path) -> None:
    session = session_at(model_hub, tmp_path)
    async with ModelRouterApp(session).run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: session.phase is Phase.SERVING)
        screen = await planned(pilot, "org/slow:Q4_K_M")
        await pilot.press("y")
        await until(pilot, lambda: state(screen) is DownloadState.RUNNING and screen.shown[0].done >= MB)
    model_hub.let_go()
    session = session_at(model_hub, tmp_path)
    async with ModelRouterApp(session).run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: session.phase is Phase.SERVING)
        await pilot.press("5")
        await until(pilot, lambda: isinstance(pilot.app.screen, DownloadsScreen) and pilot.app.screen.shown)
        again = pilot.app.screen
        assert isinstance(again, DownloadsScreen)
        assert state(again) is DownloadState.PAUSED
        await pilot.press("enter")
        await until(pilot, lambda: state(again) is DownloadState.DONE)
    assert any("range" in request.headers for request in model_hub.storage_requests)


async def test_a_plan_that_cannot_be_made_says_why(model_hub: TestHub, tmp_path: Path) -> None:
    session = session_at(model_hub, tmp_path)
    async with ModelRouterApp(session).run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: session.phase is Phase.SERVING)
        for repository, words in (("org/nowhere", "org/nowhere"), ("nonsense", "names no repository")):
            screen = await planned(pilot, repository)
            assert screen.problem is not None
            assert words in screen_text(pilot.app)
            assert "→" in screen_text(pilot.app)
            await pilot.press("escape")
            assert screen.problem is None


async def test_corrupt_bytes_are_told_and_can_be_tried_again(model_hub: TestHub, tmp_path: Path) -> None:
    model_hub.repos["org/tiny"].faults.corrupt = True
    session = session_at(model_hub, tmp_path)
    async with ModelRouterApp(session).run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: session.phase is Phase.SERVING)
        screen = await planned(pilot, "org/tiny:Q4_K_M")
        await pilot.press("y")
        await until(pilot, lambda: state(screen) is DownloadState.FAILED)
        await until(pilot, lambda: "✗ failed" in screen_text(pilot.app))
        model_hub.repos["org/tiny"].faults.corrupt = False
        await pilot.press("t")
        await until(pilot, lambda: state(screen) is DownloadState.DONE)


async def test_a_read_only_run_and_the_demo_download_nothing(model_hub: TestHub, tmp_path: Path) -> None:
    for session in (session_at(model_hub, tmp_path, read_only=True), standing_session()):
        async with ModelRouterApp(session).run_test(size=(80, 24)) as pilot:
            await until(pilot, lambda session=session: session.phase is Phase.SERVING)  # type: ignore[misc]  # a default binds it
            await pilot.press("5", "n")
            await until(pilot, lambda: "does not download" in told(pilot.app))
            for key in ("enter", "space", "x", "u", "t", "v", "f"):
                await pilot.press(key)
            assert isinstance(pilot.app.screen, DownloadsScreen)
    assert not model_hub.requests


@pytest.mark.parametrize("size", SIZES)
async def test_downloads_are_as_they_were(model_hub: TestHub, tmp_path: Path, size: tuple[int, int]) -> None:
    def same(text: str) -> str:
        folder = str(tmp_path / ".model-router" / "models")
        return "".join(line + "\n" for line in text.splitlines() if not re.search(r"^ *(│ )?to  ", line)).replace(
            folder, "/models"
        )

    session = session_at(model_hub, tmp_path)
    app = ModelRouterApp(session, colorless=False)
    async with app.run_test(size=size, notifications=False) as pilot:
        await until(pilot, lambda: session.phase is Phase.SERVING)
        await pilot.press("5")
        await until(pilot, lambda: session.workshop.queue is not None)
        name = f"{size[0]}x{size[1]}"
        compare(f"downloads-empty-{name}", "\n".join((await settled(pilot)).splitlines()[1:]) + "\n")
        screen = await planned(pilot, "org/slow:Q8_0")
        await pilot.press("n")
        await until(pilot, lambda: state(screen) is DownloadState.PLANNED)
        first = screen.shown[0]
        assert first.plan.model == "slow-Q8_0"
        await until(pilot, lambda: "? planned" in screen_text(app))
        text = await settled(pilot)
        assert "enter shows the plan and asks" in " ".join(text.split())
        assert str(tmp_path)[:8] in text or size[0] < 120


async def test_hostile_answers_of_a_hub_are_shown_and_not_obeyed(model_hub: TestHub, tmp_path: Path) -> None:
    session = session_at(model_hub, tmp_path)
    async with ModelRouterApp(session).run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: session.phase is Phase.SERVING)
        for number, text in enumerate(text for text in HOSTILE if "\ud800" not in text and text):
            repo = small_model(f"m{number}")
            repo.licence = text
            model_hub.repos[f"org/m{number}"] = repo
            await planned(pilot, f"org/m{number}:Q4_K_M")
            shown = screen_text(pilot.app)
            assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e]", shown)
            assert len(shown.splitlines()) <= 24
            await pilot.press("n")
            await until(pilot, lambda: isinstance(pilot.app.screen, DownloadsScreen))
        table = pilot.app.screen.query_one(DataTable)
        assert table.row_count > 5


class StandingQueue:
    """Downloads that stand still, each in another state."""

    def snapshots(self) -> tuple[DownloadSnapshot, ...]:
        return (
            standing_download("qwen3.6-27b-UD-Q4_K_M", DownloadState.RUNNING, 17_600, 6_300, rate=42.5),
            standing_download("granite-4.2-8b-Q6_K", DownloadState.APPROVED, 7_100, 0),
            standing_download("gpt-oss-20b-MXFP4", DownloadState.PAUSED, 12_100, 9_400),
            standing_download("gemma-4-12b-Q4_K_M", DownloadState.FAILED, 7_800, 2_000),
            standing_download("qwen3.5-4b-Q8_0", DownloadState.DONE, 4_500, 4_500),
        )

    def stop(self) -> None:
        """Nothing runs."""


def standing_download(
    model: str, state: DownloadState, megabytes: int, here: int, rate: float | None = None
) -> DownloadSnapshot:
    """One file of so many megabytes, of which so many are here, at so many a second."""
    name, size, done = f"{model}.gguf", megabytes * MB, here * MB
    folder = f"/home/somebody/.model-router/models/{model}"
    digest = Digest(DigestKind.SHA256, "5f" * 32)
    file = PlannedFile(name, size, digest, Role.WEIGHTS, f"{folder}/{name}")
    plan = DownloadPlan(model, f"org/{model}-GGUF", "1" * 40, (file,), folder, model, licence="apache-2.0")
    file_state = {DownloadState.RUNNING: FileState.FETCHING, DownloadState.DONE: FileState.READY}
    failed = Failure("network", "the hub broke the connection off five times", "Try again later: what is here is kept.")
    return DownloadSnapshot(
        plan,
        state,
        done,
        (FileSnapshot(name, size, done, file_state.get(state, FileState.WAITING)),),
        rate=rate * MB if rate else None,
        seconds_left=(size - done) / (rate * MB) if rate else None,
        failure=failed if state is DownloadState.FAILED else None,
    )


@pytest.mark.parametrize("size", SIZES)
async def test_running_downloads_are_as_they_were(size: tuple[int, int]) -> None:
    session = standing_session(fixed=8)
    session.wants_demo = False
    session.workshop.queue = StandingQueue()  # type: ignore[assignment]  # only looked at
    app = ModelRouterApp(session, colorless=False)
    name = f"{size[0]}x{size[1]}"
    async with app.run_test(size=size, notifications=False) as pilot:
        await pilot.press("5")
        await until(pilot, lambda: "↓ running" in screen_text(app))
        compare(f"downloads-running-{name}", await settled(pilot))
        await pilot.press("down", "down", "down")
        compare(f"downloads-failed-{name}", await settled(pilot))
