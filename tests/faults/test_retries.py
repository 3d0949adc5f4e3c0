"""How often one request tries, and how long it waits in between."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from model_router.config.proxy import RetriesConfig, Transport
from tests.faults import servers
from tests.faults.dialects import CHAT, signs_in
from tests.faults.gateways import before, config_for, serving

BUSY = servers.status("429 Too Many Requests", b'{"error": {"message": "slow down"}}', Retry_After="0.2")


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
def test_a_short_retry_after_is_waited_for_at_the_same_backend(
    tmp_path: Path, transport: Transport, stream: bool
) -> None:
    with servers.running(servers.in_turn(BUSY, servers.good)) as one, servers.running(servers.good) as spare:
        config = config_for({"one": one.base_url, "spare": spare.base_url}, tmp_path, proxy={"transport": transport})
        with serving(config) as running:
            assert running.ask(stream=stream).headers["x-modelrouter-backend"] == "one"
            first, second = (seen.arrived_at for seen in one.seen)
            assert 0.2 <= second - first < 1
            assert spare.seen == []
            (event,) = running.events(1)
            assert (event.outcome, event.attempts, event.fallback) == ("ok", 2, False)
            assert event.failures == ("'one' answered HTTP 429 (slow down)",)


def test_retry_after_ms_counts_too(tmp_path: Path) -> None:
    soon = servers.status("503 Service Unavailable", b"{}", retry_after_ms="150")
    with before(servers.in_turn(soon, servers.good), tmp_path) as (running, one):
        assert running.ask().status_code == 200
        assert one.seen[1].arrived_at - one.seen[0].arrived_at >= 0.15


@pytest.mark.parametrize("times", [0, 1, 3])
def test_each_backend_is_tried_again_as_often_as_it_says(tmp_path: Path, times: int) -> None:
    with servers.running(BUSY) as one, servers.running(servers.good) as spare:
        config = config_for({"one": one.base_url, "spare": spare.base_url}, tmp_path, each={"one": {"retries": times}})
        with serving(config) as running:
            assert running.ask().headers["x-modelrouter-backend"] == "spare"
            assert len(one.seen) == 1 + times
            (event,) = running.events(1)
            assert (event.attempts, len(event.failures)) == (2 + times, 1 + times)


def test_a_longer_wait_than_is_bearable_means_the_next(tmp_path: Path) -> None:
    with servers.running(BUSY) as one, servers.running(servers.good) as spare:
        config = config_for(
            {"one": one.base_url, "spare": spare.base_url},
            tmp_path,
            retries=RetriesConfig(patience_seconds=0.1),
            backend={"retries": 5},
        )
        with serving(config) as running:
            assert running.ask().headers["x-modelrouter-backend"] == "spare"
            assert len(one.seen) == 1


def test_waiting_has_a_budget_in_all(tmp_path: Path) -> None:
    with servers.running(BUSY) as one, servers.running(BUSY) as two:
        config = config_for(
            {"one": one.base_url, "two": two.base_url},
            tmp_path,
            retries=RetriesConfig(budget_seconds=0.5, max_attempts=50),
            backend={"retries": 10},
        )
        with serving(config) as running:
            running.gateway.chance = lambda: 0.0
            started = time.monotonic()
            response = running.ask()
            assert time.monotonic() - started < 2
            assert response.status_code == 429
            assert response.headers["retry-after"] == "1"
            assert (len(one.seen), len(two.seen)) == (3, 1), "two waits of 0.2 s, and none is left"


def test_attempts_have_a_bound_in_all(tmp_path: Path) -> None:
    with servers.running(BUSY) as one, servers.running(BUSY) as two, servers.running(servers.good) as spare:
        urls = {"one": one.base_url, "two": two.base_url, "spare": spare.base_url}
        config = config_for(urls, tmp_path, retries=RetriesConfig(max_attempts=3), backend={"retries": 1})
        with serving(config) as running:
            response = running.ask()
            assert response.status_code == 429
            assert [len(server.seen) for server in (one, two, spare)] == [2, 1, 0]
            (event,) = running.events(1)
            assert (event.outcome, event.attempts, len(event.failures)) == ("error", 3, 3)


def test_a_stream_lives_while_its_gateway_waits(tmp_path: Path) -> None:
    busy = servers.status("429 Too Many Requests", b"{}", Retry_After="0.5")
    with servers.running(servers.in_turn(busy, servers.good)) as one:
        config = config_for({"one": one.base_url}, tmp_path, proxy={"keepalive_seconds": 0.15})
        with serving(config) as running:
            response = CHAT.ask(running)
            assert response.text.endswith("[DONE]\n\n")
            assert signs_in(response.text) >= 2


def test_a_connection_that_broke_is_tried_again_at_once(tmp_path: Path) -> None:
    with before(servers.in_turn(servers.close_at_once, servers.good), tmp_path) as (running, _):
        assert running.ask().status_code == 200
        assert running.events(1)[0].attempts == 2
