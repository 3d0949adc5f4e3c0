"""The line before a backend that takes only so many requests at once."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import httpx
import pytest

from tests.faults import servers
from tests.faults.dialects import CHAT, MESSAGES, Dialect, events_of
from tests.faults.gateways import Running, before, config_for, serving

BEAT = 0.1


def in_background(running: Running, dialect: Dialect = CHAT) -> tuple[threading.Thread, list[httpx.Response]]:
    """Ask for a stream beside the test."""
    answers: list[httpx.Response] = []
    thread = threading.Thread(target=lambda: answers.append(dialect.ask(running)))
    thread.start()
    return thread, answers


def line_of(running: Running) -> tuple[int, int]:
    """Who is served and who waits, as /health and /metrics tell it, which must agree."""
    (backend, *_) = running.client.get("/health").json()["backends"]
    line = backend["line"]
    text = running.client.get("/metrics").text
    for place in ("serving", "waiting"):
        assert f'modelrouter_line{{backend="{backend["name"]}",place="{place}"}} {line[place]:.1f}' in text
    return line["serving"], line["waiting"]


def posts(server: servers.FaultServer) -> list[servers.Seen]:
    return [seen for seen in server.seen if seen.head.startswith("POST")]


@pytest.mark.parametrize("dialect", [CHAT, MESSAGES], ids=lambda dialect: dialect.name)
def test_a_second_stream_waits_and_is_told_its_place(tmp_path: Path, dialect: Dialect) -> None:
    slow = servers.stream(dialect.begun, dialect.ended, pause=0.8)
    quick = servers.stream(dialect.begun, dialect.ended)
    with servers.running(servers.in_turn(slow, quick)) as one:
        config = config_for(
            {"one": one.base_url},
            tmp_path,
            proxy={"keepalive_seconds": BEAT},
            backend={"parallel": 1, **dialect.backend},
        )
        with serving(config) as running:
            first, answers = in_background(running, dialect)
            one.wait_seen()
            second, others = in_background(running, dialect)
            time.sleep(0.3)
            assert len(one.seen) == 1, "the second is not sent while the first is served"
            first.join()
            second.join()
            assert dialect.mark in answers[0].text
            assert "in line" not in answers[0].text
            assert dialect.mark in others[0].text
            assert ": 1 in line for 'one'\n" in others[0].text
            assert [data for name, data in events_of(others[0].text) if name == "error"] == []
            assert len(one.seen) == 2


def test_how_it_stands_is_shown(tmp_path: Path) -> None:
    with before(servers.after(0.5, servers.good), tmp_path, backend={"parallel": 1}) as (running, one):
        asked = [in_background(running)[0] for _ in range(3)]
        one.wait_seen()
        time.sleep(0.1)
        waiting = running.gateway.backends["one"].line
        assert waiting is not None
        assert (waiting.snapshot().serving, waiting.snapshot().waiting) == (1, 2)
        for thread in asked:
            thread.join()
        assert line_of(running) == (0, 0)
        assert {event.outcome for event in running.events(3)} == {"ok"}


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
def test_who_leaves_the_line_frees_the_place(tmp_path: Path, stream: bool) -> None:
    with before(servers.after(0.8, servers.good), tmp_path, backend={"parallel": 1, "queue": 1}) as (running, one):
        first, _ = in_background(running)
        one.wait_seen()
        running.leave_after(0.1, stream=stream)
        time.sleep(0.3)
        third, answers = in_background(running)
        first.join()
        third.join()
        assert answers[0].text.endswith("[DONE]\n\n"), "the place was free for it"
        assert len(posts(one)) == 2, "the one that left was never sent"
        assert sorted(event.outcome for event in running.events(3)) == ["cancelled", "ok", "ok"]
        assert line_of(running) == (0, 0)


def test_who_leaves_while_served_lets_the_next_one_in(tmp_path: Path) -> None:
    with before(servers.in_turn(servers.hang, servers.good), tmp_path, backend={"parallel": 1}) as (running, one):
        leave = running.connect(stream=True)
        one.wait_seen()
        second, answers = in_background(running)
        time.sleep(0.1)
        left = time.monotonic()
        leave.close()
        one.wait_seen(2)
        assert one.seen[1].arrived_at - left < 0.3
        second.join()
        assert answers[0].text.endswith("[DONE]\n\n")


def test_a_full_line_means_the_next_backend(tmp_path: Path) -> None:
    with servers.running(servers.after(0.5, servers.good)) as one, servers.running(servers.good) as spare:
        config = config_for(
            {"one": one.base_url, "spare": spare.base_url}, tmp_path, each={"one": {"parallel": 1, "queue": 0}}
        )
        with serving(config) as running:
            first, answers = in_background(running)
            one.wait_seen()
            second = running.ask()
            assert second.headers["x-modelrouter-backend"] == "spare"
            first.join()
            assert answers[0].headers["x-modelrouter-backend"] == "one"
            event = next(event for event in running.events(2) if event.backend == "spare")
            assert (event.attempts, event.failures) == (1, ("'one' takes no more requests now",))


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
def test_a_full_line_and_no_other_is_told_with_a_time(tmp_path: Path, stream: bool) -> None:
    with before(servers.after(0.6, servers.good), tmp_path, backend={"parallel": 1, "queue": 1}) as (running, one):
        asked = [in_background(running)[0]]
        one.wait_seen()
        asked.append(in_background(running)[0])
        time.sleep(0.15)
        response = running.ask(stream=stream)
        assert response.status_code == 429
        assert 1 <= int(response.headers["retry-after"]) <= 60
        error = response.json()["error"]
        assert (error["code"], error["type"]) == ("rate_limit_exceeded", "rate_limit_error")
        assert error["message"] == "Backend 'one' has 1 requests waiting already."
        for thread in asked:
            thread.join()


def test_a_backend_that_fails_frees_its_place(tmp_path: Path) -> None:
    with servers.running(servers.in_turn(servers.close_at_once, servers.close_half_way, servers.good)) as one:
        config = config_for({"one": one.base_url}, tmp_path, backend={"parallel": 1, "queue": 0, "retries": 0})
        with serving(config) as running:
            assert [running.ask().status_code for _ in range(3)] == [502, 502, 200]


def test_many_at_once_are_all_served_in_order(tmp_path: Path) -> None:
    with before(servers.after(0.05, servers.good), tmp_path, backend={"parallel": 2}) as (running, one):
        asked = [in_background(running) for _ in range(12)]
        for thread, _ in asked:
            thread.join()
        assert all(answers[0].text.endswith("[DONE]\n\n") for _, answers in asked)
        assert line_of(running) == (0, 0)
        busiest = max(
            sum(
                1
                for other in posts(one)
                if other.arrived_at <= seen.arrived_at < (other.answered_at or seen.arrived_at)
            )
            for seen in posts(one)
        )
        assert busiest <= 2
