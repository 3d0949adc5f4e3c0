"""A backend that takes only so many requests at once has a line before it."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from model_router.server.line import Line, LineFull, LineSnapshot, Place


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def positions(places: Iterable[Place]) -> list[int]:
    return [place.position for place in places]


def test_who_finds_room_is_served_at_once_and_others_wait_in_order(clock: Clock) -> None:
    line = Line(2, 5, clock)
    places = [line.enter() for _ in range(5)]
    assert positions(places) == [0, 0, 1, 2, 3]
    places[1].leave()
    assert positions(places[2:]) == [0, 1, 2]
    places[3].leave()
    assert positions(places[4:]) == [1]
    assert line.snapshot() == LineSnapshot(2, 5, 2, 1, 0.0)


def test_a_full_line_says_when_to_come_again(clock: Clock) -> None:
    line = Line(2, 2, clock)
    first = line.enter()
    clock.now = 12.0
    first.leave()
    for _ in range(4):
        line.enter()
    with pytest.raises(LineFull, match="has 2 requests waiting already") as caught:
        line.enter()
    assert caught.value.retry_after == 12
    assert line.snapshot().waiting == 2


def test_the_advice_is_between_a_second_and_a_minute(clock: Clock) -> None:
    line = Line(1, 0, clock)
    place = line.enter()
    with pytest.raises(LineFull, match="takes no more requests now") as caught:
        line.enter()
    assert caught.value.retry_after == 1
    clock.now = 1000.0
    place.leave()
    assert line.estimate(0) == 1
    assert line.estimate(5) == 60


def test_the_mean_follows_recent_requests(clock: Clock) -> None:
    line = Line(1, 0, clock)
    for seconds in (100.0, *[2.0] * 30):
        place = line.enter()
        clock.now += seconds
        place.leave()
    mean = line.snapshot().mean_seconds
    assert mean == pytest.approx(2.0, abs=0.2)


def test_a_persons_request_overtakes_housekeeping(clock: Clock) -> None:
    line = Line(1, 9, clock)
    serving = line.enter()
    title, tags = line.enter(utility=True), line.enter(utility=True)
    first, second = line.enter(), line.enter()
    assert positions([first, second, title, tags]) == [1, 2, 3, 4]
    serving.leave()
    assert positions([first, second, title, tags]) == [0, 1, 2, 3]


def test_housekeeping_does_not_jump_over_those_who_came_before_it(clock: Clock) -> None:
    line = Line(1, 99, clock)
    line.enter()
    mains = [line.enter() for _ in range(30)]
    title = line.enter(utility=True)
    later = [line.enter() for _ in range(30)]
    assert positions(mains) == list(range(1, 31))
    assert title.position == 41
    assert positions(later) == [*range(31, 41), *range(42, 62)]


def test_housekeeping_is_overtaken_ten_times_at_most(clock: Clock) -> None:
    line = Line(1, 5, clock)
    serving = line.enter()
    title = line.enter(utility=True)
    overtaken = 0
    while title.position:
        nextone = line.enter()
        serving.leave()
        if title.position:
            overtaken += 1
            serving = nextone
    assert overtaken == 10


def test_leaving_twice_frees_one_place(clock: Clock) -> None:
    line = Line(1, 5, clock)
    first, second, third = line.enter(), line.enter(), line.enter()
    first.leave()
    first.leave()
    assert positions([second, third]) == [0, 1]


def test_new_bounds_serve_who_waits_and_drive_nobody_out(clock: Clock) -> None:
    line = Line(1, 5, clock)
    places = [line.enter() for _ in range(4)]
    line.resize(3, 5)
    assert positions(places) == [0, 0, 0, 1]
    line.resize(1, 0)
    assert positions(places) == [0, 0, 0, 1]
    for place in places[:2]:
        place.leave()
    assert places[3].position == 1
    places[2].leave()
    assert places[3].position == 0


async def test_waiting_ends_with_ones_turn(clock: Clock) -> None:
    line = Line(1, 5, clock)
    first, second = line.enter(), line.enter()

    async def wait() -> str:
        async with second:
            return "served"

    task = asyncio.create_task(wait())
    await asyncio.sleep(0)
    assert not task.done()
    first.leave()
    assert await task == "served"
    assert line.snapshot().serving == 0


async def test_a_stream_hears_of_each_change_of_its_place(clock: Clock) -> None:
    line = Line(1, 5, clock)
    places = [line.enter() for _ in range(4)]
    heard: list[int] = []

    async def listen(place: Place) -> None:
        heard.append(place.position)
        while place.position:
            heard.append(await place.change())

    task = asyncio.create_task(listen(places[3]))
    await asyncio.sleep(0)
    for place in places[:3]:
        place.leave()
        await asyncio.sleep(0)
    await task
    assert heard == [3, 2, 1, 0]


async def test_a_client_that_leaves_in_the_moment_of_its_turn_takes_nothing_along(clock: Clock) -> None:
    line = Line(1, 5, clock)
    first, second, third = line.enter(), line.enter(), line.enter()

    async def wait(place: Place) -> None:
        async with place:
            raise AssertionError("it left before")

    task = asyncio.create_task(wait(second))
    await asyncio.sleep(0)
    first.leave()  # now it is the turn of the second, whose task has not run yet
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert third.position == 0
    third.leave()
    assert line.snapshot() == LineSnapshot(1, 5, 0, 0, 0.0)


async def test_a_timeout_of_the_keepalive_keeps_the_place(clock: Clock) -> None:
    line = Line(1, 5, clock)
    first, second = line.enter(), line.enter()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await second.change()
    assert second.position == 1
    first.leave()
    await second.turn()
    assert await second.change() == 0


@given(seed=st.integers(0, 2**32), parallel=st.integers(1, 3), queue=st.integers(0, 6))
@settings(max_examples=60, deadline=None)
def test_whatever_clients_do_no_permit_is_lost_or_made(seed: int, parallel: int, queue: int) -> None:
    dice = random.Random(seed)
    line = Line(parallel, queue, Clock())
    serving = 0
    most = 0

    async def client() -> None:
        nonlocal serving, most
        for _ in range(dice.randrange(3)):
            await asyncio.sleep(0)
        try:
            place = line.enter(utility=dice.random() < 0.4)
        except LineFull:
            return
        async with place:
            serving += 1
            most = max(most, serving)
            try:
                for _ in range(dice.randrange(4)):
                    await asyncio.sleep(0)
                if dice.random() < 0.2:
                    raise OSError("the backend broke")
            finally:
                serving -= 1

    async def crowd() -> None:
        tasks = [asyncio.create_task(client()) for _ in range(25)]
        while not all(task.done() for task in tasks):
            if dice.random() < 0.5:
                dice.choice(tasks).cancel()
            await asyncio.sleep(0)
        results = await asyncio.gather(*tasks, return_exceptions=True)
        assert all(result is None or isinstance(result, OSError | asyncio.CancelledError) for result in results)

    asyncio.run(crowd())
    assert most <= parallel
    assert (line.snapshot().serving, line.snapshot().waiting) == (0, 0)
    places = [line.enter() for _ in range(parallel)]
    assert positions(places) == [0] * parallel


class AnyCrowd(RuleBasedStateMachine):
    """Coming and leaving in any order, beside a second reckoning that moves everybody by hand."""

    def __init__(self) -> None:
        super().__init__()
        self.line = Line(2, 12, Clock())
        self.numbers: dict[Place, int] = {}
        self.overtaken: dict[Place, int] = {}
        self.serving: set[Place] = set()
        self.waiting: list[Place] = []
        self.count = 0

    @rule(utility=st.booleans())
    def come(self, utility: bool) -> None:
        full = len(self.serving) == 2 and len(self.waiting) == 12
        try:
            place = self.line.enter(utility=utility)
        except LineFull:
            assert full
            return
        assert not full
        self.count += 1
        self.numbers[place], self.overtaken[place] = self.count, 0
        self.waiting.append(place)
        self.serve()

    @precondition(lambda self: self.numbers)
    @rule(data=st.data())
    def leave(self, data: st.DataObject) -> None:
        place = data.draw(st.sampled_from(sorted(self.numbers, key=self.numbers.__getitem__)))
        place.leave()
        del self.numbers[place]
        self.serving.discard(place)
        if place in self.waiting:
            self.waiting.remove(place)
        self.serve()

    def serve(self) -> None:
        while len(self.serving) < 2 and self.waiting:
            place = self.following(self.waiting, self.overtaken)
            self.waiting.remove(place)
            self.serving.add(place)
            for other in self.waiting:
                if other.utility and not place.utility and self.numbers[other] < self.numbers[place]:
                    self.overtaken[other] += 1
                    assert self.overtaken[other] <= 10

    def following(self, waiting: list[Place], overtaken: dict[Place, int]) -> Place:
        """The oldest; or, if that is housekeeping that has not been overtaken ten times, the oldest that is none."""
        oldest = min(waiting, key=self.numbers.__getitem__)
        mains = [place for place in waiting if not place.utility]
        if not oldest.utility or overtaken[oldest] >= 10 or not mains:
            return oldest
        return min(mains, key=self.numbers.__getitem__)

    @invariant()
    def positions_are_those_of_the_order(self) -> None:
        assert all(place.position == 0 for place in self.serving)
        waiting, overtaken = list(self.waiting), dict(self.overtaken)
        for position in range(1, len(waiting) + 1):
            place = self.following(waiting, overtaken)
            assert place.position == position
            waiting.remove(place)
            for other in waiting:
                if other.utility and not place.utility and self.numbers[other] < self.numbers[place]:
                    overtaken[other] += 1
        snapshot = self.line.snapshot()
        assert (snapshot.serving, snapshot.waiting) == (len(self.serving), len(self.waiting))


AnyCrowd.TestCase.settings = settings(max_examples=60, stateful_step_count=60, deadline=None)
TestAnyCrowd = AnyCrowd.TestCase
