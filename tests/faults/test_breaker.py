"""A backend that fails rests: the next one answers without its being asked, and one request tries it later."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

import pytest

from model_router.config.proxy import BreakerConfig, Transport
from tests.faults import servers
from tests.faults.gateways import Running, config_for, serving
from tests.support.ports import free_ports

REST = 0.4


def quick(**changes: Any) -> BreakerConfig:
    return BreakerConfig(**{"connect_failures": 3, "rest_seconds": REST, **changes})


def breaker_of(running: Running, name: str) -> dict[str, Any]:
    """The breaker of a backend as /health tells it."""
    backends = {one["name"]: one for one in running.client.get("/health").json()["backends"]}
    found: dict[str, Any] = backends[name]["breaker"]
    return found


def state_in_metrics(running: Running, name: str) -> str:
    """The state of a backend's breaker as /metrics tells it."""
    lines = running.client.get("/metrics").text.splitlines()
    found = [line for line in lines if line.startswith(f'modelrouter_breaker_state{{backend="{name}"')]
    assert sorted(line.rpartition(" ")[2] for line in found) == ["0.0", "0.0", "1.0"]
    return next(line.partition('state="')[2].partition('"')[0] for line in found if line.endswith(" 1.0"))


def test_connections_that_fail_open_it(tmp_path: Path, transport: Transport) -> None:
    (port,) = free_ports(1)
    with servers.running(servers.good) as spare:
        urls = {"gone": f"http://127.0.0.1:{port}/v1", "spare": spare.base_url}
        config = config_for(urls, tmp_path, breaker=quick(rest_seconds=60), proxy={"transport": transport})
        with serving(config) as running:
            assert breaker_of(running, "gone")["state"] == "closed"
            for _ in range(4):
                assert running.ask().headers["x-modelrouter-backend"] == "spare"
            *tried, spared = running.events(4)
            assert [event.attempts for event in tried] == [2, 2, 2]
            assert all("cannot be reached" in event.failures[0] for event in tried)
            assert spared.attempts == 1, "the resting one is not touched"
            assert spared.failures == ("'gone' rests after failures and is tried again in 60 s",)
            assert spared.fallback
            found = breaker_of(running, "gone")
            assert found["state"] == "open"
            assert found["reason"] == "3 connections in a row failed"
            assert 0 < found["retry_in_seconds"] <= 60
            assert state_in_metrics(running, "gone") == "open"
            assert state_in_metrics(running, "spare") == "closed"
            assert 'modelrouter_breaker_openings_total{backend="gone"} 1.0' in running.client.get("/metrics").text


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
def test_when_no_other_is_there_the_client_hears_when_to_come_back(tmp_path: Path, stream: bool) -> None:
    (port,) = free_ports(1)
    config = config_for({"gone": f"http://127.0.0.1:{port}/v1"}, tmp_path, breaker=quick(rest_seconds=30))
    with serving(config) as running:
        for _ in range(3):
            assert running.ask(stream=stream).status_code == 502
        response = running.ask(stream=stream)
        assert response.status_code == 503
        assert 28 <= int(response.headers["retry-after"]) <= 30
        error = response.json()["error"]
        assert error["code"] == "backend_resting"
        assert error["message"] == "Backend 'gone' rests after failures and is tried again in 30 s."
        assert running.events(4)[-1].attempts == 0


def test_answers_that_fail_open_it_by_their_share(tmp_path: Path) -> None:
    broken = servers.status("500 Internal Server Error", b"{}")
    with servers.running(servers.in_turn(servers.good, servers.good, broken)) as one:
        config = config_for({"one": one.base_url}, tmp_path, breaker=quick(min_requests=4, failure_rate=0.5))
        with serving(config) as running:
            assert [running.ask().status_code for _ in range(5)] == [200, 200, 500, 500, 503]
            assert breaker_of(running, "one")["reason"] == "2 of 4 requests within 30 s failed"


def test_faults_of_the_client_do_not_count(tmp_path: Path) -> None:
    refusing = servers.status("400 Bad Request", b'{"error": {"message": "no such field"}}')
    with servers.running(refusing) as one:
        config = config_for({"one": one.base_url}, tmp_path, breaker=quick(min_requests=1))
        with serving(config) as running:
            assert [running.ask().status_code for _ in range(4)] == [400] * 4
            assert breaker_of(running, "one")["state"] == "closed"


def test_one_request_tries_it_after_its_rest_and_closes_it(tmp_path: Path) -> None:
    failing = servers.status("500 Internal Server Error", b"{}")
    slow = servers.after(0.4, servers.good)
    with servers.running(servers.in_turn(failing, slow, servers.good)) as one:
        config = config_for({"one": one.base_url}, tmp_path, breaker=quick(min_requests=1))
        with serving(config) as running:
            assert running.ask().status_code == 500
            assert running.ask().status_code == 503
            time.sleep(REST)
            probing = threading.Thread(target=running.ask)
            probing.start()
            one.wait_seen(2)
            assert breaker_of(running, "one")["state"] == "half_open"
            assert state_in_metrics(running, "one") == "half_open"
            assert running.ask().status_code == 503, "one probe at a time"
            probing.join()
            assert breaker_of(running, "one")["state"] == "closed"
            assert running.ask().status_code == 200
            assert len([seen for seen in one.seen if seen.head.startswith("POST")]) == 3


def test_a_probe_that_fails_makes_the_rest_longer(tmp_path: Path) -> None:
    with servers.running(servers.status("500 Internal Server Error", b"{}")) as one:
        config = config_for({"one": one.base_url}, tmp_path, breaker=quick(min_requests=1))
        with serving(config) as running:
            running.ask()
            time.sleep(REST)
            assert running.ask().status_code == 500
            found = breaker_of(running, "one")
            assert found["state"] == "open"
            assert REST < found["retry_in_seconds"] + 0.2 <= 2 * REST + 0.2
            assert found["reason"] == "the request that tried it failed too"


def test_a_client_that_leaves_during_the_probe_lets_the_next_one_try(tmp_path: Path) -> None:
    failing = servers.status("500 Internal Server Error", b"{}")
    with servers.running(servers.in_turn(failing, servers.hang, servers.good)) as one:
        config = config_for({"one": one.base_url}, tmp_path, breaker=quick(min_requests=1))
        with serving(config) as running:
            running.ask()
            time.sleep(REST)
            running.leave_after(0.1)
            assert one.wait_left() < 0.3
            assert running.ask().status_code == 200
            assert breaker_of(running, "one")["state"] == "closed"


def test_a_conversation_leaves_a_backend_that_rests(tmp_path: Path) -> None:
    """And comes back; its turns are answered all the while."""
    failing = servers.status("500 Internal Server Error", b"{}")
    with (
        servers.running(servers.in_turn(servers.good, failing, servers.good)) as one,
        servers.running(servers.good) as spare,
    ):
        config = config_for(
            {"one": one.base_url, "spare": spare.base_url}, tmp_path, breaker=quick(min_requests=2, failure_rate=0.5)
        )
        with serving(config) as running:
            names = [running.ask().headers["x-modelrouter-backend"] for _ in range(3)]
            time.sleep(REST)
            names.append(running.ask().headers["x-modelrouter-backend"])
            assert names == ["one", "spare", "spare", "one"]
