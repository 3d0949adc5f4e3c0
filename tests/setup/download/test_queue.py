"""Several downloads: each approved by itself, kept on disk, gone on with after whatever happened."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from model_router.errors import UsageError
from model_router.setup.download.failure import DownloadError, Reason
from model_router.setup.download.hub import Hub
from model_router.setup.download.plan import DownloadPlan
from model_router.setup.download.progress import DownloadState, FileState
from model_router.setup.download.queue import DownloadQueue
from tests.hub.contents import MB, Repo, body, small_model
from tests.hub.server import TestHub
from tests.setup.download.conftest import QUICK, RoomyDisk, fetch, until, until_true

Planned = Callable[..., DownloadPlan]
OpenQueue = Callable[..., DownloadQueue]

_WORKER = """
import sys
from pathlib import Path
from model_router.setup.download.hub import Hub
from model_router.setup.download.plan import plan_download
from model_router.setup.download.queue import DownloadQueue
from tests.setup.download.conftest import RoomyDisk
import os
hub = Hub(os.environ)
plan = plan_download(hub, "org/tiny", Path(sys.argv[1]) / "models", disk=RoomyDisk())
queue = DownloadQueue(Path(sys.argv[1]) / "user", hub, disk=RoomyDisk())
queue.start()
queue.approve(queue.add(plan).identity)
while True:
    queue.wait(60)
"""


def test_nothing_starts_without_its_own_approval(test_hub: TestHub, planned: Planned, open_queue: OpenQueue) -> None:
    test_hub.repos["org/other"] = small_model("other")
    queue = open_queue()
    first, second = queue.add(planned()).identity, queue.add(planned("org/other")).identity
    queue.approve(second)
    until(queue, second, DownloadState.DONE)
    assert queue.snapshot(first).state is DownloadState.PLANNED
    assert [request for request in test_hub.storage_requests if "org/tiny" in request.path] == []


def test_the_same_plan_is_the_same_download(planned: Planned, open_queue: OpenQueue) -> None:
    queue = open_queue()
    assert queue.add(planned()).identity == queue.add(planned()).identity
    assert len(queue.snapshots()) == 1


def test_no_more_files_at_once_than_allowed(test_hub: TestHub, planned: Planned, open_queue: OpenQueue) -> None:
    files = {f"m-Q4_0-0000{number}-of-00004.gguf": body(str(number), 400_000) for number in range(1, 5)}
    repo = test_hub.repos["org/shards"] = Repo(dict(files))
    repo.faults.hold_at = 200_000
    queue, plan = open_queue(parallel=2), planned("org/shards")
    queue.approve(queue.add(plan).identity)
    snapshot = until_true(queue, plan.identity, lambda now: sum(file.done >= 200_000 for file in now.files) == 2)
    assert sorted(file.state for file in snapshot.files) == [FileState.FETCHING] * 2 + [FileState.WAITING] * 2
    test_hub.let_go()
    assert until(queue, plan.identity, DownloadState.DONE).done == 1_600_000


def test_a_snapshot_tells_rate_and_time_left(test_hub: TestHub, planned: Planned, open_queue: OpenQueue) -> None:
    test_hub.repos["org/tiny"].faults.rate = 1_000_000
    queue, plan = open_queue(), planned()
    queue.approve(queue.add(plan).identity)
    snapshot = until_true(queue, plan.identity, lambda now: now.seconds_left is not None)
    assert snapshot.rate is not None
    assert snapshot.rate > 0
    assert snapshot.seconds_left == pytest.approx((snapshot.total - snapshot.done) / snapshot.rate)
    assert snapshot.to_json()["plan"]["repository"] == "org/tiny"


def test_a_killed_process_leaves_a_part_and_the_next_one_goes_on(
    test_hub: TestHub, planned: Planned, open_queue: OpenQueue, tmp_path: Path
) -> None:
    test_hub.repos["org/tiny"].faults.hold_at = MB // 2
    worker = subprocess.Popen(
        [sys.executable, "-c", _WORKER, str(tmp_path)],
        cwd=Path(__file__).resolve().parents[3],
        env={**os.environ, "HF_ENDPOINT": test_hub.url},
    )
    try:
        assert test_hub.held.wait(30)
        part = Path(planned().files[0].target + ".part")
        while part.stat().st_size < MB // 2 - 100_000:
            pass
        onlooker = open_queue(go_on=False)
        (seen,) = onlooker.snapshots()
        assert (seen.state, seen.elsewhere) == (DownloadState.RUNNING, True)
        with pytest.raises(DownloadError) as caught:
            onlooker.pause(seen.identity)
        assert caught.value.reason is Reason.BUSY
    finally:
        worker.send_signal(signal.SIGKILL)
        worker.wait()
    kept = part.stat().st_size
    assert kept > 0
    test_hub.let_go()
    queue = open_queue()
    assert until(queue, seen.identity, DownloadState.DONE).failure is None
    assert test_hub.storage_requests[-1].headers["range"] == f"bytes={kept}-"
    assert Path(planned().files[0].target).read_bytes() == test_hub.repos["org/tiny"].files["tiny-Q4_K_M.gguf"]


def test_a_stopped_queue_goes_on_with_the_next_start_and_a_paused_download_does_not(
    test_hub: TestHub, planned: Planned, open_queue: OpenQueue
) -> None:
    test_hub.repos["org/other"] = small_model("other")
    test_hub.repos["org/tiny"].faults.hold_at = test_hub.repos["org/other"].faults.hold_at = 300_000
    queue = open_queue()
    running, paused = queue.add(planned()).identity, queue.add(planned("org/other")).identity
    for identity in (running, paused):
        queue.approve(identity)
        until_true(queue, identity, lambda now: now.done >= 300_000)
    queue.pause(paused)
    until(queue, paused, DownloadState.PAUSED)
    queue.stop()
    test_hub.let_go()
    again = open_queue()
    until(again, running, DownloadState.DONE)
    assert again.snapshot(paused).state is DownloadState.PAUSED
    assert again.snapshot(paused).done >= 300_000


def test_what_is_kept_on_disk_is_private_and_whole(planned: Planned, open_queue: OpenQueue, tmp_path: Path) -> None:
    queue = open_queue()
    fetch(queue, planned())
    path = tmp_path / "user" / "downloads.json"
    assert path.stat().st_mode & 0o777 == 0o600
    (record,) = json.loads(path.read_text())["downloads"]
    assert (record["state"], record["plan"]["repository"]) == ("done", "org/tiny")
    assert [item.name for item in path.parent.iterdir() if item.name.endswith(".draft")] == []


@pytest.mark.parametrize(
    "damage", [b"", b"{", b"[]", b'{"version": 99, "downloads": []}', b'{"version": 1, "downloads": [1]}']
)
def test_a_damaged_list_is_moved_aside(open_queue: OpenQueue, tmp_path: Path, damage: bytes) -> None:
    folder = tmp_path / "user"
    folder.mkdir()
    (folder / "downloads.json").write_bytes(damage)
    assert open_queue().snapshots() == ()
    assert (folder / "downloads.json.damaged").read_bytes() == damage


def test_two_queues_do_not_take_each_other_s_records(
    test_hub: TestHub, planned: Planned, open_queue: OpenQueue
) -> None:
    test_hub.repos["org/other"] = small_model("other")
    one, other = open_queue(go_on=False), open_queue(go_on=False)
    fetch(one, planned())
    fetch(other, planned("org/other"))
    for queue in (one, other):
        assert {snapshot.plan.repository for snapshot in queue.snapshots()} == {"org/tiny", "org/other"}
        assert {snapshot.state for snapshot in queue.snapshots()} == {DownloadState.DONE}


def test_a_finished_model_can_be_checked_again(test_hub: TestHub, planned: Planned, open_queue: OpenQueue) -> None:
    queue, plan = open_queue(), planned()
    fetch(queue, plan)
    queue.verify(plan.identity)
    assert until(queue, plan.identity, DownloadState.DONE, DownloadState.FAILED).state is DownloadState.DONE
    target = Path(plan.files[0].target)
    target.write_bytes(target.read_bytes()[:-1] + b"?")
    queue.verify(plan.identity)
    failed = until(queue, plan.identity, DownloadState.FAILED)
    assert failed.failure is not None
    assert failed.failure.reason == Reason.CHANGED
    assert target.exists()


def test_commands_that_make_no_sense_say_so(planned: Planned, open_queue: OpenQueue) -> None:
    queue = open_queue()
    identity = queue.add(planned()).identity
    for command in (queue.resume, queue.retry, queue.verify, queue.pause):
        with pytest.raises(UsageError, match="tiny-Q4_K_M is planned"):
            command(identity)
    with pytest.raises(UsageError, match="no download"):
        queue.approve("nothing")


def test_a_forgotten_download_leaves_the_list_and_its_part(
    test_hub: TestHub, planned: Planned, open_queue: OpenQueue
) -> None:
    test_hub.repos["org/tiny"].faults.hold_at = 300_000
    queue, plan = open_queue(), planned()
    queue.approve(queue.add(plan).identity)
    assert test_hub.held.wait(10)
    with pytest.raises(UsageError, match="under way"):
        queue.forget(plan.identity)
    queue.pause(plan.identity)
    until(queue, plan.identity, DownloadState.PAUSED)
    queue.forget(plan.identity)
    assert queue.snapshots() == ()
    assert list(Path(plan.folder).iterdir()) == []


def test_a_certificate_file_that_is_none_is_said(
    planned: Planned, open_queue: OpenQueue, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "nothing.pem"))
    with pytest.raises(DownloadError, match="downloads cannot start") as caught:
        open_queue()
    assert "SSL_CERT_FILE" in caught.value.hint


def test_a_folder_that_cannot_be_written_fails_the_download(
    test_hub: TestHub, planned: Planned, open_queue: OpenQueue, tmp_path: Path
) -> None:
    (tmp_path / "models").write_text("a file where a folder should be")
    failed = fetch(open_queue(), planned())
    assert failed.failure is not None
    assert failed.failure.reason == Reason.CANNOT_WRITE
    assert "models" in failed.failure.message


def test_room_is_looked_at_again_before_the_first_byte(hub: Hub, planned: Planned, tmp_path: Path) -> None:
    queue = DownloadQueue(tmp_path / "user", hub, disk=RoomyDisk(free=1000), patience=QUICK)
    queue.start()
    try:
        failed = fetch(queue, planned())
    finally:
        queue.stop()
    assert failed.failure is not None
    assert failed.failure.reason == Reason.DISK_FULL


def test_two_owners_files_of_one_name_do_not_meet(test_hub: TestHub, planned: Planned, open_queue: OpenQueue) -> None:
    test_hub.repos["two/tiny"] = small_model()
    test_hub.repos["org/tiny"].faults.hold_at = 1000
    queue = open_queue()
    first = queue.add(planned())
    queue.approve(first.identity)
    until(queue, first.identity, DownloadState.RUNNING)
    with pytest.raises(DownloadError, match="org/tiny is on its way") as caught:
        queue.add(planned("two/tiny"))
    assert caught.value.reason is Reason.BUSY
