"""``approvals`` and ``reload`` against a gateway in a process of its own, while real clients wait."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import anthropic
import httpx
import openai
import pytest
import yaml

from model_router.cli.main import cli
from model_router.cli.running import run
from tests.faults import servers
from tests.faults.gateways import ENGINES
from tests.support.gateway_process import GatewayProcess, command, serving, wait_for
from tests.support.ports import free_ports

RISKY = "drop the production database"


@contextlib.contextmanager
def holding(folder: Path) -> Iterator[GatewayProcess]:
    """``model-router serve`` that holds risky requests; the commands of this process find it."""
    (port,) = free_ports(1)
    path = folder / "routing_proxy.yaml"
    with servers.running(servers.good) as backend, pytest.MonkeyPatch.context() as patch:
        content: dict[str, Any] = {
            "proxy": {"port": port, "keepalive_seconds": 0.2},
            "approvals": {"mode": "hold", "ttl_seconds": 20},
            "observability": {"log_path": str(folder / "logs" / "routing-events.jsonl")},
            "backends": {"one": {"base_url": backend.base_url, "model": "m"}},
            "engine_backends": dict.fromkeys(ENGINES, "one"),
        }
        path.write_text(yaml.safe_dump(content))
        patch.setenv("MODEL_ROUTER_HOME", str(folder / "home"))
        with serving(path, port) as gateway:
            yield gateway


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayProcess]:
    """Shared by the tests that leave it as it was."""
    with holding(tmp_path_factory.mktemp("control")) as gateway:
        yield gateway


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    """Exit code, standard output and standard error of a command in this process."""
    capsys.readouterr()
    code = run(cli, arguments, "model-router")
    return code, *capsys.readouterr()


def held(capsys: pytest.CaptureFixture[str]) -> str:
    """The id of the request that waits."""

    def look() -> str | None:
        code, out, _ = said(capsys, "approvals", "list", "--json")
        assert code == 0
        return next((row["request_id"] for row in json.loads(out)["approvals"] if row["standing"] == "waiting"), None)

    return wait_for(look, within=10, what="a request that waits")


def stream_openai(process: GatewayProcess) -> str:
    with openai.OpenAI(base_url=process.base_url, api_key="x", timeout=20) as sdk:
        messages: list[Any] = [{"role": "user", "content": RISKY}]
        chunks = sdk.chat.completions.create(model="auto", messages=messages, stream=True)
        return "".join(choice.delta.content or "" for chunk in chunks for choice in chunk.choices)


def ask_anthropic(process: GatewayProcess) -> str:
    with anthropic.Anthropic(base_url=process.address, api_key="x", timeout=20) as sdk:
        said: list[Any] = [{"role": "user", "content": "delete every file of the production bucket"}]
        answer = sdk.messages.create(model="auto", max_tokens=9, messages=said)
        return "".join(block.text for block in answer.content if block.type == "text")


def test_another_process_approves_while_two_clients_wait(
    process: GatewayProcess, capsys: pytest.CaptureFixture[str]
) -> None:
    with ThreadPoolExecutor(2) as beside:
        answer: Future[str] = beside.submit(stream_openai, process)
        name = held(capsys)
        code, out, err = said(capsys, "approvals", "list")
        assert code == 0
        assert all(word in out for word in (name, "destructive", RISKY, "waiting", "s left"))
        assert "`model-router approvals approve ID` lets one pass" in err
        done = subprocess.run(
            command("approvals", "approve", name), capture_output=True, text=True, timeout=20, check=False
        )
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout == f"{name} (destructive) is approved.\n"
        assert answer.result(10) == "one two"

        plain: Future[str] = beside.submit(ask_anthropic, process)
        name = held(capsys)
        assert said(capsys, "approvals", "deny", name, "--note", "use staging")[0] == 0
        with pytest.raises(anthropic.ConflictError, match="use staging"):
            plain.result(10)
    kinds = wait_for(lambda: len(process.events()) >= 4 and process.events(), within=3, what="events on disk")
    decisions = [(one["decision"], one["who"]) for one in kinds if one.get("event") == "approval"]
    assert decisions == [("approved", "cli"), ("denied", "cli")]


def test_a_long_request_is_listed_with_its_end(process: GatewayProcess, capsys: pytest.CaptureFixture[str]) -> None:
    order = f"{'Some background. ' * 100}Now drop the production database."
    with (
        ThreadPoolExecutor(1) as beside,
        httpx.Client(base_url=process.base_url, trust_env=False, timeout=20) as client,
    ):
        body = {"messages": [{"role": "user", "content": order}]}
        answer = beside.submit(client.post, "/chat/completions", json=body)
        name = held(capsys)
        _, out, _ = said(capsys, "approvals", "list")
        assert "characters more, --json shows them" in out
        assert "Now drop the production database." in out
        _, out, _ = said(capsys, "approvals", "list", "--json")
        (row,) = (row for row in json.loads(out)["approvals"] if row["request_id"] == name)
        assert row["preview"] == order
        assert said(capsys, "approvals", "deny", name)[0] == 0
        assert answer.result(10).status_code == 409


def test_a_mistake_is_one_sentence(process: GatewayProcess, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = said(capsys, "approvals", "approve", "mr-unknown")
    assert (code, out) == (1, "")
    assert err.splitlines() == [
        "error: no request 'mr-unknown' waits for a person",
        "hint: `model-router approvals list` shows how each stands.",
    ]


@pytest.mark.parametrize("group", ["approvals", "runtime", "telemetry"])
def test_a_group_without_a_command_shows_its_help(group: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = said(capsys, group)
    assert (code, out) == (2, "")
    assert err.startswith(f"Usage: model-router {group}")
    assert "error:" not in err


def test_a_server_that_is_not_managed_is_one_sentence(
    process: GatewayProcess, capsys: pytest.CaptureFixture[str]
) -> None:
    assert said(capsys, "runtime", "status", "one") == (
        1,
        "",
        "error: no backend 'one' has a runtime\nhint: Those that have one: none.\n",
    )
    code, out, err = said(capsys, "runtime", "start", "one")
    assert (code, out) == (1, "")
    assert err.endswith("hint: `model-router runtime status` shows each.\n")


def test_a_reload_tells_every_mistake(process: GatewayProcess, capsys: pytest.CaptureFixture[str]) -> None:
    assert said(capsys, "reload") == (0, "Nothing that counts is new.\n", "")
    file = process.events_file.parent.parent / "routing_proxy.yaml"
    words = file.read_text()
    file.write_text(words + "healht: {}\nsesions: {}\n")
    code, out, err = said(capsys, "reload")
    assert (code, out) == (1, "")
    assert "not taken" in err
    assert err.count(str(file) + ":") == 2
    assert "did you mean 'health'" in err

    def taken(seconds: str) -> bool:
        """By the command, unless the watch was there before it."""
        file.write_text(words.replace("keepalive_seconds: 0.2", f"keepalive_seconds: {seconds}"))
        return said(capsys, "reload")[:2] == (0, "The configuration was taken.\n")

    assert any(map(taken, ("0.3", "0.4", "0.5", "0.6")))
    file.write_text(words)
    said(capsys, "reload")
    file.write_text(words.replace("proxy:\n", "proxy:\n  transport: httpx\n"))
    assert said(capsys, "reload") == (0, "These take effect at the next start: proxy.transport.\n", "")
    file.write_text(words)


def test_a_second_one_on_the_same_port_says_what_to_do(process: GatewayProcess) -> None:
    file = process.events_file.parent.parent / "routing_proxy.yaml"
    ended = subprocess.run(
        command("serve", "--config", str(file)), capture_output=True, text=True, timeout=60, check=False
    )
    assert (ended.returncode, ended.stdout) == (1, "")
    said = ended.stderr.splitlines()
    assert [line.partition(" ")[0] for line in said] == ["error:", "hint:"], said
    assert "is in use" in said[0]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signal")
def test_a_hangup_reads_the_files(process: GatewayProcess) -> None:
    file = process.events_file.parent.parent / "routing_proxy.yaml"
    words = file.read_text()
    file.write_text(words + "helth: {}\n")
    process.process.send_signal(signal.SIGHUP)
    wait_for(lambda: "helth" in process.output.read_text(), within=5, what="the mistake, printed")
    file.write_text(words)
    assert process.process.poll() is None


def test_with_nobody_waiting_the_list_says_so_and_a_killed_gateway_is_not_taken_for_one_that_runs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with holding(tmp_path) as gateway:
        nobody = "No request waits for a person (approvals.mode is hold: they are held until somebody decides).\n"
        assert said(capsys, "approvals", "list") == (0, nobody, "")
        gateway.process.kill()
        gateway.process.wait(5)
        left = list((Path(os.environ["MODEL_ROUTER_HOME"]) / "run").glob("*.json"))
        assert len(left) == 1, "kill -9 leaves it behind"
        code, _, err = said(capsys, "approvals", "list")
        assert code == 1
        assert "no gateway of yours runs" in err
