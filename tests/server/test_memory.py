"""Blocked wishes are remembered, within bounds, and decided once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest

from model_router.config.proxy import ApprovalMode, ApprovalsConfig
from model_router.errors import ServerError
from model_router.server.approvals import ApprovalQueue, Standing, Wish
from model_router.server.happenings import ApprovalEvent

REJECT = ApprovalsConfig(retry_window_seconds=120)
HOLD = replace(REJECT, mode=ApprovalMode.HOLD, ttl_seconds=60)


def wish(digest: str = "wish", session: str = "talk", risk: str = "destructive") -> Wish:
    return Wish(digest, session, "client", risk, "drop it", ("drop",))


class Clock:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


def queue_of(
    settings: ApprovalsConfig, clock: Callable[[], float] = lambda: 0.0
) -> tuple[ApprovalQueue, list[ApprovalEvent]]:
    told: list[ApprovalEvent] = []
    return ApprovalQueue(settings, told.append, clock), told


def test_repeats_are_one_entry_for_two_minutes() -> None:
    clock = Clock()
    queue, _ = queue_of(REJECT, clock)
    first = queue.enter(wish(), "mr-1")
    clock.now += 120
    assert queue.enter(wish(), "mr-2") is first
    assert (first.requests, first.request_id, queue.repeats) == (2, "mr-1", 1)
    assert queue.enter(wish("other"), "mr-3").request_id == "mr-3"
    clock.now += 121
    assert queue.enter(wish(), "mr-4").request_id == "mr-4"


def test_no_more_are_remembered_than_fit() -> None:
    queue, _ = queue_of(REJECT)
    for number in range(1025):
        queue.enter(wish(str(number)), f"mr-{number}")
    assert queue.enter(wish("0"), "again").request_id == "again"
    assert queue.enter(wish("1024"), "again").request_id == "mr-1024"


def test_a_refused_wish_passes_on_its_next_try_when_a_person_says_so() -> None:
    clock = Clock()
    queue, told = queue_of(REJECT, clock)
    assert queue.enter(wish(), "mr-1").standing is Standing.REFUSED
    assert queue.approve("mr-1", "cli").standing is Standing.APPROVED
    assert queue.enter(wish(), "mr-2").standing is Standing.APPROVED
    assert queue.enter(wish("another wish"), "mr-3").standing is Standing.REFUSED
    clock.now += 121
    assert queue.enter(wish(), "mr-4").standing is Standing.REFUSED
    (event,) = told
    assert (event.decision, event.who, event.risk_class) == ("approved", "cli", "destructive")


def test_repeats_do_not_make_the_window_of_an_approval_longer() -> None:
    clock = Clock()
    queue, _ = queue_of(REJECT, clock)
    queue.enter(wish(), "mr-1")
    queue.approve("mr-1", "cli")
    for _ in range(2):
        clock.now += 60
        assert queue.enter(wish(), "mr-2").standing is Standing.APPROVED
    clock.now += 1
    assert queue.enter(wish(), "mr-2").standing is Standing.REFUSED


def test_a_session_passes_for_one_class_in_one_conversation() -> None:
    clock = Clock()
    queue, told = queue_of(HOLD, clock)
    queue.enter(wish(), "mr-1")
    queue.approve("mr-1", "screen", session=True)
    assert queue.enter(wish("b"), "mr-2").standing is Standing.APPROVED
    assert queue.enter(wish("c", risk="purchase"), "mr-3").standing is Standing.WAITING
    assert queue.enter(wish("d", session="another"), "mr-4").standing is Standing.WAITING
    clock.now += 14_401
    assert queue.enter(wish("e"), "mr-5").standing is Standing.WAITING
    assert [event.decision for event in told] == ["approved_session"]


def test_a_denied_wish_stays_denied_for_its_window() -> None:
    queue, _ = queue_of(HOLD)
    queue.enter(wish(), "mr-1")
    queue.deny("mr-1", "cli", note="not today,\nthe key is sk-ant-api03-aaaaaaaaaaaaaaaaaaaa")
    again = queue.enter(wish(), "mr-2")
    assert again.standing is Standing.DENIED
    assert again.note == "not today, the key is [redacted: key]"


@pytest.mark.parametrize("decide", [ApprovalQueue.approve, ApprovalQueue.deny])
def test_a_decision_is_made_once_and_about_what_is_there(decide: Callable[[ApprovalQueue, str, str], object]) -> None:
    queue, told = queue_of(HOLD)
    queue.enter(wish(), "mr-1")
    decide(queue, "mr-1", "cli")
    with pytest.raises(ServerError, match="already, by cli"):
        decide(queue, "mr-1", "screen")
    with pytest.raises(ServerError, match="no request 'mr-9'"):
        decide(queue, "mr-9", "cli")
    assert len(told) == 1


def test_what_no_word_can_help_is_neither_shown_nor_approved() -> None:
    queue, _ = queue_of(HOLD)
    assert queue.enter(wish(risk=""), "mr-1").standing is Standing.REFUSED
    assert queue.list() == ()
    with pytest.raises(ServerError):
        queue.approve("mr-1", "cli")


def test_only_so_many_wait() -> None:
    queue, _ = queue_of(replace(HOLD, max_waiting=2))
    standings = [queue.enter(wish(str(number)), f"mr-{number}").standing for number in range(3)]
    assert standings == [Standing.WAITING, Standing.WAITING, Standing.REFUSED]


async def test_nobody_comes() -> None:
    queue, told = queue_of(replace(HOLD, ttl_seconds=0.02))
    assert await queue.wait(queue.enter(wish(), "mr-1")) is Standing.EXPIRED
    assert [(event.decision, event.who) for event in told] == [("expired", "clock")]
    assert queue.enter(wish(), "mr-2").standing is Standing.WAITING, "who asks again may wait again"


async def test_all_who_wait_for_one_wish_hear_of_it() -> None:
    queue, told = queue_of(HOLD)
    waiting = [asyncio.create_task(queue.wait(queue.enter(wish(), f"mr-{number}"))) for number in range(3)]
    await asyncio.sleep(0)
    (shown,) = queue.list()
    assert (shown.waiting, shown.requests, shown.request_id) == (3, 3, "mr-0")
    await asyncio.to_thread(queue.approve, "mr-0", "screen")
    assert await asyncio.gather(*waiting) == [Standing.APPROVED] * 3
    assert len(told) == 1


async def test_the_last_who_leaves_ends_the_waiting() -> None:
    queue, told = queue_of(HOLD)
    waiting = [asyncio.create_task(queue.wait(queue.enter(wish(), f"mr-{number}"))) for number in range(2)]
    await asyncio.sleep(0)
    for number, task in enumerate(waiting):
        task.cancel()
        await asyncio.wait([task])
        assert len(told) == number
    assert (told[0].decision, told[0].who) == ("left", "client")
    assert queue.list()[0].ttl_seconds is None


async def test_a_gateway_that_stops_sends_all_home() -> None:
    queue, told = queue_of(HOLD)
    waiting = asyncio.create_task(queue.wait(queue.enter(wish(), "mr-1")))
    await asyncio.sleep(0)
    queue.close()
    assert await waiting is Standing.WAITING
    assert told == []


def test_what_was_asked_shows_in_no_repr() -> None:
    queue, _ = queue_of(HOLD)
    queue.enter(wish(), "mr-1")
    assert "drop" not in repr(queue.list())
