"""A hub on loopback, the real hub client in front of it, and a queue with little patience."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from model_router.setup.download.disk import Disk
from model_router.setup.download.fetch import Patience
from model_router.setup.download.hub import Hub
from model_router.setup.download.plan import DownloadPlan, plan_download
from model_router.setup.download.progress import DownloadSnapshot, DownloadState
from model_router.setup.download.queue import DownloadQueue
from tests.hub.contents import small_model
from tests.hub.server import TestHub

QUICK = Patience(attempts=4, first_wait=0.01, longest_wait=0.05, silence=10, connect=5)


class RoomyDisk(Disk):
    """As much room as a test wants, whatever the machine has; ``quota`` bytes can be written."""

    def __init__(self, free: int = 10**12, quota: int | None = None) -> None:
        self.room = free
        self.quota = quota

    def free(self, folder: Path) -> int | None:
        return self.room

    def write(self, descriptor: int, data: bytes) -> None:
        if self.quota is not None:
            if len(data) > self.quota:
                super().write(descriptor, data[: self.quota])
                self.quota = 0
                raise OSError(28, "No space left on device")
            self.quota -= len(data)
        super().write(descriptor, data)


@pytest.fixture
def test_hub() -> Iterator[TestHub]:
    """A running hub that holds ``org/tiny``."""
    hub = TestHub({"org/tiny": small_model()})
    hub.start()
    yield hub
    hub.let_go()
    hub.stop()


@pytest.fixture
def hub(test_hub: TestHub, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Hub:
    """Our way to it; nobody is logged in."""
    monkeypatch.setattr("huggingface_hub.constants.HF_TOKEN_PATH", str(tmp_path / "no-token"))
    return Hub({"HF_ENDPOINT": test_hub.url}, sleep=lambda seconds: None)


@pytest.fixture
def planned(hub: Hub, tmp_path: Path) -> Callable[..., DownloadPlan]:
    """A plan for ``org/tiny``, or another repository, below ``tmp_path/models``."""

    def plan(repository: str = "org/tiny", **more: Any) -> DownloadPlan:
        return plan_download(hub, repository, tmp_path / "models", **{"disk": RoomyDisk(), **more})

    return plan


@pytest.fixture
def open_queue(hub: Hub, tmp_path: Path) -> Iterator[Callable[..., DownloadQueue]]:
    """Started queues over one user folder; all are stopped after the test."""
    queues: list[DownloadQueue] = []

    def make(**more: Any) -> DownloadQueue:
        queue = DownloadQueue(tmp_path / "user", hub, **{"disk": RoomyDisk(), "patience": QUICK, **more})
        queue.start()
        queues.append(queue)
        return queue

    yield make
    for queue in queues:
        queue.stop()


def until(queue: DownloadQueue, identity: str, *states: DownloadState, seconds: float = 20) -> DownloadSnapshot:
    """Wait until a download is in one of these states."""
    return until_true(queue, identity, lambda snapshot: snapshot.state in states, seconds)


def until_true(
    queue: DownloadQueue, identity: str, holds: Callable[[DownloadSnapshot], bool], seconds: float = 20
) -> DownloadSnapshot:
    """Wait until something is true of a download."""
    end, version = time.monotonic() + seconds, -1
    while time.monotonic() < end:
        snapshot = queue.snapshot(identity)
        if holds(snapshot):
            return snapshot
        version = queue.wait(0.02, version)
    raise AssertionError(f"it is {snapshot.state}, {snapshot.failure}")


def fetch(queue: DownloadQueue, plan: DownloadPlan) -> DownloadSnapshot:
    """Approve a plan and wait for its end."""
    identity = queue.add(plan).identity
    queue.approve(identity)
    return until(queue, identity, DownloadState.DONE, DownloadState.FAILED)
