"""Sums over the log are right, whatever its size."""

from __future__ import annotations

import json
from math import ceil
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model_router.hindsight import telemetry
from model_router.hindsight.histogram import Histogram, quantile
from model_router.hindsight.reading import Tally, read_events
from model_router.hindsight.telemetry import OTHERS, summarise
from model_router.server.events import RequestEvent
from tests.hindsight.past import START, line_of, past_event, write_log


@given(st.lists(st.floats(0.001, 1e9), min_size=1, max_size=200), st.sampled_from([0.01, 0.5, 0.95, 0.99, 1.0]))
def test_quantiles_are_within_half_a_percent(values: list[float], share: float) -> None:
    histogram = Histogram()
    for value in values:
        histogram.add(value)
    histogram.settle()
    exact = sorted(values)[max(1, ceil(share * len(values))) - 1]
    assert quantile(histogram.counts, share) == pytest.approx(exact, rel=0.005)


def test_odd_values_are_no_obstacle() -> None:
    histogram = Histogram()
    assert quantile(histogram.counts, 0.5) is None
    for value in (0.0, -3.0, 1e300, 5e-324):
        histogram.add(value)
    histogram.settle()
    assert quantile(histogram.counts, 0.5) == 0.0
    assert quantile(histogram.counts, 1.0) > 1e38  # type: ignore[operator]  # there are values


def test_every_figure_of_a_small_log(tmp_path: Path) -> None:
    events = [
        past_event(1, total_ms=100.0, first_byte_ms=10.0, route_us=5.0, prompt_tokens=7, completion_tokens=3),
        past_event(2, total_ms=200.0, client="other", session_code="session.stayed.prefill", fallback=True),
        past_event(3, total_ms=300.0, outcome="error", status=502, session_code="session.moved.short"),
        past_event(4, outcome="confirm", engine="human_confirm", backend="", model="", route="confirmation"),
        past_event(5, outcome="cancelled", engine="fast_local", route="simple", time=START + 86_400),
    ]
    path = write_log(tmp_path / "e", events)
    with path.open("ab") as file:
        file.write(b'{"event":"reload","time":1}\n{"broken\n')
    found = summarise(
        [path], by=("engine", "day"), local_engines={"code_agent"}, day_of=lambda moment: str(int(moment // 86_400))
    )
    told = found.to_dict()
    json.dumps(told)
    whole = told["all"]
    assert (told["requests"], told["other_lines"], told["broken_lines"]) == (5, 1, 1)
    assert told["broken"][0].startswith("e:7: ")
    assert (told["first"], told["last"]) == (START + 1, START + 86_400)
    assert (whole["error_rate"], whole["confirm_rate"], whole["cancelled_rate"]) == (0.2, 0.2, 0.2)
    assert whole["fallback_rate"] == 0.25  # of the four that were sent to a backend
    assert whole["stay_rate"] == 0.5  # of the two that belonged to a known conversation
    assert (whole["prompt_tokens"], whole["completion_tokens"], whole["requests_with_usage"]) == (7, 3, 1)
    assert told["local"]["share_of_answers"] == 1.0
    assert told["local"]["completion_tokens"] == 3
    engines = told["by"]["engine"]
    assert {name: row["requests"] for name, row in engines.items()} == {
        "code_agent": 3,
        "fast_local": 1,
        "human_confirm": 1,
    }
    assert engines["code_agent"]["share"] == 0.6
    assert engines["code_agent"]["total_ms"]["p50"] == pytest.approx(200, rel=0.01)
    assert engines["code_agent"]["total_ms"]["p99"] == pytest.approx(300, rel=0.01)
    assert engines["code_agent"]["first_byte_ms"]["p50"] == pytest.approx(10, rel=0.01)
    assert engines["human_confirm"]["fallback_rate"] is None
    assert [row["requests"] for row in told["by"]["day"].values()] == [4, 1]


def test_what_embeddings_read_counts_though_they_write_nothing(tmp_path: Path) -> None:
    events = [past_event(1, prompt_tokens=9), past_event(2, completion_tokens=4), past_event(3)]
    path = write_log(tmp_path / "e", events)
    whole = summarise([path]).to_dict()["all"]
    assert (whole["prompt_tokens"], whole["completion_tokens"], whole["requests_with_usage"]) == (9, 4, 2)


def test_the_time_of_a_person_is_no_time_of_a_servers(tmp_path: Path) -> None:
    """It waited half a minute for a yes, and then went to the same engine."""
    held = past_event(2, requires_confirmation=True, total_ms=30_000.0, first_byte_ms=29_990.0)
    path = write_log(tmp_path / "e", [past_event(1, total_ms=100.0, first_byte_ms=10.0), held])
    whole = summarise([path]).to_dict()["all"]
    assert whole["requests"] == 2
    assert whole["total_ms"]["p99"] == pytest.approx(100, rel=0.01)
    assert whole["first_byte_ms"]["p99"] == pytest.approx(10, rel=0.01)


def test_a_period_takes_its_beginning_and_not_its_end(tmp_path: Path) -> None:
    path = write_log(tmp_path / "e", [past_event(number) for number in range(10)])
    found = summarise([path], since=START + 3, until=START + 6)
    assert (found.whole.requests, found.first, found.last) == (3, START + 3, START + 5)
    assert summarise([path], since=START + 100).to_dict()["all"]["share"] is None


def test_clients_cannot_fill_the_memory_with_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(telemetry, "_MOST_NAMES", 10)
    path = write_log(tmp_path / "e", [past_event(number, client=f"c{number}") for number in range(50)])
    found = summarise([path], by=("client",))
    assert len(found.groups["client"]) == 11
    assert found.groups["client"][OTHERS].requests == 40
    assert found.whole.requests == 50


def test_however_many_kinds_of_requests_there_are_each_counts_as_what_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(telemetry, "_MOST_KEYS", 7)
    events = [
        past_event(number, client=f"c{number % 4}", engine=f"e{number % 3}", backend=f"b{number % 5}", total_ms=number)
        for number in range(120)
    ]
    found = summarise([write_log(tmp_path / "e", events)], by=("client", "engine", "backend"))
    sizes = {name: sorted(cell.requests for cell in cells.values()) for name, cells in found.groups.items()}
    assert sizes == {"client": [30] * 4, "engine": [40] * 3, "backend": [24] * 5}
    assert quantile(found.groups["client"]["c0"].total, 0.5) == pytest.approx(56, rel=0.01)


VALUES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=9)
FIELDS = st.sampled_from([*RequestEvent.__struct_fields__, "of_a_later_version"])


@settings(deadline=None)  # files are slow on a busy machine
@given(st.lists(st.dictionaries(FIELDS, VALUES, max_size=9), max_size=9))
def test_whatever_lines_hold_the_sums_count_what_the_reader_reads(
    tmp_path_factory: pytest.TempPathFactory, changes: list[dict[str, object]]
) -> None:
    """But for broken lines: a field that is not counted may be broken in a line that is."""
    path = tmp_path_factory.mktemp("log") / "e"
    lines = [json.dumps({**json.loads(line_of(past_event(1))), **change}) for change in changes]
    path.write_text("".join(line + "\n" for line in lines))
    told, tally = summarise([path]).to_dict(), Tally()
    read = len(list(read_events([path], tally)))
    json.dumps(told)
    assert read <= told["requests"] <= read + tally.broken
    assert told["requests"] + told["other_lines"] + told["broken_lines"] == len(lines)
    for cells in told["by"].values():
        assert sum(cell["requests"] for cell in cells.values()) == told["requests"]


def test_times_are_counted_all_the_way_however_many_wait(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(telemetry, "_UNSETTLED", 3)
    path = write_log(tmp_path / "e", [past_event(number, total_ms=float(number + 1)) for number in range(100)])
    found = summarise([path])
    assert sum(found.whole.total.values()) == 100
    assert quantile(found.whole.total, 0.95) == pytest.approx(95, rel=0.01)
