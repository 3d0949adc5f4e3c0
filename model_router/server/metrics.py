"""What ``/metrics`` says: counts of what has happened, and how things stand, in Prometheus' text format.

Counting is plain arithmetic on the server's loop; the library is loaded when somebody asks for the first time. Labels
take only names from the configuration and closed sets of words, so nothing that a client sends can make them grow.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from model_router.server.breaker import BreakerState
from model_router.server.events import RequestEvent
from model_router.server.wire.endpoint import ENDPOINTS

if TYPE_CHECKING:
    from prometheus_client.core import Metric

    from model_router.server.gateway import Gateway

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0)
_ROUTE_SECONDS = (2e-6, 5e-6, 1e-5, 2e-5, 5e-5, 1e-4, 2e-4, 5e-4, 1e-3, 2e-3, 5e-3, 1e-2)
_PROTOCOLS = frozenset(path.removeprefix("/v1/") for path in ENDPOINTS)
_PREFIX = "modelrouter_"


class _Histogram:
    """Observations in buckets, in seconds."""

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.sum = 0.0

    def add(self, seconds: float) -> None:
        self.counts[bisect_left(self.bounds, seconds)] += 1
        self.sum += seconds

    def buckets(self) -> list[tuple[str, float]]:
        """Cumulative, as the format wants them."""
        total, found = 0, []
        for bound, count in zip((*map(str, self.bounds), "+Inf"), self.counts, strict=True):
            total += count
            found.append((bound, float(total)))
        return found


class Metrics:
    """Counts finished requests. Used on the server's loop only."""

    def __init__(self) -> None:
        self._requests: Counter[tuple[str, str, str, str]] = Counter()
        self._tokens: Counter[tuple[str, str]] = Counter()
        self._failures: Counter[str] = Counter()
        self._fallbacks: Counter[str] = Counter()
        self._sessions: Counter[str] = Counter()
        self._total: dict[str, _Histogram] = {}
        self._first: dict[str, _Histogram] = {}
        self._route = _Histogram(_ROUTE_SECONDS)

    def count(self, event: RequestEvent, failed: Iterable[str] = ()) -> None:
        """Take one finished request in; ``failed`` names the backend of each attempt that gave no answer."""
        protocol = event.protocol if event.protocol in _PROTOCOLS else "other"
        self._requests[protocol, event.engine, event.backend, event.outcome] += 1
        asked_a_person = event.requires_confirmation  # whose time tells nothing of an engine or a server
        if event.engine and not asked_a_person:
            _histogram(self._total, event.engine, _SECONDS).add(event.total_ms / 1_000)
        if event.first_byte_ms is not None and event.backend and not asked_a_person:
            _histogram(self._first, event.backend, _SECONDS).add(event.first_byte_ms / 1_000)
        if event.route_us:
            self._route.add(event.route_us / 1e6)
        if event.prompt_tokens:
            self._tokens[event.backend, "prompt"] += event.prompt_tokens
        if event.completion_tokens:
            self._tokens[event.backend, "completion"] += event.completion_tokens
        if event.fallback:
            self._fallbacks[event.engine] += 1
        if event.session_code:
            self._sessions[event.session_code] += 1
        for backend in failed:
            self._failures[backend] += 1

    def render(self, gateway: Gateway) -> tuple[bytes, str]:
        """The text and its content type."""
        from prometheus_client import CollectorRegistry
        from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

        registry = CollectorRegistry(auto_describe=False)
        registry.register(_Collected([*self._happened(), *_standing(gateway)]))
        return generate_latest(registry), CONTENT_TYPE_LATEST

    def _happened(self) -> Iterator[Metric]:
        from prometheus_client.core import CounterMetricFamily

        counters = (
            ("requests", "Finished requests.", ("protocol", "engine", "backend", "outcome"), self._requests),
            ("tokens", "Tokens as the backends tell them.", ("backend", "kind"), self._tokens),
            ("backend_failures", "Attempts that gave no answer.", ("backend",), self._failures),
            ("fallbacks", "Requests that another backend than the wished one answered.", ("engine",), self._fallbacks),
            ("session_decisions", "Why conversations stayed or moved.", ("reason",), self._sessions),
        )
        for name, words, labels, counts in counters:
            family = CounterMetricFamily(_PREFIX + name, words, labels=labels)
            for key, number in sorted(counts.items()):
                family.add_metric(key if isinstance(key, tuple) else (key,), number)
            yield family
        words = "Whole requests that no person had to confirm."
        yield _histograms("request_seconds", words, "engine", self._total)
        words = "Until the first byte of an answer, where no person had to confirm."
        yield _histograms("first_byte_seconds", words, "backend", self._first)
        yield _histograms("route_seconds", "Picking the engine.", "", {"": self._route})


class _Collected:
    def __init__(self, families: list[Metric]) -> None:
        self._families = families

    def collect(self) -> Iterable[Metric]:
        return self._families


def _histogram(table: dict[str, _Histogram], key: str, bounds: tuple[float, ...]) -> _Histogram:
    found = table.get(key)
    if found is None:
        found = table[key] = _Histogram(bounds)
    return found


def _histograms(name: str, words: str, label: str, table: dict[str, _Histogram]) -> Metric:
    from prometheus_client.core import HistogramMetricFamily

    family = HistogramMetricFamily(_PREFIX + name, words, labels=(label,) if label else ())
    for key, histogram in sorted(table.items()):
        family.add_metric((key,) if label else (), histogram.buckets(), histogram.sum)
    return family


def _standing(gateway: Gateway) -> Iterator[Metric]:
    """How things are at this moment."""
    from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

    yield GaugeMetricFamily(_PREFIX + "in_flight", "Requests under way.", value=gateway.in_flight)
    yield GaugeMetricFamily(_PREFIX + "sessions", "Conversations that are remembered.", value=len(gateway.sessions))
    lost = gateway.writer.lost if gateway.writer is not None else 0
    yield CounterMetricFamily(_PREFIX + "events_lost", "Events that could not be written.", value=lost)
    state = GaugeMetricFamily(
        _PREFIX + "breaker_state", "1 for the state in which a backend's breaker is.", labels=("backend", "state")
    )
    opened = CounterMetricFamily(_PREFIX + "breaker_openings", "Times a backend was rested.", labels=("backend",))
    line = GaugeMetricFamily(
        _PREFIX + "line", "Requests at a backend that takes only so many.", labels=("backend", "place")
    )
    for name, backend in sorted(gateway.backends.items()):
        snapshot = backend.breaker.snapshot()
        for known in BreakerState:
            state.add_metric((name, known.value), float(snapshot.state is known))
        opened.add_metric((name,), snapshot.openings)
        if backend.line is not None:
            stand = backend.line.snapshot()
            line.add_metric((name, "serving"), stand.serving)
            line.add_metric((name, "waiting"), stand.waiting)
    yield from (state, opened, line)
