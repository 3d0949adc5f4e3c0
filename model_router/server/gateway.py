"""What lives as long as the gateway: router, backends, sessions, confirmations, events. Screen and server share it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import random
import time
from collections import deque
from collections.abc import Mapping
from enum import StrEnum
from hashlib import blake2b
from pathlib import Path

from model_router.config.files import expand
from model_router.config.proxy import PromptCapture, ProxyConfig
from model_router.engine.routes import Route
from model_router.router import ModelRouter
from model_router.server.ask_key import load_ask_key
from model_router.server.backends import Backend
from model_router.server.breaker import Breaker, BreakerChange, BreakerPolicy
from model_router.server.confirmations import ConfirmationLedger
from model_router.server.event_file import EventWriter
from model_router.server.events import EventRing, LiveEvent
from model_router.server.guard import Guard, resolve_key
from model_router.server.health import BackendHealth, check_backends
from model_router.server.line import Line
from model_router.server.memory import give_back
from model_router.server.metrics import Metrics
from model_router.server.record import Record, new_record
from model_router.server.retries import RetryPolicy
from model_router.server.sessions import SessionMemory
from model_router.server.stickiness import Stickiness, StickinessPolicy
from model_router.server.upstream import Upstream

logger = logging.getLogger(__name__)

_LAST_PIECE_SECONDS = 0.2
_MUCH = 16_777_216
"""Bytes of bodies after which it is worth giving memory back."""
_QUIET_SECONDS = 0.5
_TURNS_BEHIND = 8
"""Turns of the loop within which about half of the events that wait are written."""
_TRUE_WORDS = frozenset({"1", "true", "yes", "on"})


class GatewayState(StrEnum):
    """The life of a gateway. ``stopping`` answers what is under way and refuses the rest."""

    STOPPED = "stopped"
    STARTING = "starting"
    SERVING = "serving"
    STOPPING = "stopping"
    FAILED = "failed"


class Gateway:
    """One gateway. The values that others read (``state``, ``address``, ``in_flight``, ``health``) change by a single
    assignment on the server's thread and may be read from any.

    ``started_at`` is unix seconds, None before the start. ``catalog_file`` names the catalog for people. ``chance``
    gives numbers from 0 up to 1, by which waits are spread.
    """

    def __init__(
        self,
        config: ProxyConfig,
        router: ModelRouter,
        *,
        demo: bool = False,
        environ: Mapping[str, str] | None = None,
    ) -> None:
        self.config = config
        self.router = router
        self.demo = demo
        self.environ = dict(os.environ if environ is None else environ)
        self.ring = EventRing()
        self.metrics = Metrics()
        self.state = GatewayState.STOPPED
        self.address = ""
        self.started_at: float | None = None
        self.in_flight = 0
        self.health: tuple[BackendHealth, ...] = ()
        self._changes: list[str] = []
        self.backends = {name: self._backend(name) for name in config.backends}
        keep = config.sessions
        self.sessions = SessionMemory(keep.max_sessions, keep.ttl_seconds)
        self.stickiness = Stickiness(
            router, config, StickinessPolicy(keep.move_freely_tokens, keep.falls_after), self._rests
        )
        self.confirmations = ConfirmationLedger(time.monotonic)
        self.catalog_file = config.router_config or "the catalog (~/.model-router/model_router.yaml)"
        self.capture = self._capture()
        self.writer: EventWriter | None = None
        self._ask_key = os.urandom(32)
        self._numbers = random.Random(os.urandom(16))
        self.chance = self._numbers.random
        self._upstream: Upstream | None = None
        self._guard: Guard | None = None
        tries = config.retries
        self.retry_policy = RetryPolicy(
            max_attempts=tries.max_attempts,
            budget_seconds=tries.budget_seconds,
            patience_seconds=tries.patience_seconds,
        )
        self._tasks: dict[Record, asyncio.Task[object]] = {}
        self._unwritten: deque[Record] = deque()
        self._idle: asyncio.Event | None = None
        self._taken = 0
        self._tidying = False
        self._engine_of = {backend: engine for engine, backend in reversed(list(config.engine_backends.items()))}

    @property
    def upstream(self) -> Upstream:
        """The client to the backends; there while the gateway is open."""
        if self._upstream is None:
            raise RuntimeError("the gateway is not open")
        return self._upstream

    @property
    def guard(self) -> Guard:
        """The checks on who may talk to the gateway.

        Raises:
            ServerError: the configuration asks for a key that is not there, or would open the gateway without one.
        """
        if self._guard is None:
            self._guard = Guard(self.config.proxy.host, resolve_key(self.config.proxy, self.environ))
        return self._guard

    @property
    def simple_engine(self) -> str:
        """The engine for housekeeping calls: small, quick, cheap."""
        return self.router.catalog.routing_targets[Route.SIMPLE]

    def open(self) -> None:
        """Open the client and the event log. Called on the server's loop."""
        self._upstream = Upstream(self.config.proxy.transport)
        self.started_at = time.time()
        log = self.config.observability
        if log.enabled:
            base = Path(self.config.source).parent if self.config.source else None
            path = expand(log.log_path, self.environ, base)
            self.writer = EventWriter(path, max_bytes=log.max_bytes, backups=log.backups)
            self.writer.start()
            self._ask_key = load_ask_key(path.parent) or self._ask_key
        if self.capture is not PromptCapture.OFF:
            logger.warning("prompt_capture is %s: the event log keeps text of prompts", self.capture)

    def _rests(self, backend: str) -> bool:
        return self.backends[backend].breaker.resting

    def engine_of(self, backend: str) -> str | None:
        """The first engine whose backend this is."""
        return self._engine_of.get(backend)

    async def close(self) -> None:
        """Close the client and write what is left of the events."""
        while self._unwritten:
            self._write(self._unwritten.popleft())
        if self._upstream is not None:
            await self._upstream.close()
            self._upstream = None
        if self.writer is not None:
            await asyncio.to_thread(self.writer.close)

    def arrive(self, path: str, user_agent: str) -> Record:
        """The record of a request that has just come."""
        return new_record(self._numbers.getrandbits(48), path, user_agent, self.config.proxy)

    def begin(self, record: Record) -> None:
        """Count a request in; :meth:`finish` has to follow, whatever happens to it. Called in the request's task."""
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("a request needs a task")
        self.in_flight += 1
        self._tasks[record] = task

    def finish(self, record: Record) -> None:
        """The one event of a request. Its receipt is written later, when nothing else is to be done."""
        if self._tasks.pop(record, None) is None:
            return
        self.in_flight -= 1
        if self._idle is not None and not self._tasks:
            self._idle.set()
        self._taken += record.body_bytes
        if self._taken > _MUCH and not self._tidying:
            self._tidying = True
            asyncio.get_running_loop().call_later(_QUIET_SECONDS, self._tidy)
        record.finish()
        if record.folded:
            return
        self._unwritten.append(record)
        if len(self._unwritten) == 1:
            asyncio.get_running_loop().call_soon(self._write_some)

    def _tidy(self) -> None:
        """Give memory back once nobody is served."""
        if self._tasks:
            asyncio.get_running_loop().call_later(_QUIET_SECONDS, self._tidy)
            return
        self._tidying, self._taken = False, 0
        give_back()

    def _write_some(self) -> None:
        """A few events a turn of the loop, so that a burst of them holds nobody up.

        The more are waiting, the more they are: on a busy loop, in each of whose turns many requests end, one would
        never keep up.
        """
        for _ in range(min(len(self._unwritten), 1 + len(self._unwritten) // _TURNS_BEHIND)):
            self._write(self._unwritten.popleft())
        if self._unwritten:
            asyncio.get_running_loop().call_soon(self._write_some)

    def _write(self, record: Record) -> None:
        if self._changes:
            record.breakers, self._changes = self._changes, []
        event = record.event(self._hash(record), self.capture)
        self.metrics.count(event, record.failed)
        if self.ring.wanted:
            self.ring.append(LiveEvent(event, record.receipt()))
        if self.writer is not None:
            self.writer.write(event)

    def _hash(self, record: Record) -> str:
        if record.ask is None or not record.ask.text:
            return ""
        text = record.ask.text.encode("utf-8", "replace")
        return blake2b(text, key=self._ask_key, digest_size=12).hexdigest()

    async def check_health(self) -> tuple[BackendHealth, ...]:
        """Reach every backend now; remembered in ``health``. Runs on the server's loop, or alone on any other."""
        seconds = self.config.health.backend_timeout_seconds
        own = Upstream() if self._upstream is None else None
        try:
            self.health = await check_backends(self.backends.values(), own or self.upstream, seconds)
        finally:
            if own is not None:
                await own.close()
        return self.health

    async def drain(self, seconds: float) -> None:
        """Take no new request; wait for those under way, and end what is left after ``seconds``.

        Each of those is told why: a stream by an error event, behind the piece that is just on its way, everything
        else by a refusal.
        """
        self.state = GatewayState.STOPPING
        if not self._tasks:
            return
        if not await self._all_done(seconds):
            for record in self._tasks:
                record.stopped = True
            if not await self._all_done(_LAST_PIECE_SECONDS):
                for task in self._tasks.values():
                    task.cancel()
                await self._all_done(1)

    async def _all_done(self, seconds: float) -> bool:
        """Whether every request under way ended within so many seconds. A task may outlive its request."""
        if self._tasks:
            self._idle = asyncio.Event()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._idle.wait()
        return not self._tasks

    def _backend(self, name: str) -> Backend:
        config = self.config.backends[name]
        key = config.api_key
        if key is None and config.api_key_env is not None:
            key = self.environ.get(config.api_key_env)
            if not key:
                logger.warning("backend %s: %s is not set; requests go without a key", name, config.api_key_env)
        line = Line(config.parallel, config.queue, time.monotonic) if config.parallel is not None else None
        breaker = Breaker(name, self._breaker_policy(), time.monotonic, self._note_change)
        return Backend(name, config, key or None, breaker, line)

    def _note_change(self, change: BreakerChange) -> None:
        """A breaker has changed its state: told in the log, and in the next event."""
        logger.warning("backend %s: %s -> %s (%s)", change.backend, change.before, change.after, change.reason)
        self._changes.append(f"{change.backend}: {change.before} -> {change.after} ({change.reason})")

    def _breaker_policy(self) -> BreakerPolicy:
        given = self.config.breaker
        return BreakerPolicy(
            failure_rate=given.failure_rate,
            min_requests=given.min_requests,
            window_seconds=given.window_seconds,
            consecutive=given.connect_failures,
            rest_seconds=given.rest_seconds,
        )

    def _capture(self) -> PromptCapture:
        if self.environ.get("MODEL_ROUTER_LOG_PROMPTS", "").lower() in _TRUE_WORDS:
            return PromptCapture.FULL
        return self.config.observability.prompt_capture
