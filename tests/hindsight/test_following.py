"""Following a log: every line once and in order, whatever happens to the file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from model_router.hindsight.event_files import event_files
from model_router.hindsight.following import Follower
from model_router.hindsight.past_event import PastEvent, read_line
from model_router.hindsight.reading import matching
from model_router.server.event_file import EventWriter
from tests.hindsight.past import line_of, past_event, write_log


def test_what_is_added_comes_once_and_only_when_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "e"
    path.write_bytes(b'{"old":1}\n{"ha')
    follower = Follower(path)
    assert follower.poll() == []
    with path.open("ab") as file:
        file.write(b'lf":2}\n{"new":3}\n{"wai')
        file.flush()
        assert follower.poll() == [b'{"half":2}', b'{"new":3}']
        file.write(b't":4}\n')
    assert follower.poll() == [b'{"wait":4}']
    assert follower.poll() == []
    follower.close()


def test_a_log_that_is_not_there_yet_is_read_from_its_beginning(tmp_path: Path) -> None:
    follower = Follower(tmp_path / "e")
    assert follower.poll() == []
    (tmp_path / "e").write_bytes(b"one\n")
    assert follower.poll() == [b"one"]
    follower.close()


def test_over_rotation_by_the_real_writer_nothing_is_lost(tmp_path: Path) -> None:
    """Three events fit into a file, so that the log rotates under the reader all the time."""
    path = tmp_path / "e"
    writer = EventWriter(path, max_bytes=2_500, backups=150, batch_seconds=0.001)
    writer.start()
    follower = Follower(path)
    seen: list[str] = []
    for number in range(200):
        writer.write(past_event(number))
        if number % 10 == 0:
            seen += [json.loads(line)["request_id"] for line in follower.poll()]
    writer.close()
    seen += [json.loads(line)["request_id"] for line in follower.poll()]
    assert seen == [f"mr-{number:012x}" for number in range(200)]
    assert len(list(tmp_path.iterdir())) > 60
    assert follower.missed == 0
    follower.close()


def test_several_rotations_between_two_looks(tmp_path: Path) -> None:
    path = tmp_path / "e"
    path.write_bytes(b"0\n")
    follower = Follower(path)
    for number in range(1, 6):
        with path.open("ab") as file:
            file.write(b"%d\n" % number)
        for backup in range(5, 0, -1):
            newer = path if backup == 1 else tmp_path / f"e.{backup - 1}"
            if newer.exists():
                newer.replace(tmp_path / f"e.{backup}")
        path.write_bytes(b"%d again\n" % number)
    lines = follower.poll()
    assert lines == [b"1", b"1 again", b"2", b"2 again", b"3", b"3 again", b"4", b"4 again", b"5", b"5 again"]
    assert follower.missed == 0
    follower.close()


def test_a_log_that_was_emptied_or_removed_is_read_anew_and_that_is_told(tmp_path: Path) -> None:
    path = tmp_path / "e"
    path.write_bytes(b"a long line before\n")
    follower = Follower(path)
    path.write_bytes(b"x\n")
    assert follower.poll() == [b"x"]
    assert follower.missed == 1
    other = tmp_path / "other"
    other.write_bytes(b"y\n")
    other.replace(path)
    assert follower.poll() == [b"y"]
    assert follower.missed == 2
    follower.close()


@pytest.mark.parametrize("limit", [0, 2, 50])
@pytest.mark.parametrize("rotated", [False, True])
def test_what_was_there_before_ends_where_following_begins(tmp_path: Path, limit: int, *, rotated: bool) -> None:
    """Lines that come between the two are told once, though the log may be rotated meanwhile."""
    log = write_log(tmp_path / "e", [past_event(number) for number in range(3)])
    follower = Follower(log)
    with log.open("ab") as file:
        file.write(line_of(past_event(3)))
    if rotated:
        log.rename(tmp_path / "e.1")
        write_log(log, [past_event(4)])
    before = [event for _, event in matching(event_files(log), lambda _: True, None, limit, follower.mark)]
    after = [read_line(line) for line in follower.poll()]
    follower.close()
    names = [event.request_id for event in [*before, *after] if isinstance(event, PastEvent)]
    first, last = (1 if limit == 2 else 0), (5 if rotated else 4)
    assert names == [past_event(number).request_id for number in range(first, last)]
