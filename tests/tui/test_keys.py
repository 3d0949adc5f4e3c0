"""Keys, tabs, help, footer and palette."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets._toast import Toast

from model_router.tui.app import ModelRouterApp
from model_router.tui.key_footer import KeyFooter
from model_router.tui.screens.help import HelpScreen, help_groups
from model_router.tui.session import Phase, Session
from tests.tui.staging import environment, screen_text, standing_session, until

SIZES = [(80, 24), (120, 40)]


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


@pytest.mark.parametrize("first", ["home", "try", "log", "config", "welcome"])
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


async def test_the_keys_of_a_screen_do_not_stand_under_everywhere() -> None:
    app = ModelRouterApp(standing_session(fixed=8))
    async with app.run_test(size=(120, 90)) as pilot:
        await pilot.pause()
        groups = help_groups(app.screen)
        names = {group: {name for _, _, name in entries} for group, entries in groups.items()}
        assert {"home.switch", "home.reload", "home.profile"} <= names["Home"]
        assert all(name.startswith("app.") for name in names["Everywhere"] if name)


async def test_f1_helps_while_a_path_is_written_too() -> None:
    app = ModelRouterApp(standing_session(fixed=8), first="try")
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: app.current_mode == "try")
        await pilot.press("f8")
        await until(pilot, lambda: "Open a request" in screen_text(app))
        await pilot.press("f1")
        await until(pilot, lambda: isinstance(app.screen, HelpScreen))
        await pilot.press("f1")
        await until(pilot, lambda: "Open a request" in screen_text(app))


async def check_footer(pilot: Pilot[int]) -> None:
    """At most seven keys, and all of them in sight."""
    await pilot.pause(0.1)
    footer = pilot.app.screen.query_one(KeyFooter)
    every, shown = footer.keys(10_000), footer.keys(pilot.app.size.width)
    assert 1 < len(every) <= 7, [key.words for key in every]
    assert sum(key.width for key in shown) <= pilot.app.size.width
    words = [f" {key.shown} {key.words}" for key in shown]
    await until(pilot, lambda: all(one in screen_text(pilot.app).splitlines()[-1] for one in words))


async def test_the_footer_has_at_most_seven_keys_and_room_for_them(tmp_path: Path) -> None:
    async with ModelRouterApp(standing_session(fixed=8)).run_test(size=(80, 24)) as pilot:
        for keys in ("1", "3", "3 enter", "question_mark", "escape escape 2"):
            await pilot.press(*keys.split())
            await check_footer(pilot)
    session = Session(environment(tmp_path))
    async with ModelRouterApp(session).run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: session.phase is Phase.FIRST_RUN)
        await check_footer(pilot)


async def test_every_question_names_enter_and_esc() -> None:
    """A label and its note, an export, a captured request, a filter."""
    questions = {
        "3 up w": "Keep",
        "tab": "Keep",
        "escape e": "Take it",
        "escape 2 f8": "Take it",
        "escape escape 3 slash": "Keep",
    }
    async with ModelRouterApp(standing_session(fixed=8)).run_test(size=(80, 24), notifications=False) as pilot:
        for keys, enter in questions.items():
            await pilot.press(*keys.split())
            await until(pilot, lambda enter=enter: f"enter {enter}" in screen_text(pilot.app).splitlines()[-1])
            assert "esc " in screen_text(pilot.app).splitlines()[-1]


async def test_the_same_words_again_are_not_told_twice() -> None:
    app = ModelRouterApp(standing_session(fixed=8))
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await pilot.press("r", "r", "r")
        await until(pilot, lambda: len(app.screen.query(Toast)) == 1)
        first = next(iter(app._notifications)).raised_at
        await pilot.press("r", "y")
        await until(pilot, lambda: len(app.screen.query(Toast)) == 2)
        told = {note.message: note.raised_at for note in app._notifications}
        assert len(told) == 2
        assert told["Checking the backends."] > first, "it stays as long as if it were new"


@pytest.mark.parametrize(
    ("first", "size"),
    [
        *((first, (80, 24)) for first in ("home", "try", "log", "config", "welcome")),
        *((first, (12, 4)) for first in ("home", "log")),
    ],
)
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


@pytest.mark.parametrize(
    ("keys", "named"),
    [
        ("1", {"Copy address", "Check again", "Stop or start"}),
        ("3", {"Receipt", "Filter", "Pause", "History", "Label", "Same client", "Export", "Copy receipt"}),
        ("4", {"Sum", "Filter", "Hardware", "Use", "Get"}),
        ("6", {"Change", "Text", "Changes", "Preview", "Apply", "Backups", "Discard"}),
        ("7", {"Examine"}),
    ],
)
async def test_the_palette_lists_what_the_keys_of_the_screen_do(keys: str, named: set[str]) -> None:
    app = ModelRouterApp(standing_session(fixed=8))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press(keys)

        def titles() -> list[str]:
            return [command.title for command in app.get_system_commands(app.screen)]

        await until(pilot, lambda: named <= set(titles()))
        assert len(titles()) == len(set(titles()))


async def test_a_command_of_the_palette_does_what_its_key_does() -> None:
    app = ModelRouterApp(standing_session(fixed=8))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("3")
        await until(pilot, lambda: "8 rows" in screen_text(app))
        await pilot.press("ctrl+p", *"filter")
        await until(pilot, lambda: "for example: route:coding" in screen_text(app))
        await pilot.press("enter")
        await until(pilot, lambda: "esc clears" in screen_text(app))
        await pilot.press(*"status:409")
        await until(pilot, lambda: "1 row " in screen_text(app) or "1 of 8" in screen_text(app))


async def test_a_key_of_the_footer_can_be_clicked() -> None:
    app = ModelRouterApp(standing_session(fixed=8))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("3")
        await pilot.pause(0.1)
        footer = app.screen.query_one(KeyFooter)
        await pilot.click(footer, offset=(screen_text(app).splitlines()[-1].index("? Help"), 0))
        await until(pilot, lambda: isinstance(app.screen, HelpScreen))
