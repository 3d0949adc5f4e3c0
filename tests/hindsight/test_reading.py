"""Event files are read whatever is in them, and in memory that does not grow."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model_router.errors import UsageError
from model_router.hindsight import reading
from model_router.hindsight.event_files import event_files, existing_files, log_place
from model_router.hindsight.past_event import BrokenLine, OtherLine, PastEvent, read_line
from model_router.hindsight.reading import Tally, blocks, lines_backwards, matching, newest_first, read_events
from tests.hindsight.past import START, line_of, past_event, write_log

LINES = st.lists(
    st.binary(max_size=60).map(lambda raw: raw.replace(b"\n", b""))
    | st.integers(0, 9).map(lambda number: line_of(past_event(number)).rstrip())
    | st.sampled_from([b"{}", b"[]", b"null", b'{"event":"reload","time":1}', b'{"time":"x"}', b"[" * 1_500]),
    max_size=12,
)


def ids(events: list[PastEvent]) -> list[int]:
    return [int(event.request_id[3:], 16) for event in events]


@given(st.binary(max_size=200) | st.text(max_size=80).map(str.encode))
def test_whatever_a_line_holds_it_is_one_of_three(raw: bytes) -> None:
    assert isinstance(read_line(raw), PastEvent | OtherLine | BrokenLine)


@settings(deadline=None)  # files are slow on a busy machine
@given(lines=LINES, ended=st.booleans(), size=st.integers(16, 600))
def test_every_line_is_counted_once_whatever_the_blocks(
    tmp_path_factory: pytest.TempPathFactory, lines: list[bytes], ended: bool, size: int
) -> None:
    path = tmp_path_factory.mktemp("log") / "e"
    path.write_bytes(b"\n".join(lines) + (b"\n" if ended else b""))
    tally = Tally()
    events = list(read_events([path], tally))
    kinds = [read_line(line) for line in lines if line.strip()]
    assert ids(events) == ids([kind for kind in kinds if isinstance(kind, PastEvent)])
    assert tally.requests == len(events)
    assert tally.others == sum(isinstance(kind, OtherLine) for kind in kinds)
    assert tally.broken == sum(isinstance(kind, BrokenLine) for kind in kinds)
    assert b"".join(blocks(path, size)) == path.read_bytes()
    assert list(lines_backwards(path, size)) == [line for line in reversed(lines) if line]


def test_fields_of_other_versions_are_no_obstacle() -> None:
    newer = read_line(b'{"request_id":"mr-1","protocol":"chat","invented":{"deep":[1]},"status":200}')
    assert isinstance(newer, PastEvent)
    assert (newer.status, newer.route) == (200, "")


def test_other_kinds_of_lines_are_told_from_broken_ones(tmp_path: Path) -> None:
    path = tmp_path / "e"
    approval = {"event": "approval", "request_id": "mr-1", "time": 1.0, "decision": "denied", "protocol": "x"}
    rows = [line_of(past_event(1)), json.dumps(approval).encode() + b"\n", b'{"time":1.0,"requ\n', b"{}\n"]
    rows.append(b'{"request_id":"mr-1","protocol":"chat","status":"many"}\n')
    path.write_bytes(b"".join(rows))
    tally = Tally()
    assert ids(list(read_events([path], tally))) == [1]
    assert (tally.requests, tally.others, tally.broken) == (1, 2, 2)
    assert [name.split(":")[:2] for name in tally.named] == [["e", "3"], ["e", "5"]]
    assert tally.sentences()[0] == "2 lines could not be read"


def test_rotated_files_come_oldest_first(tmp_path: Path) -> None:
    log = tmp_path / "events.jsonl"
    for number, name in enumerate(["events.jsonl.10", "events.jsonl.2", "events.jsonl.1", "events.jsonl"]):
        write_log(tmp_path / name, [past_event(number)])
    for stranger in ("events.jsonl.bak", "events.jsonl.1.gz", "other.jsonl"):
        (tmp_path / stranger).write_text("x")
    files = event_files(log)
    assert ids(list(read_events(files))) == [0, 1, 2, 3]
    assert ids(list(newest_first(files))) == [3, 2, 1, 0]


def test_the_newest_that_match_come_oldest_first(tmp_path: Path) -> None:
    write_log(tmp_path / "e.1", [past_event(number) for number in range(10)])
    write_log(tmp_path / "e", [past_event(number) for number in range(10, 20)])
    files = event_files(tmp_path / "e")

    def even(event: PastEvent) -> bool:
        return event.time % 2 == 0

    def numbers(since: float | None, limit: int) -> list[int]:
        return ids([event for _, event in matching(files, even, since, limit)])

    assert numbers(None, 3) == [14, 16, 18]
    assert numbers(None, 0) == numbers(None, 100) == list(range(0, 20, 2))
    assert numbers(START + 15, 0) == [16, 18]


def rotate(log: Path) -> None:
    """As a gateway does it, with an event more."""
    for number in range(3, 0, -1):
        newer = log if number == 1 else log.with_name(f"{log.name}.{number - 1}")
        if newer.exists():
            newer.replace(log.with_name(f"{log.name}.{number}"))
    write_log(log, [past_event(99)])


@pytest.mark.parametrize("read", [read_events, newest_first])
def test_a_rotation_amid_the_reading_neither_takes_events_away_nor_gives_them_twice(
    tmp_path: Path, read: Callable[[list[Path]], Iterator[PastEvent]]
) -> None:
    log = tmp_path / "e"
    for number, name in enumerate(["e.2", "e.1", "e"]):
        write_log(tmp_path / name, [past_event(number)])
    events = read(event_files(log))
    found = [next(events)]
    rotate(log)
    found += events
    assert sorted(ids(found)) == [0, 1, 2]


def test_more_files_than_a_process_may_have_open_are_read_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "_OPEN_AT_ONCE", 2)
    for number in range(5):
        write_log(tmp_path / f"e.{9 - number}", [past_event(number)])
    files = event_files(tmp_path / "e")
    assert ids(list(read_events(files))) == [0, 1, 2, 3, 4]
    assert ids(list(newest_first(files))) == [4, 3, 2, 1, 0]


def test_no_log_is_said_with_what_to_do(tmp_path: Path) -> None:
    assert event_files(tmp_path / "nowhere" / "e") == []
    assert list(read_events([tmp_path / "gone"])) == []
    with pytest.raises(UsageError) as caught:
        existing_files(tmp_path / "e")
    assert "there is no event log" in caught.value.message
    assert "model-router serve" in caught.value.hint


def test_the_log_is_where_the_proxy_file_says(tmp_path: Path) -> None:
    environ = {"MODEL_ROUTER_HOME": str(tmp_path)}
    assert log_place(environ).path == tmp_path / "logs" / "routing-events.jsonl"
    (tmp_path / "routing_proxy.yaml").write_text("schema_version: 1\nobservability: {log_path: here/events.jsonl}\n")
    assert log_place(environ).path == tmp_path / "here" / "events.jsonl"
    assert log_place(environ, events=tmp_path / "named").path == tmp_path / "named"


def test_memory_stays_flat(tmp_path: Path) -> None:
    line = line_of(past_event(1))
    path = tmp_path / "e"
    path.write_bytes(line * 15_000)
    tracemalloc.start()
    try:
        assert sum(1 for _ in read_events([path])) == 15_000
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert path.stat().st_size > 8_000_000
    assert peak < 6_000_000
