"""Rows by number and rows by filter: the same as reading everything, for any file."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model_router.hindsight import columns, log_index, search
from model_router.hindsight.columns import Columns
from model_router.hindsight.event_files import event_files
from model_router.hindsight.filter import parse_filter
from model_router.hindsight.log_index import LogIndex
from model_router.hindsight.past_event import OtherLine, PastEvent, read_line
from model_router.hindsight.search import Search
from tests.hindsight.past import line_of, past_event, write_log


@given(
    files=st.lists(st.lists(st.binary(max_size=50).map(lambda raw: raw.replace(b"\n", b"-")), max_size=8), max_size=3),
    torn=st.binary(max_size=30).map(lambda raw: raw.replace(b"\n", b"")),
    block=st.integers(1, 80),
)
@settings(deadline=None)  # files are slow on a busy machine
def test_rows_are_the_lines_newest_first(
    tmp_path_factory: pytest.TempPathFactory, files: list[list[bytes]], torn: bytes, block: int
) -> None:
    path = tmp_path_factory.mktemp("log") / "e"
    for number, lines in enumerate(reversed(files)):
        name = path if number == 0 else path.with_name(f"e.{number}")
        name.write_bytes(b"".join(line + b"\n" for line in lines) + (torn if number == 0 else b""))
    expected = [read_line(line) for lines in reversed(files) for line in reversed(lines)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(log_index, "_BLOCK", block)
        with LogIndex(path) as index:
            while not index.index(0):
                pass
            assert index.share == 1.0
            assert index.page(0, 1_000) == expected
            assert index.page(3, 2) == expected[3:5]
            assert index.read(reversed(range(len(expected)))) == expected[::-1]


@pytest.mark.parametrize("lengths", [[0] * 20_000, [2_000] * 200, [0] * 9_000 + [2_000] * 100 + [1] * 9_000])
def test_short_lines_and_long_ones_are_all_counted(tmp_path: Path, lengths: list[int]) -> None:
    path = tmp_path / "e"
    path.write_bytes(b"".join(b"-" * length + b"\n" for length in lengths))
    with LogIndex(path) as index:
        index.index()
        assert index.rows == len(lengths)


def test_the_newest_rows_are_there_before_the_rest_is_known(tmp_path: Path) -> None:
    path = write_log(tmp_path / "e", [past_event(number) for number in range(2_000)])
    with LogIndex(path) as index:
        assert not index.index(0)
        assert 50 < index.rows < 2_000
        assert 0 < index.share < 1
        newest = index.page(0, 50)
        assert [row.time - newest[0].time for row in newest if isinstance(row, PastEvent)] == [-n for n in range(50)]
        index.index()
        assert index.rows == 2_000
        assert index.page(0, 50) == newest
        with pytest.raises(IndexError):
            index.read([2_000])


def test_rotation_takes_nothing_from_an_open_index(tmp_path: Path) -> None:
    path = write_log(tmp_path / "e", [past_event(number) for number in range(10)])
    with LogIndex(path) as index:
        path.rename(tmp_path / "e.1")
        write_log(path, [past_event(99)])
        index.index()
        assert index.rows == 10
        (tmp_path / "e.1").unlink()
        assert isinstance(index.page(0, 1)[0], PastEvent)


def test_no_log_has_no_rows(tmp_path: Path) -> None:
    with LogIndex(tmp_path / "none") as index:
        assert (index.index(), index.rows, index.share, index.page(0, 9)) == (True, 0, 1.0, [])


FILTERS = [
    "session:00000000000000aa", "-session:f0000000000000AB status:409", "session:f00,0000",
    "", "route:coding", "-route:coding", "route:cod,sim", "status:409", "status:4xx", "status>=400 -status:409",
    "ms>500", "ms<500 first>3", "-first>3", "us<=7", "chars:120 tokens>10", "confidence<60", "attempts>1",
    "client:codex", "backend:", "error:refused", "id:0000a", "id:", "mr-00000000001", "-mr-00000000001", "tangerine",
    "-tangerine", "walrus code_agent", '"reads as"', "409", "risk:dest", "kind:tool", "nothing-like-it",
    "route:coding status:200 ms>500 client:codex reads",
]  # fmt: skip


def some_events(count: int, seed: int) -> list[bytes]:
    """Lines of all kinds."""
    rng = random.Random(seed)
    lines: list[bytes] = []
    for number in range(count):
        if rng.random() < 0.1:
            lines.append(rng.choice([b"{}\n", b'{"event":"reload","time":1.0}\n', b"{broken\n", b"\n"]))
            continue
        event = past_event(
            number,
            route=rng.choice(["coding", "simple", "confirmation"]),
            engine=rng.choice(["code_agent", "fast_local", "human_confirm"]),
            client=rng.choice(["codex/1", "Claude", ""]),
            status=rng.choice([200, 409, 502]),
            backend=rng.choice(["one", ""]),
            kind=rng.choice(["main", "tool_turn"]),
            risk_class=rng.choice(["", "destructive"]),
            attempts=rng.randrange(4),
            reasons=rng.choice([(), ("reads as code",), ("reads as code", f"stayed: {rng.randrange(9)}k")]),
            error=rng.choice(["", "refused", f"error {number}"]),
            total_ms=rng.choice([1.0, 500.0, 500.5, 2_000.0]),
            first_byte_ms=rng.choice([None, 2.0, 4.0]),
            route_us=rng.choice([5.0, 7.0, 9.0]),
            prompt_chars=rng.choice([0, 120]),
            estimated_tokens=rng.choice([5, 30]),
            confidence=rng.choice([50, 91]),
            preview=rng.choice(["", "", "the Walrus", "a tangerine"]),
            session=rng.choice(["", "00000000000000aa", "f0000000000000ab"]),
        )
        lines.append(line_of(event))
    return lines


@pytest.mark.parametrize("kinds", [50_000, 6])
@pytest.mark.parametrize("prepared", [0.0, 0.5, 1.0])
def test_a_search_finds_what_reading_everything_finds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kinds: int, prepared: float
) -> None:
    """With columns for no rows, some rows and all rows; and where there are too many kinds of rows to stand for."""
    monkeypatch.setattr(log_index, "_BLOCK", 4_096)
    monkeypatch.setattr(columns, "_MOST_KINDS", kinds)
    monkeypatch.setattr(search, "_STRIDE", 64)
    path = tmp_path / "e"
    (tmp_path / "e.1").write_bytes(b"".join(some_events(150, 1)))
    path.write_bytes(b"".join(some_events(150, 2)))
    lines = [line for file in event_files(path) for line in file.read_bytes().split(b"\n")[:-1]]
    rows = [read_line(line) for line in reversed(lines)]
    with LogIndex(path) as index:
        index.index()
        built = Columns(index)
        while built.rows < prepared * index.rows:
            built.build(0)
        assert built.complete is (prepared == 1.0)
        for text in FILTERS:
            wanted = parse_filter(text)
            found = Search(index, built, wanted)
            steps = 0
            while not found.go(0):
                steps += 1
            expected = [number for number, row in enumerate(rows) if isinstance(row, PastEvent) and wanted.matches(row)]
            assert list(found.found) == expected, text
            assert steps > 2
            assert found.page(1, 3) == [rows[number] for number in expected[1:4]]


def test_a_search_stops_when_it_has_enough(tmp_path: Path) -> None:
    path = write_log(tmp_path / "e", [past_event(number) for number in range(3_000)])
    with LogIndex(path) as index:
        index.index()
        found = Search(index, Columns(index), parse_filter("route:coding"))
        assert not found.go(enough=50)
        assert 50 <= len(found.found) < 1_000
        assert found.share < 0.5
        assert found.go()
        assert len(found.found) == 3_000


def test_rows_found_later_are_searched_too(tmp_path: Path) -> None:
    path = write_log(tmp_path / "e", [past_event(number) for number in range(2_000)])
    with LogIndex(path) as index:
        index.index(0)
        built = Columns(index)
        found = Search(index, built, parse_filter("route:coding"))
        built.build()
        assert not found.go()
        assert len(found.found) == index.rows < 2_000
        index.index()
        assert found.go()
        assert list(found.found) == list(range(2_000))


def test_other_lines_are_rows_that_no_filter_finds(tmp_path: Path) -> None:
    path = tmp_path / "e"
    path.write_bytes(b'{"event":"reload"}\n' + line_of(past_event(1)))
    with LogIndex(path) as index:
        index.index()
        built = Columns(index)
        built.build()
        assert isinstance(index.page(1, 1)[0], OtherLine)
        for text in ("", "-route:simple"):
            found = Search(index, built, parse_filter(text))
            found.go()
            assert list(found.found) == [0]
