"""The life of one managed server: started by the first request that needs it, stopped when nobody does."""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import logging
import subprocess
import time
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from model_router.server.happenings import RuntimeEvent
from model_router.server.runtime.launch import Launch, shown_command
from model_router.server.runtime.process import RuntimeFailed, end_process, is_ready, start_process

logger = logging.getLogger(__name__)

_LOOK_SECONDS = 0.1
_STEADY_SECONDS = 60.0
"""A server that was ready for so long has not crashed in a loop."""
_MOST_CRASHES = 5
_LONGEST_PAUSE = 30.0


class RuntimeState(StrEnum):
    """``failed``: it has crashed so often that only a person starts it again."""

    STOPPED = "stopped"
    STARTING = "starting"
    READY = "ready"
    STOPPING = "stopping"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class RuntimeSnapshot:
    """How a server stands. ``users`` are requests that have it at present; ``pid`` is 0 without a process."""

    backend: str
    state: RuntimeState
    pid: int
    users: int
    crashes: int
    since_seconds: float
    reason: str
    command: tuple[str, ...]
    log: str


class Runtime:
    """One server. Used on the server's loop; a snapshot may be taken from any thread.

    ``tell`` hears of each change of state; ``on_ready`` is called when a new process answers. ``before`` is the runtime
    that had this backend until the configuration changed: its port is waited for.
    """

    def __init__(
        self,
        launch: Launch,
        environ: Mapping[str, str],
        mark: Path,
        *,
        key: str | None = None,
        tell: Callable[[RuntimeEvent], None],
        before: Runtime | None = None,
    ) -> None:
        self.launch = launch
        self.state = RuntimeState.STOPPED
        self.on_ready: Callable[[], None] | None = None
        self._environ = environ
        self._mark = mark
        self._key = key
        self._tell = tell
        self._before = before
        self._process: subprocess.Popen[bytes] | None = None
        self._starting: asyncio.Task[None] | None = None
        self._watching: asyncio.Task[None] | None = None
        self._ending: asyncio.Task[None] | None = None
        self._users = 0
        self._unused: asyncio.Event | None = None
        self._idle: asyncio.TimerHandle | None = None
        self._crashes = 0
        self._not_before = 0.0
        self._since = time.monotonic()
        self._reason = "not started yet"
        self._retired = False
        self._changing = asyncio.Lock()

    @contextlib.asynccontextmanager
    async def use(self) -> AsyncIterator[None]:
        """Have the server ready, and keep it while inside.

        Raises:
            RuntimeFailed: it cannot be started, or rests after crashes.
        """
        self._users += 1
        if self._idle is not None:
            self._idle.cancel()
            self._idle = None
        try:
            while self.state is not RuntimeState.READY:
                await self._ready()
            yield
        finally:
            self._users -= 1
            if not self._users:
                self._rest()

    async def start(self, reason: str = "a person has said so") -> None:
        """Start it now, whatever has happened to it before; ``reason`` is told.

        Raises:
            RuntimeFailed: it cannot be started.
        """
        if self.state is RuntimeState.FAILED:
            self._change(RuntimeState.STOPPED, "a person starts it again")
        self._crashes, self._not_before = 0, 0.0
        if self.state is not RuntimeState.READY:
            await self._ready(reason)
        if not self._users:
            self._rest()

    async def stop(self, reason: str, seconds: float | None = None) -> None:
        """End the process, if there is one; the next request starts it again."""
        starting = self._starting
        if starting is not None:
            starting.cancel()
            await asyncio.wait([starting])
        async with self._changing:
            await self._end(RuntimeState.STOPPED, reason, seconds)

    async def retire(self) -> None:
        """The configuration has lost it: it ends when the requests under way have."""
        self._retired = True
        if not self._users:
            await self.stop("the configuration has changed")

    async def give_way(self, seconds: float) -> None:
        """End for another one at the same place; requests under way have so many seconds."""
        if self._users:
            self._unused = asyncio.Event()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._unused.wait()
        await self.stop("another one takes its place")

    def snapshot(self) -> RuntimeSnapshot:
        """How it stands now."""
        process = self._process
        return RuntimeSnapshot(
            backend=self.launch.backend,
            state=self.state,
            pid=process.pid if process is not None else 0,
            users=self._users,
            crashes=self._crashes,
            since_seconds=round(time.monotonic() - self._since, 1),
            reason=self._reason,
            command=shown_command(self.launch.argv),
            log=str(self.launch.log),
        )

    # Inside

    async def _ready(self, reason: str = "a request needs it") -> None:
        """One start for all who wait for it; it goes on when one of them leaves."""
        if self.state is RuntimeState.FAILED:
            raise RuntimeFailed(f"is not started again: {self._reason}", 60.0)
        pause = self._not_before - time.monotonic()
        if self._starting is None and pause > 0:
            raise RuntimeFailed(f"rests {pause:.0f} s before it is started again: {self._reason}", max(1.0, pause))
        if self._starting is None:
            self._starting = asyncio.get_running_loop().create_task(self._start(reason))
            self._starting.add_done_callback(self._started)
        starting = self._starting
        await asyncio.wait([starting])
        if starting.cancelled():
            raise RuntimeFailed("was stopped while it was starting")
        starting.result()

    def _started(self, task: asyncio.Task[None]) -> None:
        self._starting = None
        if not task.cancelled():
            task.exception()  # whoever waits raises it; nobody may wait any more

    async def _start(self, reason: str) -> None:
        async with self._changing:
            if self._before is not None:
                before, self._before = self._before, None
                await before.give_way(self.launch.config.ready_seconds)
            self._change(RuntimeState.STARTING, reason)
            try:
                await self._launch()
                await self._until_ready()
            except asyncio.CancelledError:
                await asyncio.shield(self._end(RuntimeState.STOPPED, "stopped while it was starting", 1.0))
                raise
            except RuntimeFailed as failed:
                self._crashed(str(failed))
                await self._end(self.state, self._reason, 1.0)
                raise
            self._change(RuntimeState.READY, f"it answers at {self.launch.ready_url}")
            self._watching = asyncio.get_running_loop().create_task(self._watch())
            if self.on_ready is not None:
                self.on_ready()

    async def _launch(self) -> None:
        """Start the process; one that is started in the very moment of a stop is not lost."""
        launching = asyncio.ensure_future(asyncio.to_thread(start_process, self.launch, self._environ, self._mark))
        try:
            self._process = await asyncio.shield(launching)
        except asyncio.CancelledError:
            with contextlib.suppress(RuntimeFailed):
                self._process = await launching
            raise
        finally:
            if self._process is not None:
                atexit.register(self._end_at_exit)

    async def _until_ready(self) -> None:
        process = self._process
        if process is None:
            raise RuntimeFailed("was stopped while it was starting")
        seconds = self.launch.config.ready_seconds
        deadline = time.monotonic() + seconds
        while not await asyncio.to_thread(is_ready, self.launch.ready_url, self._key):
            code = process.poll()
            if code is not None:
                raise RuntimeFailed(f"ended with {_ending(code)} before it was ready; its log: {self.launch.log}")
            if time.monotonic() > deadline:
                raise RuntimeFailed(f"was not ready within {seconds:g} s; its log: {self.launch.log}")
            await asyncio.sleep(_LOOK_SECONDS)
        if process.poll() is not None:
            raise RuntimeFailed(f"ended at once, and another program answers at {self.launch.ready_url}")

    async def _watch(self) -> None:
        """Notice that the process has ended by itself."""
        process = self._process
        if process is None:
            return
        while (code := process.poll()) is None:  # noqa: ASYNC110 - waiting would take one of the few threads for itself
            await asyncio.sleep(_LOOK_SECONDS)
        async with self._changing:
            if self._process is process and self.state is RuntimeState.READY:
                if time.monotonic() - self._since > _STEADY_SECONDS:
                    self._crashes = 0
                self._crashed(f"it ended by itself with {_ending(code)}; its log: {self.launch.log}")
                await self._end(self.state, self._reason, 0.0)

    def _crashed(self, reason: str) -> None:
        """Longer and longer pauses before the next start; after some crashes only a person starts it."""
        self._crashes += 1
        pause = 0.0 if self._crashes == 1 else min(2.0 ** (self._crashes - 2), _LONGEST_PAUSE)
        self._not_before = time.monotonic() + pause
        if self._crashes >= _MOST_CRASHES:
            name = self.launch.backend
            reason = f"{self._crashes} crashes; `model-router runtime start {name}` tries again ({reason})"
            self._change(RuntimeState.FAILED, reason)
        else:
            self._change(RuntimeState.STOPPED, reason)

    async def _end(self, after: RuntimeState, reason: str, seconds: float | None) -> None:
        process, self._process = self._process, None
        if process is not None:
            if after is RuntimeState.STOPPED and self.state is RuntimeState.READY:
                self._change(RuntimeState.STOPPING, reason)
            grace = self.launch.config.stop_seconds if seconds is None else seconds
            await asyncio.to_thread(end_process, process, grace, self._mark)
            atexit.unregister(self._end_at_exit)
        if self.state is not after:
            self._change(after, reason)

    def _end_at_exit(self) -> None:
        """The gateway ends without having closed: no server outlives it."""
        process = self._process
        if process is not None and process.poll() is None:
            end_process(process, 0.0, self._mark)

    def _rest(self) -> None:
        """Nobody uses it: end it after a while, or at once when the configuration has lost it."""
        if self._unused is not None:
            self._unused.set()
        loop = asyncio.get_running_loop()
        if self._idle is not None:
            self._idle.cancel()
            self._idle = None
        if self._retired:
            self._idle = loop.call_later(0, self._stop_soon, "the configuration has changed")
        elif self.launch.config.idle_seconds and self.state is RuntimeState.READY:
            seconds = self.launch.config.idle_seconds
            self._idle = loop.call_later(seconds, self._stop_soon, f"nobody has used it for {seconds:g} s")

    def _stop_soon(self, reason: str) -> None:
        if not self._users:
            self._ending = asyncio.get_running_loop().create_task(self._stop_unused(reason))

    async def _stop_unused(self, reason: str) -> None:
        async with self._changing:
            if not self._users and self.state is RuntimeState.READY:
                await self._end(RuntimeState.STOPPED, reason, None)

    def _change(self, after: RuntimeState, reason: str) -> None:
        before, self.state = self.state, after
        self._since, self._reason = time.monotonic(), reason
        level = logging.WARNING if after is RuntimeState.FAILED else logging.INFO
        logger.log(level, "the server of %s: %s -> %s (%s)", self.launch.backend, before, after, reason)
        pid = self._process.pid if self._process is not None else 0
        self._tell(
            RuntimeEvent(
                time=time.time(),
                backend=self.launch.backend,
                before=before.value,
                after=after.value,
                reason=reason,
                pid=pid,
            )
        )


def _ending(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"exit code {code}"
