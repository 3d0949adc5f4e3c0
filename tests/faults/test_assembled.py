"""Plain answers that the gateway makes from streams, so that a server stops when its client leaves."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import anthropic
import openai
import pytest

from model_router.config.proxy import Transport
from tests.faults import servers
from tests.faults.dialects import CHAT, COMPLETIONS, MESSAGES, NATIVE, RESPONSES, Dialect, named
from tests.faults.gateways import before, config_for, serving
from tests.faults.servers import DONE, SSE

CALLS = [
    {"id": "t1", "type": "function", "function": {"name": "look", "arguments": '{"at": "README.md"}'}},
    {"id": "t2", "type": "function", "function": {"name": "count", "arguments": '{"words": true}'}},
]
USAGE = {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10}
HEAD = {"id": "c", "created": 1, "model": "m", "system_fingerprint": "f"}
WHOLE = {
    **HEAD,
    "object": "chat.completion",
    "choices": [
        {
            "index": 0,
            "finish_reason": "tool_calls",
            "message": {
                "role": "assistant",
                "content": "I look.",
                "reasoning_content": "They want it read.",
                "tool_calls": CALLS,
            },
        }
    ],
    "usage": USAGE,
}


def chunk(delta: dict[str, Any], finish: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return b"data: " + json.dumps({**HEAD, "object": "chat.completion.chunk", "choices": [choice]}).encode() + b"\n\n"


def call_chunks() -> list[bytes]:
    """The tool calls, their arguments in pieces."""
    chunks: list[bytes] = []
    for index, call in enumerate(CALLS):
        function: Any = call["function"]
        given = function["arguments"]
        begun = {"index": index, **call, "function": {"name": function["name"], "arguments": ""}}
        chunks.append(chunk({"tool_calls": [begun]}))
        for piece in (given[:5], given[5:]):
            chunks.append(chunk({"tool_calls": [{"index": index, "function": {"arguments": piece}}]}))
    return chunks


async def both_ways(seen: servers.Seen, line: servers.Line) -> None:
    """The same answer, plain or as a stream; token counts in the stream only for those who ask."""
    asked = seen.json()
    if not asked.get("stream"):
        await line.reply(json.dumps(WHOLE).encode(), X_Own="kept")
        return
    await line.head(Content_Type=SSE, Transfer_Encoding="chunked", X_Own="kept")
    said = [chunk({"role": "assistant", "content": None})]
    said += [chunk({"reasoning_content": piece}) for piece in ("They want ", "it read.")]
    said += [chunk({"content": piece}) for piece in ("I ", "look.")]
    said += [*call_chunks(), chunk({}, "tool_calls")]
    if (asked.get("stream_options") or {}).get("include_usage"):
        said.append(b"data: " + json.dumps({**HEAD, "choices": [], "usage": USAGE}).encode() + b"\n\n")
    for piece in (*said, DONE):
        await line.chunk(piece)
    await line.send(b"0\r\n\r\n")


def test_it_is_the_same_as_the_server_s_own(tmp_path: Path, transport: Transport) -> None:
    """Content, thoughts, tool calls, counts, reason of the end, headers."""
    answers = []
    for made in (False, True):
        settings = {"backend": {"stream_plain": made}, "proxy": {"transport": transport}}
        with before(both_ways, tmp_path, **settings) as (running, one):
            response = running.ask()
            assert response.headers["content-type"] == "application/json"
            assert response.headers["x-own"] == "kept"
            assert one.seen[0].json().get("stream", False) is made
            (event,) = running.events(1)
            assert (event.outcome, event.stream) == ("ok", False)
            assert (event.prompt_tokens, event.completion_tokens) == (7, 3)
            answers.append(response.json())
    assert answers[0] == WHOLE
    assert answers[1] == WHOLE


def test_the_openai_client_reads_it(tmp_path: Path) -> None:
    with (
        before(both_ways, tmp_path, backend={"stream_plain": True}) as (running, _),
        openai.OpenAI(base_url=running.gateway.address, api_key="none", max_retries=0) as sdk,
    ):
        said: list[Any] = [{"role": "user", "content": "rewrite this text"}]
        answer = sdk.chat.completions.create(model="auto", messages=said)
        calls = answer.choices[0].message.tool_calls or []
        assert [call.function.name for call in calls if call.type == "function"] == ["look", "count"]
        assert answer.usage is not None
        assert answer.usage.total_tokens == 10


def test_a_translated_answer_is_made_from_a_stream_too(tmp_path: Path) -> None:
    with (
        before(both_ways, tmp_path, backend={"stream_plain": True, "protocols": ("chat",)}) as (running, one),
        anthropic.Anthropic(base_url=running.root, api_key="none", max_retries=0) as sdk,
    ):
        answer = sdk.messages.create(
            model="auto", max_tokens=9, messages=[{"role": "user", "content": "rewrite this text"}]
        )
        assert one.seen[0].json()["stream"] is True
        assert [block.type for block in answer.content] == ["text", "tool_use", "tool_use"]
        assert [block.input for block in answer.content if block.type == "tool_use"] == [
            {"at": "README.md"},
            {"words": True},
        ]
        assert (answer.stop_reason, answer.usage.output_tokens) == ("tool_use", 3)


@pytest.mark.parametrize("dialect", NATIVE, ids=lambda dialect: dialect.name)
def test_every_protocol_has_it(tmp_path: Path, dialect: Dialect) -> None:
    whole = servers.stream(dialect.begun, dialect.ended)
    with before(whole, tmp_path, backend={**dialect.backend, "stream_plain": True}) as (running, one):
        answer = running.client.post(dialect.path, json={"model": "auto", **dialect.body})
        assert answer.status_code == 200
        assert one.seen[0].json()["stream"] is True
        value = answer.json()
        if dialect is RESPONSES:
            assert value["status"] == "completed"
        elif dialect is MESSAGES:
            assert value["content"] == [{"type": "text", "text": "one "}]
            assert value["usage"] == {"input_tokens": 7, "output_tokens": 3}
        elif dialect is COMPLETIONS:
            assert value["choices"] == [{"index": 0, "text": "one ", "finish_reason": "stop"}]
        else:
            assert value["choices"][0]["message"] == {"role": "assistant", "content": "one "}


BROKEN = [
    ("a cut", CHAT.begun, True),
    ("no end", CHAT.begun, False),
    ("no JSON", CHAT.begun + b"data: {not json\n\n", False),
    ("an error", CHAT.begun + b'data: {"error": {"message": "out of memory", "code": 500}}\n\n' + DONE, False),
    ("an error first", b'event: error\ndata: {"code": 500, "message": "out of memory"}\n\n' + DONE, False),
    ("a choice that is none", b'data: {"choices": [3]}\n\n' + DONE, False),
    ("nothing", DONE, False),
]


@pytest.mark.parametrize(("text", "cut"), [case[1:] for case in BROKEN], ids=[case[0] for case in BROKEN])
def test_a_stream_that_breaks_is_no_answer_yet(tmp_path: Path, text: bytes, cut: bool) -> None:
    """Nothing has reached the client, so another backend takes over however late it breaks."""
    with servers.running(servers.stream(text, cut=cut)) as bad, servers.running(servers.good) as spare:
        config = config_for(
            {"bad": bad.base_url, "spare": spare.base_url},
            tmp_path,
            backend={"stream_plain": True, "retries": 0},
        )
        with serving(config) as running:
            response = running.ask()
            assert response.headers["x-modelrouter-backend"] == "spare"
            assert response.json()["choices"][0]["message"]["content"] == "one two"
            (event,) = running.events(1)
            assert (event.outcome, event.attempts, event.status) == ("ok", 2, 200)
            assert event.failures[0].startswith("'bad' ")


def test_a_mistake_of_the_client_that_comes_as_an_event_is_told_as_one(tmp_path: Path) -> None:
    error = {"error": {"message": "temperature must be a number", "code": 400, "type": "invalid_request_error"}}
    bad = servers.stream(b"data: " + json.dumps(error).encode() + b"\n\n")
    with servers.running(bad) as one, servers.running(servers.good) as spare:
        config = config_for({"one": one.base_url, "spare": spare.base_url}, tmp_path, backend={"stream_plain": True})
        with serving(config) as running:
            response = running.ask(temperature="hot")
            assert response.status_code == 400
            assert "temperature must be a number" in response.json()["error"]["message"]
            assert spare.seen == []


def test_a_server_that_answers_plainly_all_the_same(tmp_path: Path) -> None:
    with before(servers.status("200 OK", json.dumps(WHOLE).encode()), tmp_path, backend={"stream_plain": True}) as (
        running,
        _,
    ):
        assert running.ask().json() == WHOLE


def test_a_server_that_only_says_it_is_done_is_believed(tmp_path: Path) -> None:
    """Some send a finish reason and no end mark, and some cut the connection behind the end mark."""
    for pieces, cut in (((CHAT.begun, servers.event(None, "stop")), False), ((CHAT.begun, CHAT.ended), True)):
        with before(servers.stream(*pieces, cut=cut), tmp_path, backend={"stream_plain": True}) as (running, _):
            assert running.ask().json()["choices"][0]["message"]["content"] == "one "
            assert running.events(1)[0].outcome == "ok"


def test_llama_servers_get_it_without_a_setting(tmp_path: Path) -> None:
    """They say who they are in their first answer, and go on computing when the client of a plain one leaves."""

    async def llama(seen: servers.Seen, line: servers.Line) -> None:
        if seen.json().get("stream"):
            await servers.good(seen, line)
        else:
            await line.reply(servers.completion("all well"), Server="llama.cpp")

    with before(llama, tmp_path) as (running, one):
        assert running.ask().json()["choices"][0]["message"]["content"] == "all well"
        assert running.ask().json()["choices"][0]["message"]["content"] == "one two"
        assert [seen.json()["stream"] for seen in one.seen] == [False, True]


def test_an_answer_without_end_is_given_up(tmp_path: Path) -> None:
    """An event that never ends does not fill the memory."""

    async def endless(_seen: servers.Seen, line: servers.Line) -> None:
        await line.head(Content_Type=SSE, Transfer_Encoding="chunked")
        await line.chunk(CHAT.begun + b'data: {"x": "')
        for _ in range(80):
            await line.chunk(b"x" * 1_000_000)

    with before(endless, tmp_path, backend={"stream_plain": True, "retries": 0}) as (running, _):
        response = running.ask()
        assert response.status_code == 502
        assert "too long" in response.text


PING = named("ping")


def test_signs_of_life_of_the_server_are_no_content(tmp_path: Path) -> None:
    pieces = (b": reading\n\n", PING, MESSAGES.begun, PING, MESSAGES.ended)
    with before(servers.stream(*pieces), tmp_path, backend={**MESSAGES.backend, "stream_plain": True}) as (running, _):
        value = running.client.post(MESSAGES.path, json={"model": "auto", **MESSAGES.body}).json()
        assert value["content"] == [{"type": "text", "text": "one "}]
