"""The estimates hold against what others have measured."""

from __future__ import annotations

import statistics

import pytest

from benchmarks.fit import cases, memory_rows, speed_rows, table


def test_every_measurement_says_where_it_comes_from() -> None:
    assert len(cases()) == 41
    assert [name for name, case in cases().items() if not case.get("source")] == []


def test_every_cache_is_within_five_percent_and_every_total_within_ten(capsys: pytest.CaptureFixture[str]) -> None:
    rows = memory_rows()
    with capsys.disabled():
        print()
        for line in table(rows, speed_rows()):
            print(line)
    assert len(rows) == 18
    assert [(row.case, row.part, row.error) for row in rows if abs(row.error) > row.limit] == []


def test_the_all_layers_formula_would_miss_half_of_the_caches() -> None:
    beside = [row.all_layers / row.measured for row in memory_rows() if row.all_layers is not None]
    assert sum(factor > 1.5 for factor in beside) >= len(beside) / 2


def test_speed_is_within_a_quarter_as_a_rule_and_in_the_printed_range_four_times_of_five() -> None:
    rows = speed_rows()
    assert len(rows) == 27
    assert statistics.median(row.factor for row in rows) <= 1.25
    assert sum(row.inside for row in rows) >= 0.8 * len(rows)
    assert all(row.high / row.low < 4 for row in rows), "a range that holds everything says nothing"
