"""The benchmark of the application runs to its end, and what it measures is there."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from benchmarks import events, screen
from benchmarks.window import Window, person

pytestmark = pytest.mark.skipif(os.name != "posix", reason="needs a pseudo-terminal")


LIVE = {
    "500 events/s, share of a core",
    "500 events/s, lag p99, ms",
    "events lost from the file",
    "rows neither shown nor counted as dropped",
}


def test_a_small_run_measures_live_events(capsys: pytest.CaptureFixture[str]) -> None:
    code = screen.main(["--only", "live", "--rows", "1000", "--seconds", "0.3", "--json"])
    figures = json.loads(capsys.readouterr().out)["figures"]
    assert code in (0, 1)  # a busy machine may be outside
    assert figures.keys() >= LIVE
    assert figures["events/s that came"] > 0
    assert "rows dropped in a burst of more than the ring holds" in figures  # none, where the screen keeps up
    assert figures["events lost from the file"] == 0
    assert figures["rows neither shown nor counted as dropped"] == 0


def test_a_log_is_read_by_the_clock_and_in_processor_time(tmp_path: Path) -> None:
    path = tmp_path / "routing-events.jsonl"
    events.generate(path, 2_000)
    figures = screen.read(path)
    goals = {name for name in screen.BARS if "log" in name or "page" in name or "filter" in name}
    assert len(goals) == 5
    assert goals <= figures.keys()
    assert all(figures[name.replace(", s", ", by the clock, s")] > 0 for name in goals)


@pytest.mark.slow
def test_every_other_goal_is_measured(capsys: pytest.CaptureFixture[str]) -> None:
    parts = ",".join(part for part in screen.PARTS if part != "live")
    small = "--events 3000 --rows 500 --requests 50 --rounds 1 --seconds 0.3 --json".split()
    assert screen.main(["--only", parts, *small]) in (0, 1)
    assert json.loads(capsys.readouterr().out)["figures"].keys() >= screen.BARS.keys() - LIVE


def test_a_figure_is_inside_its_bar_or_outside() -> None:
    table = screen.table(dict.fromkeys(screen.BARS, 0.0))
    assert len(table.splitlines()) == len(screen.BARS) + 1
    assert table.count("inside") == len(screen.BARS)
    assert "OUTSIDE" in screen.table({"idle, share of a core": 0.011})


def test_a_window_tells_when_words_came_and_what_they_looked_like_without_colours(tmp_path: Path) -> None:
    code = r"print('\x1b[1;31mfi\x1b[0mrst', input(), flush=True); input()"
    window = Window([sys.executable, "-c", code], tmp_path, environ=person(tmp_path))
    try:
        pressed = window.send("second\n")
        assert window.wait("first second", 20) > pressed > window.began
        window.forget()
        with pytest.raises(RuntimeError, match="never showed 'third'"):
            window.wait("third", 0.05)
    finally:
        window.close()
    assert not window.process.is_running()
