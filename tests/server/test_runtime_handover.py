"""A changed configuration and the servers that run: requests under way keep theirs, and no port is fought for."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import Any

import pytest
import yaml

from model_router.config.proxy_file import load_proxy
from model_router.server.control.client import ControlClient
from model_router.server.runtime.runtime import RuntimeState
from tests.faults.gateways import ENGINES, Running, serving
from tests.server.managing import process_of, runtime_of, server, states, until
from tests.support.gateway_process import is_alive, wait_for
from tests.support.ports import free_ports


class Managing:
    """A gateway before one managed server, with a proxy file that can be changed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.proxy = folder / "routing_proxy.yaml"
        self.sign = folder / "go-on"
        self.own = f"http://127.0.0.1:{free_ports(1)[0]}/v1"
        self.write()

    def write(self, what: str = "", *, named: bool = True, listen: dict[str, Any] | None = None, **times: Any) -> None:
        """Write the proxy file; ``what`` is of the small server, which runs under it unless it is not ``named``."""
        command = list(server(what).command or ())
        runtime = {"command": command, "folder": server().folder, "stop_seconds": 1, "ready_seconds": 20, **times}
        one = {"base_url": self.own, "model": "m", "retries": 0, "runtime": runtime}
        other = {"base_url": "http://127.0.0.1:9/v1", "model": "m"}
        content = {
            "proxy": {"port": 0, **(listen or {})},
            "observability": {"log_path": str(self.folder / "events.jsonl")},
            "backends": {"one": one} if named else {"other": other},
            "engine_backends": dict.fromkeys(ENGINES, "one" if named else "other"),
        }
        self.proxy.write_text(yaml.safe_dump(content))

    @contextmanager
    def stream(self, running: Running) -> Iterator[Future[str]]:
        """A stream under way, which goes on until the block ends; then its text."""

        begun = Event()

        def read() -> str:
            text = ""
            body = {"stream": True, "messages": [{"role": "user", "content": f"in pieces until {self.sign}"}]}
            with running.fresh_client() as client, client.stream("POST", "/v1/chat/completions", json=body) as answer:
                for piece in answer.iter_text():
                    text += piece
                    begun.set()
            return text

        with ThreadPoolExecutor(1) as beside:
            text = beside.submit(read)
            try:
                assert begun.wait(10)
                yield text
            finally:
                self.sign.touch()


@pytest.fixture
def managing(tmp_path: Path, home: Path) -> Managing:
    return Managing(tmp_path)


@pytest.fixture
def running(managing: Managing) -> Iterator[Running]:
    environ = os.environ | {"KEY_OF_CLIENTS": "secret", "KEY_OF_SERVER": "own"}
    with serving(load_proxy(managing.proxy), environ) as gateway:
        yield gateway


def reload(running: Running) -> None:
    assert running.gateway.reloader is not None
    assert running.gateway.reloader.reload("cli").outcome != "refused"  # the watch may have taken it already


def whole(text: str, pid: int) -> bool:
    return "[DONE]" in text and "error" not in text and f'"{pid} "' in text


def test_a_stream_keeps_its_server_through_any_number_of_reloads(running: Running, managing: Managing) -> None:
    first = process_of(running.ask())
    with managing.stream(running) as text, ThreadPoolExecutor(1) as beside:
        for what in ("child", "wrapper"):
            managing.write(what)
            reload(running)
        answer = beside.submit(running.ask)
        wait_for(lambda: runtime_of(running).state is RuntimeState.STARTING, within=5, what="the newcomer")
        assert is_alive(first), "the newcomer waits"
        managing.sign.touch()
        assert process_of(answer.result(10)) != first
        assert whole(text.result(5), first)
    assert not is_alive(first)


def test_a_stream_keeps_its_server_when_that_is_taken_out_and_named_again(running: Running, managing: Managing) -> None:
    first = process_of(running.ask())
    with managing.stream(running) as text, ThreadPoolExecutor(1) as beside:
        managing.write(named=False)
        reload(running)
        managing.write()
        reload(running)
        answer = beside.submit(running.ask)
        wait_for(lambda: runtime_of(running).state is RuntimeState.STARTING, within=5, what="the newcomer")
        managing.sign.touch()
        assert process_of(answer.result(10)) != first
        assert whole(text.result(5), first)


def test_a_newcomer_that_waits_too_long_is_told_and_ends_nobody(running: Running, managing: Managing) -> None:
    first = process_of(running.ask())
    with managing.stream(running) as text:
        managing.write("child", ready_seconds=0.3)
        reload(running)
        answer = running.ask()
        assert answer.status_code == 503
        assert "waits for the server before it, which still answers 1 request." in answer.json()["error"]["message"]
        managing.sign.touch()
        assert whole(text.result(5), first)


def test_a_person_may_end_what_the_newcomer_waits_for(running: Running, managing: Managing) -> None:
    first = process_of(running.ask())
    with managing.stream(running) as text, ControlClient.find(os.environ) as control:
        managing.write("child")
        reload(running)
        assert control.act("one", "restart")["state"] == "ready"
        assert "error" in text.result(5)
    assert not is_alive(first)


def test_other_times_hold_without_another_start(running: Running, managing: Managing) -> None:
    first = process_of(running.ask())
    managing.write(idle_seconds=600)
    reload(running)
    assert process_of(running.ask()) == first
    managing.write(idle_seconds=0.1)
    reload(running)
    until(running, RuntimeState.STOPPED)
    assert states(running) == ["starting", "ready", "stopping", "stopped"]


def test_a_key_that_is_named_later_is_kept_from_servers_that_are_started_later(
    running: Running, managing: Managing
) -> None:
    before = runtime_of(running)
    assert "KEY_OF_CLIENTS" in before.launch.environ
    managing.write(listen={"api_key_env": "KEY_OF_CLIENTS"})
    reload(running)
    assert runtime_of(running) is before
    assert "KEY_OF_CLIENTS" not in before.launch.environ
    assert before.launch.environ["KEY_OF_SERVER"] == "own"
    assert "secret" not in repr(before.launch)


def test_a_slow_end_does_not_hold_the_gateways_own(running: Running, managing: Managing) -> None:
    managing.write("stubborn", idle_seconds=0.1, stop_seconds=60)
    reload(running)
    pid = process_of(running.ask())
    until(running, RuntimeState.STOPPING)
    began = time.monotonic()
    running.thread.stop(1)
    assert time.monotonic() - began < 30
    assert not is_alive(pid)


def test_a_request_of_before_does_not_take_the_port_back(running: Running, managing: Managing) -> None:
    """One that was between two tries when the configuration changed."""
    old = runtime_of(running)

    async def use_the_old_one() -> str:
        try:
            async with old.use():
                return "served"
        except Exception as error:  # noqa: BLE001 - what it is, is asserted
            return str(error)

    managing.write("child")
    reload(running)
    new = process_of(running.ask())
    assert "has made way for another server" in running.thread.submit(use_the_old_one()).result(5)
    assert process_of(running.ask()) == new
