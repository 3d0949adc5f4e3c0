"""The application: first run, mistakes, ports, keys, sizes, colours."""

from __future__ import annotations

import os
import re
import socket
from pathlib import Path

import pytest
from textual.content import Content
from textual.pilot import Pilot
from textual.widgets import OptionList, TextArea
from textual.widgets._footer import FooterKey

from model_router.errors import UsageError
from model_router.server.health import BackendHealth
from model_router.setup.presets import preset_names
from model_router.tui.app import ModelRouterApp
from model_router.tui.launch import run
from model_router.tui.screens.help import HelpScreen
from model_router.tui.screens.presets import PresetScreen
from model_router.tui.session import Phase, Session
from tests.tui.staging import fixed_event, screen_text, standing_session, until

SIZES = [(80, 24), (120, 40)]
ALL_SIZES = [(100, 30), (200, 60), (60, 15), (12, 4), (1, 1)]

CONFIG = """
schema_version: 1
proxy: {{host: 127.0.0.1, port: {port}}}
observability: {{enabled: false}}
backends:
  local: {{base_url: "http://127.0.0.1:{backend}/v1", model: some-model}}
engine_backends: {{fast_local: local}}
"""


def environment(home: Path) -> dict[str, str]:
    """A person with this home and nothing else."""
    return {"HOME": str(home), "MODEL_ROUTER_HOME": str(home / ".model-router")}


def write_config(home: Path, port: int, backend: int = 9) -> Path:
    """A proxy file whose one backend does not answer."""
    path = home / ".model-router" / "routing_proxy.yaml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(CONFIG.format(port=port, backend=backend), "utf-8")
    return path


# The first run


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


async def test_init_writes_the_chosen_preset_and_serves(tmp_path: Path) -> None:
    session = Session(environment(tmp_path))
    async with ModelRouterApp(session).run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: session.phase is Phase.FIRST_RUN)
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
        await until(pilot, lambda: session.phase is Phase.FIRST_RUN)
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


# Mistakes


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
            assert "press r" in " ".join(text.split())
            taken.close()
            await pilot.press("r")
            await until(pilot, lambda: session.phase is Phase.SERVING)
            await until(pilot, lambda: "● serving" in screen_text(pilot.app))
            assert "in use" not in screen_text(pilot.app)


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


# Keys


async def test_digits_escape_and_tabs_lead_where_they_say() -> None:
    async with ModelRouterApp(standing_session(fixed=8)).run_test(size=(80, 24)) as pilot:
        app = pilot.app
        for key, mode in [("3", "log"), ("1", "home"), ("2", "try")]:
            await pilot.press(key)
            await pilot.pause()
            assert app.current_mode == mode
        await pilot.press("1")
        await pilot.pause()
        assert app.current_mode == "try", "a digit in the prompt is a digit"
        await pilot.press("escape")
        assert app.current_mode == "home"
        await pilot.pause()
        column = screen_text(app).splitlines()[0].index("3 Log")
        await pilot.click("TopBar", offset=(column + 1, 0))
        await pilot.pause()
        assert app.current_mode == "log"


@pytest.mark.parametrize(
    ("keys", "leave"),
    [("1", "q"), ("3 enter", "q"), ("question_mark", "q"), ("3", "ctrl+q"), ("ctrl+p", "ctrl+q"), ("2 q", "ctrl+q")],
)
async def test_q_and_control_q_leave_from_everywhere(keys: str, leave: str) -> None:
    app = ModelRouterApp(standing_session(fixed=8))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        for key in keys.split():
            await pilot.press(key)
            await pilot.pause()
        await pilot.press(leave)
        await pilot.pause()
        assert app.return_value == 0


@pytest.mark.parametrize("first", ["home", "try", "log", "welcome"])
async def test_help_names_every_key_that_works(first: str, tmp_path: Path) -> None:
    session = Session(environment(tmp_path)) if first == "welcome" else standing_session(fixed=8)
    app = ModelRouterApp(session, first="home" if first == "welcome" else first)
    async with app.run_test(size=(120, 90)) as pilot:
        await until(pilot, lambda: app.current_mode == first)
        await pilot.pause()
        active = app.screen.active_bindings
        await pilot.press("f1")
        await until(pilot, lambda: isinstance(app.screen, HelpScreen))
        await pilot.pause()
        text = screen_text(app)
        for binding in (entry.binding for entry in active.values()):
            if binding.show:
                assert app.get_key_display(binding) in text
                assert (binding.tooltip or binding.description).split()[0] in text
        await pilot.press("f1")
        await pilot.pause()
        assert not isinstance(app.screen, HelpScreen)


async def check_footer(pilot: Pilot[int]) -> None:
    """At most seven keys, and all of them in sight."""
    await until(pilot, lambda: len(pilot.app.screen.query(FooterKey)) > 1)
    await pilot.pause(0.1)
    shown = pilot.app.screen.query(FooterKey)
    assert 1 < len(shown) <= 7, [key.description for key in shown]
    assert max(key.region.right for key in shown) <= pilot.app.size.width


async def test_the_footer_has_at_most_seven_keys_and_room_for_them(tmp_path: Path) -> None:
    async with ModelRouterApp(standing_session(fixed=8)).run_test(size=(80, 24)) as pilot:
        for keys in ("1", "3", "3 enter", "question_mark", "escape escape 2"):
            await pilot.press(*keys.split())
            await check_footer(pilot)
    session = Session(environment(tmp_path))
    async with ModelRouterApp(session).run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: session.phase is Phase.FIRST_RUN)
        await check_footer(pilot)


@pytest.mark.parametrize("size", [(80, 24), (12, 4)])
@pytest.mark.parametrize("first", ["home", "try", "log", "welcome"])
async def test_every_key_can_be_pressed_everywhere(first: str, size: tuple[int, int], tmp_path: Path) -> None:
    session = Session(environment(tmp_path)) if first == "welcome" else standing_session(fixed=8)
    app = ModelRouterApp(session, first="home" if first == "welcome" else first)
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: app.current_mode == first)
        await pilot.pause()
        keys = [
            key
            for key, active in app.screen.active_bindings.items()
            if type(active.node).__module__.startswith("model_router") and active.binding.action != "app.quit"
        ]
        assert len(keys) > 5
        for key in keys:
            if first == "welcome" and key == "d":
                continue  # the running demo has tests of its own
            await pilot.press(key)
            while len(app.screen_stack) > 1:
                app.pop_screen()
            app.switch_mode(first)
            await pilot.pause()
        assert app.is_running
        assert app.return_value is None


async def test_the_palette_lists_every_screen() -> None:
    app = ModelRouterApp(standing_session())
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        names = [command.title for command in app.get_system_commands(app.screen)]
        assert names[:3] == ["Home", "Try", "Log"]
        for command in app.get_system_commands(app.screen):
            if command.title in {"Home", "Try", "Log", "Check again", "Help"}:
                command.callback()
                await pilot.pause()


# Sizes and colours


@pytest.mark.parametrize("size", ALL_SIZES)
async def test_every_screen_lives_at_every_size(size: tuple[int, int]) -> None:
    app = ModelRouterApp(standing_session(fixed=40, down=("code",)))
    async with app.run_test(size=size) as pilot:
        for key in ("1", "3", "enter", "escape", "question_mark", "escape", "2", "a"):
            await pilot.press(key)
            await pilot.pause()
        assert app.is_running


async def test_home_is_whole_at_eighty_by_twenty_four() -> None:
    app = ModelRouterApp(standing_session(fixed=8))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause(0.2)
        body = app.screen.query_one("#body")
        assert body.max_scroll_y == 0
        text = screen_text(app)
        assert "http://127.0.0.1:8082/v1" in text
        assert "! confirmation" in text


async def test_a_small_terminal_gets_a_summary() -> None:
    app = ModelRouterApp(standing_session(fixed=8))
    async with app.run_test(size=(60, 15)) as pilot:
        await pilot.pause(0.2)
        assert app.screen.query_one("#body").max_scroll_y == 0
        text = screen_text(app)
        assert "8 requests" in text
        assert "! confirm" in text


async def test_resizing_keeps_the_newest_row_in_sight() -> None:
    app = ModelRouterApp(standing_session(fixed=100))
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("3")
        for size in [(80, 24), (60, 15), (12, 6), (120, 40), (80, 24)]:
            await pilot.resize_terminal(*size)
            await pilot.pause(0.1)
        assert "10:01:39" in screen_text(app)
        assert "FOLLOWING" in screen_text(app)


async def test_every_theme_draws_every_screen() -> None:
    app = ModelRouterApp(standing_session(fixed=8))
    async with app.run_test(size=(80, 24)) as pilot:
        for theme in ("router-light", "ansi-dark", "ansi-light", "textual-dark", "dracula", "router-dark"):
            app.theme = theme
            for key in ("1", "3", "up", "enter", "escape"):
                await pilot.press(key)
            await pilot.pause()
            assert "✓ 200" in screen_text(app)


async def test_no_color_means_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    app = ModelRouterApp(standing_session(fixed=8))
    async with app.run_test(size=(80, 24)) as pilot:
        for key in ("1", "3", "up"):
            await pilot.press(key)
            await pilot.pause()
            for strip in app.screen._compositor.render_strips():
                filtered = strip
                for line_filter in app.get_line_filters():
                    filtered = filtered.apply_filter(line_filter, app.screen.background_colors[1])
                for segment in filtered:
                    colour = segment.style.color if segment.style else None
                    assert colour is None or colour.is_default, segment
        assert "! 409" in screen_text(app)
        assert "✓ 200" in screen_text(app)


async def test_the_theme_and_the_filter_are_there_again(tmp_path: Path) -> None:
    write_config(tmp_path, 0)
    for expected_theme, expected_filter in [("router-dark", ""), ("router-light", "route:coding")]:
        session = Session(environment(tmp_path))
        app = ModelRouterApp(session)
        async with app.run_test(size=(80, 24)) as pilot:
            await until(pilot, lambda session=session: session.phase is Phase.SERVING)  # type: ignore[misc]
            assert app.theme == expected_theme
            app.theme = "router-light"
            await pilot.press("3")
            await pilot.pause()
            view = app.screen.query_one("LogView")
            assert view.filter.text == expected_filter  # type: ignore[attr-defined]
            if not expected_filter:
                await pilot.press("slash", *"route", "colon", *"coding", "enter")
                await pilot.pause()
    saved = tmp_path / ".model-router" / "state.json"
    assert "router-light" in saved.read_text("utf-8")
    saved.write_text('{"theme": 3, "filter": "rout:x"', "utf-8")
    async with ModelRouterApp(Session(environment(tmp_path))).run_test() as pilot:
        assert pilot.app.theme == "router-dark"


def test_the_environment_of_the_tests_is_not_the_persons() -> None:
    assert not os.environ["MODEL_ROUTER_HOME"].startswith(str(Path.home() / ".model-router"))


# Outside text

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
async def test_hostile_text_changes_no_screen(size: tuple[int, int]) -> None:
    session = standing_session()
    gateway = session.gateway
    assert gateway is not None
    app = ModelRouterApp(session)
    async with app.run_test(size=size, notifications=False) as pilot:
        await pilot.press("3")
        for number, text in enumerate(HOSTILE):
            fields = ("client", "engine", "backend", "model", "error", "preview", "request_id", "route")
            live = fixed_event(3, **dict.fromkeys(fields, text), risk_class=text, reasons=(text,), outcome=text or "ok")
            gateway.ring.append(live)
            gateway.address = f"http://{text}/v1"
            gateway.health = tuple(_hostile(health, text) for health in gateway.health)
            await until(pilot, lambda number=number: session.feed.total > number)  # type: ignore[misc]
            await pilot.press("G", "up", "enter")
            await pilot.pause()
            check_screen(screen_text(app), size)
            await pilot.press("escape", "1")
            await pilot.pause()
            check_screen(screen_text(app), size)
            await pilot.press("3")
        await pilot.press("2")
        for text in HOSTILE:
            app.screen.query_one(TextArea).text = text
            await pilot.pause(0.1)
        assert app.is_running


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
