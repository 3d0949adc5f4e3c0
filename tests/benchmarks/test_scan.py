"""The benchmark of a scan runs to its end, and what it measures is there."""

from __future__ import annotations

import json

import pytest

from benchmarks import scan


def test_a_small_run_measures_everything(capsys: pytest.CaptureFixture[str]) -> None:
    code = scan.main(["--files", "6", "--rounds", "1", "--json"])
    told = json.loads(capsys.readouterr().out)
    assert code in (0, 1)  # a busy machine may be outside
    assert told["files"] == 6
    assert told["header_alone_ms"] > 0
    assert told["thousand_s"] > 0
