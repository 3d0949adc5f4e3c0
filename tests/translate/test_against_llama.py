"""A real llama.cpp server speaks all three protocols, so its own answers judge the translated ones."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import msgspec
import pytest

from model_router.server.translate import MESSAGES, RESPONSES, Translator
from tests.support.llama import LlamaServer
from tests.translate.clients import AnthropicReader, OpenAIReader

pytestmark = pytest.mark.llama

SCHEMA = {"type": "object", "properties": {"path": {"type": "string"}}}
MESSAGE_TOOL = {"name": "list_files", "description": "List a folder", "input_schema": SCHEMA}
RESPONSE_TOOL = {"type": "function", "name": "list_files", "description": "List a folder", "parameters": SCHEMA}


class Backend:
    """A llama.cpp server, asked in its own protocols or through a translator and its chat completions."""

    def __init__(self, server: LlamaServer) -> None:
        self._client = httpx.Client(base_url=server.base_url, trust_env=False, timeout=10)

    def close(self) -> None:
        self._client.close()

    def native(self, path: str, asked: dict[str, Any]) -> dict[str, Any]:
        return self._post(path, asked).json()

    def translated(self, translator: Translator, asked: dict[str, Any]) -> dict[str, Any]:
        chat = self._post("/chat/completions", translator.request(asked).fields).json()
        return translator.answer(chat, asked, asked["model"])

    def streamed(self, translator: Translator, asked: dict[str, Any]) -> bytes:
        fields = translator.request({**asked, "stream": True}).fields
        stream = translator.stream(asked, asked["model"])
        out = b""
        for line in self._post("/chat/completions", fields).content.splitlines():
            if line.startswith(b"data: {"):
                out += stream.chunk(msgspec.json.decode(line[6:]))
        assert stream.finished
        assert stream.usage is not None
        return out + stream.end()

    def _post(self, path: str, body: dict[str, Any]) -> httpx.Response:
        return self._client.post(path, content=msgspec.json.encode(body)).raise_for_status()


@pytest.fixture
def coder(llama_servers: dict[str, LlamaServer]) -> Iterator[Backend]:
    backend = Backend(llama_servers["code_agent"])
    yield backend
    backend.close()


MESSAGE_CASES: dict[str, dict[str, Any]] = {
    "words": {"messages": [{"role": "user", "content": "say something"}]},
    "system": {"system": [{"type": "text", "text": "Be brief."}], "messages": [{"role": "user", "content": "say it"}]},
    "cut": {"messages": [{"role": "user", "content": "say something"}], "max_tokens": 3},
    "call": {"messages": [{"role": "user", "content": "say something"}], "tools": [MESSAGE_TOOL]},
    "turn": {
        "messages": [
            {"role": "user", "content": "say something"},
            {
                "role": "assistant",
                "content": [{"type": "tool_use", "id": "t1", "name": "list_files", "input": {"path": "."}}],
            },
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t1", "content": "setup.py"}]},
        ],
        "tools": [MESSAGE_TOOL],
    },
}


@pytest.mark.parametrize("case", MESSAGE_CASES)
def test_messages(coder: Backend, claude: AnthropicReader, case: str) -> None:
    asked = {"model": "any", "max_tokens": 40, **MESSAGE_CASES[case]}
    own = coder.native("/messages", asked)
    for got in (
        claude.whole(coder.translated(MESSAGES, asked)),
        claude.streamed(coder.streamed(MESSAGES, asked)),
    ):
        assert got["stop_reason"] == own["stop_reason"]
        assert got["usage"]["output_tokens"] == own["usage"]["output_tokens"]
        assert _input_tokens(got["usage"]) == _input_tokens(own["usage"])
        assert _without_ids(got["content"]) == _without_ids(own["content"])
        assert got["content"]


RESPONSE_CASES: dict[str, dict[str, Any]] = {
    "words": {"input": "say something"},
    "instructions": {"input": [{"role": "user", "content": "say it"}], "instructions": "Be brief."},
    "call": {"input": "say something", "tools": [RESPONSE_TOOL]},
    "turn": {
        "input": [
            {"role": "user", "content": "say something"},
            {"type": "function_call", "call_id": "c1", "name": "list_files", "arguments": '{"path": "."}'},
            {"type": "function_call_output", "call_id": "c1", "output": "setup.py"},
        ],
        "tools": [RESPONSE_TOOL],
    },
}


@pytest.mark.parametrize("case", RESPONSE_CASES)
def test_responses(coder: Backend, codex: OpenAIReader, case: str) -> None:
    asked = {"model": "any", **RESPONSE_CASES[case]}
    own = coder.native("/responses", asked)
    for got in (
        codex.whole(coder.translated(RESPONSES, asked)),
        codex.streamed(coder.streamed(RESPONSES, asked)),
    ):
        assert got["status"] == own["status"] == "completed"
        for count in ("input_tokens", "output_tokens", "total_tokens"):
            assert got["usage"][count] == own["usage"][count]
        assert _without_ids(got["output"]) == _without_ids(own["output"])
        assert got["output"]


def test_a_response_that_is_cut_says_so_where_the_servers_own_protocol_does_not(
    coder: Backend, codex: OpenAIReader
) -> None:
    asked = {"model": "any", "input": "say something", "max_output_tokens": 3}
    for got in (
        codex.whole(coder.translated(RESPONSES, asked)),
        codex.streamed(coder.streamed(RESPONSES, asked)),
    ):
        assert got["incomplete_details"] == {"reason": "max_output_tokens"}
        assert got["output"][0]["content"][0]["text"] == "This answer was"


def test_pictures_reach_a_model_that_sees(
    llama_servers: dict[str, LlamaServer], claude: AnthropicReader, codex: OpenAIReader
) -> None:
    import base64

    from tests.support.pictures import as_data_url, red_square

    source = {"type": "base64", "media_type": "image/png", "data": base64.b64encode(red_square()).decode()}
    message = {
        "role": "user",
        "content": [{"type": "image", "source": source}, {"type": "text", "text": "what is it?"}],
    }
    item = {"role": "user", "content": [{"type": "input_image", "image_url": as_data_url(red_square())}]}
    backend = Backend(llama_servers["multimodal_vision"])
    blind = Backend(llama_servers["fast_local"])
    try:
        said = claude.whole(backend.translated(MESSAGES, {"model": "m", "max_tokens": 40, "messages": [message]}))
        assert said["content"][0]["text"] == "This answer was made by multimodal_vision."
        read = codex.whole(backend.translated(RESPONSES, {"model": "m", "input": [item]}))
        assert read["output"][0]["content"][0]["text"] == "This answer was made by multimodal_vision."
        with pytest.raises(httpx.HTTPStatusError):
            blind.translated(MESSAGES, {"model": "m", "max_tokens": 40, "messages": [message]})
    finally:
        backend.close()
        blind.close()


def _input_tokens(usage: dict[str, Any]) -> int:
    """All tokens that were read; which of them a cache had depends on who asked before."""
    return usage["input_tokens"] + usage.get("cache_read_input_tokens", 0)


def _without_ids(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_ids(item) for key, item in value.items() if key not in ("id", "call_id")}
    return [_without_ids(item) for item in value] if isinstance(value, list) else value
