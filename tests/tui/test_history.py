"""The log of days on the screen: opened, paged, filtered, labelled, exported."""

from __future__ import annotations

import csv
import json
import threading
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from textual.pilot import Pilot

from model_router.errors import UsageError
from model_router.hindsight.filter import parse_filter
from model_router.hindsight.labels import Label, read_labels
from model_router.hindsight.log_index import Row
from model_router.hindsight.past_event import OtherLine, PastEvent
from model_router.router import ModelRouter
from model_router.server.happenings import ApprovalEvent, ReloadEvent, RuntimeEvent
from model_router.tui.app import ModelRouterApp
from model_router.tui.history import History, other_words
from model_router.tui.history_view import HistoryView
from model_router.tui.labelled import Labels
from model_router.tui.log_export import export_rows
from model_router.tui.screens.label import LabelScreen
from model_router.tui.screens.log import LogScreen
from model_router.tui.screens.one_line import LineScreen
from model_router.tui.screens.receipt import ReceiptScreen
from tests.tui.staging import START, StandingSession, fixed_event, request_name, screen_text, standing_session, until
from tests.tui.test_goldens import compare, settled
from tests.tui.test_hostile import HOSTILE, check_screen

HAPPENINGS = (
    ApprovalEvent(
        time=START + 30,
        request_id="mr-000000000007",
        decision="approved",
        who="screen",
        risk_class="destructive",
        client="agent/0.4",
        waited_ms=1200.0,
    ),
    RuntimeEvent(time=START + 31, backend="fast", before="starting", after="ready", reason="it answers", pid=77),
    ReloadEvent(
        time=START + 32,
        who="file",
        outcome="refused",
        config_hash_before="a",
        config_hash="a",
        proxy_hash_before="b",
        proxy_hash="b",
        problems=("routing_proxy.yaml:3: proxy.port: must be a whole number",),
    ),
)


def write_log(path: Path, requests: int) -> Path:
    """A log of so many requests, rotated once, with three lines of other kinds at its end and one that is broken."""
    lines = [msgspec.json.encode(fixed_event(number).event) for number in range(requests)]
    half = requests // 2
    path.parent.mkdir(parents=True, exist_ok=True)
    path.with_name(path.name + ".1").write_bytes(b"".join(line + b"\n" for line in lines[:half]))
    rest = [*lines[half:], *map(msgspec.json.encode, HAPPENINGS), b'{"time": 1, "request']
    path.write_bytes(b"".join(line + b"\n" for line in rest))
    return path


def session_with_log(folder: Path, requests: int = 60) -> StandingSession:
    """A standing session whose event log and whose labels are in ``folder``."""
    session = standing_session(fixed=8)
    gateway = session.gateway
    assert gateway is not None
    log = write_log(folder / "logs" / "routing-events.jsonl", requests)
    observability = replace(gateway.config.observability, log_path=str(log))
    gateway.arrangement = replace(gateway.arrangement, config=replace(gateway.config, observability=observability))
    session.labels = Labels(folder / "routing-feedback.jsonl")
    return session


def all_rows(history: History) -> list[Row]:
    while not history.step(1.0):
        pass
    return history.rows(0, history.count)


async def in_history(pilot: Pilot[int]) -> HistoryView:
    """The log of days, read to its end."""
    await pilot.press("3", "H")
    screen = pilot.app.screen
    assert isinstance(screen, LogScreen)
    await until(pilot, lambda: screen.past.history is not None and not screen.past.history.progress.word)
    await until(pilot, lambda: "HISTORY" in screen_text(pilot.app))
    return screen.past


def test_rows_come_newest_first_with_the_other_lines_among_them(tmp_path: Path) -> None:
    history = History(write_log(tmp_path / "log", 40))
    rows = all_rows(history)
    assert len(rows) == history.total == 44
    others = [other_words(row)[1] for row in rows if isinstance(row, OtherLine)]
    assert others == ["reload", "runtime", "approval"]
    names = [row.request_id for row in rows if isinstance(row, PastEvent)]
    assert names == [request_name(number) for number in reversed(range(40))]
    history.close()
    assert history.rows(0, 10) == []


@pytest.mark.parametrize("wanted", ["route:coding", "status:409", "ms>520", "-client:agent", request_name(17), "zzz"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_filter_finds_the_same_whenever_it_is_set(tmp_path: Path, wanted: str, when: str) -> None:
    history = History(write_log(tmp_path / "log", 400))
    if when == "after":
        all_rows(history)
    history.set_filter(parse_filter(wanted))
    found = all_rows(history)
    matches = parse_filter(wanted).matches
    expected = [number for number in reversed(range(400)) if matches(fixed_event(number).event)]
    assert [row.request_id for row in found if isinstance(row, PastEvent)] == [request_name(one) for one in expected]
    assert len(found) == len(expected) == history.count
    assert history.progress.word == ""
    history.close()


async def test_history_shows_what_the_live_log_has_lost(tmp_path: Path) -> None:
    app = ModelRouterApp(session_with_log(tmp_path))
    async with app.run_test(size=(80, 24), notifications=False) as pilot:
        view = await in_history(pilot)
        assert "64 rows, newest first" in screen_text(app)
        assert "The configuration was not taken: a mistake" in screen_text(app)
        await pilot.press("G")
        assert view.selected is not None
        assert view.selected.event.request_id == request_name(0)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, ReceiptScreen) and "decided in" in screen_text(app))
        await pilot.press("escape", "g", "down")
        await until(pilot, lambda: app.screen.query_one(HistoryView).row is not None)
        await pilot.press("enter")
        await until(pilot, lambda: "Reload" in screen_text(app) and "proxy.port" in screen_text(app))
        await pilot.press("escape", "H")
        await until(pilot, lambda: "FOLLOWING" in screen_text(app))
        assert view.history is None


async def test_the_filter_of_the_live_log_holds_for_the_history_and_back(tmp_path: Path) -> None:
    app = ModelRouterApp(session_with_log(tmp_path))
    async with app.run_test(size=(80, 24), notifications=False) as pilot:
        await pilot.press("3", "slash", *"route:coding", "enter")
        view = await in_history(pilot)
        await until(pilot, lambda: view.count == 8)  # every eighth of 60 requests, from the third on
        assert "8 of 64 rows" in screen_text(app)
        await pilot.press("escape")
        await until(pilot, lambda: view.count == 64)
        await pilot.press("escape")
        await until(pilot, lambda: "8 rows" in screen_text(app) and "FOLLOWING" in screen_text(app))


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_a_row_is_labelled_with_one_key_and_shows_it(tmp_path: Path, size: tuple[int, int]) -> None:
    """Beside the rows or above them: the receipt is where one sees that it went wrong."""
    session = session_with_log(tmp_path)
    app = ModelRouterApp(session)
    async with app.run_test(size=size, notifications=False) as pilot:
        await pilot.press("3", "up", "enter")
        await pilot.pause()
        await pilot.press("w")
        await until(pilot, lambda: isinstance(app.screen, LabelScreen))
        engines = list(session.router.catalog.engines)
        down = engines.index("code_agent") - engines.index("human_confirm")
        await pilot.press(*(["down"] * down if down > 0 else ["up"] * -down), "tab", *"why", "enter")
        await until(pilot, lambda: "⚑ code_agent" in screen_text(app))
        (label,) = read_labels(tmp_path / "routing-feedback.jsonl")[0].values()
        assert (label.request_id, label.engine, label.notes) == (request_name(7), "code_agent", "why")
        assert label.config_hash == "0123456789abcdef"
        if size[0] < 120:
            await pilot.press("escape")
        await until(pilot, lambda: any(line.startswith("›⚑") for line in screen_text(app).splitlines()))
        await pilot.press("up")
        await until(pilot, lambda: any(line.startswith(" ⚑") for line in screen_text(app).splitlines()))
        assert any(line.startswith("› ") for line in screen_text(app).splitlines())


async def test_a_key_that_wants_a_row_says_so_where_there_is_none() -> None:
    app = ModelRouterApp(standing_session(fixed=0))
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await pilot.press("3", "w")
        await until(pilot, lambda: "There is no row to take yet" in screen_text(app))


def test_a_label_written_while_the_file_is_read_stays_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    labels = Labels(tmp_path / "routing-feedback.jsonl")
    catalog = ModelRouter.from_config().catalog
    labels.add(fixed_event(1).event, "fast_local", "", catalog)
    reading, go_on = threading.Event(), threading.Event()

    def slowly(path: Path) -> tuple[dict[str, Label], int]:
        found = read_labels(path)
        reading.set()
        assert go_on.wait(20)
        return found

    monkeypatch.setattr("model_router.tui.labelled.read_labels", slowly)
    with ThreadPoolExecutor(2) as pool:
        loaded = pool.submit(labels.load)
        assert reading.wait(20)
        added = pool.submit(labels.add, fixed_event(2).event, "fast_local", "", catalog)
        wait([added], timeout=0.1)
        go_on.set()
        assert loaded.result(20)
        added.result(20)
    assert fixed_event(2).event.request_id in labels


async def test_a_read_only_screen_neither_labels_nor_exports(tmp_path: Path) -> None:
    session = session_with_log(tmp_path)
    session.read_only = True
    app = ModelRouterApp(session)
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await pilot.press("3", "up", "w", "e")
        await until(pilot, lambda: "--read-only" in screen_text(app))
        assert isinstance(app.screen, LogScreen)
        assert not (tmp_path / "routing-feedback.jsonl").exists()


@pytest.mark.parametrize("days", [False, True], ids=["live", "history"])
async def test_the_rows_that_are_shown_are_exported(tmp_path: Path, days: bool) -> None:
    app = ModelRouterApp(session_with_log(tmp_path))
    target = tmp_path / "out.csv"
    async with app.run_test(size=(80, 24), notifications=False) as pilot:
        await pilot.press("3", "slash", *"status:409", "enter")
        if days:
            await in_history(pilot)
        await pilot.press("e")
        await until(pilot, lambda: isinstance(app.screen, LineScreen))
        field = app.screen.query_one("Input")
        field.value = str(target)  # type: ignore[attr-defined]  # an Input, asked for by its name
        await pilot.press("enter")
        await until(pilot, target.exists)
        await until(pilot, lambda: isinstance(app.screen, LogScreen) and app.screen._export_ended is None)
    with target.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == (7 if days else 1)  # every eighth waits for a person, of 60 in the log and 8 on the screen
    assert {row["status"] for row in rows} == {"409"}
    assert target.stat().st_mode & 0o777 == 0o600


def test_an_export_overwrites_nothing_and_leaves_nothing_half_written(tmp_path: Path) -> None:
    events = [PastEvent(**msgspec.structs.asdict(fixed_event(number).event)) for number in range(3)]
    assert export_rows(events, tmp_path / "a.json") == 3
    assert [row["request_id"] for row in json.loads((tmp_path / "a.json").read_text())] == [
        request_name(number) for number in range(3)
    ]
    with pytest.raises(UsageError, match="there already"):
        export_rows(events, tmp_path / "a.json")
    with pytest.raises(UsageError, match="neither"):
        export_rows(events, tmp_path / "a.txt")

    def breaks() -> object:
        yield events[0]
        raise RuntimeError("half way")

    with pytest.raises(RuntimeError):
        export_rows(breaks(), tmp_path / "b.csv")  # type: ignore[arg-type]  # an iterator of events until it breaks
    assert not (tmp_path / "b.csv").exists()


async def test_one_key_shows_the_requests_of_a_client_and_all_again(tmp_path: Path) -> None:
    app = ModelRouterApp(session_with_log(tmp_path))
    async with app.run_test(size=(80, 24), notifications=False) as pilot:
        view = await in_history(pilot)
        await pilot.press("G", "s")
        await until(pilot, lambda: view.count == 20)  # every third of 60
        assert 'client:"chat/1.0"' in screen_text(app)
        await pilot.press("s")
        await until(pilot, lambda: view.count == 64)


async def test_one_key_shows_the_requests_of_a_conversation(tmp_path: Path) -> None:
    session = session_with_log(tmp_path)
    assert session.log_path is not None
    events = [fixed_event(number, session=f"{number % 4 + 1:016x}").event for number in range(40)]
    session.log_path.write_bytes(b"".join(msgspec.json.encode(event) + b"\n" for event in events))
    session.log_path.with_name(session.log_path.name + ".1").unlink()
    async with ModelRouterApp(session).run_test(size=(80, 24), notifications=False) as pilot:
        view = await in_history(pilot)
        await pilot.press("G", "s")
        await until(pilot, lambda: view.count == 10)
        assert "session:0000000000000001" in screen_text(pilot.app)


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_hostile_logs_change_nothing_else(tmp_path: Path, size: tuple[int, int]) -> None:
    session = session_with_log(tmp_path, 8)
    assert session.log_path is not None
    with session.log_path.open("ab") as file:
        for text in HOSTILE:
            shown = text.encode("utf-8", "replace").decode()
            event = msgspec.structs.replace(fixed_event(3).event, client=shown, engine=shown, error=shown, route=shown)
            file.write(msgspec.json.encode(event) + b"\n")
            other = {"event": shown or "x", "time": "soon", "words": [shown], shown: 1}
            file.write(json.dumps(other).encode() + b"\n")
    app = ModelRouterApp(session)
    async with app.run_test(size=size, notifications=False) as pilot:
        view = await in_history(pilot)
        for _ in range(len(HOSTILE) * 2):
            await pilot.press("down")
            check_screen(screen_text(app), size)
        await pilot.press("g", "enter")
        await pilot.pause()
        check_screen(screen_text(app), size)
        assert view.count == 12 + 2 * len(HOSTILE)


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_the_history_is_as_it_was(tmp_path: Path, size: tuple[int, int]) -> None:
    session = session_with_log(tmp_path)
    app = ModelRouterApp(session, colorless=False)
    name = f"{size[0]}x{size[1]}"
    async with app.run_test(size=size, notifications=False) as pilot:
        await in_history(pilot)
        await pilot.press(*["down"] * 6)
        compare(f"history-{name}", await settled(pilot))
        await pilot.press("w")
        await until(pilot, lambda: isinstance(app.screen, LabelScreen))
        compare(f"label-{name}", await settled(pilot))
