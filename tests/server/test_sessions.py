"""The memory of conversations: bounded, forgetful, and not bound to one configuration."""

from __future__ import annotations

import pytest

from model_router.server.sessions import Session, SessionMemory


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_a_wish_and_its_conversation_are_remembered() -> None:
    memory = SessionMemory()
    memory.remember("wish", "talk", "code_agent")
    memory.remember("other", "talk", "fast_local", falls=2)
    assert memory.of_wish("wish") == "code_agent"
    assert memory.of_session("talk") == "fast_local"
    assert memory.find("talk") == Session("fast_local", 2)
    assert memory.of_wish("unknown") is None
    assert memory.find("unknown") is memory.of_session("unknown") is None


def test_the_least_recently_used_goes_first() -> None:
    memory = SessionMemory(capacity=2)
    memory.remember("a", "s", "e")
    memory.remember("b", "s", "e")
    assert memory.of_wish("a") == "e"
    memory.remember("c", "s", "e")
    assert [memory.of_wish(key) for key in "abc"] == ["e", None, "e"]


def test_it_never_holds_more_than_its_capacity() -> None:
    memory = SessionMemory(capacity=100)
    for number in range(10_000):
        memory.remember(f"wish {number}", f"talk {number}", "fast_local")
        memory.find(f"talk {number // 2}")
    assert len(memory) == 100
    assert len(memory._wishes) == 100


def test_what_nobody_asked_for_is_forgotten(clock: Clock) -> None:
    memory = SessionMemory(ttl_seconds=60.0, clock=clock)
    memory.remember("wish", "talk", "code_agent")
    clock.now = 60.0
    assert memory.of_wish("wish") == "code_agent"
    assert memory.find("talk") is not None
    clock.now = 120.0
    assert memory.find("talk") is not None, "being asked for keeps it"
    clock.now = 181.0
    assert memory.find("talk") is None
    assert memory.of_wish("wish") is None
    assert len(memory) == 0


def test_a_new_configuration_forgets_engines_that_are_gone() -> None:
    memory = SessionMemory()
    memory.remember("first", "one", "code_agent")
    memory.remember("second", "two", "old_engine")
    memory.keep_engines({"code_agent", "fast_local"})
    assert (memory.of_session("one"), memory.of_wish("first")) == ("code_agent", "code_agent")
    assert (memory.of_session("two"), memory.of_wish("second")) == (None, None)
