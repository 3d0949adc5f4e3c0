"""``model-router serve`` as a service manager sees it: start, signals, exit codes."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest

from tests.support import llama
from tests.support.gateway_process import GatewayProcess, command, serving, wait_for
from tests.support.llama import LlamaServer, endless_model, engine_model
from tests.support.proxy_file import write_proxy_file

pytestmark = pytest.mark.llama

ASK: list[Any] = [{"role": "user", "content": "rewrite this text"}]
LONG: list[Any] = [{"role": "user", "content": "design a distributed task scheduler architecture"}]


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[dict[str, LlamaServer]]:
    if reason := llama.why_unavailable():
        pytest.skip(reason)
    folder = tmp_path / "models"
    folder.mkdir()
    with llama.running([engine_model("fast_local"), endless_model()], folder) as running:
        yield {"fast_local": running["model-of-fast_local"], "endless": running["endless"]}


@pytest.fixture
def own(servers: dict[str, LlamaServer], tmp_path: Path, free_port: int) -> Iterator[GatewayProcess]:
    """A gateway that the test may stop; hard questions go to the endless model."""
    engines = {"fast_local": "fast_local", "reasoning_local": "endless"}
    config = write_proxy_file(tmp_path, servers, port=free_port, engines=engines)
    with serving(config, free_port) as process:
        yield process


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_with_zero_and_every_event_is_on_disk(own: GatewayProcess, number: signal.Signals) -> None:
    with openai.OpenAI(base_url=own.base_url, api_key="none") as sdk:
        for _ in range(5):
            sdk.chat.completions.create(model="auto", messages=ASK)
        began = time.monotonic()
        assert own.interrupt(number) == 0, own.output.read_text()
        assert time.monotonic() - began < 3
    assert [event["outcome"] for event in own.events()] == ["ok"] * 5
    printed = own.output.read_text()
    assert own.address in printed
    assert str(own.events_file) in printed
    assert "Traceback" not in printed


def test_answers_under_way_are_finished_before_it_ends(own: GatewayProcess) -> None:
    with openai.OpenAI(base_url=own.base_url, api_key="none", max_retries=0) as sdk:
        with sdk.chat.completions.create(model="auto", messages=LONG, stream=True, max_tokens=2000) as stream:
            chunks = iter(stream)
            next(chunks)
            own.process.send_signal(signal.SIGTERM)
            rest = [choice for chunk in chunks for choice in chunk.choices]
        assert rest[-1].finish_reason == "length", "the answer was cut off"
        assert sum(bool(choice.delta.content) for choice in rest) > 1900
        with pytest.raises((openai.APIConnectionError, openai.InternalServerError)) as refused:
            sdk.chat.completions.create(model="auto", messages=ASK)
        assert getattr(refused.value, "status_code", 503) == 503, "it took a new request while stopping"
    assert own.process.wait(5) == 0
    (event,) = [one for one in own.events() if one["engine"]]
    assert (event["outcome"], event["engine"]) == ("ok", "reasoning_local")


def test_a_second_signal_ends_an_answer_that_has_no_end(own: GatewayProcess, servers: dict[str, LlamaServer]) -> None:
    with (
        openai.OpenAI(base_url=own.base_url, api_key="none", max_retries=0) as sdk,
        sdk.chat.completions.create(model="auto", messages=LONG, stream=True) as stream,
    ):
        next(iter(stream))
        own.process.send_signal(signal.SIGTERM)
        wait_for(lambda: "Stopping" in own.output.read_text(), within=3, what="word that it stops")
        own.process.send_signal(signal.SIGTERM)
        with pytest.raises((openai.APIError, httpx.TransportError)):
            list(stream)
    assert own.process.wait(3) == 0
    wait_for(lambda: servers["endless"].busy_slots() == 0, within=1, what="the slot free")


def test_a_port_in_use_is_one_sentence_and_exit_code_one(own: GatewayProcess, tmp_path: Path) -> None:
    second = subprocess.run(
        command("serve", "--config", str(tmp_path / "routing_proxy.yaml")),
        capture_output=True,
        text=True,
        timeout=15,
        check=False,
    )
    port = own.address.rpartition(":")[2]
    assert second.returncode == 1
    assert port in second.stderr
    assert "in use" in second.stderr
    assert "Traceback" not in second.stderr
    assert second.stdout == ""
    with openai.OpenAI(base_url=own.base_url, api_key="none") as sdk:
        assert sdk.chat.completions.create(model="auto", messages=ASK).choices[0].message.content
