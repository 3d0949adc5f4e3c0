"""What lives as long as the gateway: router, backends, sessions, approvals, events. Screen and server share it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import random
import secrets
import time
from collections import deque
from collections.abc import Mapping
from enum import StrEnum
from hashlib import blake2b
from pathlib import Path

from model_router.config.capture import CAPTURE_WARNING
from model_router.config.files import expand, has_home, user_folder
from model_router.config.proxy import PromptCapture, ProxyConfig
from model_router.router import ModelRouter
from model_router.server.approvals import ApprovalQueue
from model_router.server.arrangement import arrange, make_guard, settle
from model_router.server.ask_key import load_ask_key
from model_router.server.backends import Backend
from model_router.server.breaker import BreakerChange, BreakerState
from model_router.server.control.journal import Journal
from model_router.server.event_file import EventWriter
from model_router.server.events import EventRing, LiveEvent
from model_router.server.guard import Guard
from model_router.server.happenings import GatewayEvent
from model_router.server.health import BackendHealth, check_backends
from model_router.server.later import Later
from model_router.server.memory import give_back
from model_router.server.metrics import Metrics
from model_router.server.record import Record, new_record
from model_router.server.reload import Prepared, Reloader, Reloads
from model_router.server.retries import RetryPolicy
from model_router.server.runtime.left_behind import end_all_left_behind
from model_router.server.runtime.runtime import Runtime
from model_router.server.sessions import SessionMemory
from model_router.server.stickiness import Stickiness
from model_router.server.upstream import Upstream

logger = logging.getLogger(__name__)

_LAST_PIECE_SECONDS = 0.2
_LAST_SECONDS = 1.5
"""For managed servers to end in, when the gateway does."""
_MUCH = 16_777_216
"""Bytes of bodies after which it is worth giving memory back."""
_QUIET_SECONDS = 0.5
_LASTING_SECONDS = 0.02
"""Most answers are out by then; what only the others need is not begun before."""
_EVENTS_AFTER_SECONDS = 0.02
_TURNS_BEHIND = 8
"""Turns of the loop within which about half of the events that wait are written."""


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

    ``arrangement`` is what the configuration says; it is replaced as a whole when that changes. ``given`` names
    settings of ``proxy`` that are the command line's. ``happenings`` are events that are no request's, for the screen.
    ``token`` opens the control surface of this run; ``journal`` has the newest events for those who follow them there.
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
        given: frozenset[str] = frozenset(),
    ) -> None:
        self.demo = demo
        self.given = given
        self.environ = dict(os.environ if environ is None else environ)
        self.ring = EventRing()
        self.metrics = Metrics()
        self.state = GatewayState.STOPPED
        self.address = ""
        self.started_at: float | None = None
        self.in_flight = 0
        self.health: tuple[BackendHealth, ...] = ()
        self.token = secrets.token_urlsafe(32)
        self.journal = Journal()
        self.happenings: deque[GatewayEvent] = deque(maxlen=1_000)
        self._changes: list[str] = []
        self.arrangement = arrange(config, router, self.environ, self.note_change, tell=self.tell)
        keep = config.sessions
        self.sessions = SessionMemory(keep.max_sessions, keep.ttl_seconds)
        self.approvals = ApprovalQueue(config.approvals, self.tell_from_anywhere)
        self.reloader: Reloads | None = None
        self.writer: EventWriter | None = None
        self._ask_key = os.urandom(32)
        self._numbers = random.Random(os.urandom(16))
        self.chance = self._numbers.random
        self._upstream: Upstream | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._guard: Guard | None = None
        self._retiring: set[asyncio.Task[None]] = set()
        self._tasks: dict[Record, asyncio.Task[object]] = {}
        self._unwritten: deque[Record] = deque()
        self.later = Later(_LASTING_SECONDS)
        self._idle: asyncio.Event | None = None
        self._taken = 0
        self._tidying = False
        self._hurried = False

    @property
    def config(self) -> ProxyConfig:
        """What the proxy file says at present."""
        return self.arrangement.config

    @property
    def router(self) -> ModelRouter:
        """The router at present."""
        return self.arrangement.router

    @property
    def backends(self) -> dict[str, Backend]:
        """The backends by name, at present."""
        return self.arrangement.backends

    @property
    def stickiness(self) -> Stickiness:
        """Whether conversations stay, at present."""
        return self.arrangement.stickiness

    @property
    def retry_policy(self) -> RetryPolicy:
        """How often a request is tried, at present."""
        return self.arrangement.retry_policy

    @property
    def capture(self) -> PromptCapture:
        """How much text of prompts the event log keeps, at present."""
        return self.arrangement.capture

    @property
    def catalog_file(self) -> str:
        """The catalog, as people are told of it."""
        return self.config.router_config or "the catalog (~/.model-router/model_router.yaml)"

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
            self._guard = make_guard(self.config, self.environ)
        return self._guard

    def open(self) -> None:
        """Open the client and the event log, and watch the files. Called on the server's loop."""
        self._loop = asyncio.get_running_loop()
        self._upstream = Upstream(self.config.proxy.transport)
        self.started_at = time.time()
        log = self.config.observability
        if log.enabled:
            base = Path(self.config.source).parent if self.config.source else None
            path = expand(log.log_path, self.environ, base)
            self.writer = EventWriter(path, max_bytes=log.max_bytes, backups=log.backups)
            self.writer.start()
            self._ask_key = load_ask_key(path.parent) or self._ask_key
        self.reloader = Reloader(self, self._loop)
        if self.config.source:
            self.reloader.start()
        servers = user_folder(self.environ) / "run" / "servers"
        if not self.demo and has_home(self.environ) and servers.is_dir():
            self._loop.run_in_executor(None, end_all_left_behind, servers)
        if self.capture is PromptCapture.REDACTED_PREVIEW:  # of more than that, whoever opens the gateway warns
            logger.warning("prompt_capture is %s: the event log keeps text of prompts", self.capture)

    def engine_of(self, backend: str) -> str | None:
        """The first engine whose backend this is."""
        return self.arrangement.engine_of.get(backend)

    async def close(self) -> None:
        """Close the client and write what is left of the events."""
        if self.reloader is not None:
            self.reloader.stop()
        running = {*self.runtimes().values(), *self.arrangement.places.values()}
        ending = [runtime.stop("the gateway ends", _LAST_SECONDS) for runtime in running]
        await asyncio.gather(*ending, *self._retiring, return_exceptions=True)
        self.write_events()
        if self._upstream is not None:
            await self._upstream.close()
            self._upstream = None
        if self.writer is not None:
            await asyncio.to_thread(self.writer.close)

    def take(self, prepared: Prepared) -> None:
        """Go on with another configuration: one assignment, between two turns of the server's loop."""
        arrangement = prepared.arrangement
        settle(arrangement)
        if arrangement.capture is PromptCapture.FULL and self.capture is not PromptCapture.FULL:
            logger.warning(CAPTURE_WARNING)
        lost = self.runtimes()
        self.arrangement, self._guard = arrangement, prepared.guard
        for runtime in set(lost.values()) - set(self.runtimes().values()):
            task = asyncio.create_task(runtime.retire())
            self._retiring.add(task)
            task.add_done_callback(self._retiring.discard)
        config = arrangement.config
        self.approvals.settings = config.approvals
        self.sessions.keep_engines(arrangement.router.catalog.engines)
        self.sessions.resize(config.sessions.max_sessions, config.sessions.ttl_seconds)
        self.health = tuple(one for one in self.health if one.name in arrangement.backends)
        if self.writer is not None:
            self.writer.resize(config.observability.max_bytes, config.observability.backups)

    def runtimes(self) -> dict[str, Runtime]:
        """The managed servers by backend."""
        return {name: one.runtime for name, one in self.backends.items() if one.runtime is not None}

    def tell(self, event: GatewayEvent) -> None:
        """An event that is no request's: to the file and to the screen, in its order. On the server's loop only."""
        self.write_events()
        self.happenings.append(event)
        self.journal.append(event)
        if self.writer is not None:
            self.writer.write(event)

    def tell_from_anywhere(self, event: GatewayEvent) -> None:
        """The same from any thread; nothing happens when the gateway is closed."""
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop has ended
                self._loop.call_soon_threadsafe(self.tell, event)

    def arrive(self, path: str, user_agent: str) -> Record:
        """The record of a request that has just come."""
        return new_record(self._numbers.getrandbits(48), path, user_agent, self.config.proxy)

    def begin(self, record: Record) -> asyncio.Task[object]:
        """Count a request in; :meth:`finish` has to follow, whatever happens. Called in its task, which it gives."""
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("a request needs a task")
        self.in_flight += 1
        self._tasks[record] = task
        return task

    def finish(self, record: Record) -> None:
        """The one event of a request, which is written some milliseconds later: the client's next one goes first."""
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
        if record.folded or not (record.error or record.failures):
            record.sent = b""  # only errors are held against the body: it need not wait for the event
        if record.folded:
            return
        self._unwritten.append(record)
        if len(self._unwritten) == 1:
            asyncio.get_running_loop().call_later(_EVENTS_AFTER_SECONDS, self._write_some)

    def _tidy(self) -> None:
        """Give memory back once nobody is served."""
        if self._tasks:
            asyncio.get_running_loop().call_later(_QUIET_SECONDS, self._tidy)
            return
        self._tidying, self._taken = False, 0
        give_back()

    def write_events(self) -> None:
        """Write those that wait, for somebody who is looking now."""
        while self._unwritten:
            self._write(self._unwritten.popleft())

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
        event = record.event(self._hash(record), self.capture, self._session(record))
        record.sent = b""
        self.metrics.count(event, record.failed)
        self.journal.append(event)
        if self.ring.wanted:
            self.ring.append(LiveEvent(event, record.receipt()))
        if self.writer is not None:
            self.writer.write(event)

    def _hash(self, record: Record) -> str:
        if record.ask is None or not record.ask.text:
            return ""
        text = record.ask.text.encode("utf-8", "replace")
        return blake2b(text, key=self._ask_key, digest_size=12).hexdigest()

    def _session(self, record: Record) -> str:
        if record.ask is None or not record.ask.session:
            return ""
        session = record.ask.session.encode("utf-8", "replace")
        return blake2b(session, key=self._ask_key, digest_size=8).hexdigest()

    async def check_health(self) -> tuple[BackendHealth, ...]:
        """Reach every backend now; remembered in ``health``. Runs on the server's loop, or alone on any other."""
        seconds = self.config.health.backend_timeout_seconds
        own = Upstream() if self._upstream is None else None
        try:
            found = await check_backends(self.backends.values(), own or self.upstream, seconds)
            self.health = tuple(one for one in found if one.name in self.backends)
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
        self.approvals.close()
        if not self._tasks:
            return
        if not await self._all_done(0 if self._hurried else seconds):
            for record in self._tasks:
                record.stopped = True
            if not await self._all_done(_LAST_PIECE_SECONDS):
                for task in self._tasks.values():
                    task.cancel()
                await self._all_done(1)

    def hurry(self) -> None:
        """Let :meth:`drain` wait no longer, if it has begun or not. On the server's loop only."""
        self._hurried = True
        if self._idle is not None:
            self._idle.set()

    async def _all_done(self, seconds: float) -> bool:
        """Whether every request under way ended within so many seconds. A task may outlive its request."""
        if self._tasks:
            self._idle = asyncio.Event()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._idle.wait()
        return not self._tasks

    def note_change(self, change: BreakerChange) -> None:
        """A breaker has changed its state: told in the log, and in the next event."""
        level = logging.INFO if change.after is BreakerState.HALF_OPEN else logging.WARNING
        logger.log(level, "backend %s: %s", change.backend, change.words)
        self._changes.append(f"{change.backend}: {change.before} -> {change.after} ({change.reason})")
