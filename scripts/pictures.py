"""Draws the screens of the application into ``docs/pictures``, as SVG that the application itself makes.

All show one machine of one person. The requests are the demo's samples, decided by the real router; only their times
are invented, so that the same code gives the same picture.
"""

from __future__ import annotations

import asyncio
import os
import random
import re
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from shutil import copyfile

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from textual.pilot import Pilot  # noqa: E402 - needs the path set above

from model_router.config.files import configs_root  # noqa: E402 - as above
from model_router.config.proxy_file import load_proxy  # noqa: E402 - as above
from model_router.config.truth_card import TruthCard  # noqa: E402 - as above
from model_router.router import ModelRouter  # noqa: E402 - as above
from model_router.server.demo_asks import DEMO_ASKS, DemoAsk  # noqa: E402 - as above
from model_router.server.events import LiveEvent  # noqa: E402 - as above
from model_router.server.gateway import Gateway, GatewayState  # noqa: E402 - as above
from model_router.server.health import BackendHealth  # noqa: E402 - as above
from model_router.setup.doctor.finding import fine, warning  # noqa: E402 - as above
from model_router.setup.survey import Survey  # noqa: E402 - as above
from model_router.tui.app import ModelRouterApp  # noqa: E402 - as above
from model_router.tui.feed import Feed  # noqa: E402 - as above
from model_router.tui.log_view import LogView  # noqa: E402 - as above
from model_router.tui.screens.config import ConfigScreen  # noqa: E402 - as above
from model_router.tui.screens.doctor import DoctorScreen  # noqa: E402 - as above
from model_router.tui.session import Phase  # noqa: E402 - as above
from model_router.tui.try_answer import AnswerPart  # noqa: E402 - as above
from model_router.tui.workshop import Workshop  # noqa: E402 - as above
from tests.tui.setup_staging import always, found_on  # noqa: E402 - as above
from tests.tui.staging import START, StandingFeed, StandingSession, fixed_event, screen_text, until  # noqa: E402 - as above
from tests.tui.test_approvals import SOME, StandingQueue  # noqa: E402 - as above
from tests.tui.test_config import go_to, would_move  # noqa: E402 - as above

SIZE = (120, 34)
FOLDER = ROOT / "docs" / "pictures"

Steps = Callable[[Pilot[int]], Awaitable[None]]


async def log(pilot: Pilot[int]) -> None:
    """The log with the receipt of a blocked request."""
    await pilot.press("3")
    await pilot.pause(0.2)
    await until(pilot, lambda: pilot.app.screen.query_one(LogView).count > 30)
    view = pilot.app.screen.query_one(LogView)
    await pilot.press("G", *["up"] * 6)
    while view.selected is not None and not view.selected.event.requires_confirmation:
        await pilot.press("up")
    await pilot.press("enter")


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
    """The machine's models, the cursor on one that serves."""
    await pilot.press("4")
    await seen(pilot, "models · sorted")
    await pilot.press("down", "down")


async def config(pilot: Pilot[int]) -> None:
    """An edit beside what it would send elsewhere."""
    await pilot.press("6")
    await seen(pilot, "no mistakes")
    screen = pilot.app.screen
    assert isinstance(screen, ConfigScreen)
    screen.draft.path = Path(HOME, ".model-router", "routing_proxy.yaml")
    screen._text_changed()
    await go_to(pilot, "proxy.routing_profile")
    await pilot.press("space", "p")
    await until(pilot, lambda: screen.view == "preview" and not screen._previewing)
    screen._found = replace(would_move(), read=500, replayed=500, skipped={}, backends={})
    screen._redraw()
    await pilot.press("escape")


async def approvals(pilot: Pilot[int]) -> None:
    """What waits, and what was decided."""
    gateway = gateway_of(pilot)
    gateway.approvals = StandingQueue(list(SOME))
    await pilot.press("a")
    await seen(pilot, "Waiting")


async def doctor(pilot: Pilot[int]) -> None:
    """Findings, the first with its fix."""
    await pilot.press("7")
    await seen(pilot, "Nothing was examined yet")
    screen = pilot.app.screen
    assert isinstance(screen, DoctorScreen)
    screen.shown, screen.cards, screen.examined_at = list(FINDINGS), {CARD.backend: CARD}, "10:00:27"
    screen._fill()


# One person, one machine, one server with four models and one for images

HOME = "/home/somebody"
SERVER, IMAGES = "http://127.0.0.1:11434/v1", "http://127.0.0.1:8188/v1"
SETTINGS = f"""# What runs on this machine.
schema_version: 1
proxy:
  host: 127.0.0.1
  port: 8082
observability:
  log_path: ~/.model-router/logs/routing-events.jsonl
backends:
  small:     {{base_url: "{SERVER}", model: granite-4.2-3b}}
  thinking:  {{base_url: "{SERVER}", model: qwen3.6-35b-a3b, max_context: 65536}}
  code:      {{base_url: "{SERVER}", model: qwen3.6-27b}}
  pictures:  {{base_url: "{SERVER}", model: gemma-4-12b}}
  drawing:   {{base_url: "{IMAGES}", model: flux.2-klein}}
engine_backends:
  fast_local: small
  balanced_local: small
  reasoning_local: thinking
  web_research: thinking
  code_agent: code
  multimodal_vision: pictures
  image_generation: drawing
"""
PACE = {"small": 1, "pictures": 3, "code": 4, "thinking": 6, "drawing": 7}
TOKENS_A_SECOND = {"small": 212, "pictures": 88, "code": 38, "thinking": 96}
SIZES = {"granite-4.2-3b": 2.1, "qwen3.6-27b": 16.5, "qwen3.6-35b-a3b": 21.4, "gemma-4-12b": 7.4}
"""GB of each model that the server has."""

FINDINGS = (
    warning(
        "backend.context",
        "thinking",
        "it was started with 16,384 tokens of context, and max_context says 65,536",
        "Set max_context: 16384, or start it with more.",
        max_context=16_384,
    ),
    warning(
        "backend.tools",
        "small",
        "whether it calls tools is not known: it took the tool and did not call it",
        "Agents need a model that does; small ones often do not.",
    ),
    fine("files", "routing_proxy.yaml", "valid, 5 backends"),
    fine("files", "model_router.yaml", "valid"),
    fine("port", "proxy", "the proxy is running at 127.0.0.1:8082"),
    *(
        fine("backend.reached", name, f"{SERVER} answers (ollama)")
        for name in ("small", "thinking", "code", "pictures")
    ),
    fine("backend.reached", "drawing", f"{IMAGES} answers"),
    fine("backend.pictures", "pictures", "it takes pictures"),
)
CARD = TruthCard(
    backend="thinking",
    base_url=SERVER,
    model="qwen3.6-35b-a3b",
    checked_at="2026-01-01T10:00:27Z",
    server="ollama",
    context=16_384,
    advertised=True,
    streams=True,
    usage_in_streams=True,
    tools=True,
    pictures=False,
    stops_when_left=True,
)


class DrawnSession(StandingSession):
    """Says where its file would be, wherever that is while the picture is drawn."""

    @property
    def address(self) -> str:
        """As it is configured."""
        return "http://127.0.0.1:8082/v1"


def at_home(folder: Path) -> StandingSession:
    """The gateway of that person, which has answered for four minutes."""
    path = folder / "routing_proxy.yaml"
    path.write_text(SETTINGS, "utf-8")
    copyfile(configs_root() / "model_router.yaml", folder / "model_router.yaml")
    environ = {"HOME": HOME, "MODEL_ROUTER_HOME": str(folder)}
    session = DrawnSession(environ, config_path=Path(HOME, ".model-router", "routing_proxy.yaml"))
    session.feed = StandingFeed()
    gateway = Gateway(load_proxy(path, environ), ModelRouter.from_config(), environ=environ)
    gateway.state = GatewayState.SERVING
    gateway.health = tuple(
        BackendHealth(name, one.base_url, one.model, True, True, (one.model,), latency, "", START)
        for (name, one), latency in zip(gateway.config.backends.items(), (3.0, 4.0, 3.0, 4.0, 9.0), strict=True)
    )
    session.gateway = gateway
    session.phase = Phase.SERVING
    session.feed.attach(gateway.ring)
    answer_for_minutes(session, gateway)
    session.workshop = Workshop({"HOME": HOME}, surveyor=always(machine()))
    return session


def machine() -> Survey:
    """A recorded machine, with models on its server as large as they are."""
    found = found_on(served=tuple(SIZES))
    (server,) = found.servers
    served = tuple(
        replace(model, size=int(SIZES[model.name] * 1e9), loaded=model.name == "granite-4.2-3b")
        for model in server.models
    )
    return replace(found, servers=(replace(server, models=served),))


def answer_for_minutes(session: StandingSession, gateway: Gateway) -> None:
    """Requests as they come in four minutes: some, more, a pause, most at the end."""
    weather = random.Random(20_260_101)
    number = 0
    for second in range(240):
        busy = 0.15 + 0.5 * (second / 240) * (1.0 if second % 90 < 60 else 0.2)
        came = sum(weather.random() < busy / 2 for _ in range(4))
        for moment in sorted(weather.random() for _ in range(came)):
            ask = DEMO_ASKS[weather.randrange(len(DEMO_ASKS))]
            gateway.ring.append(answered(number, START + second + moment, ask, gateway))
            number += 1
        session.feed.drain()
        Feed.tick(session.feed)


def answered(number: int, when: float, ask: DemoAsk, gateway: Gateway) -> LiveEvent:
    """A sample request, decided by the real router; its times are invented, for they would never be the same."""
    decision = gateway.router.route(ask.text, {"attachments": ["image"]} if ask.image else None)
    waits = decision.requires_confirmation
    backend = "" if waits else gateway.config.engine_backends[decision.selected_engine]
    pace, spread = PACE.get(backend, 0), number * 37 % 23
    seconds = 0.17 + 0.6 * pace + 0.03 * spread
    tokens = int(TOKENS_A_SECOND[backend] * seconds) if backend in TOKENS_A_SECOND else None
    return fixed_event(
        number,
        time=when,
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
        first_byte_ms=None if waits else 40.0 + 31 * pace + spread,
        total_ms=1.4 if waits else 1000 * seconds + 40.0 + 31 * pace,
        prompt_tokens=None if tokens is None else 900 + 40 * spread,
        completion_tokens=tokens,
        decision=decision,
    )


def gateway_of(pilot: Pilot[int]) -> Gateway:
    """The gateway that is drawn."""
    app = pilot.app
    assert isinstance(app, ModelRouterApp)
    assert isinstance(app.session.gateway, Gateway)
    return app.session.gateway


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
        pictures = {
            "home": home,
            "log": log,
            "try": try_prompt,
            "models": models,
            "config": config,
            "approvals": approvals,
            "doctor": doctor,
        }
        for name, steps in pictures.items():
            if not wanted or name in wanted:
                await draw(name, steps, at_home(Path(tempfile.mkdtemp(dir=folder))))


if __name__ == "__main__":
    os.environ["TZ"] = "UTC"
    time.tzset()
    asyncio.run(main(sys.argv[1:]))
