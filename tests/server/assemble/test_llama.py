"""A real llama.cpp server says the same in a plain answer and in a stream that is put together again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from model_router.server.assemble import assembly_for, may_stream
from tests.support.llama import LlamaServer, ScriptedModel, running

pytestmark = pytest.mark.llama

ASK = [{"role": "user", "content": "say something"}]
SCHEMA = {"type": "object", "properties": {"path": {"type": "string"}}}
CHAT_TOOLS = [{"type": "function", "function": {"name": "list_files", "description": "List", "parameters": SCHEMA}}]
MESSAGES_TOOLS = [{"name": "list_files", "description": "List", "input_schema": SCHEMA}]
RESPONSES_TOOLS = [{"type": "function", "name": "list_files", "description": "List", "parameters": SCHEMA}]

PATHS = {
    "chat": "/chat/completions",
    "completions": "/completions",
    "messages": "/messages",
    "responses": "/responses",
}
FIGURES = frozenset({"id", "call_id", "created", "created_at", "completed_at", "timings"})
"""Names, times and how fast it went: never the same twice. They are there or not in both answers, though."""

REQUESTS: list[Any] = [
    ("chat", "fast_local", {"messages": ASK}),
    ("chat", "fast_local", {"messages": ASK, "n": 2, "logprobs": True, "top_logprobs": 2, "max_tokens": 3}),
    ("chat", "fast_local", {"messages": ASK, "stop": ["was"]}),
    ("chat", "fast_local", {"messages": ASK, "response_format": {"type": "json_object"}, "max_tokens": 2}),
    ("chat", "code_agent", {"messages": ASK, "tools": CHAT_TOOLS}),
    ("chat", "code_agent", {"messages": ASK, "tools": CHAT_TOOLS, "parallel_tool_calls": True, "n": 2}),
    ("completions", "fast_local", {"prompt": "say"}),
    ("completions", "fast_local", {"prompt": "say", "n": 2, "logprobs": 2, "max_tokens": 3}),
    ("completions", "fast_local", {"prompt": ["say", "hey"], "max_tokens": 3}),
    ("messages", "fast_local", {"messages": ASK, "max_tokens": 50}),
    ("messages", "fast_local", {"messages": ASK, "max_tokens": 3}),
    ("messages", "fast_local", {"messages": ASK, "max_tokens": 50, "stop_sequences": ["was"]}),
    ("messages", "code_agent", {"messages": ASK, "max_tokens": 50, "tools": MESSAGES_TOOLS}),
    ("responses", "fast_local", {"input": "say"}),
    ("responses", "fast_local", {"input": "say", "max_output_tokens": 3}),
    ("responses", "code_agent", {"input": "say", "tools": RESPONSES_TOOLS}),
    ("chat", "thinker", {"messages": ASK}),
    ("messages", "thinker", {"messages": ASK, "max_tokens": 50, "thinking": {"type": "enabled", "budget_tokens": 9}}),
    ("responses", "thinker", {"input": "say"}),
]


def lasting(value: Any) -> Any:
    """A value with only the names of its figures."""
    if isinstance(value, dict):
        return {name: ... if name in FIGURES else lasting(inner) for name, inner in value.items()}
    return [lasting(inner) for inner in value] if isinstance(value, list) else value


@pytest.fixture(scope="module")
def servers(
    llama_servers: dict[str, LlamaServer], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, LlamaServer]]:
    """The usual servers, and one whose model thinks."""
    thinker = ScriptedModel("thinker", "<think> Let me see </think> The answer is four.", thinks=True)
    with running([thinker], tmp_path_factory.mktemp("thinker")) as more:
        yield llama_servers | more


@pytest.mark.parametrize(
    ("protocol", "engine", "body"), REQUESTS, ids=[f"{p}-{'-'.join(body)}" for p, _, body in REQUESTS]
)
def test_plain_and_streamed_are_equal(
    servers: dict[str, LlamaServer], protocol: str, engine: str, body: dict[str, Any]
) -> None:
    url = servers[engine].base_url + PATHS[protocol]
    request = {**body, "temperature": 0, "seed": 1}
    streamed = {**request, "stream": True}
    if protocol in ("chat", "completions"):
        streamed["stream_options"] = {"include_usage": True}
    assembly = assembly_for(protocol)
    with httpx.Client(trust_env=False, timeout=10) as client:
        for _ in range(2):
            client.post(url, json=request)  # both slots have read the prompt, so the counts of cached tokens agree
        plain = client.post(url, json=request)
        with client.stream("POST", url, json=streamed) as stream:
            assert stream.headers["content-type"].startswith("text/event-stream")
            for line in stream.iter_lines():
                if line.startswith("data: "):
                    assembly.feed(line.removeprefix("data: ").encode())
    assert plain.status_code == 200
    answer = json.loads(assembly.answer())
    assert lasting(answer) == lasting(plain.json())


@pytest.mark.parametrize(("protocol", "body"), [(p, body) for p, engine, body in REQUESTS if engine == "fast_local"])
def test_nothing_comes_behind_the_end(
    llama_servers: dict[str, LlamaServer], protocol: str, body: dict[str, Any]
) -> None:
    """So the relay may stop reading there."""
    url = llama_servers["fast_local"].base_url + PATHS[protocol]
    text = httpx.post(url, json={**body, "stream": True}, trust_env=False).text
    assembly = assembly_for(protocol)
    for line in text.splitlines():
        if line.startswith("data: "):
            assert not assembly.complete
            assembly.feed(line.removeprefix("data: ").encode())
    assert assembly.complete


def test_tools_with_logprobs_are_the_one_thing_it_refuses_to_stream(llama_servers: dict[str, LlamaServer]) -> None:
    request = {"messages": ASK, "tools": CHAT_TOOLS, "logprobs": True}
    url = llama_servers["code_agent"].base_url + PATHS["chat"]
    assert httpx.post(url, json=request, trust_env=False).status_code == 200
    assert httpx.post(url, json={**request, "stream": True}, trust_env=False).status_code == 400
    assert not may_stream("chat", request)
    assert all(may_stream(protocol, body) for protocol, _, body in REQUESTS)
