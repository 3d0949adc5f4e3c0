"""A session that stands still: the real gateway, router and demo configuration, with requests that never change.

For goldens and for the pictures of the README, where a clock, a port and a network would make every run another. Tests
of behaviour use the running demo instead.
"""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import msgspec
from rich.console import Console
from textual.app import App
from textual.pilot import Pilot

from model_router.config.proxy import ScreenConfig
from model_router.engine.decision import Alternative, Evidence, Rejection, RoutingDecision
from model_router.engine.routes import DEFAULT_TARGETS, ROUTES, Profile, RiskClass, Route
from model_router.router import ModelRouter
from model_router.server.demo import demo_config
from model_router.server.events import LiveEvent, RequestEvent
from model_router.server.gateway import Gateway, GatewayState
from model_router.server.health import BackendHealth
from model_router.tui.feed import Feed
from model_router.tui.screens.approvals import ApprovalsScreen
from model_router.tui.session import Phase, Session

START = 1_767_261_600.0  # 2026-01-01 10:00:00 UTC


class StandingFeed(Feed):
    """Its minute never passes."""

    def tick(self) -> None:
        """No second passes."""


class StandingSession(Session):
    """Serves nothing, checks nothing, and is always up."""

    def open(self) -> None:
        """Up at once."""
        self.phase = Phase.SERVING

    def check(self, timeout: float = 30.0) -> None:
        """Nothing to check."""

    def close(self) -> None:
        """Nothing to close."""

    def watch(self) -> None:
        """Nothing can end."""

    def start_traffic(self) -> None:
        """Sends nothing: its address is only shown, and somebody else may listen there."""

    def stop_traffic(self) -> None:
        """Nothing was sent."""


def standing_session(
    *, fixed: int = 0, demo: bool = True, down: Iterable[str] = (), keys: Mapping[str, str] | None = None
) -> StandingSession:
    """A demo that has answered ``fixed`` fixed requests; the backends of ``down`` refuse; ``keys`` are renamed."""
    session = StandingSession({"HOME": "/home/somebody"}, demo=demo)
    session.feed = StandingFeed()
    config = replace(demo_config(9, Path("/nowhere")), screen=ScreenConfig(keys=MappingProxyType(dict(keys or {}))))
    gateway = Gateway(config, ModelRouter.from_config(), demo=demo, environ={})
    gateway.address = "http://127.0.0.1:8082/v1"
    gateway.state = GatewayState.SERVING
    refused = frozenset(down)
    gateway.health = tuple(
        _health(name, backend.model, name in refused) for name, backend in gateway.config.backends.items()
    )
    session.gateway = gateway
    session.phase = Phase.SERVING
    session.feed.attach(gateway.ring)
    gateway.ring.extend(fixed_event(number) for number in range(fixed))
    session.feed.drain()
    return session


def _health(name: str, model: str, down: bool) -> BackendHealth:
    detail = f"'{name}' refused the connection." if down else f"'{name}' answers and lists '{model}'."
    latency = None if down else 2.0
    return BackendHealth(
        name, "http://127.0.0.1:9/v1", model, not down, None if down else True, (model,), latency, detail, START
    )


def screen_text(app: App[int]) -> str:
    """What stands on the screen now, line by line, without colours and without blanks at the ends."""
    width, height = app.size
    console = Console(
        width=width, height=height, file=io.StringIO(), force_terminal=True, record=True, legacy_windows=False
    )
    console.print(app.screen._compositor.render_update(full=True, screen_stack=app._background_screens))
    lines = [line.rstrip() for line in console.export_text().split("\n")]
    return "\n".join(lines[:height]).rstrip("\n") + "\n"


def fixed_decision(route: Route, engine: str, *, risk: RiskClass | None = None) -> RoutingDecision:
    """A decision that no training of the lexicon changes."""
    scores = {
        each: (0 if each is route else -20 * (1 + abs(ROUTES.index(each) - ROUTES.index(route)))) for each in ROUTES
    }
    return RoutingDecision(
        selected_engine=engine,
        route=route,
        profile=Profile.BALANCED,
        summary=f"Goes to {engine}: a decision made for a test.",
        complexity_score=40,
        risk_score=80 if risk else 2,
        confidence_score=91,
        risk_class=risk,
        requires_confirmation=risk is not None,
        requires_tools=False,
        requires_freshness=False,
        requires_code_execution=False,
        requires_vision=False,
        requires_image_generation=False,
        fallback_engine=None,
        fallback_used=False,
        config_valid=True,
        availability_valid=True,
        scores=scores,
        reasons=("reads as a test", "speaks for it: fix, tests"),
        reason_codes=("route.test",),
        evidence=(Evidence("fix", route, 40), Evidence("tests", route, 25)),
        rejected_engines=(Rejection("codex", "is disabled in the catalog"),),
        alternatives=(Alternative("balanced_local", 70, 60, 75, 15, 35),),
        requirements={},
        availability_reasons=(),
        config_hash="0123456789abcdef",
        ruleset_version="1.test",
    )


def request_name(number: int) -> str:
    """What the gateway would call its request of that number: ``mr-`` and twelve hexadecimal digits."""
    return f"mr-{number:012x}"


def fixed_event(number: int, *, decision: RoutingDecision | None = None, **changed: object) -> LiveEvent:
    """One of eight requests that take turns; ``changed`` overwrites fields of the event."""
    route = ROUTES[number % len(ROUTES)]
    confirms = route is Route.CONFIRMATION
    decision = decision or fixed_decision(
        route, DEFAULT_TARGETS[route], risk=RiskClass.DESTRUCTIVE if confirms else None
    )
    event = RequestEvent(
        time=START + number,
        request_id=request_name(number),
        protocol="chat/completions",
        kind="main",
        client=("chat/1.0", "editor/2.1", "agent/0.4")[number % 3],
        route=route.value,
        engine=decision.selected_engine,
        backend="" if confirms else "fast",
        model="" if confirms else "demo-fast",
        status=409 if confirms else 200,
        outcome="confirm" if confirms else "ok",
        stream=True,
        profile="balanced",
        attempts=0 if confirms else 1,
        requires_confirmation=confirms,
        risk_class=decision.risk_class or "",
        reasons=decision.reasons,
        scores={each.value: score for each, score in decision.scores.items()},
        confidence=decision.confidence_score,
        prompt_chars=120,
        estimated_tokens=30,
        route_us=5.0,
        first_byte_ms=None if confirms else 100.0 + number,
        total_ms=1.5 if confirms else 500.0 + number,
        config_hash=decision.config_hash,
        ruleset_version=decision.ruleset_version,
    )
    return LiveEvent(msgspec.structs.replace(event, **changed), decision)


async def until(pilot: Pilot[int], holds: Callable[[], object], seconds: float = 30.0) -> float:
    """Wait until something holds, also on a busy machine; gives the seconds it took, for those to whom they matter.

    Raises:
        AssertionError: it did not hold in time.
    """
    started = time.perf_counter()
    while not holds():
        taken = time.perf_counter() - started
        assert taken < seconds, f"did not happen within {seconds} s; the screen:\n{screen_text(pilot.app)}"
        await pilot.pause(0.01)
    return time.perf_counter() - started


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


async def open_approvals(pilot: Pilot[int]) -> ApprovalsScreen:
    """The requests that wait for a person."""
    await pilot.press("a")
    await until(pilot, lambda: isinstance(pilot.app.screen, ApprovalsScreen))
    screen = pilot.app.screen
    assert isinstance(screen, ApprovalsScreen)
    return screen
