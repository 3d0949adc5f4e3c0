"""The life of one managed server: started by the first request that needs it, stopped when nobody does."""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TypeAlias

from model_router.server.happenings import RuntimeEvent
from model_router.server.runtime.launch import Launch, shown_command
from model_router.server.runtime.printed import shorten_log
from model_router.server.runtime.probe import READY_SECONDS, is_ready
from model_router.server.runtime.process import NotStarted, RuntimeFailed, ServerProcess, start_process

logger = logging.getLogger(__name__)

_LOOK_SECONDS = 0.1
_WATCH_SECONDS = 0.1
_LOG_LOOKS = 300
"""So many looks at the process come to one at the length of its log."""
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


Places: TypeAlias = "dict[int, Runtime]"
"""Which server has a port of this machine at present: no other is started there before that one has ended."""


class Runtime:
    """One server. Used on the server's loop; a snapshot may be taken from any thread.

    ``tell`` hears of each change of state; ``on_ready`` is called when a new process answers. ``places`` are those of
    all servers of this gateway, also of such as the configuration has lost and that end with their last request.
    """

    def __init__(
        self,
        launch: Launch,
        mark: Path,
        *,
        key: str | None = None,
        tell: Callable[[RuntimeEvent], None],
        places: Places,
    ) -> None:
        self.launch = launch
        self.state = RuntimeState.STOPPED
        self.on_ready: Callable[[], None] | None = None
        self._mark = mark
        self._key = key
        self._tell = tell
        self._places = places
        self._process: ServerProcess | None = None
        self._leaving: ServerProcess | None = None
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
            while self.state is not RuntimeState.READY or await self._has_ended():
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
        if self.state is not RuntimeState.READY or await self._has_ended():
            await self._ready(reason)
        if not self._users:
            self._rest()

    async def stop(self, reason: str, seconds: float | None = None) -> None:
        """End the process, if there is one; the next request starts it again. It has ``seconds``, else its own."""
        starting = self._starting
        if starting is not None:
            starting.cancel()
            await asyncio.wait([starting])
        if seconds is not None and self._leaving is not None:
            self._leaving.hurry(seconds)
        async with self._changing:
            await self._end(RuntimeState.STOPPED, reason, seconds)

    async def clear(self, reason: str) -> None:
        """A person wants nothing to run here: also no server of an earlier configuration with requests under way."""
        await self.stop(reason)
        other = self._places.get(self.launch.port)
        if other is not None and other is not self:
            await other.stop(reason)

    def settle(self, launch: Launch) -> None:
        """The configuration says the same server with other times or another environment: they hold from now on."""
        self.launch = launch
        if not self._users:
            self._rest()

    async def retire(self) -> None:
        """The configuration has lost it: it ends when the requests under way have."""
        self._retired = True
        if not self._users:
            await self.stop("the configuration has changed")

    async def give_way(self, seconds: float) -> int:
        """End for another one at the same place; how many requests it still answers after so many seconds, if any."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while self._users:
                    self._unused = asyncio.Event()
                    await self._unused.wait()
        if not self._users:
            await self.stop("another one takes its place")
        return self._users

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
        if self.state is RuntimeState.READY:
            return
        if self.state is RuntimeState.FAILED:
            raise self._given_up()
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
            self._change(RuntimeState.STARTING, reason)
            try:
                await self._take_place()
                await self._launch()
                await self._until_ready()
            except asyncio.CancelledError:
                await asyncio.shield(self._end(RuntimeState.STOPPED, "stopped while it was starting", 1.0))
                raise
            except RuntimeFailed as failed:
                self._crashed(str(failed), by_itself=not isinstance(failed, NotStarted))
                await self._end(self.state, self._reason, 1.0)
                if self.state is RuntimeState.FAILED:
                    raise self._given_up() from None
                failed.retry_after = max(1.0, self._not_before - time.monotonic())
                raise
            except Exception as error:
                logger.exception("the server of %s could not be started", self.launch.backend, exc_info=error)
                self._crashed(f"could not be started: {error}")
                await self._end(self.state, self._reason, 1.0)
                raise RuntimeFailed(self._reason) from None
            self._change(RuntimeState.READY, f"it answers at {self.launch.ready_url}")
            self._watching = asyncio.get_running_loop().create_task(self._watch())
            if self.on_ready is not None:
                self.on_ready()
            if not self._users:  # whoever wanted it has left meanwhile
                self._rest()

    async def _take_place(self) -> None:
        """Have the port for itself: what this gateway runs there by an earlier configuration ends first."""
        port = self.launch.port
        while (other := self._places.get(port)) is not None and other is not self:
            if self._retired and not other._retired:
                raise NotStarted("has made way for another server, as the configuration has changed")
            left = await other.give_way(self.launch.config.ready_seconds)
            if left:
                requests = f"{left} request{'s' if left > 1 else ''}"
                raise NotStarted(f"waits for the server before it, which still answers {requests}")
        self._places[port] = self

    async def _launch(self) -> None:
        """Start the process; one that is started in the very moment of a stop is not lost."""
        launching = asyncio.ensure_future(asyncio.to_thread(start_process, self.launch, self._mark))
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
        log, seconds = self.launch.log, self.launch.config.ready_seconds
        deadline = time.monotonic() + seconds
        while not await asyncio.to_thread(is_ready, self.launch.ready_url, self._key, _patience(deadline)):
            code = process.poll()
            if code is not None:
                await self._refuse_to_watch(process)
                raise RuntimeFailed(f"ended with {_ending(code)} before it was ready; its log: {log}")
            if time.monotonic() > deadline:
                raise RuntimeFailed(f"was not ready within {seconds:g} s; its log: {log}")
            await asyncio.sleep(_LOOK_SECONDS)
        if process.poll() is not None:
            await self._refuse_to_watch(process)
            raise RuntimeFailed(f"ended at once, and another program answers at {self.launch.ready_url}")

    async def _refuse_to_watch(self, process: ServerProcess) -> None:
        """A server that goes into the background can be neither watched nor asked how it ended."""
        if process.poll() == 0 and await asyncio.to_thread(process.has_left):
            sentence = "has gone into the background, where it cannot be watched; have it stay in the foreground"
            raise RuntimeFailed(f"{sentence}; its log: {self.launch.log}")

    async def _watch(self) -> None:
        """Notice that the process has ended by itself, and keep its log in bounds."""
        process, looks = self._process, 0
        while process is not None and process is self._process and not await self._has_ended():
            await asyncio.sleep(_WATCH_SECONDS)
            looks += 1
            if looks % _LOG_LOOKS == 0:
                await asyncio.to_thread(shorten_log, self.launch.log)

    async def _has_ended(self) -> bool:
        """Whether the process that was ready is no more; then what is left of it has been ended, too."""
        process = self._process
        if process is None or process.poll() is None:
            return process is None
        async with self._changing:
            code = process.poll()
            if self._process is process and self.state is RuntimeState.READY and code is not None:
                if time.monotonic() - self._since > _STEADY_SECONDS:
                    self._crashes = 0
                self._crashed(f"it ended by itself with {_ending(code)}; its log: {self.launch.log}")
                await self._end(self.state, self._reason, 0.0)
        return True

    def _crashed(self, reason: str, *, by_itself: bool = True) -> None:
        """Longer and longer pauses before the next start; after some crashes only a person starts it.

        Where there was no process (not ``by_itself``) the next request may find what was missing.
        """
        self._crashes = min(self._crashes + 1, _MOST_CRASHES if by_itself else _MOST_CRASHES - 1)
        pause = 0.0 if self._crashes == 1 else min(2.0 ** (self._crashes - 2), _LONGEST_PAUSE)
        self._not_before = time.monotonic() + (pause if by_itself else min(pause, 1.0))
        if self._crashes >= _MOST_CRASHES:
            name = self.launch.backend
            reason = (
                f"it failed {self._crashes} times in a row; `model-router runtime start {name}` tries again ({reason})"
            )
            self._change(RuntimeState.FAILED, reason)
        else:
            self._change(RuntimeState.STOPPED, reason)

    def _given_up(self) -> RuntimeFailed:
        return RuntimeFailed(f"is not started again: {self._reason}", None)

    async def _end(self, after: RuntimeState, reason: str, seconds: float | None) -> None:
        process, self._process = self._process, None
        try:
            if process is not None:
                if after is RuntimeState.STOPPED and self.state is RuntimeState.READY:
                    self._change(RuntimeState.STOPPING, reason)
                self._leaving = process
                grace = self.launch.config.stop_seconds if seconds is None else seconds
                await asyncio.to_thread(process.end, grace)
        finally:
            self._leaving = None
            atexit.unregister(self._end_at_exit)
            if self._places.get(self.launch.port) is self:
                del self._places[self.launch.port]
        if self.state is not after:
            self._change(after, reason)

    def _end_at_exit(self) -> None:
        """The gateway ends without having closed: no server outlives it."""
        process = self._process
        if process is not None and process.poll() is None:
            process.end(0.0)

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


def _patience(deadline: float) -> float:
    """Seconds for one answer, so that the last one does not come long after the deadline."""
    return min(READY_SECONDS, max(_LOOK_SECONDS, deadline - time.monotonic()))


def _ending(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"exit code {code}"
