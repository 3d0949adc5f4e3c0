"""Downloads under way: commands in, snapshots out, headless or behind a screen.

One thread with an event loop of its own does the work. Commands and snapshots come from any thread and return at once.
What is on disk is enough to go on after the process has ended, however it ended.
"""

from __future__ import annotations

import asyncio
import logging
import os
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from model_router.errors import UsageError
from model_router.setup.download import failure
from model_router.setup.download.disk import Disk
from model_router.setup.download.failure import DownloadError, Reason
from model_router.setup.download.hub import Hub
from model_router.setup.download.pace import Throttle
from model_router.setup.download.part import remove_part
from model_router.setup.download.plan import DownloadPlan, bytes_here
from model_router.setup.download.progress import DownloadSnapshot, DownloadState, Failure, FileState, Tracker
from model_router.setup.download.store import DownloadStore, Record

if TYPE_CHECKING:
    from model_router.setup.download.fetch import Fetcher, Patience

_log = logging.getLogger(__name__)
_BUSY = frozenset({DownloadState.APPROVED, DownloadState.RUNNING, DownloadState.VERIFYING})


@dataclass(slots=True)
class _Entry:
    """One download in this process.

    ``wanted``: this process is at it or will be in a moment. ``intent`` is what it becomes when its task is stopped.
    """

    record: Record
    tracker: Tracker
    wanted: bool = False
    task: asyncio.Task[None] | None = None
    intent: DownloadState | None = None
    lock: int | None = None


class DownloadQueue:
    """All downloads of a user folder.

    ``parallel`` files are fetched at once, ``rate`` bytes a second at most; ``go_on``: downloads that an earlier
    process was at when it ended are taken up by ``start``.
    """

    def __init__(
        self,
        folder: Path,
        hub: Hub,
        *,
        parallel: int = 3,
        rate: int | None = None,
        go_on: bool = True,
        disk: Disk | None = None,
        patience: Patience | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = DownloadStore(folder)
        self._hub = hub
        self._parallel = parallel
        self._rate = rate
        self._go_on = go_on
        self._disk = disk or Disk()
        self._patience = patience
        self._clock = clock
        self._entries: dict[str, _Entry] = {}
        self._changed = threading.Condition(threading.RLock())
        self._version = 0
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping: asyncio.Event | None = None
        self._broken = ""
        self._refresh()

    # Life

    def start(self) -> None:
        """Begin to work. What was approved, or interrupted, starts at once."""
        ready = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(ready,), name="downloads", daemon=True)
        self._thread.start()
        ready.wait()
        if self._loop is None:
            self._thread.join()
            self._thread = None
            raise failure.cannot_start(self._broken)
        with self._changed:
            for identity, entry in self._entries.items():
                entry.wanted = entry.wanted or (self._go_on and entry.record.state in _BUSY)
                if entry.wanted:
                    self._schedule(identity)

    def stop(self) -> None:
        """Stop working; what is under way stays resumable and goes on with the next start."""
        if self._thread is None or self._loop is None or self._stopping is None:
            return
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join()
        self._thread = self._loop = self._stopping = None

    # Reading

    def snapshots(self) -> tuple[DownloadSnapshot, ...]:
        """All downloads as they stand, in the order they were added; also those of other processes."""
        with self._changed:
            self._refresh()
            return tuple(self._snapshot(entry) for entry in self._entries.values())

    def snapshot(self, identity: str) -> DownloadSnapshot:
        """One of them. Raises ``UsageError`` when there is none of that name."""
        with self._changed:
            self._refresh()
            return self._snapshot(self._entry(identity))

    def wait(self, timeout: float, version: int = -1) -> int:
        """Wait until a download has come to another state; returns a number to wait on next time."""
        with self._changed:
            self._changed.wait_for(lambda: self._version != version, timeout)
            return self._version

    # Commands

    def add(self, plan: DownloadPlan) -> DownloadSnapshot:
        """Take a plan in. It waits for its approval; the same files in the same place are the same download.

        Raises:
            DownloadError: another repository's files are on their way to the same place.
        """
        with self._changed:
            self._refresh()
            self._check_place(plan)
            entry = self._entries.get(plan.identity)
            known = DownloadState.PLANNED if entry is None else self._state(entry)
            if entry is None or known not in _BUSY:
                state = DownloadState.PAUSED if known is DownloadState.PAUSED else DownloadState.PLANNED
                entry = _Entry(Record(plan, state), Tracker(plan, self._clock))
                self._entries[plan.identity] = entry
                self._keep(entry)
            return self._snapshot(entry)

    def _check_place(self, plan: DownloadPlan) -> None:
        """Two owners often give a file the same name; written at once, each would spoil the other's."""
        targets = {file.target for file in plan.files}
        for entry in self._entries.values():
            other = entry.record.plan
            under_way = self._state(entry) in _BUSY | {DownloadState.PAUSED}
            if under_way and other.repository != plan.repository and targets & {file.target for file in other.files}:
                raise DownloadError(
                    Reason.BUSY,
                    f"{plan.model} of {other.repository} is on its way to {plan.folder} already",
                    "Let that end or cancel it, or take another --local-root for this one.",
                )

    def approve(self, identity: str) -> None:
        """The person says yes to this one."""
        self._begin_again(identity, {DownloadState.PLANNED, DownloadState.PAUSED})

    def resume(self, identity: str) -> None:
        """Go on where it was paused."""
        self._begin_again(identity, {DownloadState.PAUSED})

    def retry(self, identity: str) -> None:
        """Once more after a failure or a cancel; what has arrived is used."""
        self._begin_again(identity, {DownloadState.FAILED, DownloadState.CANCELLED})

    def pause(self, identity: str) -> None:
        """Stop and keep what has arrived."""
        self._halt(identity, DownloadState.PAUSED)

    def cancel(self, identity: str) -> None:
        """Stop and leave nothing half-written behind. Files that stood in their place before stay."""
        self._halt(identity, DownloadState.CANCELLED)

    def verify(self, identity: str) -> None:
        """Hash a finished download again."""
        self._begin_again(identity, {DownloadState.DONE}, DownloadState.VERIFYING)

    def forget(self, identity: str) -> None:
        """Take a download that is not under way off the list; finished files stay."""
        with self._changed:
            entry = self._free_entry(identity)
            if self._state(entry) in _BUSY:
                raise UsageError(f"{entry.record.plan.model} is under way", "Cancel it first.")
            if entry.record.state is not DownloadState.DONE:
                _remove_parts(entry.record.plan)
            del self._entries[identity]
            self._store.write(identity, None)
            self._tell()

    # Within a command

    def _begin_again(
        self, identity: str, allowed: Iterable[DownloadState], state: DownloadState = DownloadState.APPROVED
    ) -> None:
        with self._changed:
            self._refresh()
            entry = self._free_entry(identity)
            now = self._state(entry)
            if now not in allowed:
                model = entry.record.plan.model
                raise UsageError(f"{model} is {now}", f"This works while it is {' or '.join(sorted(allowed))}.")
            entry.tracker = Tracker(entry.record.plan, self._clock)
            for index, file in enumerate(entry.record.plan.files):
                entry.tracker.here(index, bytes_here(file))
            entry.wanted = True
            self._become(entry, state)
            self._schedule(identity)

    def _halt(self, identity: str, state: DownloadState) -> None:
        with self._changed:
            self._refresh()
            entry = self._free_entry(identity)
            if entry.task is not None and self._loop is not None:
                entry.intent = state
                self._loop.call_soon_threadsafe(entry.task.cancel)
                return
            if entry.record.state is DownloadState.DONE:
                raise UsageError(f"{entry.record.plan.model} is done", "There is nothing left to stop.")
            if state is DownloadState.PAUSED and entry.record.state not in _BUSY:
                raise UsageError(f"{entry.record.plan.model} is {entry.record.state}", "There is nothing to pause.")
            entry.wanted = False
            self._settle(entry, state)

    def _entry(self, identity: str) -> _Entry:
        try:
            return self._entries[identity]
        except KeyError:
            raise UsageError(f"there is no download {identity!r}", "Look at the list of downloads.") from None

    def _free_entry(self, identity: str) -> _Entry:
        """One that no other process is at."""
        entry = self._entry(identity)
        if entry.lock is None and self._store.is_taken(identity):
            raise failure.busy(entry.record.plan.model)
        return entry

    def _state(self, entry: _Entry) -> DownloadState:
        """As a person sees it: what was under way when its process ended has come to a pause."""
        state = entry.record.state
        if state in _BUSY and not entry.wanted and not self._is_elsewhere(entry):
            return DownloadState.PAUSED
        return state

    def _is_elsewhere(self, entry: _Entry) -> bool:
        return entry.lock is None and self._store.is_taken(entry.record.plan.identity)

    def _schedule(self, identity: str) -> None:
        """Before ``start`` there is no loop; then ``start`` does it."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._launch, identity)

    def _refresh(self) -> None:
        """Take in what other processes have written about downloads that this one is not at."""
        records = self._store.changed_records()
        if records is None:
            return
        for identity, record in records.items():
            entry = self._entries.get(identity)
            if entry is None or (not entry.wanted and entry.record != record):
                tracker = Tracker(record.plan, self._clock)
                for index, file in enumerate(record.plan.files):
                    tracker.here(index, bytes_here(file))
                    if record.state is DownloadState.DONE:
                        tracker.enter(index, FileState.READY)
                self._entries[identity] = _Entry(record, tracker)
        for identity in [name for name, entry in self._entries.items() if not entry.wanted and name not in records]:
            del self._entries[identity]

    def _snapshot(self, entry: _Entry) -> DownloadSnapshot:
        state = self._state(entry)
        elsewhere = state in _BUSY and not entry.wanted
        if elsewhere:
            for index, file in enumerate(entry.record.plan.files):
                entry.tracker.here(index, bytes_here(file))
        return entry.tracker.snapshot(state, entry.record.failure, elsewhere=elsewhere)

    def _become(self, entry: _Entry, state: DownloadState, error: DownloadError | None = None) -> None:
        told = Failure(error.reason, error.message, error.hint) if error else None
        entry.record = Record(entry.record.plan, state, told)
        self._keep(entry)

    def _keep(self, entry: _Entry) -> None:
        try:
            self._store.write(entry.record.plan.identity, entry.record)
        except OSError as error:  # the download itself may well go on
            _log.warning("%s cannot be written: %s", self._store.path, error)
        self._tell()

    def _tell(self) -> None:
        self._version += 1
        self._changed.notify_all()

    def _settle(self, entry: _Entry, state: DownloadState) -> None:
        """A download that no task is at any more has come to rest."""
        if state is DownloadState.CANCELLED:
            _remove_parts(entry.record.plan)
            for index, file in enumerate(entry.record.plan.files):
                entry.tracker.here(index, bytes_here(file))
        self._become(entry, state)

    # In the thread

    def _run(self, ready: threading.Event) -> None:
        try:
            asyncio.run(self._serve(ready))
        except (OSError, ValueError) as error:  # a proxy or a certificate file that the environment names and is none
            self._broken = str(error)
            _log.warning("downloads cannot run: %s", error)
        finally:
            ready.set()

    async def _serve(self, ready: threading.Event) -> None:
        import httpx

        from model_router.setup.download.fetch import Fetcher, Patience

        patience = self._patience or Patience()
        silence = httpx.Timeout(patience.silence, connect=patience.connect)
        self._stopping = asyncio.Event()
        async with httpx.AsyncClient(timeout=silence, limits=httpx.Limits(max_keepalive_connections=8)) as client:
            throttle = Throttle(self._rate, self._clock)
            self._make_fetcher: Callable[[], Fetcher] = lambda: Fetcher(
                self._hub, client, throttle=throttle, disk=self._disk, patience=patience, token=self._hub.token()
            )
            self._places = asyncio.Semaphore(self._parallel)
            self._loop = asyncio.get_running_loop()
            ready.set()
            await self._stopping.wait()
            tasks = [entry.task for entry in self._entries.values() if entry.task is not None]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def _launch(self, identity: str) -> None:
        with self._changed:
            entry = self._entries.get(identity)
            if entry is None or entry.task is not None or entry.record.state not in _BUSY or self._loop is None:
                return
            try:
                entry.lock = self._store.take(identity)
            except OSError as error:
                entry.wanted = False
                problem = failure.cannot_write(str(self._store.path.parent), error.strerror or str(error))
                self._become(entry, DownloadState.FAILED, problem)
                return
            if entry.lock is None:
                entry.wanted = False
                return
            entry.intent = None
            entry.task = self._loop.create_task(self._work(entry))

    async def _work(self, entry: _Entry) -> None:
        from model_router.setup.download.transfer import transfer, verify

        plan = entry.record.plan
        rest: tuple[DownloadState | None, DownloadError | None] = (DownloadState.DONE, None)
        try:
            if entry.record.state is DownloadState.VERIFYING:
                await verify(plan, entry.tracker)
            else:
                async with self._places:
                    pass  # it counts as running when its first file may begin
                self._change(entry, DownloadState.RUNNING)
                self._hub.check_allowed()
                await transfer(plan, self._make_fetcher(), entry.tracker, self._disk, self._places)
        except asyncio.CancelledError:
            rest = (entry.intent, None)
        except DownloadError as error:
            rest = (DownloadState.FAILED, error)
        except Exception as error:  # noqa: BLE001 - logged; and it must not look like a download under way
            _log.exception("the download of %s ended unexpectedly", plan.model)
            rest = (DownloadState.FAILED, failure.unexpected(plan.model, error))
        finally:
            with self._changed:
                self._release(entry)
                state, problem = rest
                if state is DownloadState.FAILED:
                    self._become(entry, state, problem)
                elif state is not None:
                    self._settle(entry, state)

    def _change(self, entry: _Entry, state: DownloadState) -> None:
        with self._changed:
            self._become(entry, state)

    def _release(self, entry: _Entry) -> None:
        entry.task = None
        entry.wanted = False
        if entry.lock is not None:
            os.close(entry.lock)
            entry.lock = None


def _remove_parts(plan: DownloadPlan) -> None:
    for file in plan.files:
        remove_part(Path(file.target))
