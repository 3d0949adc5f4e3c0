"""Models: one list of what is here and what could be, weighed for this machine or another."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from model_router.tui.app import ModelRouterApp
from model_router.tui.model_table import SORTS
from model_router.tui.screens.change import ChangeScreen
from model_router.tui.screens.models import ModelsScreen
from model_router.tui.screens.one_line import LineScreen
from model_router.tui.session import Phase, Session
from model_router.tui.workshop import Workshop
from tests.tui.setup_staging import always, found_on, told
from tests.tui.staging import StandingSession, environment, screen_text, standing_session, until, write_config
from tests.tui.test_goldens import compare, settled
from tests.tui.test_hostile import HOSTILE, check_screen

SIZES = [(80, 24), (120, 40)]
NOWHERE = {"HOME": "/home/somebody", "MODEL_ROUTER_HOME": "/nowhere"}


def standing() -> StandingSession:
    session = standing_session(fixed=8)
    session.workshop = Workshop(NOWHERE, surveyor=always(found_on()))
    return session


async def opened(pilot: Pilot[int]) -> ModelsScreen:
    """The list, with its rows."""
    await pilot.press("4")
    screen = pilot.app.screen
    await until(pilot, lambda: isinstance(pilot.app.screen, ModelsScreen) and pilot.app.screen.shown)
    assert isinstance(pilot.app.screen, ModelsScreen), screen
    await pilot.pause()
    return pilot.app.screen


async def give(pilot: Pilot[int], screen: ModelsScreen, model: str) -> None:
    """Put the cursor on a model, and ask to give it to a route."""
    row = next(n for n, entry in enumerate(screen.shown) if entry.name == model)
    screen.query_one("DataTable").move_cursor(row=row)  # type: ignore[attr-defined]  # found by name
    await pilot.press("u")


async def type_in(pilot: Pilot[int], text: str) -> None:
    pilot.app.screen.query_one(Input).value = text
    await pilot.press("enter")


@pytest.mark.parametrize("size", SIZES)
async def test_models_are_as_they_were(size: tuple[int, int]) -> None:
    app = ModelRouterApp(standing(), colorless=False)
    async with app.run_test(size=size, notifications=False) as pilot:
        await opened(pilot)
        compare(f"models-{size[0]}x{size[1]}", await settled(pilot))
        await pilot.press("enter")
        compare(f"models-sum-{size[0]}x{size[1]}", await settled(pilot))
        await pilot.press("escape", "h")
        await until(pilot, lambda: isinstance(app.screen, LineScreen))
        compare(f"models-hardware-{size[0]}x{size[1]}", await settled(pilot))
        await type_in(pilot, "M4 Pro:24")
        await until(pilot, lambda: "SIMULATED" in screen_text(app))
        compare(f"models-simulated-{size[0]}x{size[1]}", await settled(pilot))


async def test_the_list_holds_what_is_here_and_what_could_be() -> None:
    async with ModelRouterApp(standing()).run_test(size=(120, 40)) as pilot:
        screen = await opened(pilot)
        places = {entry.name: entry.place.value for entry in screen.shown}
        assert places["granite-4.2-3b"] == "served"
        assert places["Qwen3-8B-Q4_K_M"] == "on disk"
        assert places["gpt-oss-120b"] == "to fetch"
        assert len(places) == len(screen.shown), "no model stands twice"


async def test_every_order_and_the_filter() -> None:
    async with ModelRouterApp(standing()).run_test(size=(80, 24)) as pilot:
        screen = await opened(pilot)
        for sort in [*list(SORTS)[1:], "use"]:
            await pilot.press("o")
            assert screen.sort == sort
            keys = [SORTS[sort](entry) for entry in screen.shown]
            assert keys == sorted(keys)
        await pilot.press("slash", *"coder", "enter")
        assert {entry.name for entry in screen.shown} == {
            entry.name for entry in screen.shown if "coder" in screen._text(entry)
        }
        assert 0 < len(screen.shown) < 20
        await pilot.press("slash", *"zzz")
        await pilot.pause()
        assert "esc shows all" in screen_text(pilot.app)
        await pilot.press("escape")
        await pilot.pause()
        assert len(screen.shown) > 40


async def test_order_filter_and_screen_are_there_again_the_next_time(tmp_path: Path) -> None:
    (tmp_path / ".model-router").mkdir()

    def again() -> ModelRouterApp:
        session = standing()
        session.wants_demo, session.environ = False, environment(tmp_path)
        return ModelRouterApp(session)

    async with again().run_test(size=(80, 24)) as pilot:
        await opened(pilot)
        await pilot.press("o", "slash", *"coder", "enter")
        await pilot.pause()
    for keys in ([], ["escape"]):
        async with again().run_test(size=(80, 24)) as pilot:
            app = pilot.app
            await until(pilot, lambda app=app: isinstance(app.screen, ModelsScreen) and app.screen.shown)  # type: ignore[misc]  # a default binds it
            assert isinstance(app.screen, ModelsScreen)
            assert (app.screen.sort, app.screen.filter) == ("quality", "coder")
            assert all("coder" in app.screen._text(entry) for entry in app.screen.shown)
            await pilot.press(*keys)
            await pilot.pause()
    async with again().run_test(size=(80, 24)) as pilot:
        screen = pilot.app.screen
        await until(pilot, lambda: isinstance(screen, ModelsScreen) and screen.shown)
        assert isinstance(screen, ModelsScreen)
        assert (screen.sort, screen.filter) == ("quality", "")


async def test_other_hardware_changes_what_fits_and_nonsense_is_told() -> None:
    async with ModelRouterApp(standing()).run_test(size=(120, 40)) as pilot:
        screen = await opened(pilot)
        here = sum(entry.fits is True for entry in screen.shown)
        await pilot.press("h")
        await until(pilot, lambda: isinstance(pilot.app.screen, LineScreen))
        await type_in(pilot, "Nothing Known")
        await until(pilot, lambda: "how much memory does" in told(pilot.app))
        await pilot.press("h")
        await until(pilot, lambda: isinstance(pilot.app.screen, LineScreen))
        await type_in(pilot, "RTX 3060:12, RTX 3060:12, RTX 3060:12, RTX 3060:12")
        await until(pilot, lambda: "SIMULATED" in screen_text(pilot.app))
        assert sum(entry.fits is True for entry in screen.shown) != here or screen.session.workshop.simulated
        assert len(screen.session.workshop.simulated.gpus) == 4  # type: ignore[union-attr]  # said by SIMULATED
        await pilot.press("escape")
        await until(pilot, lambda: "SIMULATED" not in screen_text(pilot.app))
        assert sum(entry.fits is True for entry in screen.shown) == here


async def test_more_context_takes_more_memory() -> None:
    async with ModelRouterApp(standing()).run_test(size=(80, 24)) as pilot:
        screen = await opened(pilot)

        def need() -> int:
            entry = next(entry for entry in screen.shown if entry.name == "Qwen3-8B-Q4_K_M")
            assert entry.verdict is not None
            return entry.verdict.total

        before = need()
        await pilot.press("c")
        await until(pilot, lambda: "32k context" in screen_text(pilot.app))
        assert need() > before
        await pilot.press("C", "C")
        await until(pilot, lambda: "k context" in screen_text(pilot.app) and need() <= before)


async def test_a_served_model_is_given_to_a_route_after_a_yes(tmp_path: Path) -> None:
    path = write_config(tmp_path, 0)
    session = Session(environment(tmp_path))
    session.workshop = Workshop(session.environ, surveyor=always(found_on()))
    async with ModelRouterApp(session).run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: session.phase is Phase.SERVING)
        before = path.read_text("utf-8")
        screen = await opened(pilot)
        for answer in ("n", "y"):
            await give(pilot, screen, "granite-4.2-3b")
            await until(pilot, lambda: "Which route is it for?" in screen_text(pilot.app))
            await pilot.press("enter")
            await until(pilot, lambda: isinstance(pilot.app.screen, ChangeScreen))
            await pilot.pause()
            text = screen_text(pilot.app)
            assert "Backend local serves simple" in text
            assert "granite-4.2-3b" in text
            assert path.read_text("utf-8") == before
            await pilot.press(answer)
            await until(pilot, lambda: isinstance(pilot.app.screen, ModelsScreen))
        await until(pilot, lambda: path.read_text("utf-8") != before)
        assert "model: granite-4.2-3b" in path.read_text("utf-8")
        assert "http://127.0.0.1:11434/v1" in path.read_text("utf-8")
        gateway = session.gateway
        assert gateway is not None
        await until(pilot, lambda: gateway.config.backends["local"].model == "granite-4.2-3b")
        await until(pilot, lambda: any(screen.used_by(entry) for entry in screen.shown))


@pytest.mark.parametrize(
    ("busy", "others", "port"),
    [
        ((), "", 8080),
        ((8080, 8081), "", 8082),
        ((8080,), 'other: {base_url: "http://127.0.0.1:8081/v1", model: some-other}', 8082),
        ((8080,), 'other: {base_url: "http://127.0.0.1:8081/v1", model: Qwen3-8B-Q4_K_M}', 8081),
    ],
)
async def test_a_model_in_a_file_is_to_be_served_where_nothing_else_listens(
    busy: tuple[int, ...], others: str, port: int, tmp_path: Path
) -> None:
    path = write_config(tmp_path, 0)
    path.write_text(path.read_text("utf-8").replace("engine_backends:", f"  {others}\nengine_backends:"), "utf-8")
    session = Session(environment(tmp_path))
    session.workshop = Workshop(
        session.environ, surveyor=always(found_on()), port_is_free=lambda number: number not in busy
    )
    async with ModelRouterApp(session).run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: session.phase is Phase.SERVING)
        screen = await opened(pilot)
        await give(pilot, screen, "Qwen3-8B-Q4_K_M")
        await until(pilot, lambda: "Which route is it for?" in screen_text(pilot.app))
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, ChangeScreen))
        await pilot.pause()
        text = " ".join(screen_text(pilot.app).split())
        assert f"http://127.0.0.1:{port}/v1" in text
        command = "llama-server -m /models/Qwen3-8B-Q4_K_M.gguf --alias Qwen3-8B-Q4_K_M --jinja"
        assert f"`{command}{f' --port {port}' if port != 8080 else ''}`" in text


@pytest.mark.parametrize("kind", ["read-only", "demo"])
async def test_what_may_not_write_says_so(kind: str, tmp_path: Path) -> None:
    if kind == "demo":
        session: Session = standing()
    else:
        write_config(tmp_path, 0)
        session = Session(environment(tmp_path), read_only=True)
        session.workshop = Workshop(session.environ, surveyor=always(found_on()))
    async with ModelRouterApp(session).run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: session.phase is Phase.SERVING)
        screen = await opened(pilot)
        await give(pilot, screen, "granite-4.2-3b")
        await until(pilot, lambda: "does not give models to routes" in told(pilot.app))
        assert pilot.app.screen is screen


@pytest.mark.parametrize("size", [(80, 24), (12, 4)])
async def test_hostile_names_change_neither_list_nor_sum(size: tuple[int, int]) -> None:
    # No file and no server can have the others in its name.
    names = [text for text in HOSTILE if text and not {"\ud800", "\x00"} & set(text)]
    async with ModelRouterApp(standing()).run_test(size=size) as pilot:
        screen = await opened(pilot)
        screen.session.workshop.found = found_on(name=names[0], served=names)
        await screen._work().wait()
        rows = [row for row, entry in enumerate(screen.shown) if entry.place.value == "served"]
        assert len(rows) == len(set(names))
        for row in rows:
            screen.query_one("DataTable").move_cursor(row=row)  # type: ignore[attr-defined]  # found by name
            await pilot.pause()
            if size[0] >= 80:
                check_screen(screen_text(pilot.app), size)
                await pilot.press("enter")
                await pilot.pause()
                check_screen(screen_text(pilot.app), size)
                await pilot.press("escape")


async def test_a_look_that_fails_says_why_and_can_be_tried_again(tmp_path: Path) -> None:
    folder = tmp_path / ".model-router"
    folder.mkdir()
    (folder / "model_catalog.yaml").write_text("models: 3\n", "utf-8")
    session = standing_session()
    session.workshop = Workshop(environment(tmp_path), surveyor=always(found_on()))
    async with ModelRouterApp(session).run_test(size=(80, 24)) as pilot:
        await pilot.press("4")
        await until(pilot, lambda: "✗" in screen_text(pilot.app) and "Correct the file" in screen_text(pilot.app))
        (folder / "model_catalog.yaml").unlink()
        await pilot.press("r")
        await until(pilot, lambda: "43 of 43 models" in screen_text(pilot.app))
