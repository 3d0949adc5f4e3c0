"""A screen attached to a gateway of another process."""

from __future__ import annotations

import asyncio
import re
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from model_router.errors import UsageError
from model_router.tui.app import ModelRouterApp
from model_router.tui.attached import AttachedSession, port_of
from model_router.tui.session import Phase
from tests.support.canned_server import canned_server
from tests.support.gateway_process import GatewayProcess, serving, wait_for
from tests.support.ports import free_ports
from tests.tui.staging import environment, screen_text, until
from tests.tui.test_live import ask

CONFIG = """
schema_version: 1
proxy: {{host: 127.0.0.1, port: {port}}}
observability: {{log_path: logs/routing-events.jsonl}}
approvals: {{mode: hold, ttl_seconds: 60}}
backends:
  local: {{base_url: "{backend}/v1", model: some-model, protocols: [chat]}}
engine_backends: {{fast_local: local, balanced_local: local, code_agent: local}}
"""
ANSWER = {
    "id": "1",
    "object": "chat.completion",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "ok"}}],
}


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[tuple[GatewayProcess, int]]:
    """``serve`` in a process of its own, before a server that always says ok."""
    port = free_ports(1)[0]
    with canned_server() as backend:
        backend.answers(ANSWER)
        config = tmp_path / "routing_proxy.yaml"
        config.write_text(CONFIG.format(port=port, backend=backend.root), "utf-8")
        with serving(config, port) as process:
            yield process, port


def attached(tmp_path: Path, port: int, **more: bool) -> AttachedSession:
    """A session of the same user."""
    return AttachedSession({"HOME": str(tmp_path), "MODEL_ROUTER_HOME": str(tmp_path / "home")}, port, **more)


async def test_what_a_running_gateway_does_is_seen_and_leaving_leaves_it(
    tmp_path: Path, gateway: tuple[GatewayProcess, int]
) -> None:
    process, port = gateway
    await ask(process.base_url, "rewrite this text")
    app = ModelRouterApp(attached(tmp_path, port), first="log")
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: "fast_local" in screen_text(app), 20)
        await ask(process.base_url, "please rewrite this other text")
        await until(pilot, lambda: screen_text(app).count("watcher") == 2, 10)
        await pilot.press("1")
        await until(pilot, lambda: "● serving" in screen_text(app))
        assert "some-model" in screen_text(app)
        assert f"address    {process.base_url} " in screen_text(app)
        assert re.search(r"● serving( \d+ min)? · attached", screen_text(app))
        assert "Stop or start" not in screen_text(app), "what runs elsewhere is stopped there"
        offered = {command.title for command in app.get_system_commands(app.screen)}
        assert not offered & {"Stop or start", "Wizard", "Demo"}
        await pilot.press("s")
        await pilot.press("q")
        await pilot.pause()
        assert app.return_value == 0
    assert process.process.poll() is None
    assert (await ask(process.base_url, "rewrite this text")).status_code == 200


async def test_a_held_request_is_approved_from_an_attached_screen(
    tmp_path: Path, gateway: tuple[GatewayProcess, int]
) -> None:
    process, port = gateway
    session = attached(tmp_path, port)
    app = ModelRouterApp(session)
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: session.phase is Phase.SERVING, 20)
        waiting = asyncio.create_task(ask(process.base_url, "delete all customer records in production now"))
        queue = session.gateway.approvals if session.gateway is not None else None
        assert queue is not None
        await until(pilot, queue.list)
        (found,) = queue.list()
        assert not waiting.done()
        await asyncio.to_thread(queue.approve, found.request_id, "screen")
        assert (await waiting).status_code == 200

    def told() -> list[str]:
        return [event["who"] for event in process.events() if event.get("event") == "approval"]

    assert wait_for(told, within=10, what="the decision in the event file") == ["attached"]


async def test_a_gateway_that_was_killed_is_told_and_the_screen_lives(
    tmp_path: Path, gateway: tuple[GatewayProcess, int]
) -> None:
    process, port = gateway
    session = attached(tmp_path, port)
    app = ModelRouterApp(session)
    async with app.run_test(size=(100, 30)) as pilot:
        await until(pilot, lambda: session.phase is Phase.SERVING, 20)
        process.process.send_signal(signal.SIGKILL)
        await until(pilot, lambda: "Start it where it ran" in screen_text(app), 20)
        assert app.is_running


def test_a_gateway_is_named_by_port_or_address() -> None:
    assert [port_of(name) for name in ("8082", "127.0.0.1:8082", "http://localhost:8082/v1")] == [8082] * 3
    for wrong in ("gateway", "http://127.0.0.1", "127.0.0.1:port"):
        with pytest.raises(UsageError):
            port_of(wrong)


async def test_nothing_to_attach_to_is_told_with_what_to_do(tmp_path: Path) -> None:
    app = ModelRouterApp(AttachedSession(environment(tmp_path), free_ports(1)[0]))
    async with app.run_test(size=(100, 30)) as pilot:
        await until(pilot, lambda: "no gateway of yours runs" in screen_text(app))
        assert app.is_running
