"""A real llama.cpp server, started by ``model-router serve`` when it is needed."""

from __future__ import annotations

import os
import signal
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import openai
import pytest
import yaml

from model_router.server.control.client import ControlClient
from tests.support import llama
from tests.support.gateway_process import GatewayProcess, is_alive, serving, wait_for
from tests.support.ports import free_ports
from tests.support.scripted_gguf import write_scripted_gguf

pytestmark = pytest.mark.llama

ROOT = Path(__file__).parents[2]
PROGRAM = f"""#!/bin/sh
test "$1 $2 $3 $5 $7 $9" = "--host 127.0.0.1 --port --alias -m -c" || exit 2
exec {sys.executable} -m tests.support.llama_process "$8" "$6" "${{10}}" "" "$4"
"""
"""The wheel's server, with the arguments of the program."""
SENTENCE = "This answer was made by the server that came on demand."


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, int]:
    """The proxy file and its port."""
    if reason := llama.why_unavailable():
        pytest.skip(reason)
    model = write_scripted_gguf(tmp_path / "model.gguf", SENTENCE, name="scripted")
    port, own = free_ports(2)
    program = [sys.executable, "-m", "tests.support.llama_process", str(model), "{model}", "65536", "", "{port}"]
    runtime = {"command": program, "folder": str(ROOT), "ready_seconds": 60, "stop_seconds": 0.5}
    content: dict[str, Any] = {
        "proxy": {"port": port},
        "observability": {"log_path": str(tmp_path / "logs" / "routing-events.jsonl")},
        "backends": {"own": {"base_url": f"http://127.0.0.1:{own}/v1", "model": "scripted", "runtime": runtime}},
        "engine_backends": {"fast_local": "own"},
    }
    path = tmp_path / "routing_proxy.yaml"
    path.write_text(yaml.safe_dump(content))
    monkeypatch.setenv("MODEL_ROUTER_HOME", str(tmp_path / "home"))
    return path, port


def ask(gateway: GatewayProcess) -> str:
    with openai.OpenAI(base_url=gateway.base_url, api_key="x", timeout=60, max_retries=0) as sdk:
        messages: list[Any] = [{"role": "user", "content": "rewrite this text"}]
        chunks = sdk.chat.completions.create(model="auto", messages=messages, stream=True)
        return "".join(choice.delta.content or "" for chunk in chunks for choice in chunk.choices)


def stand(control: ControlClient) -> dict[str, Any]:
    (one,) = control.runtimes()
    return one


def test_it_comes_is_killed_comes_again_and_goes(config: tuple[Path, int]) -> None:
    path, port = config
    with serving(path, port) as gateway, ControlClient.find(os.environ) as control:
        assert stand(control)["state"] == "stopped"
        with ThreadPoolExecutor(2) as beside:
            assert list(beside.map(lambda _: ask(gateway), range(2))) == [SENTENCE] * 2, "two race for the start"
        first = stand(control)
        assert (first["state"], first["crashes"]) == ("ready", 0)

        os.kill(first["pid"], signal.SIGKILL)
        wait_for(lambda: stand(control)["state"] == "stopped", within=5, what="word of its end")
        assert ask(gateway) == SENTENCE
        second = stand(control)
        assert second["pid"] not in (0, first["pid"])

        other = path.read_text().replace("65536", "32768")  # its context: another server, which takes the port over
        path.write_text(other.replace("ready_seconds: 60", "ready_seconds: 60\n      idle_seconds: 0.3"))
        assert control.reload()["outcome"] == "changed"
        assert ask(gateway) == SENTENCE
        wait_for(lambda: stand(control)["state"] == "stopped", within=10, what="its end, as nobody uses it")
        wait_for(lambda: not is_alive(second["pid"]), within=5, what="the end of the one before")

        assert ask(gateway) == SENTENCE
        last = stand(control)["pid"]
        assert gateway.interrupt(signal.SIGTERM) == 0
        assert not is_alive(last)
    kinds = [event["after"] for event in gateway.events() if event.get("event") == "runtime"]
    assert kinds.count("ready") == 4
    assert "Traceback" not in gateway.output.read_text()


def test_after_a_killed_gateway_the_next_one_gets_its_port(
    config: tuple[Path, int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the template, with a program of that name in PATH and a model file beside the proxy file."""
    path, port = config
    content = yaml.safe_load(path.read_text())
    runtime = {"template": "llama-server", "model": "model.gguf", "arguments": ["-c", "65536"], "folder": str(ROOT)}
    content["backends"]["own"]["runtime"] = {**runtime, "ready_seconds": 60, "stop_seconds": 0.5}
    path.write_text(yaml.safe_dump(content))
    program = tmp_path / "bin" / "llama-server"
    program.parent.mkdir()
    program.write_text(PROGRAM)
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    with serving(path, port) as gateway, ControlClient.find(os.environ) as control:
        ask(gateway)
        left = stand(control)["pid"]
        gateway.process.kill()
        gateway.process.wait(5)
    assert is_alive(left), "nobody could end it"
    with serving(path, port) as gateway:
        assert ask(gateway) == SENTENCE
        assert not is_alive(left)
