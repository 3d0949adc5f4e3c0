"""A person at a real terminal."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from tests.faults import servers
from tests.hub.contents import MB, Faults, small_model
from tests.hub.server import TestHub
from tests.support.gateway_process import command
from tests.support.tmux import Terminal, terminal, tmux_is_here

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not tmux_is_here(), reason="tmux is not installed")]


def person(tmp_path: Path) -> dict[str, str]:
    """Somebody with an empty home."""
    return {
        "HOME": str(tmp_path),
        "MODEL_ROUTER_HOME": str(tmp_path / "mr"),
        "TMPDIR": str(tmp_path),
        "LANG": "C.UTF-8",
    }


def test_the_demo_is_looked_at_and_left(tmp_path: Path) -> None:
    with terminal(command("demo"), tmp_path, person(tmp_path)) as screen:
        screen.wait_for("serving", "Backends", "Routes")
        screen.press("2")
        screen.wait_for("Write a prompt")
        screen.write("drop the production database")
        screen.wait_for("human_confirm", "destructive")
        screen.press("Escape")
        screen.wait_for("Routes")
        screen.press("3")
        screen.wait_for("FOLLOWING")
        screen.press("/")
        screen.wait_for("esc clears")
        screen.write("route:coding")
        screen.press("Enter")
        screen.wait_for("filter: route:coding", "Receipt")
        screen.press("?")
        screen.wait_for("Everywhere")
        screen.press("Escape")
        screen.wait_gone("Everywhere")
        screen.press("d")
        assert screen.leave() == 0


async def ollama(seen: servers.Seen, line: servers.Line) -> None:
    """Answers as a model server should, and as the one that the wizard looks for."""
    if seen.path.startswith("/api/"):
        model = {"name": "small:1b", "model": "small:1b", "size": 700_000_000, "digest": "a" * 64, "details": {}}
        told = {"/api/version": {"version": "0.12.0"}, "/api/tags": {"models": [model]}}
        await line.reply(json.dumps(told.get(seen.path, {"models": []})).encode())
    elif seen.path.endswith("/models"):
        await line.reply(b'{"object": "list", "data": [{"id": "small:1b"}]}')
    elif seen.path.endswith("/completions"):
        await servers.good(seen, line)
    else:
        await line.reply(b"{}", "404 Not Found")


@pytest.fixture
def client() -> Iterator[ThreadPoolExecutor]:
    """Sends requests beside the person at the terminal."""
    with ThreadPoolExecutor(1) as pool:
        yield pool


def ask(client: ThreadPoolExecutor, port: int, text: str) -> Future[httpx.Response]:
    """Send a request as an agent would; the future has the answer."""
    body = {"model": "model-router", "messages": [{"role": "user", "content": text}]}
    url = f"http://127.0.0.1:{port}/v1/chat/completions"
    return client.submit(httpx.post, url, json=body, trust_env=False, timeout=60)


def leave(screen: Terminal) -> None:
    """Quit, whatever is under way."""
    assert screen.leave() == 0


def test_the_first_run_leads_through_the_wizard_to_a_routed_request(tmp_path: Path, client: ThreadPoolExecutor) -> None:
    with socket.socket() as probe:
        if not probe.connect_ex(("127.0.0.1", 8082)):
            pytest.skip("something listens at 8082, which the wizard writes")
    with servers.running(ollama) as models:
        found = {"OLLAMA_HOST": f"127.0.0.1:{models.port}", "HF_HOME": str(tmp_path / "hub")}
        with terminal(command(), tmp_path, person(tmp_path) | found) as screen:
            screen.wait_for("Welcome to ModelRouter")
            screen.press("w")
            screen.wait_for("Where may models run?", str(models.port))
            screen.press("Enter")
            for number in range(1, 7):
                screen.wait_for(f"{number} of 6")
                screen.press("Enter")
            screen.wait_for("What was chosen", "small:1b")
            screen.press("Enter")
            screen.wait_for("Write routing_proxy.yaml?")
            assert not (tmp_path / "mr" / "routing_proxy.yaml").exists()
            screen.press("y")
            screen.wait_for("Connect", "http://127.0.0.1:8082/v1", "● serving")
            answer = ask(client, 8082, "rewrite this text: hello there").result()
            assert answer.headers["x-modelrouter-model"] == "small:1b"
            screen.press("3")
            screen.wait_for("FOLLOWING", "1 row", "200")
            leave(screen)


SETTINGS = """
schema_version: 1
proxy: {{host: 127.0.0.1, port: {port}}}
approvals: {{mode: hold}}  # a person looks
backends:
  local: {{base_url: "{url}", model: m}}
engine_backends: {{fast_local: local, code_agent: local, balanced_local: local}}
"""


def test_a_day_at_the_terminal(tmp_path: Path, free_port: int, client: ThreadPoolExecutor) -> None:
    """Approve a held request, label it, edit the configuration, approve and cancel downloads, and go."""
    path = tmp_path / "mr" / "routing_proxy.yaml"
    path.parent.mkdir()
    slow = small_model("slow", 2 * MB)
    slow.faults = Faults(hold_at=MB)
    hub = TestHub({"org/tiny": small_model(), "org/slow": slow})
    hub.start()
    environ = person(tmp_path) | {"HF_ENDPOINT": hub.url, "HF_HOME": str(tmp_path / "hub")}
    try:
        with servers.running(servers.good) as models:
            path.write_text(SETTINGS.format(port=free_port, url=models.base_url), "utf-8")
            with terminal(command(), tmp_path, environ) as screen:
                screen.wait_for("● serving", "local")
                approve(screen, ask(client, free_port, "drop the production database"))
                label(screen, tmp_path / "mr" / "routing-feedback.jsonl")
                edit(screen, path)
                download(screen, tmp_path / "mr" / "models")
                leave(screen)
    finally:
        hub.let_go()
        hub.stop()


def approve(screen: Terminal, answer: Future[httpx.Response]) -> None:
    """A request waits, and goes on after a yes."""
    screen.wait_for("a 1 waiting")
    assert not answer.done()
    screen.press("a")
    screen.wait_for("Approve once", "production database")
    screen.press("y")
    assert answer.result().status_code == 200
    screen.wait_for("approved by screen")
    screen.press("Escape")
    screen.wait_gone("Approve once")


def label(screen: Terminal, file: Path) -> None:
    """Say which engine the newest request should have had."""
    screen.press("3")
    screen.wait_for("FOLLOWING", "confirm")
    screen.press("Up")
    screen.wait_for("PAUSED")
    screen.press("Enter")
    screen.wait_for("Reasons")
    screen.press("w")
    screen.wait_for("Which engine should it have had?")
    screen.press("Enter")
    screen.wait_gone("Which engine should it have had?")
    screen.wait_for("⚑ code_agent")
    assert len(file.read_text("utf-8").splitlines()) == 1, screen.text()


def edit(screen: Terminal, path: Path) -> None:
    """Change the profile of the proxy, see what that would do, and have it taken."""
    screen.press("6")
    screen.wait_for("routing_profile", "› host")
    for name in ("port", "model_ids", "api_key ", "api_key_env", "routing_profile"):
        screen.press("j")
        screen.wait_for(f"› {name}")
    screen.press("Space")
    screen.wait_gone("as it stands")
    screen.press("p")
    screen.wait_for("would go elsewhere")
    screen.press("w")
    screen.wait_for("Apply routing_proxy.yaml?")
    assert "routing_profile" not in path.read_text("utf-8")
    screen.press("y")
    screen.wait_for("The configuration was taken")
    assert "routing_profile" in path.read_text("utf-8")
    assert "# a person looks" in path.read_text("utf-8")


def download(screen: Terminal, models: Path) -> None:
    """Approve one and have it; approve another, and cancel it halfway."""
    screen.press("5")
    screen.wait_for("No downloads")
    plan(screen, "org/tiny:Q4_K_M")
    screen.wait_for("✓ done")
    assert (models / "tiny-Q4_K_M" / "tiny-Q4_K_M.gguf").stat().st_size == MB
    plan(screen, "org/slow:Q4_K_M")
    screen.wait_for(" 50%")
    screen.press("x")
    screen.wait_for("Yes")
    screen.press("y")
    screen.wait_for("cancelled")


def plan(screen: Terminal, repository: str) -> None:
    """Ask for a repository, and say yes to its plan."""
    screen.press("n")
    screen.wait_for("OWNER/NAME", "esc")
    screen.write(repository)
    screen.press("Enter")
    screen.wait_for("apache-2.0", "Yes")
    screen.press("y")
