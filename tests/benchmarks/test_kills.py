"""A few of the kills that ``scripts/bench kills`` does by the hundred."""

from __future__ import annotations

import json

import pytest

from benchmarks import kills


def test_killed_at_random_moments_the_log_is_whole_and_the_port_free(capsys: pytest.CaptureFixture[str]) -> None:
    code = kills.main(["--times", "3", "--longest", "1.2", "--json"])
    told = json.loads(capsys.readouterr().out)
    assert (code, told["problems"]) == (0, []), told
    assert told["figures"]["answers that clients had whole"] > 0


def test_what_does_not_hold_is_told() -> None:
    """An answer of two seconds before the kill that is in no log, and a start that failed."""
    lives = kills.Lives(answered={"mr-1": (0, 8.0), "mr-2": (0, 9.9)}, kills=[10.0], stuck=["the port is taken"])
    figures, problems = kills.judged(lives, {"mr-2"}, 1)
    assert figures["the oldest of them, s before the kill"] == 2.0
    assert len(problems) == 3
    assert kills.judged(kills.Lives(answered={"mr-2": (0, 9.9)}, kills=[10.0]), {"mr-2"}, 0)[1] == []
