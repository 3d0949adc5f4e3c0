"""What the doctor finds out about real llama.cpp servers is what they were started with."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import pytest
import yaml

from model_router.setup.doctor.examination import Examination, examine
from model_router.setup.doctor.finding import Level
from tests.support.llama import LlamaServer

pytestmark = pytest.mark.llama


def examined(folder: Path, backends: dict[str, dict[str, Any]], engines: dict[str, str]) -> Examination:
    path = folder / "routing_proxy.yaml"
    path.write_text(yaml.safe_dump({"proxy": {"port": 0}, "backends": backends, "engine_backends": engines}))
    return examine(path, {}, patience=20)


def of(examination: Examination, backend: str) -> dict[str, Level]:
    return {finding.code: finding.level for finding in examination.findings if finding.subject == backend}


def test_a_server_that_sees_and_one_that_does_not(llama_servers: dict[str, LlamaServer], tmp_path: Path) -> None:
    sees, blind = llama_servers["multimodal_vision"], llama_servers["fast_local"]
    examination = examined(
        tmp_path,
        {
            "sees": {"base_url": sees.base_url, "model": sees.model.name},
            "blind": {"base_url": blind.base_url, "model": blind.model.name},
        },
        {"multimodal_vision": "blind", "fast_local": "sees"},
    )
    cards = {card.backend: card for card in examination.cards}
    assert (cards["sees"].pictures, cards["blind"].pictures) == (True, False)
    assert of(examination, "blind")["backend.pictures"] is Level.PROBLEM
    assert not examination.is_well
    for card in cards.values():
        assert (card.advertised, card.streams, card.usage_in_streams) == (True, True, True)
        assert card.context == 32_768


def test_a_model_that_calls_tools_and_stops_when_left(llama_servers: dict[str, LlamaServer], tmp_path: Path) -> None:
    code, endless = llama_servers["code_agent"], llama_servers["endless"]
    examination = examined(
        tmp_path,
        {
            "code": {"base_url": code.base_url, "model": code.model.name},
            "endless": {"base_url": endless.base_url, "model": endless.model.name},
        },
        {"code_agent": "code"},
    )
    cards = {card.backend: card for card in examination.cards}
    assert cards["code"].tools is True
    assert cards["endless"].stops_when_left is True
    assert of(examination, "code")["backend.tools"] is Level.FINE
    assert examination.is_well
    assert endless.busy_slots() == 0


def test_a_context_that_is_promised_and_not_there(llama_servers: dict[str, LlamaServer], tmp_path: Path) -> None:
    server = llama_servers["fast_local"]
    backend = {"base_url": server.base_url, "model": server.model.name, "max_context": 131_072}
    examination = examined(tmp_path, {"fast": backend}, {"fast_local": "fast"})
    assert of(examination, "fast")["backend.context"] is Level.PROBLEM
    (finding,) = [finding for finding in examination.findings if finding.code == "backend.context"]
    assert "32768" in finding.message
    assert finding.fix.startswith("Set max_context: 32768")


def test_a_model_of_another_name_and_a_server_that_is_not_there(
    llama_servers: dict[str, LlamaServer], tmp_path: Path
) -> None:
    server = llama_servers["fast_local"]
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        away = f"http://127.0.0.1:{nobody.getsockname()[1]}/v1"
        examination = examined(
            tmp_path,
            {"other": {"base_url": server.base_url, "model": "another"}, "away": {"base_url": away, "model": "m"}},
            {"fast_local": "other", "balanced_local": "away"},
        )
    assert of(examination, "away") == {"backend.unreachable": Level.PROBLEM}
    assert of(examination, "other")["backend.model"] in {Level.WARNING, Level.PROBLEM}
    assert [card.backend for card in examination.cards] == ["other"]
