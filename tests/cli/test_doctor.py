"""``doctor`` on the command line."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from model_router.config.truth_card import read_truth_cards
from tests.cli.conftest import Ended
from tests.support.llama import LlamaServer

Command = Callable[..., Ended]


def test_without_a_configuration_it_says_how_to_get_one(command: Command) -> None:
    ended = command("doctor")
    assert ended.code == 1
    assert "there is no such file" in ended.out
    assert "model-router init --preset NAME" in ended.out


def test_what_is_wrong_with_one_server_is_said_once(command: Command, home: Path, free_port: int) -> None:
    assert command("init", "--preset", "ollama", "--proxy-port", str(free_port), "--yes").code == 0
    text = (home / "routing_proxy.yaml").read_text().replace(":11434/", ":9/")
    (home / "routing_proxy.yaml").write_text(text)
    ended = command("doctor")
    assert ended.code == 1
    assert "WRONG fast, balanced, reasoning, code, vision: http://127.0.0.1:9/v1: nothing answers there" in ended.out
    assert ended.err == "1 thing to put right.\n"
    assert len([each for each in command("doctor", "--json").json["findings"] if each["level"] == "problem"]) == 5


@pytest.mark.llama
def test_a_working_configuration_is_well_and_leaves_cards(
    command: Command, home: Path, llama_servers: dict[str, LlamaServer]
) -> None:
    server = llama_servers["code_agent"]
    pick = f"coding={server.model.name}@{server.base_url}"
    assert command("setup", "write", "--pick", pick, "--proxy-port", "1", "--yes").code == 0
    text = (home / "routing_proxy.yaml").read_text()
    (home / "routing_proxy.yaml").write_text(text.replace("  port: 1\n", "  port: 0\n"))
    ended = command("doctor", "--json")
    assert (ended.code, ended.json["well"]) == (0, True)
    assert [card["tools"] for card in ended.json["cards"]] == [True]
    assert read_truth_cards(home / "truth_cards.json")["balanced"].context == 32_768
    assert json.loads((home / "truth_cards.json").read_text())["version"] == 1
    plain = command("doctor")
    assert "ok    balanced: it calls tools" in plain.out
    assert plain.err.endswith("Nothing is wrong.\n")
