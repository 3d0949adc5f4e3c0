"""The gateway's own events become speeds."""

from __future__ import annotations

from typing import Any

from model_router.setup.fit.measured import calibrate, measured_speed, plain_name


def event(model: str = "qwen3:8b", backend: str = "ollama", **more: Any) -> dict[str, Any]:
    # 101 tokens, the first after half a second, the others in two: 50 a second
    usual = {"completion_tokens": 101, "first_byte_ms": 500.0, "total_ms": 2_500.0, "outcome": "ok", "stream": True}
    return {"model": model, "backend": backend, **usual, **more}


def test_the_median_of_several_answers_counts() -> None:
    events = [event(), event(total_ms=1_500.0), event(total_ms=10_500.0), event()]
    assert calibrate(events) == {"qwen3:8b": 50.0}


def test_one_or_two_answers_prove_nothing() -> None:
    assert calibrate([event(), event()]) == {}
    assert calibrate([event()], least=1) == {"qwen3:8b": 50.0}


def test_short_broken_and_unstreamed_answers_do_not_count() -> None:
    bad = [
        event(completion_tokens=3),
        event(outcome="broken"),
        event(stream=False),
        event(first_byte_ms=None),
        event(completion_tokens=None),
        event(first_byte_ms=2_499.0),
        {},
    ]
    assert calibrate(bad * 3) == {}


def test_hosted_backends_are_left_out_when_the_local_ones_are_named() -> None:
    events = [event(), event(model="big", backend="cloud")] * 3
    assert calibrate(events, backends={"ollama"}) == {"qwen3:8b": 50.0}


def test_a_model_is_known_under_the_names_that_servers_give_it() -> None:
    names = ["Qwen/Qwen3-8B", "qwen3:8b", "Qwen3-8B-Q4_K_M.gguf", "/models/Qwen3-8B-UD-Q4_K_XL.gguf"]
    assert {plain_name(name) for name in names} == {"qwen38b"}
    assert measured_speed({"qwen3:8b": 50.0}, "qwen3-8b") == 50.0
    assert measured_speed({"qwen3:8b": 50.0}, "qwen3-14b") is None
