"""A silent stream gets signs of life, which are no content and never stand inside an event."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import anthropic
import openai
import pytest

from model_router.config.proxy import Transport
from tests.faults import servers
from tests.faults.dialects import CHAT, EVERY, MESSAGES, Dialect, events_of
from tests.faults.gateways import config_for, serving
from tests.faults.servers import Behaviour, event

BEAT = 0.1
PAUSE = 0.35
"""Room for at least two signs of life, also on a busy machine."""


def signs(dialect: Dialect, text: str) -> int:
    """How many signs of life a stream has."""
    comments = [line for line in text.split("\n") if line.startswith(": ")]
    pings = [data for name, data in events_of(text) if name == "ping"]
    assert len(pings) == (len(comments) if dialect.path == "/v1/messages" else 0)
    assert all(data == {"type": "ping"} for data in pings)
    return len(comments)


def silent_at(place: str, dialect: Dialect) -> Behaviour:
    """A server that pauses once, at one place of its answer."""
    whole = (dialect.begun, dialect.ended)
    if place == "before the head":
        return servers.after(PAUSE, servers.stream(*whole))
    if place == "after the head":
        return servers.stream(*whole, before=PAUSE)
    return servers.stream(*whole, pause=PAUSE)


@pytest.mark.parametrize("place", ["before the head", "after the head", "between events"])
@pytest.mark.parametrize("dialect", EVERY, ids=lambda dialect: dialect.name)
def test_a_silence_is_filled(tmp_path: Path, dialect: Dialect, place: str) -> None:
    with servers.running(silent_at(place, dialect)) as backend:
        config = config_for(
            {"only": backend.base_url}, tmp_path, proxy={"keepalive_seconds": BEAT}, backend=dialect.backend
        )
        with serving(config) as running:
            response = dialect.ask(running)
            assert response.status_code == 200
            assert response.headers["content-type"].startswith("text/event-stream")
            assert response.headers["x-modelrouter-backend"] == "only"
            assert 2 <= signs(dialect, response.text) <= 4
            assert dialect.mark in response.text
            assert "one " in response.text
            (seen,) = running.events(1)
            assert (seen.outcome, seen.status, seen.attempts) == ("ok", 200, 1)


def test_no_sign_of_life_lands_inside_an_event(tmp_path: Path) -> None:
    """Not between an event's name and its data, not within a line, not before the blank line that ends it."""
    name, data = MESSAGES.begun.split(b"\n\n")[0].split(b"\n")
    rest = MESSAGES.begun.split(b"\n\n", 1)[1]
    pieces = (name + b"\n", data[:30], data[30:] + b"\n", b"\n", rest, MESSAGES.ended)
    with servers.running(servers.stream(*pieces, pause=0.25)) as backend:
        config = config_for(
            {"only": backend.base_url}, tmp_path, proxy={"keepalive_seconds": BEAT}, backend=MESSAGES.backend
        )
        with serving(config) as running:
            response = MESSAGES.ask(running)
            kinds = [kind for kind, _ in events_of(response.text) if kind != "ping"]
            assert kinds[0] == "message_start"
            assert kinds[-1] == "message_stop"
            assert signs(MESSAGES, response.text) >= 2


def test_a_blank_line_that_comes_by_itself_ends_its_event(tmp_path: Path) -> None:
    """Some servers write it apart; the silences behind it are filled as well."""
    pieces = (CHAT.begun[:-1], b"\n", CHAT.ended)
    with servers.running(servers.stream(*pieces, pause=PAUSE)) as backend:
        config = config_for({"only": backend.base_url}, tmp_path, proxy={"keepalive_seconds": BEAT})
        with serving(config) as running:
            before, _, after = CHAT.ask(running).text.partition("\n\n")
            assert "\n: " not in before
            assert signs(CHAT, after) >= 2


def test_another_backend_takes_over_behind_a_sign_of_life(tmp_path: Path, transport: Transport) -> None:
    with servers.running(servers.hang) as bad, servers.running(servers.good) as spare:
        config = config_for(
            {"bad": bad.base_url, "spare": spare.base_url},
            tmp_path,
            proxy={"keepalive_seconds": BEAT, "transport": transport},
            each={"bad": {"first_byte_timeout_seconds": PAUSE}},
        )
        with serving(config) as running:
            response = CHAT.ask(running)
            assert response.status_code == 200
            assert signs(CHAT, response.text) >= 2
            datas = [data for _, data in events_of(response.text)]
            assert datas[-1] == "[DONE]"
            assert [one["choices"][0]["delta"].get("content") for one in datas[:-1]] == ["one ", "two", None]
            (seen,) = running.events(1)
            assert (seen.outcome, seen.backend, seen.fallback) == ("ok", "spare", True)


@pytest.mark.parametrize("dialect", EVERY, ids=lambda dialect: dialect.name)
def test_when_all_fail_behind_it_one_error_ends_the_stream(tmp_path: Path, dialect: Dialect) -> None:
    with servers.running(servers.hang) as one, servers.running(servers.close_at_once) as two:
        config = config_for(
            {"one": one.base_url, "two": two.base_url},
            tmp_path,
            proxy={"keepalive_seconds": BEAT},
            backend={**dialect.backend, "first_byte_timeout_seconds": PAUSE, "retries": 0},
        )
        with serving(config) as running:
            response = dialect.ask(running)
            assert response.status_code == 200
            assert signs(dialect, response.text) >= 2
            text = dialect.error(response)
            assert "'one' did not begin its answer" in text
            assert "'two' broke the connection" in text
            assert len([name for name, _ in events_of(response.text) if name != "ping"]) == 1
            assert dialect.mark not in response.text
            (seen,) = running.events(1)
            assert (seen.outcome, seen.status, seen.attempts) == ("error", 502, 2)


def test_without_it_a_stream_stays_silent_until_there_is_something(tmp_path: Path) -> None:
    with servers.running(servers.after(PAUSE, servers.stream(CHAT.begun, CHAT.ended, pause=PAUSE))) as backend:
        config = config_for({"only": backend.base_url}, tmp_path, proxy={"keepalive_seconds": 0})
        with serving(config) as running:
            response = CHAT.ask(running)
            assert response.content == CHAT.begun + CHAT.ended


def test_a_plain_answer_gets_none(tmp_path: Path) -> None:
    with servers.running(servers.after(PAUSE, servers.good)) as backend:
        config = config_for({"only": backend.base_url}, tmp_path, proxy={"keepalive_seconds": BEAT})
        with serving(config) as running:
            assert running.ask().content == servers.completion("all well")


def test_a_server_that_does_not_stream_is_heard_behind_a_sign_of_life(tmp_path: Path) -> None:
    """Its plain answer becomes the stream that the client asked for, tool calls included."""
    call = {"id": "t", "type": "function", "function": {"name": "look", "arguments": "{}"}}
    choice = {"index": 0, "finish_reason": "tool_calls", "message": {"role": "assistant", "tool_calls": [call]}}
    body = json.dumps({"id": "c", "object": "chat.completion", "model": "m", "choices": [choice]}).encode()
    for wait in (0.0, PAUSE):
        with servers.running(servers.after(wait, servers.status("200 OK", body))) as backend:
            config = config_for({"only": backend.base_url}, tmp_path, proxy={"keepalive_seconds": BEAT})
            with serving(config) as running:
                response = CHAT.ask(running)
                (_, chunk), (_, mark) = events_of(response.text)
                assert mark == "[DONE]"
                assert chunk["object"] == "chat.completion.chunk"
                assert chunk["choices"][0]["delta"]["tool_calls"] == [{"index": 0, **call}]
                assert chunk["choices"][0]["finish_reason"] == "tool_calls"
                assert running.events(1)[0].outcome == "ok"


def test_the_clients_do_not_stumble_over_signs_of_life(tmp_path: Path) -> None:
    chat = servers.after(PAUSE, servers.stream(event("one "), event("two"), CHAT.ended, pause=PAUSE))
    with servers.running(chat) as backend:
        config = config_for(
            {"only": backend.base_url}, tmp_path, proxy={"keepalive_seconds": BEAT}, backend={"protocols": ("chat",)}
        )
        with (
            serving(config) as running,
            openai.OpenAI(base_url=running.gateway.address, api_key="none", max_retries=0) as sdk,
            anthropic.Anthropic(base_url=running.root, api_key="none", max_retries=0) as other,
        ):
            said: list[Any] = [{"role": "user", "content": "rewrite this text"}]
            pieces = list(sdk.chat.completions.create(model="auto", stream=True, messages=said))
            assert "".join(piece.choices[0].delta.content or "" for piece in pieces) == "one two"
            text = "".join(
                one.delta
                for one in sdk.responses.create(model="auto", input="rewrite this text", stream=True)
                if one.type == "response.output_text.delta"
            )
            assert text == "one two"
            with other.messages.stream(model="auto", max_tokens=9, messages=said) as stream:
                assert stream.get_final_text() == "one two"
