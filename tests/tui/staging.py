"""A session that stands still: the real gateway, router and demo configuration, with requests that never change.

For goldens and for the pictures of the README, where a clock, a port and a network would make every run another. Tests
of behaviour use the running demo instead.
"""

from __future__ import annotations

import io
import random
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import msgspec
from rich.console import Console
from textual.app import App
from textual.pilot import Pilot

from model_router.engine.decision import Alternative, Evidence, Rejection, RoutingDecision
from model_router.engine.routes import DEFAULT_TARGETS, ROUTES, Profile, RiskClass, Route
from model_router.router import ModelRouter
from model_router.server.demo import demo_config
from model_router.server.demo_asks import DEMO_ASKS, DemoAsk
from model_router.server.events import LiveEvent, RequestEvent
from model_router.server.gateway import Gateway, GatewayState
from model_router.server.health import BackendHealth
from model_router.tui.feed import Feed
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


def standing_session(asks: int = 0, *, fixed: int = 0, demo: bool = True, down: Iterable[str] = ()) -> StandingSession:
    """A demo that has answered the first ``asks`` samples, then ``fixed`` fixed requests; ``down`` refuse."""
    session = StandingSession({"HOME": "/home/somebody"}, demo=demo)
    session.feed = StandingFeed()
    gateway = Gateway(demo_config(9, Path("/nowhere")), ModelRouter.from_config(), demo=demo, environ={})
    gateway.address = "http://127.0.0.1:8082/v1"
    gateway.state = GatewayState.SERVING
    refused = frozenset(down)
    gateway.health = tuple(
        _health(name, backend.model, name in refused) for name, backend in gateway.config.backends.items()
    )
    session.gateway = gateway
    session.phase = Phase.SERVING
    session.feed.attach(gateway.ring)
    gateway.ring.extend(sample_events(gateway, asks))
    gateway.ring.extend(fixed_event(number) for number in range(fixed))
    session.feed.drain()
    return session


def _health(name: str, model: str, down: bool) -> BackendHealth:
    detail = f"'{name}' refused the connection." if down else f"'{name}' answers and lists '{model}'."
    latency = None if down else 2.0
    return BackendHealth(
        name, "http://127.0.0.1:9/v1", model, not down, None if down else True, (model,), latency, detail, START
    )


def sample_events(gateway: Gateway, count: int) -> list[LiveEvent]:
    """The first ``count`` sample asks as if they had come, with latencies that a fixed seed invents."""
    order = random.Random(3)
    return [sample_event(gateway, DEMO_ASKS[number % len(DEMO_ASKS)], number, order) for number in range(count)]


def sample_event(gateway: Gateway, ask: DemoAsk, number: int, order: random.Random) -> LiveEvent:
    """One sample as a finished request."""
    hints = {"attachments": ["image"]} if ask.image else None
    decision = gateway.router.route(ask.text, hints)
    backend = gateway.config.engine_backends.get(decision.selected_engine, "")
    first = order.uniform(40, 380) if backend else None
    event = RequestEvent(
        time=START + number * 1.3,
        request_id=f"{number + 1:08x}",
        protocol="openai-chat",
        kind="main",
        client=ask.client,
        route=decision.route.value,
        engine=decision.selected_engine,
        backend=backend,
        model=gateway.config.backends[backend].model if backend else "",
        status=200 if backend else 409,
        outcome="ok" if backend else "confirm",
        stream=ask.stream,
        profile=decision.profile.value,
        attempts=1 if backend else 0,
        requires_confirmation=decision.requires_confirmation,
        risk_class=decision.risk_class or "",
        reasons=decision.reasons,
        reason_codes=decision.reason_codes,
        scores={route.value: score for route, score in decision.scores.items()},
        confidence=decision.confidence_score,
        prompt_chars=len(ask.text),
        estimated_tokens=len(ask.text) // 4,
        route_us=order.uniform(4, 9),
        first_byte_ms=first,
        total_ms=first + order.uniform(120, 900) if first else order.uniform(0.6, 1.9),
        completion_tokens=order.randint(12, 400) if backend else None,
        config_hash=decision.config_hash,
        ruleset_version=decision.ruleset_version,
    )
    return LiveEvent(event, decision)


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


def fixed_event(number: int, **changed: object) -> LiveEvent:
    """One of eight requests that take turns; ``changed`` overwrites fields of the event."""
    route = ROUTES[number % len(ROUTES)]
    confirms = route is Route.CONFIRMATION
    decision = fixed_decision(route, DEFAULT_TARGETS[route], risk=RiskClass.DESTRUCTIVE if confirms else None)
    event = RequestEvent(
        time=START + number,
        request_id=f"{number:08x}",
        protocol="openai-chat",
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


async def until(pilot: Pilot[int], holds: Callable[[], object], seconds: float = 10.0) -> float:
    """Wait until something holds; gives the seconds it took.

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
