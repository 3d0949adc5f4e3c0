"""Draws the screens of the application into ``docs/pictures``, as SVG that the application itself makes.

The requests are the demo's samples, decided by the real router; only their times are invented, so that the same code
gives the same picture.
"""

from __future__ import annotations

import asyncio
import os
import re
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from textual.pilot import Pilot  # noqa: E402 - needs the path set above

from model_router.config.truth_card import TruthCard  # noqa: E402 - needs the path set above
from model_router.server.demo_asks import DEMO_ASKS, DemoAsk  # noqa: E402 - needs the path set above
from model_router.server.events import LiveEvent  # noqa: E402 - needs the path set above
from model_router.server.gateway import Gateway  # noqa: E402 - needs the path set above
from model_router.setup.doctor.finding import fine, problem, warning  # noqa: E402 - needs the path set above
from model_router.tui.app import ModelRouterApp  # noqa: E402 - needs the path set above
from model_router.tui.screens.config import ConfigScreen  # noqa: E402 - needs the path set above
from model_router.tui.screens.doctor import DoctorScreen  # noqa: E402 - needs the path set above
from model_router.tui.try_answer import AnswerPart  # noqa: E402 - needs the path set above
from model_router.tui.workshop import Workshop  # noqa: E402 - needs the path set above
from tests.tui.setup_staging import always, found_on  # noqa: E402 - needs the path set above
from tests.tui.staging import StandingSession, fixed_event, screen_text, standing_session, until  # noqa: E402 - needs the path set above
from tests.tui.test_approvals import SOME, session_with  # noqa: E402 - needs the path set above
from tests.tui.test_config import go_to, standing_with_files, would_move  # noqa: E402 - needs the path set above

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


async def models(pilot: Pilot[int]) -> None:
    """Models of a recorded machine, the cursor on one that fits."""
    await pilot.press("4")
    await seen(pilot, "of 43 models")
    await pilot.press("down", "down")


async def config(pilot: Pilot[int]) -> None:
    """An edit beside what it would send elsewhere."""
    await pilot.press("6")
    await seen(pilot, "no mistakes")
    screen = pilot.app.screen
    assert isinstance(screen, ConfigScreen)
    draft, place = screen.draft, str(screen.draft.path.parent.parent)
    draft.text = draft.saved = draft.text.replace(place, "/home/somebody")
    draft.path = Path("/home/somebody/.model-router/routing_proxy.yaml")
    screen._text_changed()
    await go_to(pilot, "proxy.routing_profile")
    await pilot.press("space", "p")
    await until(pilot, lambda: screen.view == "preview" and not screen._previewing)
    screen._found = would_move()
    screen._redraw()
    await pilot.press("escape")


async def approvals(pilot: Pilot[int]) -> None:
    """What waits, and what was decided."""
    await pilot.press("a")
    await seen(pilot, "Waiting")


async def doctor(pilot: Pilot[int]) -> None:
    """Findings, the first with its fix."""
    await pilot.press("7")
    await seen(pilot, "Nothing was examined yet")
    screen = pilot.app.screen
    assert isinstance(screen, DoctorScreen)
    screen.shown, screen.cards, screen.examined_at = list(FINDINGS), {"code": CARD}, "10:00:27"
    screen._fill()


FINDINGS = (
    problem(
        "backend.model",
        "code",
        "it does not have qwen3.6-27b; it has qwen3.6-35b-a3b",
        "Set model: qwen3.6-35b-a3b, or load the other.",
        model="qwen3.6-35b-a3b",
    ),
    warning(
        "backend.context",
        "reasoning",
        "it was started with 16,384 tokens of context, and max_context says 65,536",
        "Set max_context: 16384, or start it with more.",
        max_context=16_384,
    ),
    fine("files", "routing_proxy.yaml", "valid, 4 backends"),
    fine("files", "model_router.yaml", "valid"),
    fine("port", "proxy", "the proxy is running at 127.0.0.1:8082"),
    fine("backend", "fast", "http://127.0.0.1:8080/v1 answers (llama.cpp)"),
    fine("backend", "vision", "http://127.0.0.1:8081/v1 answers (llama.cpp)"),
)
CARD = TruthCard(
    backend="code",
    base_url="http://127.0.0.1:9/v1",
    model="demo-code",
    checked_at="2026-01-01T10:00:27Z",
    server="llama.cpp",
    context=65_536,
    advertised=True,
    streams=True,
    usage_in_streams=True,
    tools=True,
    pictures=False,
    stops_when_left=True,
)


def answering() -> StandingSession:
    """A demo that has answered some requests, at some pace."""
    session = standing_session()
    gateway = session.gateway
    assert gateway is not None
    gateway.ring.extend(answered(number, ask, gateway) for number, ask in enumerate(DEMO_ASKS[:27]))
    session.feed.drain()
    session.feed.rates.extend(
        [0, 0, 1, 0, 1, 1, 0, 2, 1, 0, 1, 1, 3, 1, 0, 1, 2, 1, 1, 0, 1, 1, 2, 4, 2, 1, 1, 0, 1, 1] * 2
    )
    return session


def answered(number: int, ask: DemoAsk, gateway: Gateway) -> LiveEvent:
    """A sample request, decided by the real router; its times are invented, for they would never be the same."""
    decision = gateway.router.route(ask.text, {"attachments": ["image"]} if ask.image else None)
    waits = decision.requires_confirmation
    backend = "" if waits else gateway.config.engine_backends[decision.selected_engine]
    pace = {"fast": 1, "balanced": 2, "research": 3, "code": 4, "vision": 4, "image": 6, "reasoning": 7}.get(backend, 0)
    return fixed_event(
        number,
        client=ask.client,
        route=decision.route.value,
        engine=decision.selected_engine,
        backend=backend,
        model=gateway.config.backends[backend].model if backend else "",
        status=409 if waits else 200,
        outcome="confirm" if waits else "ok",
        stream=ask.stream,
        attempts=0 if waits else 1,
        requires_confirmation=waits,
        risk_class=decision.risk_class or "",
        reasons=decision.reasons,
        scores={each.value: score for each, score in decision.scores.items()},
        confidence=decision.confidence_score,
        prompt_chars=len(ask.text),
        estimated_tokens=len(ask.text) // 4,
        first_byte_ms=None if waits else 40.0 + 31 * pace + number,
        total_ms=1.4 if waits else 210.0 + 640 * pace + 13 * number,
        prompt_tokens=None if waits else 900 + 40 * number,
        completion_tokens=None if waits else 60 * pace + 7 * number,
        decision=decision,
    )


def at_home(folder: Path) -> StandingSession:
    """One with files, of a person whose machine was recorded."""
    session = standing_with_files(folder)
    session.workshop = Workshop({"HOME": "/home/somebody"}, surveyor=always(found_on()))
    return session


def waiting() -> StandingSession:
    """One to which requests have come that wait for a person."""
    return session_with(SOME)[0]


async def seen(pilot: Pilot[int], words: str) -> None:
    """Wait until they are on the screen."""
    await until(pilot, lambda: words in screen_text(pilot.app))
    await pilot.pause(0.2)


async def draw(name: str, steps: Steps, session: StandingSession) -> None:
    """Run the application, take the steps, keep the picture."""
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


async def main(wanted: list[str]) -> None:
    """Every picture, one after the other; or those that are named."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        pictures: dict[str, tuple[Steps, Callable[[], StandingSession]]] = {
            "home": (home, answering),
            "log": (log, answering),
            "try": (try_prompt, answering),
            "models": (models, lambda: at_home(Path(folder) / "models")),
            "config": (config, lambda: at_home(Path(folder) / "config")),
            "approvals": (approvals, waiting),
            "doctor": (doctor, lambda: standing_session(fixed=8, demo=False)),
        }
        for name, (steps, session) in pictures.items():
            if not wanted or name in wanted:
                (Path(folder) / name).mkdir()
                await draw(name, steps, session())


if __name__ == "__main__":
    os.environ["TZ"] = "UTC"
    time.tzset()
    asyncio.run(main(sys.argv[1:]))
