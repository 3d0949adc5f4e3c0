"""How far a download is, as values: for the screen, the terminal and machines alike."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from model_router.setup.download.pace import RateMeter
from model_router.setup.download.plan import DownloadPlan


class DownloadState(StrEnum):
    """The life of a plan."""

    PLANNED = "planned"
    APPROVED = "approved"
    RUNNING = "running"
    PAUSED = "paused"
    VERIFYING = "verifying"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


class FileState(StrEnum):
    """The life of one file of it. ``checking``: what is here from before is being hashed."""

    WAITING = "waiting"
    CHECKING = "checking"
    FETCHING = "fetching"
    RETRYING = "retrying"
    VERIFYING = "verifying"
    READY = "ready"


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a download stopped."""

    reason: str
    message: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class FileSnapshot:
    """One file. ``notice`` says why it waits, if it does; ``checked`` counts bytes hashed anew while checking."""

    name: str
    size: int
    done: int
    state: FileState
    checked: int = 0
    notice: str = ""


@dataclass(frozen=True, slots=True)
class DownloadSnapshot:
    """One download at one moment. Bytes, bytes per second, seconds; ``None`` is not known.

    ``elsewhere``: another process is at it, and only that one can be told to stop.
    """

    plan: DownloadPlan
    state: DownloadState
    done: int
    files: tuple[FileSnapshot, ...]
    rate: float | None = None
    seconds_left: float | None = None
    failure: Failure | None = None
    elsewhere: bool = False

    @property
    def identity(self) -> str:
        """The name that commands take."""
        return self.plan.identity

    @property
    def total(self) -> int:
        """Bytes of all files."""
        return self.plan.total

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        import msgspec

        plain: dict[str, Any] = msgspec.to_builtins(self)
        return {"identity": self.identity, **plain, "plan": self.plan.to_json(), "total": self.total}


class Tracker:
    """What the transfer writes and snapshots read. One writer; readers may see a moment between two figures."""

    def __init__(self, plan: DownloadPlan, clock: Callable[[], float]) -> None:
        self._plan = plan
        self._done = [file.have for file in plan.files]
        self._checked = [0] * len(plan.files)
        self._states = [FileState.WAITING] * len(plan.files)
        self._notices = [""] * len(plan.files)
        self._meter = RateMeter(clock)

    def enter(self, index: int, state: FileState, notice: str = "") -> None:
        """A file has come to another state."""
        self._states[index] = state
        self._notices[index] = notice

    def here(self, index: int, size: int) -> None:
        """So much of a file is here."""
        self._done[index] = size

    def checked(self, index: int, size: int) -> None:
        """So much of what was here has been hashed."""
        self._checked[index] = size

    def arrived(self, index: int, size: int) -> None:
        """So many bytes have come."""
        self._done[index] += size
        self._meter.count(size)

    def missing(self, index: int) -> int:
        """Bytes of a file that are not here."""
        return self._plan.files[index].size - self._done[index]

    def snapshot(
        self, state: DownloadState, failure: Failure | None = None, *, elsewhere: bool = False
    ) -> DownloadSnapshot:
        """This moment."""
        at_work = state in {DownloadState.RUNNING, DownloadState.VERIFYING}
        rest = {FileState.READY, FileState.WAITING}
        states = tuple(each if at_work or each in rest else FileState.WAITING for each in self._states)
        if state is DownloadState.RUNNING and _only_checks(states):
            state = DownloadState.VERIFYING
        done = sum(self._done)
        moving = state is DownloadState.RUNNING
        rate = self._meter.rate() if moving else None
        return DownloadSnapshot(
            plan=self._plan,
            state=state,
            done=done,
            files=tuple(
                FileSnapshot(file.name, file.size, done, file_state, checked, notice)
                for file, done, file_state, checked, notice in zip(
                    self._plan.files, tuple(self._done), states, tuple(self._checked), tuple(self._notices), strict=True
                )
            ),
            rate=rate,
            seconds_left=(self._plan.total - done) / rate if rate else None,
            failure=failure,
            elsewhere=elsewhere,
        )


def _only_checks(states: tuple[FileState, ...]) -> bool:
    """Nothing is fetched or waits for it, and something is being hashed."""
    idle = {FileState.VERIFYING, FileState.CHECKING, FileState.READY}
    return set(states) <= idle and set(states) != {FileState.READY}
