"""The first run, mistakes in the files, ports in use, backends that are down."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
from textual.widgets import OptionList, TextArea

from model_router.errors import UsageError
from model_router.setup.presets import preset_names
from model_router.tui.app import ModelRouterApp
from model_router.tui.launch import run
from model_router.tui.screens.presets import PresetScreen
from model_router.tui.session import Phase, Session
from tests.tui.staging import environment, screen_text, until, write_config

SIZES = [(80, 24), (120, 40)]


@pytest.mark.parametrize("size", SIZES)
async def test_the_first_run_is_an_offer_and_writes_nothing(tmp_path: Path, size: tuple[int, int]) -> None:
    session = Session(environment(tmp_path))
    async with ModelRouterApp(session).run_test(size=size) as pilot:
        await until(pilot, lambda: session.phase is Phase.FIRST_RUN)
        await until(pilot, lambda: "Welcome to ModelRouter." in screen_text(pilot.app))
        text = screen_text(pilot.app)
        assert "d  Demo" in text
        assert "i  Init" in text
        assert "Setup" in text
        assert "error" not in text.lower()
        await pilot.press("3")
        await pilot.pause()
        assert "No requests: nothing listens yet." in screen_text(pilot.app)
        await pilot.press("2")
        await pilot.pause()
        pilot.app.screen.query_one(TextArea).text = "drop the production database"
        await pilot.pause()
        assert "human_confirm" in screen_text(pilot.app)
    assert list(tmp_path.iterdir()) == []


def test_a_tick_before_the_first_screen_is_harmless(tmp_path: Path) -> None:
    """On a busy machine the clock ticks before there is a screen, and after the last has gone."""
    app = ModelRouterApp(Session(environment(tmp_path)))
    assert app.screen_stack == []
    app.tell()


async def test_what_was_opened_for_somebody_who_has_left_opens_no_screen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The screens are being closed then, one after the other."""
    session = Session(environment(tmp_path))
    app = ModelRouterApp(session, first="log")
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: session.phase is Phase.FIRST_RUN and app.current_mode == "log")
        app.action_show("try")
        app._recalled = True
        with monkeypatch.context() as patch:
            patch.setattr(ModelRouterApp, "is_running", False)
            await app._open(session.open)
        assert app.current_mode == "try"


async def test_init_writes_the_chosen_preset_and_serves(tmp_path: Path) -> None:
    session = Session(environment(tmp_path))
    async with ModelRouterApp(session).run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: pilot.app.current_mode == "welcome")
        await pilot.press("i")
        await until(pilot, lambda: isinstance(pilot.app.screen, PresetScreen))
        await pilot.pause()
        assert "ollama" in screen_text(pilot.app)
        choices = pilot.app.screen.query_one(OptionList)
        choices.highlighted = preset_names().index("ollama")
        await pilot.press("enter")
        # Port 8082 may be taken on this machine; either way the configuration was read.
        await until(pilot, lambda: session.phase in {Phase.SERVING, Phase.NOT_SERVING})
        await until(pilot, lambda: pilot.app.current_mode == "home")
    assert (tmp_path / ".model-router" / "routing_proxy.yaml").exists()
    assert (tmp_path / ".model-router" / "model_router.yaml").exists()


async def test_init_overwrites_nothing(tmp_path: Path) -> None:
    folder = tmp_path / ".model-router"
    folder.mkdir()
    (folder / "model_router.yaml").write_text("mine", "utf-8")
    session = Session(environment(tmp_path))
    async with ModelRouterApp(session).run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: pilot.app.current_mode == "welcome")
        await pilot.press("i")
        await until(pilot, lambda: isinstance(pilot.app.screen, PresetScreen))
        await pilot.press("enter")
        await until(pilot, lambda: "would be overwritten" in screen_text(pilot.app).replace("\n", " "))
    assert (folder / "model_router.yaml").read_text("utf-8") == "mine"
    assert [path.name for path in folder.iterdir()] == ["model_router.yaml"]


async def test_a_read_only_run_writes_no_preset(tmp_path: Path) -> None:
    session = Session(environment(tmp_path), read_only=True)
    async with ModelRouterApp(session).run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: session.phase is Phase.FIRST_RUN)
        await until(pilot, lambda: pilot.app.current_mode == "welcome")
        await pilot.press("i")
        await pilot.pause()
        assert not isinstance(pilot.app.screen, PresetScreen)


@pytest.mark.parametrize("size", [*SIZES, (60, 15)])
async def test_every_mistake_of_the_file_is_shown_and_a_corrected_file_is_taken_up(
    tmp_path: Path, size: tuple[int, int], free_port: int
) -> None:
    path = write_config(tmp_path, free_port)
    good = path.read_text("utf-8")
    path.write_text(good.replace("host:", "hots:").replace("model: some-model", "modle: [/x]"), "utf-8")
    session = Session(environment(tmp_path))
    async with ModelRouterApp(session).run_test(size=size) as pilot:
        await until(pilot, lambda: session.phase is Phase.BAD_CONFIG)
        await until(pilot, lambda: "cannot be used" in screen_text(pilot.app))
        text = screen_text(pilot.app)
        assert "configuration not valid" in text
        if size[1] >= 24:
            assert "hots" in text
            assert "modle" in text
            assert "line 3" in text
            assert "Correct the file, then press r" in text
        path.write_text(good, "utf-8")
        await pilot.press("r")
        await until(pilot, lambda: session.phase is Phase.SERVING)
        await until(pilot, lambda: pilot.app.current_mode == "home")


async def test_a_named_file_that_is_missing_is_a_mistake_and_no_first_run(tmp_path: Path) -> None:
    session = Session(environment(tmp_path), config_path=tmp_path / "nowhere.yaml")
    async with ModelRouterApp(session).run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: session.phase is Phase.BAD_CONFIG)
        await until(pilot, lambda: "nowhere.yaml" in screen_text(pilot.app))


async def test_a_port_in_use_is_told_and_can_be_tried_again(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        write_config(tmp_path, port)
        session = Session(environment(tmp_path))
        async with ModelRouterApp(session).run_test(size=(80, 24)) as pilot:
            await until(pilot, lambda: session.phase is Phase.NOT_SERVING)
            await until(pilot, lambda: "✗ not serving" in screen_text(pilot.app))
            text = screen_text(pilot.app)
            assert f"Port {port} on 127.0.0.1 is in use." in text
            await until(pilot, lambda: "press r" in " ".join(screen_text(pilot.app).split()))
            taken.close()
            await pilot.press("r")
            await until(pilot, lambda: session.phase is Phase.SERVING)
            await until(pilot, lambda: "● serving" in screen_text(pilot.app))
            await until(pilot, lambda: "in use" not in screen_text(pilot.app))


async def test_a_backend_that_is_down_is_told_with_what_to_do(tmp_path: Path, free_port: int) -> None:
    write_config(tmp_path, 0, free_port)
    session = Session(environment(tmp_path))
    async with ModelRouterApp(session).run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: "✗ local" in screen_text(pilot.app))
        assert f"Start the server at 127.0.0.1:{free_port}" in screen_text(pilot.app)


async def test_a_bad_catalog_is_told_on_home(tmp_path: Path) -> None:
    path = write_config(tmp_path, 0)
    (path.parent / "model_router.yaml").write_text("engines: 3\n", "utf-8")
    session = Session(environment(tmp_path))
    async with ModelRouterApp(session).run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: session.phase is Phase.SERVING)
        await until(pilot, lambda: "every request waits for a person" in screen_text(pilot.app))


def test_without_a_terminal_the_answer_is_one_sentence() -> None:
    with pytest.raises(UsageError, match="needs a terminal"):
        run(None)
    with pytest.raises(UsageError, match="no screen 'nope'"):
        run(None, screen="nope")
