"""Speeds that the gateway has measured, for the recommendation."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from model_router.config.files import event_log_path
from model_router.hindsight.event_files import log_place
from model_router.hindsight.past_event import PastEvent
from model_router.hindsight.speeds import measured_speeds
from model_router.setup.presets import write_preset
from tests.hindsight.past import past_event, write_log


def answers(*changes: dict[str, Any]) -> list[PastEvent]:
    # 101 tokens, the first after half a second, the others in two: 50 a second
    usual = {"stream": True, "completion_tokens": 101, "first_byte_ms": 500.0, "total_ms": 2_500.0}
    return [past_event(number, **{**usual, **change}) for number, change in enumerate(changes)]


def test_the_log_tells_how_fast_the_models_of_this_machine_write(home: Path) -> None:
    environ = {"MODEL_ROUTER_HOME": str(home)}
    write_preset("ollama", home, environ=environ)
    here = {"backend": "fast", "model": "qwen3:8b"}
    slower = {**here, "total_ms": 10_500.0}
    past = answers(here, here, slower, *[{"backend": "elsewhere", "model": "big"}] * 3)
    write_log(event_log_path(environ), past)
    assert measured_speeds(log_place(environ)) == {"qwen3:8b": 50.0}


def test_without_a_log_or_a_configuration_nothing_is_measured(home: Path) -> None:
    environ = {"MODEL_ROUTER_HOME": str(home)}
    write_log(event_log_path(environ), answers(*[{"backend": "fast", "model": "qwen3:8b"}] * 3))
    assert measured_speeds(log_place(environ)) == {}
    event_log_path(environ).unlink()
    write_preset("ollama", home, environ=environ)
    assert measured_speeds(log_place(environ)) == {}
