"""The benchmark of the event log runs to its end, and what it measures is there."""

from __future__ import annotations

import json

import pytest

from benchmarks import events


def test_a_small_run_measures_everything(capsys: pytest.CaptureFixture[str]) -> None:
    code = events.main(["--events", "3000", "--rounds", "1", "--seconds", "0.1", "--json"])
    told = json.loads(capsys.readouterr().out)
    assert code in (0, 1)  # a busy machine may be outside
    assert told["figures"].keys() >= events.BARS.keys()
    assert told["figures"]["events lost"] == 0
    assert told["figures"]["events handed over a second, meanwhile"] > 0
    assert 1_000 < told["figures"]["bytes of an event"] < 1_500
