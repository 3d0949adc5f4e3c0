"""``init --auto``: a configuration for the servers that run on this machine."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from model_router.config.proxy_file import load_proxy
from tests.cli.conftest import Ended
from tests.support.llama import LlamaServer

Command = Callable[..., Ended]


def addresses(monkeypatch: pytest.MonkeyPatch, *ports: int) -> None:
    """The usual addresses of this machine are these, whatever runs here."""
    monkeypatch.setattr(
        "model_router.setup.running.usual_addresses", lambda environ: tuple(("127.0.0.1", port) for port in ports)
    )


@pytest.mark.llama
def test_running_servers_become_backends_that_the_doctor_finds_well(
    command: Command, home: Path, llama_servers: dict[str, LlamaServer], monkeypatch: pytest.MonkeyPatch
) -> None:
    code, sees = llama_servers["code_agent"], llama_servers["multimodal_vision"]
    addresses(monkeypatch, code.port, sees.port)
    ended = command("init", "--auto", "--yes")
    assert ended.code == 0
    config = load_proxy(home / "routing_proxy.yaml", {})
    assert config.backends[config.engine_backends["code_agent"]].model == code.model.name
    assert config.backends[config.engine_backends["multimodal_vision"]].model == sees.model.name
    assert f"llamacpp at http://127.0.0.1:{code.port}: {code.model.name}" in ended.err
    assert command("init", "--auto", "--yes").code == 2
    assert command("init", "--auto", "--preset", "ollama").code == 2


def test_nothing_that_runs_is_said(command: Command, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    addresses(monkeypatch)
    ended = command("init", "--auto", "--yes")
    assert ended.code == 1
    assert "no model server runs on this machine" in ended.err
    assert list(home.iterdir()) == []
