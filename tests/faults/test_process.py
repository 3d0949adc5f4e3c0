"""``model-router serve`` that is told to stop, or killed, in the middle of its work."""

from __future__ import annotations

import signal
import threading
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from tests.faults import servers
from tests.faults.dialects import CHAT, events_of
from tests.faults.gateways import ENGINES
from tests.support.clock import now
from tests.support.gateway_process import GatewayProcess, serving, wait_for

WORDS = 12
SLOW = servers.stream(*[servers.event(f"{number} ") for number in range(WORDS)], CHAT.ended, pause=0.1)


def proxy_file(folder: Path, base_url: str, port: int) -> Path:
    """Every engine on one backend, the log beside the file."""
    path = folder / "routing_proxy.yaml"
    content: dict[str, Any] = {
        "schema_version": 1,
        "proxy": {"port": port},
        "observability": {"log_path": str(folder / "logs" / "routing-events.jsonl")},
        "backends": {"one": {"base_url": base_url, "model": "m"}},
        "engine_backends": dict.fromkeys(ENGINES, "one"),
    }
    path.write_text(yaml.safe_dump(content))
    return path


def ask(gateway: GatewayProcess, answers: list[httpx.Response | httpx.TransportError]) -> None:
    """Ask for a stream; keep the answer, or how it failed."""
    with httpx.Client(trust_env=False, timeout=10) as client:
        try:
            answers.append(client.post(gateway.address + CHAT.path, json={"stream": True, **CHAT.body}))
        except httpx.TransportError as error:
            answers.append(error)


def asking(gateway: GatewayProcess, count: int) -> tuple[list[threading.Thread], list[Any]]:
    """So many streams at once, beside the test."""
    answers: list[Any] = []
    threads = [threading.Thread(target=ask, args=(gateway, answers)) for _ in range(count)]
    for thread in threads:
        thread.start()
    return threads, answers


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_streams_under_way_end_by_themselves(tmp_path: Path, free_port: int, number: signal.Signals) -> None:
    with servers.running(SLOW) as one, serving(proxy_file(tmp_path, one.base_url, free_port), free_port) as gateway:
        one.wait_seen()  # the gateway looks at its backends as it starts
        threads, answers = asking(gateway, 5)
        one.wait_seen(6)
        time.sleep(0.2)
        gateway.process.send_signal(number)
        wait_for(lambda: "Stopping" in gateway.output.read_text(), within=3, what="word that it stops")
        late: list[Any] = []
        ask(gateway, late)
        assert isinstance(late[0], httpx.TransportError) or late[0].status_code == 503
        for thread in threads:
            thread.join()
        for answer in answers:
            datas = [data for _, data in events_of(answer.text)]
            assert datas[-1] == "[DONE]"
            assert len(datas) == WORDS + 2
        assert gateway.process.wait(5) == 0
        assert [seen.head.partition(" ")[0] for seen in one.seen] == ["GET"] + ["POST"] * 5
        done = [event for event in gateway.events() if event["outcome"] == "ok"]
        assert len(done) == 5
        assert "Traceback" not in gateway.output.read_text()


@pytest.mark.parametrize("soon", [False, True], ids=["while it stops", "right behind the first"])
def test_a_second_signal_ends_it_at_once_and_everybody_is_told(tmp_path: Path, free_port: int, soon: bool) -> None:
    with servers.running(servers.talk_for_ever) as one:
        config = proxy_file(tmp_path, one.base_url, free_port)
        with serving(config, free_port) as gateway:
            one.wait_seen()
            threads, answers = asking(gateway, 3)
            one.wait_seen(4)
            gateway.process.send_signal(signal.SIGINT)
            if not soon:
                wait_for(lambda: "signal again" in gateway.output.read_text(), within=5, what="that it stops")
            started = now()
            assert gateway.interrupt(signal.SIGTERM) == 0
            assert now() - started < 5, "it did not wait ten seconds"
            for thread in threads:
                thread.join(5)
            assert len(answers) == 3
            assert all("The gateway is stopping" in answer.text for answer in answers), answers
            assert [(event["outcome"], event["status"]) for event in gateway.events()] == [("broken", 200)] * 3


def test_killed_it_leaves_a_readable_log_and_free_backends(tmp_path: Path, free_port: int) -> None:
    """Amid a burst of requests, so that the writer is at work; twice, and the log goes on."""
    first = killed_amid_a_burst(tmp_path, free_port)
    second = killed_amid_a_burst(tmp_path, free_port)
    assert {event["outcome"] for event in second} == {"ok"}
    assert second[: len(first)] == first
    assert len(second) > len(first)


def killed_amid_a_burst(folder: Path, port: int) -> list[dict[str, Any]]:
    """One life of a gateway; what stands in its log afterwards."""
    quick = servers.stream(CHAT.begun, CHAT.ended)
    with (
        servers.running(servers.in_turn(servers.good, servers.talk_for_ever, quick)) as one,
        serving(proxy_file(folder, one.base_url, port), port) as gateway,
    ):
        one.wait_seen()  # the gateway looks at its backends as it starts
        threads, answers = asking(gateway, 1)
        one.wait_seen(2)
        stop = threading.Event()
        bursts = [threading.Thread(target=ask_until, args=(gateway, stop)) for _ in range(3)]
        for thread in bursts:
            thread.start()
        before = len(gateway.events())
        wait_for(lambda: len(gateway.events()) > before, within=20, what="events on disk")
        gateway.process.kill()
        gateway.process.wait(5)
        stop.set()
        for thread in (*bursts, *threads):
            thread.join()
        assert isinstance(answers[0], httpx.TransportError)
        wait_for(lambda: one.seen[1].left_at is not None, within=1, what="the endless answer given up")
        return gateway.events()


def ask_until(gateway: GatewayProcess, stop: threading.Event) -> None:
    """Ask again and again."""
    while not stop.is_set():
        ask(gateway, [])


def test_its_port_is_free_at_once(tmp_path: Path, free_port: int) -> None:
    """Also with connections of clients still open on the killed one's side."""
    with servers.running(SLOW) as one, httpx.Client(trust_env=False) as client:
        file = proxy_file(tmp_path, one.base_url, free_port)
        body = {"stream": True, **CHAT.body}
        with serving(file, free_port) as gateway, client.stream("POST", gateway.address + CHAT.path, json=body) as half:
            next(half.iter_bytes())
            gateway.process.kill()
            gateway.process.wait(5)
            with serving(file, free_port) as second:
                assert client.get(second.base_url + "/models").status_code == 200
                assert second.interrupt(signal.SIGTERM) == 0


def test_a_log_that_cannot_be_written_is_warned_of_once_by_its_own_name(tmp_path: Path, free_port: int) -> None:
    (tmp_path / "File").write_text("no folder")
    config = tmp_path / "proxy.yaml"
    config.write_text(
        f"schema_version: 1\nproxy: {{port: {free_port}}}\nobservability: {{log_path: File/Events.jsonl}}\n"
        f"backends: {{one: {{base_url: 'http://127.0.0.1:{free_port}/v1', model: m}}}}\n"
        "engine_backends: {fast_local: one}\n"
    )
    with serving(config, free_port) as gateway:
        gateway.interrupt(signal.SIGTERM)
        said = gateway.output.read_text()
    assert said.count("cannot be written") == 1
    assert str(tmp_path / "File" / "Events.jsonl") in said
    assert "Events go to" not in said
