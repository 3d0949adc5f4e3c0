"""Whole screens as text. ``UPDATE_GOLDENS=1`` writes them anew; look at the difference before you keep it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from textual.pilot import Pilot

from model_router.tui.app import ModelRouterApp
from model_router.tui.session import Phase, Session
from tests.tui.staging import screen_text, standing_session, until

GOLDEN = Path(__file__).parent / "golden"
SIZES = [(80, 24), (120, 40)]

STEPS = {
    "home": "1",
    "log": "3",
    "log-paused": "up up",
    "log-receipt": "enter",
    "help-log": "escape G question_mark",
    "try-empty": "escape 2",
}
"""Picture: the keys that lead there from the one before."""


def compare(name: str, found: str) -> None:
    """Against the file of that name."""
    path = GOLDEN / f"{name}.txt"
    if os.environ.get("UPDATE_GOLDENS"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(found, "utf-8")
    assert found == path.read_text("utf-8")


async def settled(pilot: Pilot[int]) -> str:
    """The screen, once it has stood still for a while."""
    before = ""
    for _ in range(50):
        await pilot.pause(0.15)
        now = screen_text(pilot.app)
        if now == before:
            return now
        before = now
    raise AssertionError(f"the screen does not come to rest:\n{before}")


@pytest.mark.parametrize("size", SIZES)
async def test_the_screens_are_as_they_were(size: tuple[int, int]) -> None:
    app = ModelRouterApp(standing_session(fixed=20), colorless=False)
    async with app.run_test(size=size, notifications=False) as pilot:
        for name, keys in STEPS.items():
            await pilot.press(*keys.split())
            compare(f"{name}-{size[0]}x{size[1]}", await settled(pilot))


@pytest.mark.parametrize("size", [*SIZES, (60, 15), (12, 4)])
async def test_home_with_backends_that_are_down_is_as_it_was(size: tuple[int, int]) -> None:
    app = ModelRouterApp(standing_session(fixed=20, down=("code", "vision")), colorless=False)
    async with app.run_test(size=size, notifications=False) as pilot:
        compare(f"home-down-{size[0]}x{size[1]}", await settled(pilot))


@pytest.mark.parametrize("size", SIZES)
async def test_the_welcome_is_as_it_was(size: tuple[int, int], tmp_path: Path) -> None:
    session = Session({"HOME": str(tmp_path), "MODEL_ROUTER_HOME": str(tmp_path / "none")})
    app = ModelRouterApp(session, colorless=False)
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: session.phase is Phase.FIRST_RUN and app.current_mode == "welcome")
        compare(f"welcome-{size[0]}x{size[1]}", await settled(pilot))
