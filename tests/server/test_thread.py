"""The server's life: a start that answers or says why not, and a stop that drains."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import socket
import threading
import time
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from model_router.config.proxy import ListenConfig, ProxyConfig
from model_router.errors import ServerError
from model_router.server.gateway import Gateway, GatewayState
from model_router.server.opening import open_gateway
from model_router.server.thread import ServerThread
from tests.faults import servers
from tests.faults.gateways import config_for, serving
from tests.support.ports import free_ports

NOBODY = {"one": "http://127.0.0.1:9/v1"}


def listening(config: ProxyConfig, **changes: object) -> ProxyConfig:
    return replace(config, proxy=replace(config.proxy, **changes))  # type: ignore[arg-type]  # names come from the test


def test_a_start_takes_less_than_a_second_and_a_stop_ends_the_thread(tmp_path: Path) -> None:
    gateway = open_gateway(config_for(NOBODY, tmp_path))
    thread = ServerThread(gateway)
    assert gateway.state is GatewayState.STOPPED
    started = time.monotonic()
    thread.start()
    assert time.monotonic() - started < 1
    assert gateway.state is GatewayState.SERVING
    assert gateway.started_at is not None
    assert httpx.get(gateway.address + "/models", trust_env=False).status_code == 200
    thread.stop()
    assert gateway.state is GatewayState.STOPPED
    assert not thread.running
    with pytest.raises(httpx.ConnectError):
        httpx.get(gateway.address + "/models", trust_env=False)
    thread.stop()


def test_a_port_in_use_is_one_sentence_and_a_hint(tmp_path: Path) -> None:
    with serving(config_for(NOBODY, tmp_path)) as running:
        port = int(running.root.rpartition(":")[2])
        gateway = open_gateway(listening(config_for(NOBODY, tmp_path), port=port))
        with pytest.raises(ServerError, match=f"Port {port} on 127.0.0.1 is in use") as caught:
            ServerThread(gateway).start()
        assert "--port" in caught.value.hint
        assert gateway.state is GatewayState.FAILED
        assert running.client.get("/v1/models").status_code == 200


def test_a_port_is_free_again_after_a_stop(tmp_path: Path) -> None:
    (port,) = free_ports(1)
    for _ in range(3):
        with serving(listening(config_for(NOBODY, tmp_path), port=port)) as running:
            assert running.client.get("/").status_code == 200


@pytest.mark.parametrize("host", ["no.such.host.invalid", "203.0.113.7", "not a host"])
def test_an_address_of_another_machine_is_told(tmp_path: Path, host: str) -> None:
    gateway = open_gateway(listening(config_for(NOBODY, tmp_path), host=host, api_key="k"))
    with pytest.raises(ServerError, match=r"not an address of this machine|cannot listen on") as caught:
        ServerThread(gateway).start()
    assert "127.0.0.1" in caught.value.hint


def test_beyond_loopback_a_key_is_demanded_at_the_start(tmp_path: Path) -> None:
    gateway = open_gateway(listening(config_for(NOBODY, tmp_path), host="0.0.0.0"))
    with pytest.raises(ServerError, match="without a key"):
        ServerThread(gateway).start()
    assert gateway.state is GatewayState.FAILED


def test_ipv6_has_brackets(tmp_path: Path) -> None:
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        pytest.skip("this machine has no IPv6 loopback")
    with serving(listening(config_for(NOBODY, tmp_path), host="::1")) as running:
        assert running.gateway.address.startswith("http://[::1]:")
        assert running.client.get("/v1/models").status_code == 200


def test_a_stop_waits_for_what_is_under_way(tmp_path: Path) -> None:
    async def slow(_seen: servers.Seen, line: servers.Line) -> None:
        import asyncio

        await asyncio.sleep(0.5)
        await line.reply(servers.completion("late but whole"))

    with servers.running(slow) as backend, serving(config_for({"one": backend.base_url}, tmp_path)) as running:
        answers: list[httpx.Response] = []
        asking = threading.Thread(target=lambda: answers.append(running.ask()))
        asking.start()
        backend.wait_seen()
        assert running.gateway.in_flight == 1
        running.thread.stop(5)
        asking.join(5)
        assert answers[0].json()["choices"][0]["message"]["content"] == "late but whole"
        assert running.events(1)[0].outcome == "ok"


def test_a_stop_ends_what_takes_too_long(tmp_path: Path) -> None:
    with servers.running(servers.hang) as backend, serving(config_for({"one": backend.base_url}, tmp_path)) as running:
        answers: list[httpx.Response] = []
        asking = threading.Thread(target=lambda: answers.append(running.ask()))
        asking.start()
        backend.wait_seen()
        started = time.monotonic()
        running.thread.stop(0.3)
        assert time.monotonic() - started < 2
        asking.join(5)
        assert answers[0].status_code == 503
        assert "was stopped before" in answers[0].json()["error"]["message"]
        assert running.events(1)[0].status == 503
        assert backend.wait_left() < 1


def test_a_stop_cuts_a_stream_so_that_nobody_takes_it_for_an_end(tmp_path: Path) -> None:
    with (
        servers.running(servers.talk_for_ever) as backend,
        serving(config_for({"one": backend.base_url}, tmp_path)) as running,
        running.client.stream(
            "POST", "/v1/chat/completions", json={"messages": [{"role": "user", "content": "hi"}], "stream": True}
        ) as response,
    ):
        stopping = threading.Thread(target=running.thread.stop, args=(0.3,))
        stopping.start()
        text = response.read()
        stopping.join(5)
        assert b"[DONE]" not in text
        assert b'"error"' in text
        assert running.events(1)[0].outcome == "broken"
        assert backend.wait_left() < 1


def test_an_answer_that_is_complete_in_its_last_piece_is_no_broken_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its server sends no end mark; the last piece comes with the end, when the stop waits for last pieces only."""
    monkeypatch.setattr("model_router.server.gateway._LAST_PIECE_SECONDS", 5.0)
    gateways: list[Gateway] = []

    async def answer(_seen: servers.Seen, line: servers.Line) -> None:
        await line.head(Content_Type=servers.SSE, Transfer_Encoding="chunked")
        await line.chunk(servers.event("one "))
        while gateways[0].state is not GatewayState.STOPPING:
            await asyncio.sleep(0.005)
        await asyncio.sleep(0.05)
        last = servers.event(None, "stop")
        await line.send(b"%x\r\n%b\r\n0\r\n\r\n" % (len(last), last))

    with servers.running(answer) as backend, serving(config_for({"one": backend.base_url}, tmp_path)) as running:
        gateways.append(running.gateway)
        with running.client.stream(
            "POST", "/v1/chat/completions", json={"messages": [{"role": "user", "content": "hi"}], "stream": True}
        ) as response:
            pieces = response.iter_raw()
            assert b"one " in next(pieces)
            running.thread.stop(0)
            assert b"".join(pieces) == servers.event(None, "stop")
        assert running.events(1)[0].outcome == "ok"


def test_work_can_be_handed_to_the_servers_loop(tmp_path: Path) -> None:
    async def where() -> str:
        return threading.current_thread().name

    with serving(config_for(NOBODY, tmp_path)) as running:
        assert running.thread.submit(where()).result(5) == "model-router-server"
    with pytest.raises(ServerError, match="not running"):
        running.thread.submit(where())


def test_work_that_comes_while_the_server_ends_is_refused_or_ends_with_it(tmp_path: Path) -> None:
    for _ in range(3):
        server = ServerThread(open_gateway(config_for(NOBODY, tmp_path)))
        server.start()
        handed: list[Future[None]] = []

        def hand_over(server: ServerThread = server, handed: list[Future[None]] = handed) -> None:
            with contextlib.suppress(ServerError):
                while True:
                    handed.append(server.submit(asyncio.sleep(60)))
                    time.sleep(0.0002)

        helper = threading.Thread(target=hand_over)
        helper.start()
        time.sleep(0.05)
        server.stop()
        helper.join(10)
        assert handed
        assert not helper.is_alive()
        assert all(work.cancelled() for work in handed)
        gc.collect()  # a coroutine that nobody awaited would be told now


def test_a_log_that_cannot_be_written_does_not_stop_anything(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    blocker = tmp_path / "file"
    blocker.write_text("")
    with (
        caplog.at_level(logging.WARNING),
        servers.running(servers.good) as backend,
        serving(config_for({"one": backend.base_url}, blocker)) as running,
    ):
        assert running.ask().status_code == 200
        assert "cannot be written" in running.client.get("/health").json()["events"]["problem"]
    assert len([record for record in caplog.records if "event log" in record.getMessage()]) == 1


def test_nothing_is_printed(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with servers.running(servers.good) as backend, serving(config_for({"one": backend.base_url}, tmp_path)) as running:
        running.ask()
        running.post(b"{")
    assert capfd.readouterr() == ("", "")


def test_the_default_address_is_the_documented_one() -> None:
    assert (ListenConfig().host, ListenConfig().port) == ("127.0.0.1", 8082)
