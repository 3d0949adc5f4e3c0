"""After a failed attempt a request goes on where that makes sense, and no longer than its budget lasts."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model_router.server.failure import Failure, FailureKind, retry_after, status_failure
from model_router.server.retries import Action, Retries, RetryPolicy, Step
from tests.support.llama import LlamaServer

AGAIN, NEXT, TELL = Action.AGAIN, Action.NEXT, Action.TELL
NOW = 1_700_000_000.0  # Tue, 14 Nov 2023 22:13:20 GMT


def half() -> float:
    return 0.5


def status(code: int, wait: float | None = None, **fields: Any) -> Failure:
    return Failure(FailureKind.STATUS, code, retry_after=wait, **fields)


def first_step(failure: Failure) -> Step:
    return Retries(RetryPolicy(), half).after("big", failure)


@pytest.mark.parametrize(
    ("failure", "action", "delay"),
    [
        (Failure(FailureKind.UNCONNECTED), NEXT, 0),
        (Failure(FailureKind.RESET), AGAIN, 0),
        (Failure(FailureKind.SILENT), NEXT, 0),
        (Failure(FailureKind.UNREADABLE), NEXT, 0),
        (status(302), NEXT, 0),
        (status(400), TELL, 0),
        (status(401), NEXT, 0),
        (status(402), NEXT, 0),
        (status(403), NEXT, 0),
        (status(404), NEXT, 0),
        (status(408), AGAIN, 0.125),
        (status(409), TELL, 0),
        (status(413), TELL, 0),
        (status(415), TELL, 0),
        (status(422), TELL, 0),
        (status(429), AGAIN, 0.125),
        (status(429, 0.0), AGAIN, 0.125),
        (status(429, 2.0), AGAIN, 2.125),
        (status(429, 2.1), NEXT, 0),
        (status(429, 1.0, out_of_quota=True), NEXT, 0),
        (status(431), TELL, 0),
        (status(500), NEXT, 0),
        (status(501), NEXT, 0),
        (status(502), AGAIN, 0.125),
        (status(503), AGAIN, 0.125),
        (status(503, 1.5), AGAIN, 1.625),
        (status(503, 60.0), NEXT, 0),
        (status(504), AGAIN, 0.125),
        (status(529), AGAIN, 0.125),
    ],
    ids=lambda value: (
        f"{value.kind} {value.status or ''} {value.retry_after or ''}" if isinstance(value, Failure) else ""
    ),
)
def test_the_first_failure(failure: Failure, action: Action, delay: float) -> None:
    assert first_step(failure) == Step(action, delay)


def test_a_request_that_is_too_long_goes_where_there_is_more_room() -> None:
    failure = status(400, too_long=True, needs_context=70_000)
    assert first_step(failure) == Step(NEXT, more_context=True, needs_context=70_000)


def test_a_backend_is_tried_again_so_often_and_then_the_next() -> None:
    retries = Retries(RetryPolicy(), half)
    assert [retries.after("big", status(503)).action for _ in range(3)] == [AGAIN, AGAIN, NEXT]
    assert [retries.after("small", status(503)).action for _ in range(2)] == [AGAIN, AGAIN]
    assert retries.attempts == 5
    assert retries.after("small", status(503)).action is TELL, "six attempts are the most"


@pytest.mark.parametrize(("own", "steps"), [(0, [NEXT]), (1, [AGAIN, NEXT]), (3, [AGAIN, AGAIN, AGAIN, NEXT])])
def test_a_backend_may_have_a_number_of_its_own(own: int, steps: list[Action]) -> None:
    retries = Retries(RetryPolicy(), half)
    assert [retries.after("big", status(503), own).action for _ in steps] == steps


def test_waits_double_up_to_the_patience() -> None:
    policy = RetryPolicy(retries=9, max_attempts=99, budget_seconds=99)
    retries = Retries(policy, lambda: 1.0)
    assert [retries.after("big", status(503)).delay for _ in range(6)] == [0.25, 0.5, 1.0, 2.0, 2.0, 2.0]


def test_waits_spread_over_the_whole_range() -> None:
    assert Retries(RetryPolicy(), lambda: 0.0).after("big", status(503)).delay == 0
    assert Retries(RetryPolicy(), lambda: 0.999).after("big", status(503)).delay == pytest.approx(0.25, rel=0.01)


def test_a_connection_that_breaks_again_waits() -> None:
    retries = Retries(RetryPolicy(), half)
    assert [retries.after("big", Failure(FailureKind.RESET)).delay for _ in range(2)] == [0, 0.25]


def test_all_waiting_of_a_request_has_a_bound() -> None:
    retries = Retries(RetryPolicy(retries=99, max_attempts=99), half)
    steps = [retries.after("big", status(429, 1.5)) for _ in range(5)]
    assert [step.action for step in steps] == [AGAIN] * 3 + [NEXT] * 2
    assert sum(step.delay for step in steps) == 3 * (1.5 + 0.125)


def test_those_who_were_sent_away_together_come_back_apart_and_never_too_early() -> None:
    waits = []
    for number in (0.0, 0.25, 0.999):
        step = Retries(RetryPolicy(), lambda number=number: number).after("big", status(429, 1.0))
        assert step.action is AGAIN
        waits.append(step.delay)
    assert waits == [1.0, 1.0625, 1.24975]


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["a", "b", "c"]),
            st.builds(
                Failure,
                st.sampled_from(FailureKind),
                st.sampled_from([400, 401, 429, 500, 503]),
                st.none() | st.floats(0, 5),
            ),
        ),
        min_size=6,
        max_size=20,
    ),
    st.floats(0, 0.999),
)
def test_no_course_of_failures_breaks_the_budget(failures: list[tuple[str, Failure]], dice: float) -> None:
    policy = RetryPolicy()
    retries = Retries(policy, lambda: dice)
    steps = [(backend, retries.after(backend, failure)) for backend, failure in failures]
    assert sum(step.delay for _, step in steps) <= policy.budget_seconds
    for (_, step), (_, failure) in zip(steps, failures, strict=True):
        told = failure.retry_after if step.delay and failure.retry_after is not None else None
        longest = policy.patience_seconds if told is None else told + policy.backoff_seconds
        assert (told or 0) <= step.delay <= longest
        assert told is None or told <= policy.patience_seconds
    for name in "abc":
        assert sum(step.action is AGAIN for backend, step in steps if backend == name) <= policy.retries
    assert all(step.action is TELL for _, step in steps[policy.max_attempts - 1 :])


@pytest.mark.parametrize(
    ("failure", "blamed", "unconnected"),
    [
        (Failure(FailureKind.UNCONNECTED), True, True),
        (Failure(FailureKind.RESET), True, False),
        (Failure(FailureKind.SILENT), True, False),
        (status(500), True, False),
        (status(503), True, False),
        (status(400), False, False),
        (status(429), False, False),
        (status(404), False, False),
    ],
)
def test_what_the_circuit_breaker_counts(failure: Failure, blamed: bool, unconnected: bool) -> None:
    assert (failure.blames_server, failure.unconnected) == (blamed, unconnected)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "3"}, 3.0),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after": " 3 "}, 3.0),
        ({"retry-after-ms": "250", "retry-after": "3"}, 0.25),
        ({"retry-after": "Tue, 14 Nov 2023 22:13:50 GMT"}, 30.0),
        ({"retry-after": "Tue, 14 Nov 2023 22:13:50 -0000"}, 30.0),
        ({"retry-after": "Tue, 14 Nov 2023 22:00:00 GMT"}, 0.0),
        ({"retry-after": "-1"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": ""}, None),
        ({"retry-after": "Tue, 99 Nov 2023 99:99:99 GMT"}, None),
    ],
)
def test_retry_after(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after(headers, NOW) == seconds


@given(st.text(max_size=40))
def test_any_retry_after_is_a_number_or_nothing(text: str) -> None:
    seconds = retry_after({"retry-after": text}, NOW)
    assert seconds is None or seconds >= 0


LLAMA = {"code": 400, "type": "exceed_context_size_error", "message": "no", "n_prompt_tokens": 900, "n_ctx": 512}
VLLM = "This model's maximum context length is 4096 tokens. However, you requested 5000 tokens (4900 in the messages)."
CLAUDE = {"type": "invalid_request_error", "message": "prompt is too long: 210000 tokens > 200000 maximum"}


@pytest.mark.parametrize(
    ("body", "needs", "limit"),
    [
        ({"error": LLAMA}, 900, 512),
        ({"error": {"code": "context_length_exceeded", "type": "invalid_request_error"}}, None, None),
        ({"error": {"message": VLLM, "code": 400}}, 5000, 4096),
        ({"object": "error", "message": VLLM, "code": 400}, 5000, 4096),
        ({"error": VLLM}, 5000, 4096),
        ({"type": "error", "error": CLAUDE}, 210_000, 200_000),
        ({"error": {**LLAMA, "n_prompt_tokens": "many", "n_ctx": True}}, None, None),
    ],
)
def test_every_way_to_say_too_long(body: Any, needs: int | None, limit: int | None) -> None:
    failure = status_failure(400, {}, json.dumps(body).encode(), NOW)
    assert (failure.too_long, failure.needs_context, failure.context_limit) == (True, needs, limit)


@pytest.mark.parametrize(
    ("code", "body"),
    [
        (400, b'{"error": {"message": "messages is required", "code": "missing"}}'),
        (500, json.dumps({"error": LLAMA}).encode()),
        (400, b"<html>"),
        (400, b""),
        (400, b"[]"),
        (400, b'{"error": [1]}'),
        (400, b"[" * 5000),
    ],
)
def test_other_errors_are_not_too_long(code: int, body: bytes) -> None:
    failure = status_failure(code, {}, body, NOW)
    assert failure == Failure(FailureKind.STATUS, code)


def test_an_empty_account_is_known() -> None:
    body = b'{"error": {"code": "insufficient_quota", "type": "insufficient_quota", "message": "You exceeded"}}'
    assert status_failure(429, {"retry-after": "1"}, body, NOW) == status(429, 1.0, out_of_quota=True)


@pytest.mark.llama
def test_a_real_server_says_how_much_room_a_request_needs(llama_servers: dict[str, LlamaServer]) -> None:
    body = {"messages": [{"role": "user", "content": "x" * 40_000}]}
    answer = httpx.post(llama_servers["fast_local"].base_url + "/chat/completions", json=body, trust_env=False)
    failure = status_failure(answer.status_code, answer.headers, answer.content, NOW)
    assert failure.too_long
    assert failure.needs_context is not None
    assert failure.needs_context > 40_000  # a token a byte, and the template's words
    assert failure.context_limit == 32_768
