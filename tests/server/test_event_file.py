"""The event log: whole lines, mode 0600, rotated, and never in the way of a request."""

from __future__ import annotations

import json
import logging
import os
import shutil
import stat
import time
from pathlib import Path

import msgspec
import pytest

from model_router.server.event_file import EventWriter
from model_router.server.events import RequestEvent
from tests.support.gateway_process import wait_for


def event(number: int) -> RequestEvent:
    return RequestEvent(
        time=1.5, request_id=f"mr-{number}", protocol="chat", kind="main", client="c", route="simple", engine="e",
        backend="b", model="m", status=200, outcome="ok", stream=False, profile="balanced",
    )  # fmt: skip


def writer(path: Path, max_bytes: int = 1_000_000, backups: int = 3) -> EventWriter:
    made = EventWriter(path, max_bytes=max_bytes, backups=backups, batch_seconds=0.01)
    made.start()
    return made


def ids(path: Path) -> list[str]:
    return [json.loads(line)["request_id"] for line in path.read_text().splitlines()]


def test_events_are_lines_in_order_and_private(tmp_path: Path) -> None:
    path = tmp_path / "logs" / "events.jsonl"
    log = writer(path)
    for number in range(500):
        log.write(event(number))
    log.close()
    assert ids(path) == [f"mr-{number}" for number in range(500)]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert (log.lost, log.problem) == (0, "")


def test_an_event_is_in_the_file_within_a_second(tmp_path: Path) -> None:
    log = EventWriter(tmp_path / "e", max_bytes=10_000, backups=1)
    log.start()
    log.write(event(1))
    deadline = time.monotonic() + 1
    while not (tmp_path / "e").read_bytes():
        assert time.monotonic() < deadline
        time.sleep(0.01)
    log.close()


def test_a_file_that_others_could_read_is_closed_to_them(tmp_path: Path) -> None:
    path = tmp_path / "e"
    path.touch(mode=0o644)
    writer(path).close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_files_rotate_by_size_and_the_oldest_go(tmp_path: Path) -> None:
    path = tmp_path / "e"
    size = len(json.dumps(0))
    log = writer(path, max_bytes=3_000, backups=2)
    for number in range(40):
        log.write(event(number))
    log.close()
    files = sorted(file.name for file in tmp_path.iterdir())
    assert files == ["e", "e.1", "e.2"]
    kept = ids(tmp_path / "e.2") + ids(tmp_path / "e.1") + ids(path)
    assert kept == [f"mr-{number}" for number in range(40 - len(kept), 40)]
    assert all(size < file.stat().st_size <= 3_000 for file in tmp_path.iterdir())
    assert all(stat.S_IMODE(file.stat().st_mode) == 0o600 for file in tmp_path.iterdir())
    assert log.lost == 0


def test_without_backups_one_file_is_kept(tmp_path: Path) -> None:
    log = writer(tmp_path / "e", max_bytes=3_000, backups=0)
    for number in range(40):
        log.write(event(number))
    log.close()
    assert [file.name for file in tmp_path.iterdir()] == ["e"]
    assert ids(tmp_path / "e")[-1] == "mr-39"


def test_an_event_larger_than_a_file_is_written_all_the_same(tmp_path: Path) -> None:
    log = writer(tmp_path / "e", max_bytes=50, backups=2)
    log.write(event(1))
    log.write(event(2))
    log.close()
    assert ids(tmp_path / "e") == ["mr-2"]
    assert log.lost == 0


def test_a_line_that_a_crash_tore_is_cut_off(tmp_path: Path) -> None:
    path = tmp_path / "e"
    path.write_text('{"time":1.0,"request_id":"whole"}\n{"time":2.0,"requ')
    log = writer(path)
    log.write(event(1))
    log.close()
    assert ids(path) == ["whole", "mr-1"]


def test_a_foreign_file_is_only_added_to(tmp_path: Path) -> None:
    path = tmp_path / "notes"
    path.write_text("my notes without a line end")
    log = writer(path)
    log.write(event(1))
    log.close()
    assert path.read_text().startswith("my notes without a line end\n{")


def test_a_file_that_was_moved_away_is_made_again(tmp_path: Path) -> None:
    path = tmp_path / "e"
    log = writer(path)
    log.write(event(1))
    deadline = time.monotonic() + 2
    while not path.read_bytes() and time.monotonic() < deadline:
        time.sleep(0.01)
    path.rename(tmp_path / "moved")
    log.write(event(2))
    log.close()
    assert (ids(tmp_path / "moved"), ids(path)) == (["mr-1"], ["mr-2"])


@pytest.mark.parametrize("place", ["file/events.jsonl", "folder", "pipe"])
def test_a_place_that_cannot_be_written_costs_one_warning(
    tmp_path: Path, place: str, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    with caplog.at_level(logging.WARNING):
        log = writer(tmp_path / place)
        for number in range(3):
            log.write(event(number))
            time.sleep(0.03)
        log.close()
    assert log.lost == 3
    assert "cannot be written" in log.problem
    assert len([record for record in caplog.records if record.levelno >= logging.WARNING]) == 1


def test_writing_goes_on_when_the_place_is_there_again(tmp_path: Path) -> None:
    blocker = tmp_path / "logs"
    blocker.write_text("")
    log = writer(blocker / "e")
    log.write(event(1))
    deadline = time.monotonic() + 2
    while log.lost == 0 and time.monotonic() < deadline:
        time.sleep(0.01)
    blocker.unlink()
    log.write(event(2))
    log.close()
    assert ids(tmp_path / "logs" / "e") == ["mr-2"]
    assert (log.lost, log.problem) == (1, "")


def test_a_folder_that_was_deleted_is_made_again(tmp_path: Path) -> None:
    path = tmp_path / "logs" / "events.jsonl"
    events = writer(path)
    events.write(event(1))
    wait_for(lambda: path.exists() and path.read_text(), within=3, what="the first event")
    shutil.rmtree(path.parent)
    events.write(event(2))
    wait_for(lambda: path.exists() and path.read_text(), within=3, what="the second in a new folder")
    events.close()
    assert (ids(path), events.lost) == (["mr-2"], 0)


def test_a_torn_line_of_the_gateways_own_is_cut_off_too(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    path.write_text('{"event":"reload","time":1}\n{"event":"relo')
    events = writer(path)
    events.write(event(1))
    events.close()
    assert [json.loads(line).get("event", "request") for line in path.read_text().splitlines()] == ["reload", "request"]


def test_two_gateways_may_write_the_same_file(tmp_path: Path) -> None:
    """Each opens, mends, writes and rotates it while the other does; no line is lost, torn or written twice."""
    pytest.importorskip("fcntl")
    path = tmp_path / "e"
    first, second = (
        EventWriter(path, max_bytes=20_000, backups=1_000, batch_seconds=0.0001),
        EventWriter(path, max_bytes=20_000, backups=1_000, batch_seconds=0.0001),
    )
    first.start()
    second.start()
    for number in range(0, 600, 2):
        first.write(event(number))
        second.write(event(number + 1))
        if number % 60 == 0:
            late = writer(path, max_bytes=20_000, backups=1_000)
            late.write(event(1_000 + number))
            late.close()
    first.close()
    second.close()
    kept = sorted(int(name[3:]) for file in tmp_path.iterdir() for name in ids(file))
    assert kept == [*range(600), *range(1_000, 1_600, 60)]
    assert (first.lost, second.lost) == (0, 0)


def test_a_gateway_that_was_stopped_amid_its_writing_holds_no_other_up(tmp_path: Path) -> None:
    fcntl = pytest.importorskip("fcntl")
    path = tmp_path / "e"
    with path.open("ab") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        log = EventWriter(path, max_bytes=10_000, backups=1, batch_seconds=0.001, lock_seconds=0.01)
        log.start()
        log.write(event(1))
        log.close()
    assert (ids(path), log.lost) == (["mr-1"], 0)


def test_what_waits_for_a_disk_that_hangs_is_bounded_and_counted(tmp_path: Path) -> None:
    log = EventWriter(tmp_path / "e", max_bytes=10_000, backups=1, most_waiting=3)
    for number in range(5):
        log.write(event(number))  # nobody takes them: the thread does not run yet
    assert log.lost == 2
    log.start()
    log.close()
    assert ids(tmp_path / "e") == ["mr-0", "mr-1", "mr-2"]


def test_an_event_that_cannot_be_written_down_costs_itself_alone(tmp_path: Path) -> None:
    log = writer(tmp_path / "e")
    log.write(msgspec.structs.replace(event(1), preview="\ud800"))
    log.write(event(2))
    log.close()
    assert (ids(tmp_path / "e"), log.lost) == (["mr-2"], 1)
