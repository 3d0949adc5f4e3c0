"""The wizard: from nothing to a configuration that serves, and how clients are pointed at it."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Input, OptionList

from model_router.config.proxy_file import load_proxy
from model_router.setup.download.progress import DownloadState
from model_router.setup.fit.memory import Load
from model_router.setup.fit.shape import CacheGroup, ModelShape
from model_router.setup.fit.verdict import judge
from model_router.setup.inventory import take_stock
from model_router.setup.model_catalog_file import load_models
from model_router.setup.survey import Survey
from model_router.tui.app import ModelRouterApp
from model_router.tui.client_snippets import client_snippets
from model_router.tui.screens.change import ChangeScreen
from model_router.tui.screens.connect import ConnectScreen
from model_router.tui.screens.downloads import PlanScreen
from model_router.tui.screens.one_line import LineScreen
from model_router.tui.screens.wizard import WizardScreen
from model_router.tui.session import Phase, Session
from model_router.tui.wizard_flow import Page, together_words
from model_router.tui.workshop import Workshop
from tests.hub.contents import Repo, body
from tests.hub.server import TestHub
from tests.setup.download.conftest import RoomyDisk
from tests.tui.setup_staging import always, found_on, told
from tests.tui.staging import environment, screen_text, standing_session, until, write_config
from tests.tui.test_goldens import compare, settled
from tests.tui.test_hostile import HOSTILE

SIZES = [(80, 24), (120, 40)]
ENDED = {Phase.SERVING, Phase.NOT_SERVING}
"""Port 8082 may be taken on the machine of a test; either way the configuration was read."""


def first_run(home: Path, found: Survey | None = None, *, taken: frozenset[int] = frozenset(), **more: str) -> Session:
    session = Session(environment(home) | more)
    session.workshop = Workshop(
        session.environ,
        surveyor=always(found or found_on()),
        disk=RoomyDisk(),
        port_is_free=lambda port: port not in taken,
    )
    return session


async def opened(pilot: Pilot[int]) -> WizardScreen:
    """The wizard, once it knows what is here."""
    await until(pilot, lambda: pilot.app.current_mode == "welcome")
    await pilot.pause()
    await pilot.press("w")
    await until(pilot, lambda: isinstance(pilot.app.screen, WizardScreen))
    screen = pilot.app.screen
    assert isinstance(screen, WizardScreen)
    await until(pilot, lambda: screen.flow.page is Page.WHERE)
    await pilot.pause()
    return screen


async def choose(pilot: Pilot[int], words: str) -> None:
    """Take the first choice that holds these words."""
    choices = pilot.app.screen.query_one(OptionList)
    prompts = [str(choices.get_option_at_index(n).prompt) for n in range(choices.option_count)]
    choices.highlighted = next(n for n, prompt in enumerate(prompts) if words in prompt)
    await pilot.press("enter")
    await pilot.pause()


async def test_six_answers_later_it_serves_what_runs_here(tmp_path: Path) -> None:
    session = first_run(tmp_path)
    async with ModelRouterApp(session).run_test(size=(100, 40)) as pilot:
        screen = await opened(pilot)
        for words in ("RTX 4090", "ollama at http://127.0.0.1:11434", "none is set"):
            assert words in screen_text(pilot.app)
        await choose(pilot, "local")
        for _ in range(6):
            assert "Recommended:" in screen_text(pilot.app)
            await pilot.press("enter")
            await pilot.pause()
        assert screen.flow.page is Page.TOGETHER
        assert "All of them can be loaded at once" in screen_text(pilot.app)
        await choose(pilot, "Show the file")
        await until(pilot, lambda: isinstance(pilot.app.screen, ChangeScreen))
        await pilot.pause()
        assert "routing_proxy.yaml" in screen_text(pilot.app)
        await pilot.press("n")
        await until(pilot, lambda: pilot.app.screen is screen)
        assert not (tmp_path / ".model-router").exists(), "nothing is written without a yes"
        await choose(pilot, "Show the file")
        await until(pilot, lambda: isinstance(pilot.app.screen, ChangeScreen))
        await pilot.press("y")
        await until(pilot, lambda: screen.flow.page is Page.DONE and session.phase in ENDED)
        config = load_proxy(session.config_path, session.environ)
        assert {backend.model for backend in config.backends.values()} == {"granite-4.2-3b"}
        await choose(pilot, "Connect")
        await until(pilot, lambda: isinstance(pilot.app.screen, ConnectScreen))
        await until(pilot, lambda: "ANTHROPIC_BASE_URL=http://127.0.0.1:8082" in screen_text(pilot.app))


async def test_a_port_that_is_taken_is_told_and_the_next_free_one_written(tmp_path: Path) -> None:
    session = first_run(tmp_path, taken=frozenset({8082, 8083, 9000}))
    async with ModelRouterApp(session).run_test(size=(100, 40)) as pilot:
        screen = await opened(pilot)
        await choose(pilot, "local")
        for _ in range(6):
            await pilot.press("enter")
            await pilot.pause()
        words = "Port 8082 is taken by another program, so the file will say 8084, which is free."
        assert words in screen_text(pilot.app)
        await choose(pilot, "Other port")
        for port, told_words in (
            ("many", "'many' is no port"),
            ("9000", "Port 9000 is taken by another program; 9001"),
        ):
            await until(pilot, lambda: isinstance(pilot.app.screen, LineScreen))
            pilot.app.screen.query_one(Input).value = port
            await pilot.press("enter")
            await until(pilot, lambda words=told_words: words in screen_text(pilot.app))  # type: ignore[misc]  # a default binds it
        await pilot.press("enter")  # what is proposed
        await until(pilot, lambda: pilot.app.screen is screen)
        await until(pilot, lambda: screen.port.port == 9001)
        assert "is taken" not in screen_text(pilot.app)
        await choose(pilot, "Show the file")
        await until(pilot, lambda: isinstance(pilot.app.screen, ChangeScreen))
        await pilot.press("y")
        await until(pilot, lambda: screen.flow.page is Page.DONE and session.phase in ENDED)
        assert load_proxy(session.config_path, session.environ).proxy.port == 9001


async def test_a_page_back_is_a_page_back(tmp_path: Path) -> None:
    async with ModelRouterApp(first_run(tmp_path)).run_test(size=(80, 24)) as pilot:
        screen = await opened(pilot)
        await choose(pilot, "local")
        await choose(pilot, "granite")
        await choose(pilot, "Qwen3-8B")
        assert screen.flow.number == 2
        for number in (1, 0):
            await pilot.press("left")
            assert screen.flow.number == number
        await pilot.press("escape")
        assert screen.flow.page is Page.WHERE
        await pilot.press("escape")
        await until(pilot, lambda: pilot.app.current_mode == "welcome")


async def test_a_provider_is_asked_for_the_name_of_its_model(tmp_path: Path) -> None:
    session = first_run(tmp_path, found_on(key="OPENAI_API_KEY"), OPENAI_API_KEY="sk-test")
    async with ModelRouterApp(session).run_test(size=(100, 30)) as pilot:
        screen = await opened(pilot)
        assert "OPENAI_API_KEY" in screen_text(pilot.app)
        await choose(pilot, "hosted")
        for _ in range(6):
            await choose(pilot, "a model of your choice")
            await until(pilot, lambda: isinstance(pilot.app.screen, LineScreen))
            pilot.app.screen.query_one(Input).value = "big-model"
            await pilot.press("enter")
            await until(pilot, lambda: pilot.app.screen is screen)
            await pilot.pause()
        assert {pick.model for pick in screen.flow.picks.values()} == {"big-model"}
        await choose(pilot, "Show the file")
        await until(pilot, lambda: isinstance(pilot.app.screen, ChangeScreen))
        await pilot.press("y")
        await until(pilot, lambda: screen.flow.page is Page.DONE)
        text = session.config_path.read_text("utf-8")
        assert "api_key_env: OPENAI_API_KEY" in text
        assert "sk-test" not in text


async def test_without_any_key_hosted_is_no_way(tmp_path: Path) -> None:
    async with ModelRouterApp(first_run(tmp_path)).run_test(size=(100, 30)) as pilot:
        screen = await opened(pilot)
        await choose(pilot, "hosted")
        assert "No key of a provider is set" in told(pilot.app)
        assert screen.flow.page is Page.WHERE


async def test_a_recommended_model_is_fetched_after_its_own_yes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_TOKEN_PATH", str(tmp_path / "no-token"))
    hub = TestHub()
    hub.start()
    session = first_run(tmp_path, HF_ENDPOINT=hub.url)
    try:
        async with ModelRouterApp(session).run_test(size=(100, 40)) as pilot:
            screen = await opened(pilot)
            stock = session.workshop.stock
            assert stock is not None
            pick = next(iter(stock.recommendation.choices.values())).pick
            assert pick is not None
            model = pick.candidate.model
            file = model.files[pick.variant.step.quant]
            repository = file.repository or model.repository
            hub.repos[repository] = Repo({file.file: body("it", 100_000)}, commit=model.revision or "1" * 40)
            await choose(pilot, "local")
            await choose(pilot, "recommended")
            for _ in range(5):
                await choose(pilot, "granite" if "granite" in screen_text(pilot.app) else "-")
            await choose(pilot, "Show the file")
            await until(pilot, lambda: isinstance(pilot.app.screen, ChangeScreen))
            await pilot.press("y")
            await until(pilot, lambda: isinstance(pilot.app.screen, PlanScreen))
            await pilot.pause()
            assert repository in screen_text(pilot.app)
            assert not hub.storage_requests
            await pilot.press("y")
            await until(pilot, lambda: screen.flow.page is Page.DONE)
            queue = session.workshop.queue
            assert queue is not None
            await until(pilot, lambda: queue.snapshots()[0].state is DownloadState.DONE)
    finally:
        hub.stop()


@pytest.mark.parametrize("read_only", [True, False])
async def test_what_stands_is_kept_and_a_read_only_run_writes_nothing(tmp_path: Path, read_only: bool) -> None:
    path = write_config(tmp_path, 0)
    before = path.read_text("utf-8")
    session = Session(environment(tmp_path), read_only=read_only)
    session.workshop = Workshop(session.environ, surveyor=always(found_on()))
    async with ModelRouterApp(session, first="wizard").run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: session.phase is Phase.SERVING)
        screen = pilot.app.screen
        assert isinstance(screen, WizardScreen)
        await until(pilot, lambda: screen.flow.page is Page.WHERE)
        await pilot.pause()
        await choose(pilot, "local")
        for _ in range(6):
            await pilot.press("enter")
            await pilot.pause()
        await choose(pilot, "Show the file")
        if read_only:
            await until(pilot, lambda: "does not write a configuration" in told(pilot.app))
            assert path.read_text("utf-8") == before
            return
        await until(pilot, lambda: isinstance(pilot.app.screen, ChangeScreen))
        await pilot.pause()
        assert "kept as copies" in " ".join(screen_text(pilot.app).split())
        await pilot.press("y")
        await until(pilot, lambda: screen.flow.page is Page.DONE)
        copies = [one for one in path.parent.iterdir() if one.name.endswith(".bak")]
        assert [one.read_text("utf-8") for one in copies] == [before]


@pytest.mark.parametrize("size", SIZES)
async def test_the_wizard_is_as_it_was(size: tuple[int, int], tmp_path: Path) -> None:
    name = f"{size[0]}x{size[1]}"
    app = ModelRouterApp(first_run(tmp_path), colorless=False)
    async with app.run_test(size=size, notifications=False) as pilot:
        await opened(pilot)
        compare(f"wizard-where-{name}", await settled(pilot))
        await choose(pilot, "local")
        compare(f"wizard-route-{name}", await settled(pilot))
        await choose(pilot, "recommended")
        for _ in range(5):
            await choose(pilot, "granite" if "granite" in screen_text(app) else "-")
        compare(f"wizard-together-{name}", await settled(pilot))
    session = standing_session(fixed=8)
    app = ModelRouterApp(session, colorless=False)
    async with app.run_test(size=size, notifications=False) as pilot:
        await pilot.pause()
        app.action_connect()
        await until(pilot, lambda: isinstance(app.screen, ConnectScreen) and app.screen.query(OptionList))
        app.screen.query_one(OptionList).highlighted = 1
        compare(f"connect-{name}", await settled(pilot))


@pytest.mark.parametrize("size", [(80, 24), (12, 4)])
async def test_hostile_names_are_offered_and_not_obeyed(size: tuple[int, int], tmp_path: Path) -> None:
    names = [text for text in HOSTILE if text and not {"\ud800", "\x00"} & set(text)]
    session = first_run(tmp_path)
    async with ModelRouterApp(session).run_test(size=size) as pilot:
        screen = await opened(pilot)
        for text in names[3:8]:
            session.workshop.found = found_on(name=text, served=text)
            session.workshop.judge({})
            screen.flow.page = Page.WHERE
            screen._show()
            for _ in range(8):
                await pilot.press("enter")
                if screen.flow.page is Page.TOGETHER:
                    break
            await pilot.pause()
            shown = screen_text(pilot.app)
            assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e]", shown)
            assert len(shown.splitlines()) <= size[1]


def test_the_snippets_say_what_the_clients_need() -> None:
    snippets = {one.client: one for one in client_snippets("http://127.0.0.1:8082", "model-router", "any")}
    assert snippets["Claude Code"].text.startswith("ANTHROPIC_BASE_URL=http://127.0.0.1:8082 ")
    assert 'wire_api = "responses"' in snippets["Codex"].text
    opencode = json.loads(snippets["opencode"].text)
    assert opencode["provider"]["router"]["options"]["baseURL"] == "http://127.0.0.1:8082/v1"
    assert opencode["provider"]["router"]["models"]["model-router"]["attachment"] is True
    assert {"aider", "Cline", "Continue"} <= set(snippets)


async def test_a_snippet_goes_to_the_clipboard() -> None:
    app = ModelRouterApp(standing_session(fixed=8))
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.pause()
        app.action_connect()
        await until(pilot, lambda: isinstance(app.screen, ConnectScreen))
        await pilot.press("down", "y")
        await until(pilot, lambda: "Codex" in told(app))
        assert 'wire_api = "responses"' in app.clipboard


@pytest.mark.parametrize(("sizes", "words"), [((6, 40), "All of them"), ((40, 40), "Not all"), ((4, 4, 4), "Not all")])
def test_a_card_and_graphics_inside_are_two_memories(sizes: tuple[int, ...], words: str) -> None:
    """12 GiB and 60 GiB; on the card what is small, since it is the faster."""
    stock = take_stock(found_on("strix-halo-3060"), load_models({"MODEL_ROUTER_HOME": "/nowhere"}))
    shapes = [ModelShape("m", "catalog", size << 30, (CacheGroup(8, 256),), 8) for size in sizes]
    assert words in together_words([judge(shape, stock.pools, Load(4_096)) for shape in shapes], stock)


async def test_the_projector_of_the_model_for_pictures_counts_among_what_is_loaded(tmp_path: Path) -> None:
    projector = 500 << 30
    found = found_on()
    (model,) = found.found.models
    seeing = replace(model, projector=Path("/models/mmproj.gguf"), size=model.size + projector)
    session = first_run(tmp_path, replace(found, found=replace(found.found, models=(seeing,))))
    async with ModelRouterApp(session).run_test(size=(100, 40)) as pilot:
        screen = await opened(pilot)
        await choose(pilot, "local")
        for _ in range(6):
            await choose(pilot, "Qwen3-8B")
        assert screen.flow.page is Page.TOGETHER
        assert screen.flow.to_start == (
            "llama-server -m /models/Qwen3-8B-Q4_K_M.gguf --mmproj /models/mmproj.gguf --alias Qwen3-8B-Q4_K_M --jinja",
        )
        assert re.search(r"Qwen3-8B-Q4_K_M +50\d\.\d GiB", screen_text(pilot.app))
        assert "Not all of them fit this machine" in screen_text(pilot.app)
