"""What is counted of the requests for Home: for each route its latencies and its last minutes, for each backend its
speed and its share of the tokens.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from model_router.server.events import RequestEvent

_SAMPLES = 512
_BUCKETS = 16
BUCKET_SECONDS = 15
"""The sparkline of a route has sixteen steps of so many seconds."""
_NEWEST_SHARE = 0.2


class RouteTally:
    """One route: the total milliseconds of its newest requests, and how many came in each of the last steps."""

    __slots__ = ("_latencies", "steps")

    def __init__(self) -> None:
        self._latencies: deque[float] = deque(maxlen=_SAMPLES)
        self.steps: deque[int] = deque([0] * _BUCKETS, maxlen=_BUCKETS)

    def add(self, total_ms: float) -> None:
        """One request."""
        self._latencies.append(total_ms)
        self.steps[-1] += 1

    def step(self) -> None:
        """A step has passed."""
        self.steps.append(0)

    def quantiles(self) -> tuple[float, float] | None:
        """Median and 95th percentile in milliseconds of the newest 512 requests; None before the first."""
        if not self._latencies:
            return None
        ordered = sorted(self._latencies)
        return ordered[(len(ordered) - 1) // 2], ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))]


class BackendTally:
    """One backend: requests it answered, tokens it gave, and how fast, as a mean in which newer answers count more."""

    __slots__ = ("completion_tokens", "prompt_tokens", "requests", "tokens_per_second")

    def __init__(self) -> None:
        self.requests = 0
        self.prompt_tokens = 0
        self.completion_tokens = 0
        self.tokens_per_second: float | None = None

    def add(self, event: RequestEvent) -> None:
        """One answer."""
        self.requests += 1
        self.prompt_tokens += event.prompt_tokens or 0
        made = event.completion_tokens or 0
        self.completion_tokens += made
        if made > 1 and event.stream and event.first_byte_ms is not None:
            seconds = (event.total_ms - event.first_byte_ms) / 1000
            if seconds > 0:
                self._notice((made - 1) / seconds)

    def _notice(self, rate: float) -> None:
        before = self.tokens_per_second
        self.tokens_per_second = rate if before is None else before + _NEWEST_SHARE * (rate - before)


class Tallies:
    """Everything that Home counts; read and written by the screen's thread alone."""

    def __init__(self) -> None:
        self.routes: dict[str, RouteTally] = {}
        self.backends: dict[str, BackendTally] = {}
        self._seconds = 0

    def add(self, events: Iterable[RequestEvent]) -> None:
        """Count what came."""
        for event in events:
            route = self.routes.get(event.route)
            if route is None:
                route = self.routes[event.route] = RouteTally()
            route.add(event.total_ms)
            if event.backend and event.outcome == "ok":
                backend = self.backends.get(event.backend)
                if backend is None:
                    backend = self.backends[event.backend] = BackendTally()
                backend.add(event)

    def tick(self) -> None:
        """A second has passed."""
        self._seconds += 1
        if self._seconds % BUCKET_SECONDS == 0:
            for route in self.routes.values():
                route.step()
