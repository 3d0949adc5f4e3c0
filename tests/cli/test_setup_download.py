"""``setup download`` as a person meets it, with a real hub client in front of a hub on loopback."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from model_router.setup.header import ModelHeader
from model_router.setup.machine import Machine, Memory, Processor
from model_router.setup.presets import write_preset
from model_router.setup.stores import FoundModels, LocalModel
from tests.cli.conftest import Ended
from tests.hub.contents import MB, Repo, small_model
from tests.hub.server import TestHub

Command = Callable[..., Ended]


@pytest.fixture
def test_hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[TestHub]:
    hub = TestHub({"org/tiny": small_model()})
    hub.start()
    monkeypatch.setenv("HF_ENDPOINT", hub.url)
    monkeypatch.setattr("huggingface_hub.constants.HF_TOKEN_PATH", str(tmp_path / "no-token"))
    monkeypatch.setattr("model_router.setup.download.disk.Disk.free", lambda self, folder: 10**12)
    yield hub
    hub.let_go()
    hub.stop()


@pytest.fixture
def program(test_hub: TestHub, home: Path) -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """``model-router setup download`` in a process of its own; whatever still runs is ended after the test."""
    started: list[subprocess.Popen[bytes]] = []

    def start(*arguments: str, **streams: Any) -> subprocess.Popen[bytes]:
        program = [sys.executable, "-m", "model_router", "setup", "download", *arguments]
        process = subprocess.Popen(program, **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **streams})
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()


def test_without_execute_it_only_says_what_it_would_do(test_hub: TestHub, command: Command, home: Path) -> None:
    ended = command("setup", "download", "--repo-id", "org/tiny", "--quant", "Q8_0")
    assert ended.code == 0
    for words in ("org/tiny", "1" * 40, "apache-2.0", "2 MB", "tiny-Q8_0.gguf", "sha256", str(home / "models")):
        assert words in ended.out
    assert "Nothing was fetched" in ended.err
    assert list(home.iterdir()) == []


def test_the_plan_for_machines(test_hub: TestHub, command: Command) -> None:
    (plan,) = command("setup", "download", "--repo-id", "org/tiny", "--projector", "--json").json["plans"]
    assert [file["role"] for file in plan["files"]] == ["weights", "projector"]
    assert plan["total"] == 1_030_000
    assert plan["files"][0]["digest"]["kind"] == "sha256"


def test_nobody_to_ask_means_no(test_hub: TestHub, command: Command) -> None:
    ended = command("setup", "download", "--repo-id", "org/tiny", "--execute")
    assert ended.code == 2
    assert "--yes" in ended.err
    assert test_hub.sent == 0


def test_yes_fetches_and_prints_where(test_hub: TestHub, command: Command, home: Path) -> None:
    ended = command("setup", "download", "--repo-id", "org/tiny", "--execute", "--yes")
    target = home / "models" / "tiny-Q4_K_M" / "tiny-Q4_K_M.gguf"
    assert (ended.code, ended.out) == (0, f"{target}\n")
    assert target.read_bytes() == test_hub.repos["org/tiny"].files["tiny-Q4_K_M.gguf"]
    assert "tiny-Q4_K_M: done, 1 MB of 1 MB (100 %)" in ended.err
    assert "llama-server --models-dir" in ended.err
    again = command("setup", "download", "--repo-id", "org/tiny")
    assert "1 MB, 1 MB of it here already\n" in again.out
    assert "Nothing is missing. Add --execute to verify what is here." in again.err


def test_a_file_of_another_program_s_is_not_taken_for_the_planned_one(
    test_hub: TestHub, command: Command, home: Path
) -> None:
    target = home / "models" / "tiny-Q4_K_M" / "tiny-Q4_K_M.gguf"
    target.parent.mkdir(parents=True)
    target.write_bytes(b"x" * MB)
    planned = command("setup", "download", "--repo-id", "org/tiny")
    assert "1 MB of it here by name and size, not verified yet" in planned.out
    ended = command("setup", "download", "--repo-id", "org/tiny", "--execute", "--yes")
    assert ended.code == 1
    assert "is not the file that was planned, though it has its name and size" in ended.err
    target.write_bytes(test_hub.repos["org/tiny"].files["tiny-Q4_K_M.gguf"])
    sent = test_hub.sent
    assert command("setup", "download", "--repo-id", "org/tiny", "--execute", "--yes").code == 0
    assert test_hub.sent == sent, "it was verified, and nothing had to be fetched"


def test_a_failure_is_one_sentence_and_a_hint(test_hub: TestHub, command: Command, home: Path) -> None:
    test_hub.repos["org/tiny"].gated = "auto"
    ended = command("setup", "download", "--repo-id", "org/tiny", "--execute", "--yes", "--json")
    assert ended.code == 1
    assert ended.json["downloads"][0]["failure"]["reason"] == "token_needed"
    assert "error: org/tiny is gated, and no token was found\nhint: Accept its conditions" in ended.err
    assert list((home / "models").rglob("*.part*")) == []


def test_wrong_use_is_said_before_the_hub_is_asked(test_hub: TestHub, command: Command) -> None:
    for arguments in (
        [],
        ["--route", "confirmation"],
        ["--route", "coding", "--file", "x.gguf"],
        ["--repo-id", "tiny"],
        ["--repo-id", "org/tiny", "--route", "coding", "--route", "simple"],
        ["--repo-id", "org/tiny", "--limit-rate", "x"],
        ["--repo-id", "org/tiny", "--backend", "nosuch"],
    ):
        assert command("setup", "download", *arguments).code == 2
    assert test_hub.requests == []


@pytest.fixture
def roomy_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    memory = Memory(total=32 * 2**30, available=28 * 2**30)
    machine = Machine("linux", "x86_64", memory, Processor("a processor", 8, 8, ("avx2",)))
    this_machine_is(machine, monkeypatch)


def this_machine_is(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    """The modules that took the name over come first: imported later, they would keep the stand-in for good."""
    for module in ("recommend", "fit", "machine"):
        monkeypatch.setattr(f"model_router.cli.setup.{module}.machine_for", lambda hardware, cards=(): machine)


@pytest.mark.usefixtures("roomy_machine")
def test_a_route_leads_to_the_model_that_is_recommended_for_it(test_hub: TestHub, command: Command) -> None:
    recommended = command("setup", "recommend", "--route", "vision", "--json").json["routes"]["vision"]["pick"]["file"]
    files = {recommended["file"]: b"weights", "mmproj-BF16.gguf": b"projector", "other-Q8_0.gguf": b"other"}
    test_hub.repos[recommended["repository"]] = Repo(files)
    (plan,) = command("setup", "download", "--route", "vision", "--json").json["plans"]
    assert (plan["repository"], plan["route"]) == (recommended["repository"], "vision")
    assert [file["name"] for file in plan["files"]] == [recommended["file"], "mmproj-BF16.gguf"]


@pytest.mark.usefixtures("test_hub")
def test_a_machine_for_which_nothing_is_recommended_is_said(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    tiny = Machine("linux", "x86_64", Memory(total=2**29, available=2**28))
    this_machine_is(tiny, monkeypatch)
    ended = command("setup", "download", "--route", "coding")
    assert ended.code == 1
    assert ended.err.startswith("error: no model is recommended for coding on this machine")


def test_the_change_for_a_backend_is_shown_and_not_made_without_a_person(
    test_hub: TestHub, command: Command, home: Path
) -> None:
    written = write_preset("llamacpp", home)
    before = written.proxy.read_text()
    ended = command("setup", "download", "--repo-id", "org/tiny", "--route", "coding", "--execute", "--yes")
    assert ended.code == 0
    assert "-    model: code\n+    model: tiny-Q4_K_M" in ended.err
    assert written.proxy.read_text() == before


def test_ctrl_c_keeps_what_has_arrived_and_the_same_command_goes_on(
    test_hub: TestHub, program: Callable[..., subprocess.Popen[bytes]], home: Path
) -> None:
    arguments = ("--repo-id", "org/tiny", "--execute", "--yes", "--local-root", str(home / "big"))
    test_hub.repos["org/tiny"].faults.hold_at = MB // 2
    process = program(*arguments)
    assert test_hub.held.wait(30)
    part = home / "big" / "tiny-Q4_K_M" / "tiny-Q4_K_M.gguf.part"
    while not part.exists() or part.stat().st_size < MB // 2 - 100_000:
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    _, talk = process.communicate(timeout=20)
    assert process.returncode == 130
    assert b"What has arrived is kept; the same command goes on there." in talk
    assert b"Traceback" not in talk
    (record,) = json.loads((home / "downloads.json").read_text())["downloads"]
    assert record["state"] == "paused"
    kept = part.stat().st_size
    test_hub.let_go()
    again = program(*arguments)
    assert again.wait(30) == 0
    assert test_hub.storage_requests[-1].headers["range"] == f"bytes={kept}-"


def test_a_person_is_asked_for_the_download_and_then_for_the_file(
    test_hub: TestHub, program: Callable[..., subprocess.Popen[bytes]], home: Path
) -> None:
    pty = pytest.importorskip("pty")
    written = write_preset("llamacpp", home)
    screen, terminal = pty.openpty()
    process = program(
        "--repo-id", "org/tiny", "--backend", "fast", "--execute", stdin=terminal, stdout=terminal, stderr=terminal
    )
    os.close(terminal)
    seen = _answer(screen, b"Fetch this? [y/N]", b"y\n") + _answer(screen, b"backend fast? [y/N]", b"y\n")
    assert process.wait(20) == 0
    os.close(screen)
    assert b"tiny-Q4_K_M.gguf" in seen
    assert "model: tiny-Q4_K_M" in written.proxy.read_text()
    assert len(list(home.glob("routing_proxy.yaml.*.bak"))) == 1


def _answer(screen: int, question: bytes, answer: bytes) -> bytes:
    """Read the terminal up to a question and type the answer."""
    seen = b""
    while question not in seen:
        seen += os.read(screen, 4096)
    os.write(screen, answer)
    return seen


@pytest.mark.usefixtures("roomy_machine")
def test_a_recommended_model_that_is_here_is_not_fetched_again(
    test_hub: TestHub, command: Command, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pick = command("setup", "recommend", "--route", "simple", "--json").json["routes"]["simple"]["pick"]
    path = Path("/models/here.gguf")
    header = ModelHeader("gguf", "qwen", pick["file"]["size"]["value"])
    found = FoundModels((LocalModel(pick["model"], "folder", path, header, header.size),))
    monkeypatch.setattr("model_router.setup.stores.find_models", lambda places: found)
    ended = command("setup", "download", "--route", "simple", "--json")
    assert (ended.code, ended.json) == (0, {"plans": []})
    assert f"simple: the recommended model is here already, {path}" in ended.err
    assert test_hub.requests == []


def test_a_managed_server_is_offered_and_needs_a_backend(test_hub: TestHub, command: Command, home: Path) -> None:
    nobody = command("setup", "download", "--repo-id", "org/tiny", "--managed")
    assert (nobody.code, "--backend" in nobody.err) == (2, True)
    (home / "routing_proxy.yaml").write_text(
        "proxy: {port: 8082}\nbackends:\n  code:\n    base_url: http://127.0.0.1:8091/v1\n    model: old\n"
        "engine_backends: {code_agent: code}\n"
    )
    ended = command(
        "setup", "download", "--repo-id", "org/tiny", "--execute", "--yes", "--backend", "code", "--managed"
    )
    assert ended.code == 0
    assert "+      template: llama-server" in ended.err
    assert "was left alone" in ended.err, "nobody was there to say yes"


def test_two_owners_files_of_one_name_are_not_fetched_to_one_place(test_hub: TestHub, command: Command) -> None:
    test_hub.repos["two/tiny"] = small_model()
    ended = command("setup", "download", "--repo-id", "org/tiny", "--repo-id", "two/tiny", "--execute", "--yes")
    assert ended.code == 2
    assert "org/tiny and two/tiny would both be written to" in ended.err
    assert test_hub.sent == 0
