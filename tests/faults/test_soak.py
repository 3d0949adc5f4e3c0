"""The soak of ``scripts/bench soak``, shorter; and that nothing of a request goes on living in the loop."""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks import soak
from model_router.config.proxy import BreakerConfig, WireProtocol
from model_router.server.intake import Intake
from model_router.server.outlet import Outlet
from model_router.server.record import Record
from tests.faults import servers
from tests.faults.dialects import CHAT, NATIVE
from tests.faults.gateways import Running, config_for, serving

REQUESTS = 2_000


@pytest.mark.slow
def test_thousands_of_mixed_requests_leave_nothing_and_have_one_event_each(tmp_path: Path) -> None:
    figures = asyncio.run(soak.soak(tmp_path, REQUESTS, clients=32, seconds=120))
    assert figures.problems == []
    assert figures.sent == REQUESTS
    wrong = [label for label, verdict in figures.answers if verdict == "WRONG"]
    assert wrong == []
    for outcome in ("ok", "broken", "error", "cancelled", "confirm"):
        assert figures.answers["events", outcome] > 0, "each kind of end is among them"


@pytest.fixture
def no_collector() -> Iterator[None]:
    """What goes away here goes away by itself: the gateway's collector hardly ever looks at what has lived a while."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def alive(running: Running) -> tuple[int, int]:
    """Tasks of the server's loop, and objects that belong to single requests, those in cycles among them."""

    async def tasks() -> int:
        return len(asyncio.all_tasks())

    count = running.thread.submit(tasks()).result(5)
    kinds = (Record, Outlet, Intake)
    return count, sum(isinstance(one, kinds) for one in gc.get_objects())


@pytest.mark.usefixtures("no_collector")
def test_no_task_and_nothing_of_a_request_stays(tmp_path: Path) -> None:
    """Whole, left, broken, failed over, waited for, refused, blocked: afterwards the loop is as before."""
    busy = servers.status("429 Too Many Requests", b"{}", Retry_After="0.05")
    behaviours = (
        servers.good,
        *(servers.hang, servers.talk_for_ever, servers.hang),
        *(servers.stream_half_way, servers.hang, servers.close_at_once, servers.close_at_once, busy, servers.good),
        *(servers.stream(dialect.begun, dialect.ended) for dialect in NATIVE),
    )
    with servers.running(servers.in_turn(*behaviours)) as bad, servers.running(servers.good) as spare:
        config = config_for(
            {"bad": bad.base_url, "spare": spare.base_url},
            tmp_path,
            proxy={"keepalive_seconds": 0.05},
            backend={"parallel": 4, "protocols": tuple(WireProtocol)},
            each={"bad": {"first_byte_timeout_seconds": 0.3}},
            breaker=BreakerConfig(min_requests=100),
        )
        with serving(config) as running:
            running.ask()
            running.client.close()
            time.sleep(0.2)
            before = alive(running)
            for stream in (True, True, False):
                running.leave_after(0.15, stream=stream)
            outcomes = []
            with running.fresh_client() as client:
                for _ in range(4):
                    outcomes.append("[DONE]" in client.post(CHAT.path, json={"stream": True, **CHAT.body}).text)
                for dialect in NATIVE:
                    outcomes.append(
                        dialect.mark in client.post(dialect.path, json={"stream": True, **dialect.body}).text
                    )
                client.post(CHAT.path, content=b"{")
                client.post(CHAT.path, json={"messages": [{"role": "user", "content": "drop the production database"}]})
            assert outcomes == [False, True, True, True, *[True] * len(NATIVE)]
            deadline = time.monotonic() + 3
            while (after := alive(running)) != before:
                assert time.monotonic() < deadline, (before, after)
                time.sleep(0.05)
            assert [seen.outcome for seen in running.events(14)].count("cancelled") == 3
            assert running.gateway.in_flight == 0
