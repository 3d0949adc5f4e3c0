"""The configuration is read again while the gateway serves."""

from __future__ import annotations

import asyncio
import json
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from model_router.config.capture import CAPTURE_WARNING
from model_router.config.files import packaged_catalog
from model_router.config.proxy_file import load_proxy
from model_router.engine.routes import Profile
from model_router.server.happenings import ReloadEvent
from model_router.server.reload import Reloader
from tests.faults import servers
from tests.faults.gateways import ENGINES, Running, serving
from tests.faults.servers import FaultServer
from tests.support.gateway_process import wait_for


class Files:
    """A proxy file and the catalog that it names, as a person would write them."""

    def __init__(self, folder: Path, base_url: str) -> None:
        self.proxy = folder / "routing_proxy.yaml"
        self.catalog = folder / "model_router.yaml"
        self.log = folder / "logs" / "events.jsonl"
        self.content: dict[str, Any] = {
            "proxy": {"port": 0},
            "router_config": str(self.catalog),
            "observability": {"log_path": str(self.log)},
            "backends": {"one": {"base_url": base_url, "model": "m"}},
            "engine_backends": dict.fromkeys(ENGINES, "one"),
        }
        self.catalog.write_text(packaged_catalog().read_text())
        self.write()

    def write(self, **sections: Any) -> None:
        """Write the proxy file with these sections in place of its own."""
        self.proxy.write_text(yaml.safe_dump(self.content | sections))


@pytest.fixture
def backend() -> Iterator[FaultServer]:
    with servers.running(servers.good) as one:
        yield one


@pytest.fixture
def files(tmp_path: Path, backend: FaultServer) -> Files:
    return Files(tmp_path, backend.base_url)


@pytest.fixture
def running(files: Files) -> Iterator[Running]:
    with serving(load_proxy(files.proxy)) as gateway:
        yield gateway


def reload(running: Running) -> ReloadEvent:
    assert running.gateway.reloader is not None
    return running.gateway.reloader.reload("cli")


def test_a_good_file_is_taken_and_told_with_both_hashes(running: Running, files: Files, backend: FaultServer) -> None:
    before = running.gateway.arrangement
    other = {"base_url": backend.base_url, "model": "another"}
    files.write(backends={**files.content["backends"], "two": other}, engine_backends=dict.fromkeys(ENGINES, "two"))
    event = reload(running)
    assert (event.outcome, event.problems, event.who) == ("changed", (), "cli")
    assert event.proxy_hash_before == before.proxy_hash != event.proxy_hash
    assert event.config_hash_before == event.config_hash == before.router.config_hash
    assert running.ask().status_code == 200
    assert backend.seen[-1].json()["model"] == "another"
    assert running.gateway.router is before.router, "the catalog is the same, so its router is"
    wait_for(lambda: event in running.gateway.happenings, within=2, what="the reload for the screen")
    running.thread.stop(1)
    (line,) = [json.loads(line) for line in files.log.read_text().splitlines() if line.startswith('{"event":')]
    assert (line["event"], line["outcome"], line["proxy_hash"]) == ("reload", "changed", event.proxy_hash)


def test_a_changed_catalog_makes_a_new_router(running: Running, files: Files) -> None:
    words = files.catalog.read_text()
    files.catalog.write_text(words.replace("  coding: code_agent", "  coding: reasoning_local"))
    event = reload(running)
    assert event.outcome == "changed"
    assert event.config_hash != event.config_hash_before
    assert event.proxy_hash == event.proxy_hash_before
    answer = running.ask("fix the repo and run tests")
    assert answer.headers["x-modelrouter-engine"] == "reasoning_local"


def test_a_bad_file_changes_nothing_and_names_every_line(running: Running, files: Files) -> None:
    before = running.gateway.arrangement
    files.write(health={"backend_timeout_secs": 1}, engine_backends={"fast_local": "nobody"})
    event = reload(running)
    assert event.outcome == "refused"
    assert len(event.problems) == 2
    assert all(str(files.proxy) + ":" in problem for problem in event.problems)
    assert any("nobody" in problem for problem in event.problems)
    assert running.gateway.arrangement is before
    assert running.ask().status_code == 200


def test_a_key_in_a_place_where_none_belongs_is_not_repeated_in_the_log(running: Running, files: Files) -> None:
    files.write(health={"backend_timeout_seconds": "serve --api-key hunter22"})
    event = reload(running)
    assert len(event.problems) == 1
    assert "must be a number" in event.problems[0]
    assert "hunter22" not in event.problems[0]


@pytest.mark.parametrize("words", ["", "engines: [", "engines: {}\n"])
def test_a_bad_catalog_never_closes_an_open_router(running: Running, files: Files, words: str) -> None:
    files.catalog.write_text(words)
    event = reload(running)
    assert event.outcome == "refused"
    assert event.problems
    assert running.gateway.router.config_valid
    assert running.ask().status_code == 200


def test_a_file_that_is_gone_changes_nothing(running: Running, files: Files) -> None:
    files.proxy.unlink()
    assert reload(running).outcome == "refused"
    assert running.ask().status_code == 200


def test_a_pipe_in_its_place_holds_nobody(running: Running, files: Files) -> None:
    words = files.proxy.read_text()
    files.proxy.unlink()
    os.mkfifo(files.proxy)
    event = reload(running)
    assert (event.outcome, event.problems) == (
        "refused",
        (f"{files.proxy}: this is no file that can be read again and again",),
    )
    files.proxy.unlink()
    files.proxy.write_text(words)
    assert reload(running).outcome == "same"


def test_a_comment_changes_nothing(running: Running, files: Files) -> None:
    before = running.gateway.arrangement
    files.proxy.write_text("# a thought\n" + files.proxy.read_text())
    assert reload(running).outcome == "same"
    assert running.gateway.arrangement is before


def test_what_cannot_change_while_it_runs_is_told(running: Running, files: Files) -> None:
    host = running.gateway.config.proxy.host
    files.write(proxy={"port": 9999, "host": "127.0.0.2", "keepalive_seconds": 3})
    event = reload(running)
    assert event.needs_restart == ("proxy.host", "proxy.port")
    assert "proxy.port" in event.summary
    listen = running.gateway.config.proxy
    assert (listen.host, listen.port, listen.keepalive_seconds) == (host, 0, 3)
    assert running.ask().status_code == 200


def test_a_new_key_holds_at_once(running: Running, files: Files) -> None:
    files.write(proxy={"port": 0, "api_key": "a-new-key"})
    assert reload(running).outcome == "changed"
    assert running.ask().status_code == 401
    running.client.headers["x-api-key"] = "a-new-key"
    assert running.ask().status_code == 200


def test_a_breaker_and_a_line_outlive_new_settings_of_their_backend(running: Running, files: Files) -> None:
    one = {**files.content["backends"]["one"], "parallel": 2}
    files.write(backends={"one": one})
    reload(running)
    before = running.gateway.backends["one"]
    files.write(backends={"one": {**one, "parallel": 5, "queue": 7}})
    reload(running)
    after = running.gateway.backends["one"]
    assert after is not before
    assert after.breaker is before.breaker
    assert after.line is before.line
    assert after.line is not None
    assert (after.line.snapshot().parallel, after.line.snapshot().queue) == (5, 7)
    files.write(backends={"one": {**one, "base_url": "http://127.0.0.1:9/v1"}})
    reload(running)
    elsewhere = running.gateway.backends["one"]
    assert elsewhere.breaker is not before.breaker
    assert elsewhere.line is not before.line


def test_a_conversation_stays_where_it_is_while_its_engine_is_there(running: Running, files: Files) -> None:
    sessions = running.gateway.sessions
    sessions.remember("wish", "talk", "code_agent")
    sessions.remember("other", "gone", "an_engine_of_old")
    files.catalog.write_text(files.catalog.read_text().replace("  coding: code_agent", "  coding: reasoning_local"))
    assert reload(running).outcome == "changed"
    assert sessions.of_session("talk") == "code_agent"
    assert sessions.of_session("gone") is None


def test_a_profile_can_be_switched_until_the_file_is_read_again(running: Running) -> None:
    reloader = running.gateway.reloader
    assert reloader is not None
    assert reloader.switch_profile(Profile.FAST, "screen").profile == "fast"
    assert running.ask().headers["x-modelrouter-profile"] == "fast"
    assert reloader.reload("cli").profile == "balanced"


def test_a_stream_under_way_ends_with_what_it_began_with(tmp_path: Path) -> None:
    slow = servers.stream(*[servers.event(f"{number} ") for number in range(4)], servers.DONE, pause=0.1)
    with servers.running(slow) as old, servers.running(servers.good) as new:
        files = Files(tmp_path, old.base_url)
        with serving(load_proxy(files.proxy)) as running, running.fresh_client() as client:
            body = {"model": "auto", "stream": True, "messages": [{"role": "user", "content": "rewrite this text"}]}
            with client.stream("POST", "/v1/chat/completions", json=body) as answer:
                pieces = answer.iter_text()
                text = next(pieces)
                files.write(backends={"one": {"base_url": new.base_url, "model": "m"}})
                assert reload(running).outcome == "changed"
                assert running.ask().json()["choices"][0]["message"]["content"] == "all well"
                text += "".join(pieces)
    assert "[DONE]" in text
    assert "3 " in text


def test_a_changed_file_is_noticed_and_a_touched_one_is_not(running: Running, files: Files) -> None:
    async def loop() -> asyncio.AbstractEventLoop:
        return asyncio.get_running_loop()

    watch = Reloader(running.gateway, running.thread.submit(loop()).result(5), look_seconds=0.02)
    watch.start()
    try:
        files.proxy.touch()
        time.sleep(0.3)
        assert not running.gateway.happenings
        files.write(proxy={"port": 0, "keepalive_seconds": 4})
        wait_for(lambda: running.gateway.config.proxy.keepalive_seconds == 4, within=5, what="the new setting")
        files.proxy.write_text("proxy: [")
        bad = wait_for(
            lambda: next((one for one in running.gateway.happenings if getattr(one, "problems", ())), None),
            within=5,
            what="word of the bad file",
        )
        assert isinstance(bad, ReloadEvent)
        assert (bad.outcome, bad.who) == ("refused", "file")
    finally:
        watch.stop()


def test_under_load_no_request_fails(running: Running, files: Files, backend: FaultServer) -> None:
    """Fifty requests a second, while good and bad files come in turn."""
    statuses: list[int | str] = []
    stop = threading.Event()

    def ask(offset: float) -> None:
        body = {"model": "auto", "messages": [{"role": "user", "content": "rewrite this text"}]}
        due = time.monotonic() + offset
        with running.fresh_client() as client:
            while not stop.wait(max(0.0, due - time.monotonic())):
                due += 0.1
                try:
                    stream = len(statuses) % 2 == 0
                    answer = client.post("/v1/chat/completions", json={**body, "stream": stream})
                    statuses.append(answer.status_code if '"error"' not in answer.text else answer.text)
                except httpx.HTTPError as error:
                    statuses.append(repr(error))

    threads = [threading.Thread(target=ask, args=(number / 50,)) for number in range(5)]
    for thread in threads:
        thread.start()
    outcomes: list[str] = []
    words = files.catalog.read_text()
    for number in range(20):
        match number % 4:
            case 0:
                files.write(backends={"one": {"base_url": backend.base_url, "model": f"m{number}", "parallel": 4}})
            case 1 | 3:
                files.proxy.write_text("backends: {one: [}")
            case 2:
                files.catalog.write_text(f"{words}\n# {number}\n".replace("latency: 10\n", f"latency: {number}\n"))
                files.write()
        outcomes.append(reload(running).outcome)
        time.sleep(0.1)
    stop.set()
    for thread in threads:
        thread.join()
    assert outcomes == ["changed", "refused"] * 10
    assert set(statuses) == {200}
    assert len(statuses) > 60


def test_a_reload_looks_again_which_commands_are_there(
    running: Running, files: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The catalog's words are the same; the machine is not."""
    tool = tmp_path / "bin" / "eyes-on-code"
    tool.parent.mkdir()
    monkeypatch.setenv("PATH", f"{tool.parent}{os.pathsep}{os.environ['PATH']}")
    catalog = yaml.safe_load(files.catalog.read_text())
    catalog["engines"]["code_agent"]["availability"] = {"required_commands": [tool.name]}
    files.catalog.write_text(yaml.safe_dump(catalog))
    assert reload(running).outcome == "changed"
    assert "code_agent" in running.gateway.router.unavailable
    assert running.gateway.router.route_fast("fix the repo and run tests") != "code_agent"
    assert reload(running).outcome == "same"
    tool.write_text("#!/bin/sh\n")
    tool.chmod(0o755)
    event = reload(running)
    assert (event.outcome, event.config_hash) == ("changed", event.config_hash_before)
    assert running.gateway.router.route_fast("fix the repo and run tests") == "code_agent"


def test_prompts_that_are_kept_from_now_on_are_warned_of(
    running: Running, files: Files, caplog: pytest.LogCaptureFixture
) -> None:
    files.write(observability={**files.content["observability"], "prompt_capture": "full"})
    for _ in range(2):
        reload(running)
    assert [record.message for record in caplog.records].count(CAPTURE_WARNING) == 1
