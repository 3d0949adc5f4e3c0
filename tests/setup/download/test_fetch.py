"""Bytes from a hub: resumed, checked, and kept from other hosts' ears."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from model_router.setup.download.failure import Reason
from model_router.setup.download.hub import Hub
from model_router.setup.download.plan import DownloadPlan
from model_router.setup.download.progress import DownloadState
from model_router.setup.download.queue import DownloadQueue
from tests.hub.contents import MB, NEXT_COMMIT, Repo, body
from tests.hub.server import GOOD_TOKEN, TestHub
from tests.setup.download.conftest import RoomyDisk, fetch, until, until_true

Planned = Callable[..., DownloadPlan]
OpenQueue = Callable[..., DownloadQueue]


def contents(plan: DownloadPlan) -> list[bytes]:
    return [Path(file.target).read_bytes() for file in plan.files]


def leftovers(plan: DownloadPlan) -> list[str]:
    known = {Path(file.target).name for file in plan.files}
    return sorted(path.name for path in Path(plan.folder).iterdir() if path.name not in known)


def test_what_arrives_is_what_the_hub_holds(test_hub: TestHub, planned: Planned, open_queue: OpenQueue) -> None:
    plan = planned(projector=True)
    snapshot = fetch(open_queue(), plan)
    assert snapshot.state is DownloadState.DONE
    assert snapshot.done == snapshot.total
    files = test_hub.repos["org/tiny"].files
    assert contents(plan) == [files["tiny-Q4_K_M.gguf"], files["mmproj-tiny-F16.gguf"]]
    assert leftovers(plan) == []


def test_a_link_that_breaks_every_now_and_then_gets_there(
    test_hub: TestHub, planned: Planned, open_queue: OpenQueue
) -> None:
    test_hub.repos["org/tiny"].faults.cut_after = MB // 8
    plan = planned()
    assert fetch(open_queue(), plan).state is DownloadState.DONE
    assert len(test_hub.storage_requests) >= 8
    assert test_hub.sent < 2 * MB
    assert contents(plan) == [test_hub.repos["org/tiny"].files["tiny-Q4_K_M.gguf"]]


def test_a_pause_keeps_what_has_arrived_and_resume_asks_for_the_rest_only(
    test_hub: TestHub, planned: Planned, open_queue: OpenQueue
) -> None:
    test_hub.repos["org/tiny"].faults.hold_at = MB // 2
    queue, plan = open_queue(), planned()
    identity = queue.add(plan).identity
    queue.approve(identity)
    assert test_hub.held.wait(10)
    until_true(queue, identity, lambda snapshot: snapshot.done >= MB // 2)
    queue.pause(identity)
    paused = until(queue, identity, DownloadState.PAUSED)
    assert MB // 2 <= paused.done < MB
    test_hub.let_go()
    queue.resume(identity)
    assert until(queue, identity, DownloadState.DONE).failure is None
    last = test_hub.storage_requests[-1].headers
    assert last["range"] == f"bytes={paused.done}-"
    assert last["if-range"].startswith('"')
    assert contents(plan) == [test_hub.repos["org/tiny"].files["tiny-Q4_K_M.gguf"]]


def test_cancel_takes_effect_while_the_server_is_silent_and_leaves_nothing(
    test_hub: TestHub, planned: Planned, open_queue: OpenQueue
) -> None:
    test_hub.repos["org/tiny"].faults.hold_at = 200_000
    queue, plan = open_queue(), planned()
    identity = queue.add(plan).identity
    queue.approve(identity)
    assert test_hub.held.wait(10)
    taken = []
    for _ in range(3):
        begun = time.monotonic()
        queue.cancel(identity)
        until(queue, identity, DownloadState.CANCELLED)
        taken.append(time.monotonic() - begun)
        assert list(Path(plan.folder).iterdir()) == []
        test_hub.held.clear()
        queue.retry(identity)
        assert test_hub.held.wait(10)
    assert min(taken) < 0.3


def test_a_server_without_ranges_is_asked_for_the_whole_file_again(
    test_hub: TestHub, planned: Planned, open_queue: OpenQueue
) -> None:
    faults = test_hub.repos["org/tiny"].faults
    faults.no_range, faults.cut_after = True, MB // 2
    queue, plan = open_queue(), planned()
    failed = fetch(queue, plan)
    assert failed.failure is not None
    assert failed.failure.reason == Reason.NO_NETWORK
    assert "the connection to localhost broke off" in failed.failure.message
    faults.cut_after = 0
    queue.retry(plan.identity)
    until(queue, plan.identity, DownloadState.DONE)
    assert contents(plan) == [test_hub.repos["org/tiny"].files["tiny-Q4_K_M.gguf"]]


def test_a_damaged_file_is_thrown_away_and_named(test_hub: TestHub, planned: Planned, open_queue: OpenQueue) -> None:
    test_hub.repos["org/tiny"].faults.corrupt = True
    plan = planned()
    failed = fetch(open_queue(), plan)
    assert failed.failure is not None
    assert failed.failure.reason == Reason.CORRUPT
    assert "tiny-Q4_K_M.gguf" in failed.failure.message
    assert list(Path(plan.folder).iterdir()) == []


def test_an_empty_file_comes_too(test_hub: TestHub, planned: Planned, open_queue: OpenQueue) -> None:
    test_hub.repos["org/mlx"] = Repo({"model.safetensors": body("st", 20_000), "added.txt": b""})
    plan = planned("org/mlx")
    assert fetch(open_queue(), plan).state is DownloadState.DONE
    assert contents(plan) == [b"", body("st", 20_000)]


def test_small_files_are_checked_too(test_hub: TestHub, planned: Planned, open_queue: OpenQueue) -> None:
    repo = Repo({"model.safetensors": body("st", 20_000), "config.json": b'{"a": 1}'})
    test_hub.repos["org/mlx"] = repo
    repo.announced["config.json"] = b'{"a": 2}'
    failed = fetch(open_queue(), planned("org/mlx"))
    assert failed.failure is not None
    assert failed.failure.reason == Reason.CORRUPT
    assert "config.json" in failed.failure.message


def test_a_pointer_within_the_hub_is_followed_with_the_token(
    test_hub: TestHub, planned: Planned, open_queue: OpenQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", GOOD_TOKEN)
    repo = test_hub.repos["org/mlx"] = Repo({"model.safetensors": body("st", 20_000), "config.json": b'{"a": 1}'})
    repo.private = repo.faults.relays = True
    assert fetch(open_queue(), planned("org/mlx")).state is DownloadState.DONE
    (relayed,) = [request for request in test_hub.requests if "resolve-cache" in request.path]
    assert relayed.headers["authorization"] == f"Bearer {GOOD_TOKEN}"


def test_an_expired_address_is_asked_for_again(test_hub: TestHub, planned: Planned, open_queue: OpenQueue) -> None:
    test_hub.repos["org/tiny"].faults.expired = 2
    assert fetch(open_queue(), planned()).state is DownloadState.DONE
    signatures = [request.query["signature"] for request in test_hub.storage_requests]
    assert len(signatures) == 3
    assert signatures[0] != signatures[1] != signatures[2]


def test_a_storage_that_goes_on_refusing_is_named(test_hub: TestHub, planned: Planned, open_queue: OpenQueue) -> None:
    test_hub.repos["org/tiny"].faults.storage_status = 403
    failed = fetch(open_queue(), planned())
    assert failed.failure is not None
    assert failed.failure.message == "localhost refuses tiny-Q4_K_M.gguf (403)"


def test_the_token_goes_to_the_hub_and_nowhere_else(
    test_hub: TestHub, planned: Planned, open_queue: OpenQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", GOOD_TOKEN)
    test_hub.repos["org/tiny"].gated = "manual"
    assert fetch(open_queue(), planned()).state is DownloadState.DONE
    assert [request for request in test_hub.storage_requests if "authorization" in request.headers] == []
    at_hub = [request for request in test_hub.requests if not request.at_storage]
    assert [request.headers["authorization"] for request in at_hub] == [f"Bearer {GOOD_TOKEN}"] * len(at_hub)


@pytest.mark.parametrize(
    ("token", "reason", "words"),
    [("", Reason.TOKEN_NEEDED, "no token was found"), ("hf_stranger", Reason.REFUSED, "your token has no access")],
)
def test_a_gated_repository_says_what_to_do(
    *,
    test_hub: TestHub,
    planned: Planned,
    open_queue: OpenQueue,
    monkeypatch: pytest.MonkeyPatch,
    token: str,
    reason: Reason,
    words: str,
) -> None:
    monkeypatch.setenv("HF_TOKEN", token)
    test_hub.repos["org/tiny"].gated = "manual"
    plan = planned()
    assert plan.gated == "manual"
    failed = fetch(open_queue(), plan)
    assert failed.failure is not None
    assert failed.failure.reason == reason
    assert words in failed.failure.message
    assert f"{test_hub.url}/org/tiny" in failed.failure.hint


def test_a_file_that_has_changed_since_the_approval_is_not_fetched(
    test_hub: TestHub, planned: Planned, open_queue: OpenQueue
) -> None:
    repo = test_hub.repos["org/tiny"]
    plan, queue = planned(), open_queue()
    repo.files["tiny-Q4_K_M.gguf"] = body("other", MB)
    failed = fetch(queue, plan)
    assert failed.failure is not None
    assert failed.failure.reason == Reason.CHANGED
    assert test_hub.sent == 0


def test_a_commit_that_is_gone_is_said(test_hub: TestHub, planned: Planned, open_queue: OpenQueue) -> None:
    plan = planned()
    test_hub.repos["org/tiny"].commit = NEXT_COMMIT
    failed = fetch(open_queue(), plan)
    assert failed.failure is not None
    assert failed.failure.reason == Reason.REVISION_GONE


def test_a_part_of_another_file_is_not_gone_on_with(test_hub: TestHub, planned: Planned, open_queue: OpenQueue) -> None:
    repo, queue = test_hub.repos["org/tiny"], open_queue()
    repo.faults.cut_after = MB // 2
    repo.faults.no_range = True
    assert fetch(queue, planned()).state is DownloadState.FAILED
    repo.faults.cut_after, repo.faults.no_range = 0, False
    repo.commit, repo.files["tiny-Q4_K_M.gguf"] = NEXT_COMMIT, body("second edition", MB)
    plan = planned()
    assert fetch(queue, plan).state is DownloadState.DONE
    assert "range" not in test_hub.storage_requests[-1].headers
    assert contents(plan) == [body("second edition", MB)]


def test_weak_validators_are_not_used_for_ranges(test_hub: TestHub, planned: Planned, open_queue: OpenQueue) -> None:
    faults = test_hub.repos["org/tiny"].faults
    faults.cut_after, faults.weak_etags = MB // 2, True
    assert fetch(open_queue(), planned()).state is DownloadState.DONE
    assert [request for request in test_hub.storage_requests if "if-range" in request.headers] == []
    assert "range" in test_hub.storage_requests[-1].headers


def test_the_hub_says_when_to_come_again(test_hub: TestHub, planned: Planned, open_queue: OpenQueue) -> None:
    plan, faults = planned(), test_hub.repos["org/tiny"].faults
    faults.busy, faults.retry_after = 1, "1"
    queue = open_queue()
    queue.approve(queue.add(plan).identity)
    waiting = until_true(queue, plan.identity, lambda snapshot: bool(snapshot.files[0].notice))
    assert waiting.files[0].notice.endswith("again in 1 s")
    assert until(queue, plan.identity, DownloadState.DONE).files[0].notice == ""


def test_nobody_waits_an_hour(test_hub: TestHub, planned: Planned, open_queue: OpenQueue) -> None:
    plan, faults = planned(), test_hub.repos["org/tiny"].faults
    faults.busy, faults.retry_after = 1, "3600"
    failed = fetch(open_queue(), plan)
    assert failed.failure is not None
    assert failed.failure.reason == Reason.TOO_MANY_REQUESTS
    assert "in 3600 s" in failed.failure.hint


def test_a_full_disk_keeps_what_fitted(test_hub: TestHub, planned: Planned, open_queue: OpenQueue) -> None:
    disk = RoomyDisk(quota=300_000)
    queue, plan = open_queue(disk=disk), planned()
    failed = fetch(queue, plan)
    assert failed.failure is not None
    assert failed.failure.reason == Reason.DISK_FULL
    assert "700 kB are still missing" in failed.failure.message or failed.done <= 300_000
    kept = failed.done
    assert 0 < kept <= 300_000
    disk.quota = None
    queue.retry(plan.identity)
    until(queue, plan.identity, DownloadState.DONE)
    assert test_hub.storage_requests[-1].headers["range"] == f"bytes={kept}-"
    assert contents(plan) == [test_hub.repos["org/tiny"].files["tiny-Q4_K_M.gguf"]]


def test_no_more_bytes_a_second_than_allowed(test_hub: TestHub, planned: Planned, open_queue: OpenQueue) -> None:
    test_hub.repos["org/slow"] = Repo({"slow-Q4_0.gguf": body("slow", 300_000)})
    begun = time.monotonic()
    assert fetch(open_queue(rate=500_000), planned("org/slow")).state is DownloadState.DONE
    assert time.monotonic() - begun > 0.5


def test_a_hub_that_is_not_there_is_said(test_hub: TestHub, planned: Planned, open_queue: OpenQueue, hub: Hub) -> None:
    plan, queue = planned(), open_queue()
    hub._endpoint = "http://127.0.0.1:9"
    failed = fetch(queue, plan)
    assert failed.failure is not None
    assert failed.failure.reason == Reason.NO_NETWORK
    assert "127.0.0.1 cannot be reached" in failed.failure.message


def test_a_finished_file_is_not_fetched_again(test_hub: TestHub, planned: Planned, open_queue: OpenQueue) -> None:
    queue = open_queue()
    fetch(queue, planned())
    sent = test_hub.sent
    again = planned()
    assert again.missing == 0
    assert fetch(queue, again).state is DownloadState.DONE
    assert test_hub.sent == sent


def test_a_stranger_of_the_same_name_and_size_is_left_alone(
    test_hub: TestHub, planned: Planned, open_queue: OpenQueue
) -> None:
    plan = planned()
    target = Path(plan.files[0].target)
    target.parent.mkdir(parents=True)
    target.write_bytes(b"x" * MB)
    plan = planned()
    assert plan.unverified == (str(target),)
    assert plan.arrived == ", 1 MB of it here by name and size, not verified yet"
    failed = fetch(open_queue(), plan)
    assert failed.failure is not None
    assert failed.failure.reason == Reason.CHANGED
    assert target.read_bytes() == b"x" * MB


def test_no_shard_is_in_place_before_all_are_right(test_hub: TestHub, planned: Planned, open_queue: OpenQueue) -> None:
    names = [f"big-Q4_0-0000{number}-of-00003.gguf" for number in (1, 2, 3)]
    shards = {name: body(name, 200_000) for name in names}
    repo = test_hub.repos["org/big"] = Repo({**shards, names[1]: body("not that", 200_000)})
    repo.announced[names[1]] = shards[names[1]]
    queue, plan = open_queue(parallel=1), planned("org/big")
    failed = fetch(queue, plan)
    assert failed.failure is not None
    assert names[1] in failed.failure.message
    assert list(Path(plan.folder).glob("*.gguf")) == []
    repo.files[names[1]] = shards[names[1]]
    sent = test_hub.sent
    queue.retry(plan.identity)
    until(queue, plan.identity, DownloadState.DONE)
    assert contents(plan) == list(shards.values())
    assert leftovers(plan) == []
    assert test_hub.sent - sent == 400_000
