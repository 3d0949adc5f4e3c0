"""Draws the screens of the application into ``docs/pictures``, as SVG that the application itself makes.

The requests are the demo's samples, decided by the real router; only their times are invented, so that the same code
gives the same picture.
"""

from __future__ import annotations

import asyncio
import os
import re
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from textual.pilot import Pilot  # noqa: E402 - needs the path set above

from model_router.tui.app import ModelRouterApp  # noqa: E402 - needs the path set above
from model_router.tui.try_answer import AnswerPart  # noqa: E402 - needs the path set above
from tests.tui.staging import standing_session  # noqa: E402 - needs the path set above

SIZE = (120, 34)
FOLDER = ROOT / "docs" / "pictures"

Steps = Callable[[Pilot[int]], Awaitable[None]]


async def log(pilot: Pilot[int]) -> None:
    """The log with the receipt of a blocked request."""
    await pilot.press("3")
    await pilot.pause(0.2)
    await pilot.press("g", *"jjjjjjj", "enter")


async def home(pilot: Pilot[int]) -> None:
    """Home as it is."""
    await pilot.press("1")


async def try_prompt(pilot: Pilot[int]) -> None:
    """A prompt with its decision."""
    await pilot.press("2")
    await pilot.pause(0.2)
    for character in "design a distributed task scheduler architecture":
        await pilot.press("space" if character == " " else character)
    await pilot.pause(0.2)
    for part in pilot.app.screen.query(AnswerPart):
        if part.tried is not None:
            # Measured while the picture is drawn, and so never the same; README tells how to measure it.
            part.tried = replace(part.tried, route_us=5.0)
            part.refresh(layout=True)


async def draw(name: str, steps: Steps) -> None:
    """Run the application, take the steps, keep the picture."""
    session = standing_session(fixed=27)
    session.feed.rates.extend(
        [0, 0, 1, 0, 1, 1, 0, 2, 1, 0, 1, 1, 3, 1, 0, 1, 2, 1, 1, 0, 1, 1, 2, 4, 2, 1, 1, 0, 1, 1] * 2
    )
    app = ModelRouterApp(session, colorless=False)
    async with app.run_test(size=SIZE, notifications=False) as pilot:
        await pilot.pause(0.3)
        await steps(pilot)
        await pilot.pause(0.3)
        picture = app.export_screenshot(title="ModelRouter")
    # The font would come from the internet; the reader's own monospace font does as well.
    picture = re.sub(r"@font-face\s*{[^}]*}", "", picture)
    # Not every reader of SVG keeps blanks at the start of a text.
    picture = picture.replace("<text ", '<text xml:space="preserve" ')
    (FOLDER / f"{name}.svg").write_text(picture, "utf-8")
    print(FOLDER / f"{name}.svg")


async def main() -> None:
    """Every picture, one after the other."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, steps in {"home": home, "log": log, "try": try_prompt}.items():
        await draw(name, steps)


if __name__ == "__main__":
    os.environ["TZ"] = "UTC"
    time.tzset()
    asyncio.run(main())
