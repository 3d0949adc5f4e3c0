"""Requests that were probably routed wrongly, likeliest first."""

from __future__ import annotations

from model_router.hindsight.labels import Label
from model_router.hindsight.review import review
from tests.hindsight.past import START, past_event

SCORES = {"coding": 0, "simple": -3, "balanced": -40}


def test_signs_are_found_and_weighed() -> None:
    events = [
        past_event(1, ask_hash="a", scores=SCORES),
        past_event(2, confidence=52, scores=SCORES),
        past_event(3, fallback=True),
        past_event(4, ask_hash="a"),  # the ask of 1 once more, three seconds later
        past_event(5),
        past_event(6, kind="tool_turn", ask_hash="a", confidence=50),
        past_event(7, kind="utility:title", confidence=50),
        past_event(8, confidence=51, asked="engine:code_agent"),
    ]
    labels = {"mr-000000000005": Label(time=1.0, request_id="mr-000000000005", engine="fast_local")}
    found = review(events, labels)
    assert found.read == 8
    assert found.signs == {"label": 1, "asked_again": 1, "low_margin": 1, "fallback": 1}
    assert [(int(one.request_id[3:], 16), one.signs) for one in found.suspects] == [
        (5, ("label",)),
        (1, ("asked_again",)),
        (2, ("low_margin",)),
        (3, ("fallback",)),
    ]
    assert found.suspects[0].label == "fast_local"
    assert found.suspects[1].second_route == "simple"


def test_what_was_asked_again_for_another_reason_is_no_sign() -> None:
    later = past_event(2, ask_hash="a", time=START + 600)
    failed = [past_event(1, ask_hash="b", outcome="error"), past_event(2, ask_hash="b")]
    others = [past_event(1, ask_hash="c"), past_event(2, ask_hash="c", client="another")]
    risky = {"ask_hash": "d", "requires_confirmation": True}
    nobody_came = [
        past_event(1, outcome="cancelled", engine="human_confirm", backend="", **risky),
        past_event(2, **risky),
    ]
    for events in ([past_event(1, ask_hash="a"), later], failed, others, nobody_came):
        assert not review(events).suspects


def test_only_the_likeliest_are_kept_and_all_are_counted() -> None:
    events = [past_event(number, confidence=50 + number % 10, scores=SCORES) for number in range(1_000)]
    found = review(events, limit=5)
    assert found.signs["low_margin"] == 1_000
    assert [one.confidence for one in found.suspects] == [50] * 5
    assert found.to_dict()["suspects"][0]["signs"] == ["low_margin"]


def test_a_label_that_agrees_is_no_sign() -> None:
    labels = {"mr-000000000001": Label(time=1.0, request_id="mr-000000000001", engine="code_agent")}
    assert not review([past_event(1)], labels).suspects
