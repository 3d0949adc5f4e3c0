"""What only lasting requests need is begun for all of them by one timer."""

from __future__ import annotations

import asyncio

import pytest

from model_router.server.later import Later

SECONDS = 0.01


class Request:
    """Notes when it was told that it takes long."""

    def __init__(self) -> None:
        self.told: list[float] = []

    def grow_late(self) -> None:
        self.told.append(asyncio.get_running_loop().time())


async def test_whoever_lasts_is_told_once_and_not_before_its_time() -> None:
    later, request = Later(SECONDS), Request()
    began = asyncio.get_running_loop().time()
    later.add(request)
    while not request.told:
        await asyncio.sleep(SECONDS)
    await asyncio.sleep(3 * SECONDS)
    assert len(request.told) == 1
    assert request.told[0] - began > 0.8 * SECONDS


async def test_whoever_is_over_is_not_told() -> None:
    later, quick, slow = Later(SECONDS), Request(), Request()
    later.add(quick)
    later.add(slow)
    later.discard(quick)
    while not slow.told:
        await asyncio.sleep(SECONDS)
    assert not quick.told


async def test_however_many_there_are_they_set_one_timer(monkeypatch: pytest.MonkeyPatch) -> None:
    loop = asyncio.get_running_loop()
    delays: list[float] = []
    monkeypatch.setattr(loop, "call_later", lambda delay, _: delays.append(delay))
    later = Later(SECONDS)
    for _ in range(2_000):
        request = Request()
        later.add(request)
        later.discard(request)
    assert delays == [SECONDS]
