"""The scripted models on real llama.cpp servers, without a gateway: what the end-to-end tests build on."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import openai
import pytest

from tests.support import llama
from tests.support.llama import LlamaServer
from tests.support.pictures import as_data_url, red_square

pytestmark = pytest.mark.llama

ASK: list[Any] = [{"role": "user", "content": "say something"}]
TOOLS: list[Any] = [
    {
        "type": "function",
        "function": {
            "name": "list_files",
            "description": "List a folder",
            "parameters": {"type": "object", "properties": {"path": {"type": "string"}}},
        },
    }
]


def client(server: LlamaServer) -> openai.OpenAI:
    return openai.OpenAI(base_url=server.base_url, api_key="none", max_retries=0, timeout=10)


@pytest.mark.parametrize("engine", llama.ENGINES)
def test_each_server_says_its_own_sentence(llama_servers: dict[str, LlamaServer], engine: str) -> None:
    server = llama_servers[engine]
    with client(server) as ask:
        answer = ask.chat.completions.create(model="any", messages=ASK)
        parts = list(ask.chat.completions.create(model="any", messages=ASK, stream=True))
    assert answer.choices[0].message.content == f"This answer was made by {engine}."
    assert "".join(part.choices[0].delta.content or "" for part in parts) == f"This answer was made by {engine}."
    assert answer.model == f"model-of-{engine}"


def test_the_coding_model_calls_its_tool_and_then_answers(llama_servers: dict[str, LlamaServer]) -> None:
    with client(llama_servers["code_agent"]) as ask:
        first = ask.chat.completions.create(model="any", messages=ASK, tools=TOOLS).choices[0]
        assert first.finish_reason == "tool_calls"
        assert first.message.tool_calls is not None
        (call,) = first.message.tool_calls
        assert call.type == "function"
        assert (call.function.name, call.function.arguments) == ("list_files", '{"path": "."}')
        result = {"role": "tool", "tool_call_id": call.id, "content": "setup.py"}
        turn = [*ASK, first.message.model_dump(exclude_none=True), result]
        second = ask.chat.completions.create(model="any", messages=turn, tools=TOOLS).choices[0]
    assert second.message.content == "This answer was made by code_agent."


def test_only_the_vision_model_takes_a_picture(llama_servers: dict[str, LlamaServer]) -> None:
    picture = {"type": "image_url", "image_url": {"url": as_data_url(red_square())}}
    messages: list[Any] = [{"role": "user", "content": [{"type": "text", "text": "what is this?"}, picture]}]
    with client(llama_servers["multimodal_vision"]) as ask:
        answer = ask.chat.completions.create(model="any", messages=messages)
    assert answer.choices[0].message.content == "This answer was made by multimodal_vision."
    with client(llama_servers["fast_local"]) as ask, pytest.raises(openai.APIStatusError, match="image"):
        ask.chat.completions.create(model="any", messages=messages)


def test_the_endless_model_talks_until_the_client_leaves(llama_servers: dict[str, LlamaServer]) -> None:
    server = llama_servers["endless"]
    with client(server) as ask, ask.chat.completions.create(model="any", messages=ASK, stream=True) as stream:
        for count, _ in enumerate(stream):
            if count == 300:
                break
        assert server.busy_slots() == 1
    deadline = time.monotonic() + 2
    while server.busy_slots() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert server.busy_slots() == 0


def test_servers_end_when_the_fixture_does(tmp_path: Path) -> None:
    if reason := llama.why_unavailable():
        pytest.skip(reason)
    with llama.running([llama.engine_model("fast_local")], tmp_path) as servers:
        server = servers["model-of-fast_local"]
        assert server.answers_begun() == 0
        with client(server) as ask:
            ask.chat.completions.create(model="any", messages=ASK)
        assert server.answers_begun() == 1
    assert server.process.poll() is not None


def test_a_server_that_cannot_start_is_named_with_its_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if reason := llama.why_unavailable():
        pytest.skip(reason)
    monkeypatch.setattr(
        llama, "write_scripted_gguf", lambda path, *_, **__: (path.write_bytes(b"GGUFnonsense"), path)[1]
    )
    with (
        pytest.raises(RuntimeError, match=r"llama-server ended with 1: \S"),
        llama.running([llama.engine_model("fast_local")], tmp_path),
    ):
        pass
