"""Jump mode, and keys that the configuration renames."""

from __future__ import annotations

from model_router.tui.app import ModelRouterApp
from model_router.tui.keys import key_names
from model_router.tui.screens.help import HelpScreen
from model_router.tui.screens.jump import JumpLetter, JumpScreen
from tests.tui.staging import screen_text, standing_session, until


async def test_a_letter_goes_to_its_part_of_the_screen() -> None:
    app = ModelRouterApp(standing_session(fixed=8), first="try")
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: app.current_mode == "try")
        await pilot.pause()
        await pilot.press("ctrl+o")
        await until(pilot, lambda: isinstance(app.screen, JumpScreen) and len(app.screen.query(JumpLetter)) > 1)
        await pilot.pause()
        marks = list(app.screen.query(JumpLetter))
        below = app.screen_stack[-2]
        assert [mark.region.offset for mark in marks] == sorted(
            (mark.region.offset for mark in marks), key=lambda place: (place.y, place.x)
        )
        second = next(widget for widget in below.focus_chain if widget.region.offset == marks[1].region.offset)
        await pilot.press("s")
        await until(pilot, lambda: app.focused is second)
        await pilot.press("ctrl+o")
        await pilot.pause()
        await pilot.press("escape")
        await until(pilot, lambda: not isinstance(app.screen, JumpScreen))
        assert app.focused is second, "escape leaves things as they were"


async def test_a_renamed_key_does_its_work_and_the_old_one_nothing() -> None:
    app = ModelRouterApp(standing_session(fixed=8, keys={"log.filter": "f,ctrl+f"}), first="log")
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: app.current_mode == "log")
        await pilot.pause()
        await pilot.press("slash")
        await pilot.pause()
        assert not app.screen.has_class("-filter")
        await pilot.press("question_mark")
        await until(pilot, lambda: isinstance(app.screen, HelpScreen))
        await pilot.pause()
        line = next(line for line in screen_text(app).splitlines() if "log.filter" in line)
        assert "f ctrl+f" in line
        await pilot.press("escape")
        await pilot.press("f")
        await until(pilot, lambda: app.screen.has_class("-filter"))


async def test_a_name_that_no_key_has_is_told_and_the_others_count() -> None:
    app = ModelRouterApp(standing_session(keys={"log.filtre": "f", "app.help": "h"}))
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await until(pilot, lambda: "did you mean" in screen_text(app))
        await pilot.press("h")
        await until(pilot, lambda: isinstance(app.screen, HelpScreen))


def test_names_say_where_a_key_works() -> None:
    names = key_names()
    assert {"app.quit", "app.help", "log.filter", "home.copy", "try.clear"} <= names
    assert all(name.count(".") == 1 for name in names)
