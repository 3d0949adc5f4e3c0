"""A backend that fails rests, is tried with one request, and works again."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

from model_router.server.breaker import (
    Admission,
    Breaker,
    BreakerChange,
    BreakerPolicy,
    Breakers,
    BreakerSnapshot,
    BreakerState,
)

CLOSED, OPEN, HALF_OPEN = BreakerState.CLOSED, BreakerState.OPEN, BreakerState.HALF_OPEN


class Clock:
    """A clock that a test moves."""

    def __init__(self, now: float = 1000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def changes() -> list[BreakerChange]:
    return []


@pytest.fixture
def breaker(clock: Clock, changes: list[BreakerChange]) -> Breaker:
    return Breaker("big", BreakerPolicy(), clock, changes.append)


def admitted(breaker: Breaker) -> Admission:
    admission = breaker.admit()
    assert admission is not None
    return admission


def break_it(breaker: Breaker) -> None:
    for _ in range(3):
        admitted(breaker).fail(connecting=True)
    assert breaker.state is OPEN


def test_three_connections_in_a_row_that_fail_open_it(breaker: Breaker, changes: list[BreakerChange]) -> None:
    admitted(breaker).fail(connecting=True)
    admitted(breaker).fail(connecting=True)
    assert breaker.state is CLOSED
    admitted(breaker).fail(connecting=True)
    assert breaker.admit() is None
    assert changes == [BreakerChange("big", CLOSED, OPEN, "3 connections in a row failed", 10.0)]
    assert changes[0].words == "rests for 10 s, 3 connections in a row failed"


def test_an_answer_between_them_breaks_the_row(breaker: Breaker) -> None:
    for _ in range(3):
        for _ in range(3):
            admitted(breaker).succeed()
        admitted(breaker).fail(connecting=True)
        admitted(breaker).fail(connecting=True)
    assert breaker.state is CLOSED


def test_a_request_that_was_not_answered_breaks_the_row_too(breaker: Breaker) -> None:
    for _ in range(9):
        admitted(breaker).succeed()
    for connecting in (True, True, False, True, True):
        admitted(breaker).fail(connecting=connecting)
    assert breaker.state is CLOSED
    admitted(breaker).fail(connecting=True)
    assert breaker.state is OPEN


def test_half_of_five_requests_open_it(breaker: Breaker, changes: list[BreakerChange]) -> None:
    for failed in (True, False, True, False):
        admission = admitted(breaker)
        admission.fail() if failed else admission.succeed()
    assert breaker.state is CLOSED
    admitted(breaker).fail()
    assert breaker.state is OPEN
    assert changes[0].reason == "3 of 5 requests within 30 s failed"


def test_fewer_than_half_never_do(breaker: Breaker) -> None:
    for count in range(500):
        admission = admitted(breaker)
        admission.succeed() if count % 5 < 3 else admission.fail()
    assert breaker.state is CLOSED


def test_failures_are_forgotten_after_the_window(breaker: Breaker, clock: Clock) -> None:
    for _ in range(4):
        admitted(breaker).fail()
    assert (breaker.snapshot().requests, breaker.snapshot().failures) == (4, 4)
    clock.now += 31
    assert (breaker.snapshot().requests, breaker.snapshot().failures) == (0, 0)
    admitted(breaker).fail()
    assert breaker.state is CLOSED


def test_after_its_rest_exactly_one_request_tries_it(
    breaker: Breaker, clock: Clock, changes: list[BreakerChange]
) -> None:
    break_it(breaker)
    clock.now += 9.9
    assert breaker.resting
    assert breaker.admit() is None
    clock.now += 0.2
    assert not breaker.resting
    probe = admitted(breaker)
    assert probe.probe
    assert breaker.resting
    assert breaker.admit() is None
    probe.succeed()
    assert not admitted(breaker).probe
    assert [(change.before, change.after) for change in changes] == [
        (CLOSED, OPEN),
        (OPEN, HALF_OPEN),
        (HALF_OPEN, CLOSED),
    ]


def test_rests_double_up_to_two_minutes_and_start_small_again(breaker: Breaker, clock: Clock) -> None:
    break_it(breaker)
    rests = []
    for _ in range(6):
        rest = breaker.snapshot().retry_in
        assert rest is not None
        rests.append(rest)
        clock.now += rest
        admitted(breaker).fail()
    assert rests == [10, 20, 40, 80, 120, 120]
    clock.now += 120
    admitted(breaker).succeed()
    break_it(breaker)
    assert breaker.snapshot().retry_in == 10


def test_a_probe_whose_client_left_is_given_back(breaker: Breaker, clock: Clock) -> None:
    break_it(breaker)
    clock.now += 10
    with admitted(breaker):
        assert breaker.admit() is None
    assert breaker.state is HALF_OPEN
    admitted(breaker).succeed()
    assert breaker.state is CLOSED


def test_requests_that_are_abandoned_count_nothing(breaker: Breaker) -> None:
    for _ in range(20):
        admitted(breaker).abandon()
    assert breaker.snapshot().requests == 0


def test_only_the_first_report_counts(breaker: Breaker) -> None:
    with admitted(breaker) as admission:
        admission.succeed()
        for _ in range(9):
            admission.fail(connecting=True)
    assert (breaker.snapshot().requests, breaker.snapshot().failures) == (1, 0)


def test_requests_from_before_say_nothing_about_now(breaker: Breaker, clock: Clock) -> None:
    old = [admitted(breaker) for _ in range(3)]
    break_it(breaker)
    old[0].succeed()
    assert breaker.state is OPEN
    clock.now += 10
    probe = admitted(breaker)
    old[1].fail()
    assert breaker.state is HALF_OPEN
    old[2].abandon()
    assert breaker.admit() is None, "an old request gave the probe back"
    probe.succeed()
    assert breaker.snapshot().requests == 0


def test_a_snapshot_says_when_it_goes_on(breaker: Breaker, clock: Clock) -> None:
    clock.now += 5
    assert breaker.snapshot() == BreakerSnapshot("big", CLOSED, 0, 0, 5.0, 0, None, "")
    break_it(breaker)
    clock.now += 4
    assert breaker.snapshot() == BreakerSnapshot("big", OPEN, 3, 3, 4.0, 1, 6.0, "3 connections in a row failed")
    clock.now += 60
    assert breaker.snapshot().retry_in == 0.0


def test_breakers_outlive_a_new_configuration(clock: Clock) -> None:
    breakers = Breakers(BreakerPolicy(), clock)
    break_it(breakers.of("a"))
    breakers.of("b")
    breakers.keep(["a", "c"], BreakerPolicy(consecutive=1))
    assert [snapshot.backend for snapshot in breakers.snapshots()] == ["a"]
    assert breakers.of("a").state is OPEN
    admitted(breakers.of("c")).fail(connecting=True)
    assert breakers.of("c").state is OPEN


def test_a_hundred_thousand_requests_leave_nothing_behind_and_take_no_longer(breaker: Breaker, clock: Clock) -> None:
    def seconds(count: int) -> float:
        best = 9.0
        for _ in range(5):
            started = time.thread_time()
            for number in range(count):
                admission = admitted(breaker)
                admission.fail() if number % 3 == 0 else admission.succeed()
            best = min(best, time.thread_time() - started)
        return best

    before = seconds(2_000)
    for _ in range(100):
        clock.now += 0.7
        for number in range(1_000):
            admission = admitted(breaker)
            admission.fail() if number % 3 == 0 else admission.succeed()
    gc.collect()
    assert sum(isinstance(thing, Admission) for thing in gc.get_objects()) <= 1
    assert seconds(2_000) < 3 * before
    assert breaker.state is CLOSED


class AnyCourse(RuleBasedStateMachine):
    """Any course of requests, reports and pauses, beside a second reckoning that keeps every request."""

    running = Bundle("running")

    def __init__(self) -> None:
        super().__init__()
        self.clock = Clock(0.0)
        self.policy = BreakerPolicy(window_seconds=10.0, rest_seconds=4.0, longest_rest_seconds=10.0)
        self.changes: list[BreakerChange] = []
        self.breaker = Breaker("any", self.policy, self.clock, self.changes.append)
        self.era = 0
        self.state = CLOSED
        self.past: list[tuple[float, bool]] = []
        self.row = 0
        self.rest = 4.0
        self.until = 0.0
        self.probe: Admission | None = None

    def turn(self, state: BreakerState) -> None:
        self.state, self.row, self.probe = state, 0, None
        self.era += 1
        if state is OPEN:
            self.until = self.clock.now + self.rest
        if state is CLOSED:
            self.past, self.rest = [], 4.0

    @rule(seconds=st.sampled_from([1.0, 2.0, 5.0]))
    def wait(self, seconds: float) -> None:
        self.clock.now += seconds

    @rule(target=running)
    def ask(self) -> tuple[int, Admission | None]:
        admission = self.breaker.admit()
        allowed = self.state is CLOSED or (self.clock.now >= self.until and self.probe is None)
        assert (admission is not None) == allowed
        if admission is not None and self.state is not CLOSED:
            if self.state is OPEN:
                self.turn(HALF_OPEN)
            self.probe = admission
        return self.era, admission

    @rule(request=consumes(running), how=st.sampled_from(["succeed", "fail", "connect", "abandon", "twice"]))
    def report(self, request: tuple[int, Admission | None], how: str) -> None:
        era, admission = request
        if admission is None:
            return
        reports: dict[str, Callable[[], None]] = {
            "succeed": admission.succeed,
            "twice": admission.succeed,
            "fail": admission.fail,
            "connect": lambda: admission.fail(connecting=True),
            "abandon": admission.abandon,
        }
        reports[how]()
        if how == "twice":
            admission.fail()
        if era != self.era:
            return
        if how == "abandon":
            self.probe = None
        elif self.state is HALF_OPEN:
            self.settle_probe(ok=how in ("succeed", "twice"))
        else:
            self.settle(how)

    def settle_probe(self, *, ok: bool) -> None:
        self.rest = min(10.0, 2 * self.rest)
        self.turn(CLOSED if ok else OPEN)

    def settle(self, how: str) -> None:
        ok = how in ("succeed", "twice")
        self.past.append((self.clock.now, ok))
        self.row = self.row + 1 if how == "connect" else 0
        recent = [passed for at, passed in self.past if at > self.clock.now - 10.0]
        failures = recent.count(False)
        if not ok and (self.row >= 3 or (len(recent) >= 5 and 2 * failures >= len(recent))):
            self.turn(OPEN)

    @invariant()
    def both_say_the_same(self) -> None:
        snapshot = self.breaker.snapshot()
        assert snapshot.state is self.state
        recent = [passed for at, passed in self.past if at > self.clock.now - 10.0]
        assert (snapshot.requests, snapshot.failures) == (len(recent), recent.count(False))
        if self.state is OPEN:
            assert snapshot.retry_in == max(0.0, self.until - self.clock.now)
        assert len(self.changes) == self.era


TestAnyCourse = AnyCourse.TestCase
