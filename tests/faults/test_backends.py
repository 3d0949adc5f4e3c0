"""What a misbehaving model server does to a request: one clear sentence, the right status, one event."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path

import httpx
import openai
import pytest

from model_router.config.proxy import BackendConfig
from tests.faults import servers
from tests.faults.dialects import CHAT, MESSAGES, NATIVE, TRANSLATED, Dialect
from tests.faults.gateways import Running, before, config_for, serving
from tests.faults.servers import Behaviour
from tests.support.ports import free_ports

FAILURES = [
    ("closes at once", servers.close_at_once, 502, "broke the connection"),
    ("closes half way", servers.close_half_way, 502, "broke the connection"),
    ("sends broken JSON", servers.broken_json, 502, "not JSON"),
    ("sends null", servers.status("200 OK", b"null"), 502, "no JSON object"),
    ("sends a list", servers.status("200 OK", b'[{"choices": []}]'), 502, "no JSON object"),
    (
        "redirects",
        servers.status("302 Found", Location="http://127.0.0.1:1/x"),
        502,
        "redirects to http://127.0.0.1:1/x",
    ),
    ("sends a huge header", servers.huge_header, 502, "did not speak HTTP"),
    ("speaks no HTTP", servers.no_http, 502, "did not speak HTTP as it should; check the port"),
    ("refuses the key", servers.status("401 Unauthorized", b"{}"), 502, "refused its key"),
    ("does not know the model", servers.status("404 Not Found", b"{}"), 502, "check base_url and model"),
    ("fails without a reason", servers.status("500 Internal Server Error", b"<html>"), 502, "answered HTTP 500"),
]


def sentence(response: httpx.Response) -> str:
    """The message of an error in OpenAI's shape."""
    error = response.json()["error"]
    assert set(error) == {"message", "type", "code", "param"}
    assert "\n" not in error["message"]
    return str(error["message"])


@pytest.mark.parametrize(
    ("behaviour", "status", "words"), [case[1:] for case in FAILURES], ids=[c[0] for c in FAILURES]
)
@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
def test_a_failing_backend_is_named_with_its_reason(
    tmp_path: Path, behaviour: Behaviour, status: int, words: str, stream: bool
) -> None:
    with servers.running(behaviour) as backend, serving(config_for({"only": backend.base_url}, tmp_path)) as running:
        response = running.ask(stream=stream)
        assert response.status_code == status
        assert "'only'" in sentence(response)
        assert words in sentence(response)
        (event,) = running.events(1)
        assert (event.outcome, event.status, event.backend) == ("error", status, "only")
        assert words in event.error
        assert running.client.get("/v1/models").status_code == 200


@pytest.mark.parametrize("behaviour", [case[1] for case in FAILURES], ids=[case[0] for case in FAILURES])
@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
def test_another_backend_takes_over_before_the_first_byte(tmp_path: Path, behaviour: Behaviour, stream: bool) -> None:
    """A connection that broke is worth one more try at the same backend; all else is not."""
    with servers.running(behaviour) as bad, servers.running(servers.good) as spare:
        config = config_for({"bad": bad.base_url, "spare": spare.base_url}, tmp_path)
        with serving(config) as running:
            response = running.ask(stream=stream)
            assert response.status_code == 200
            assert response.headers["x-modelrouter-backend"] == "spare"
            assert response.headers["x-modelrouter-fallback"] == "true"
            (event,) = running.events(1)
            tries = 3 if "broke the connection" in event.failures[0] else 2
            assert (event.outcome, event.attempts, event.fallback) == ("ok", tries, True)
            assert len(bad.seen) == tries - 1
            assert event.failures[0].startswith("'bad' ")


def test_a_refused_connection_is_told_and_fallen_back_from(tmp_path: Path) -> None:
    (port,) = free_ports(1)
    nobody = f"http://127.0.0.1:{port}/v1"
    with serving(config_for({"only": nobody}, tmp_path)) as running:
        response = running.ask()
        assert response.status_code == 502
        assert "start the server, or correct its base_url" in sentence(response)
    with (
        servers.running(servers.good) as spare,
        serving(config_for({"only": nobody, "spare": spare.base_url}, tmp_path)) as running,
    ):
        assert running.ask().json()["choices"][0]["message"]["content"] == "all well"


def test_every_failed_backend_is_named(tmp_path: Path) -> None:
    with (
        servers.running(servers.broken_json) as one,
        servers.running(servers.close_at_once) as two,
        serving(config_for({"one": one.base_url, "two": two.base_url}, tmp_path)) as running,
    ):
        text = sentence(running.ask())
        assert text.startswith("No backend answered: 'one' ")
        assert "'two' broke the connection" in text


def test_an_empty_stream_is_no_answer(tmp_path: Path) -> None:
    with (
        servers.running(servers.empty_stream) as backend,
        serving(config_for({"only": backend.base_url}, tmp_path)) as running,
    ):
        response = running.ask(stream=True)
        assert response.status_code == 502
        assert "without an answer" in sentence(response)


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
def test_a_silent_backend_times_out(tmp_path: Path, stream: bool) -> None:
    with servers.running(servers.hang) as backend:
        config = config_for({"only": backend.base_url}, tmp_path)
        config = replace(config, backends={"only": BackendConfig(backend.base_url, "m", timeout_seconds=0.3)})
        with serving(config) as running:
            response = running.ask(stream=stream)
            assert response.status_code == 504
            assert "timeout_seconds" in sentence(response)
            assert backend.wait_left() < 1


def test_a_rate_limit_is_passed_on_with_its_delay(tmp_path: Path) -> None:
    body = b'{"error": {"message": "slow down", "type": "rate", "code": null}}'
    busy = servers.status("429 Too Many Requests", body, Retry_After="7")
    with (
        servers.running(busy) as one,
        servers.running(busy) as two,
        serving(config_for({"one": one.base_url}, tmp_path)) as running,
    ):
        response = running.ask()
        assert (response.status_code, response.headers["retry-after"]) == (429, "7")
        assert response.json()["error"]["message"] == "slow down"
        with serving(config_for({"one": one.base_url, "two": two.base_url}, tmp_path)) as both:
            response = both.ask()
            assert (response.status_code, response.headers["retry-after"]) == (429, "7")
            assert "'one' answered HTTP 429 (slow down)" in sentence(response)


def test_the_servers_own_error_reaches_the_client_when_nobody_else_can_help(tmp_path: Path) -> None:
    body = b'{"error":{"code":500,"message":"image input is not supported","type":"server_error"}}'
    with (
        servers.running(servers.status("500 Internal Server Error", body)) as backend,
        serving(config_for({"only": backend.base_url}, tmp_path)) as running,
    ):
        response = running.ask()
        assert (response.status_code, response.content) == (500, body)
        (event,) = running.events(1)
        assert event.outcome == "error"
        assert "image input is not supported" in event.error


@pytest.mark.parametrize("dialect", NATIVE, ids=lambda dialect: dialect.name)
@pytest.mark.parametrize(
    "body",
    [
        b'{"error":{"code":400,"message":"too warm","type":"invalid_request_error"}}',
        b'{"type":"error","error":{"type":"invalid_request_error","message":"too warm"}}',
        b'{"error":"too warm"}',
        b'{"detail":"too warm"}',
        b'{"detail":[{"type":"less_than","loc":["body","temperature"],"msg":"too warm"}]}',
        b'{"object":"error","message":"too warm","code":400}',
    ],
    ids=["of OpenAI", "of Anthropic", "a text", "a detail", "details", "bare"],
)
def test_the_servers_own_error_has_the_shape_of_the_client_s_protocol(
    tmp_path: Path, dialect: Dialect, body: bytes
) -> None:
    """llama.cpp answers messages with errors of OpenAI's shape, Ollama and vLLM have shapes of their own."""
    failing = servers.status("400 Bad Request", body, X_Should_Retry="false")
    with before(failing, tmp_path, backend=dialect.backend) as (running, _):
        response = running.client.post(dialect.path, json={"model": "auto", **dialect.body})
        assert response.status_code == 400
        assert response.headers["x-should-retry"] == "false"
        value = response.json()
        assert "too warm" in value["error"]["message"]
        assert isinstance(value["error"]["type"], str)
        if dialect is MESSAGES:
            assert value["type"] == "error"


def test_a_mistake_in_the_request_is_not_tried_again(tmp_path: Path) -> None:
    body = b'{"error":{"message":"temperature must be a number","type":"invalid_request_error"}}'
    with (
        servers.running(servers.status("400 Bad Request", body)) as one,
        servers.running(servers.good) as two,
        serving(config_for({"one": one.base_url, "two": two.base_url}, tmp_path)) as running,
    ):
        response = running.ask(temperature="hot")
        assert (response.status_code, response.content) == (400, body)
        assert two.seen == []


def test_a_context_that_is_too_small_is_a_reason_to_try_the_next(tmp_path: Path) -> None:
    body = b'{"error":{"code":400,"type":"exceed_context_size_error","message":"too long","n_ctx":512}}'
    with (
        servers.running(servers.status("400 Bad Request", body)) as small,
        servers.running(servers.good) as large,
        serving(config_for({"small": small.base_url, "large": large.base_url}, tmp_path)) as running,
    ):
        assert running.ask().headers["x-modelrouter-backend"] == "large"
        with serving(config_for({"small": small.base_url}, tmp_path)) as alone:
            response = alone.ask()
            assert (response.status_code, response.json()["error"]["type"]) == (400, "exceed_context_size_error")


def events_of(response: httpx.Response) -> list[str]:
    """The data of each stream event."""
    return [line[6:] for line in response.text.split("\n") if line.startswith("data: ")]


@pytest.mark.parametrize("behaviour", [servers.stream_half_way, servers.unframed_stream_half_way])
def test_a_stream_that_breaks_ends_with_an_error_event_and_no_end_mark(tmp_path: Path, behaviour: Behaviour) -> None:
    with (
        servers.running(behaviour) as backend,
        servers.running(servers.good) as spare,
        serving(config_for({"only": backend.base_url, "spare": spare.base_url}, tmp_path)) as running,
    ):
        response = running.ask(stream=True)
        assert response.status_code == 200
        values = [json.loads(data) for data in events_of(response)]
        assert values[0]["choices"][0]["delta"]["content"] == "one "
        assert values[-1]["error"]["code"] == "upstream_broken"
        assert "in the middle of the answer" in values[-1]["error"]["message"]
        assert "[DONE]" not in response.text
        assert spare.seen == []
        (event,) = running.events(1)
        assert (event.outcome, event.status) == ("broken", 200)


def _at_once(*pieces: bytes) -> Behaviour:
    """A whole stream in one packet, its end too."""

    async def answer(_seen: servers.Seen, line: servers.Line) -> None:
        body = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces)
        head = f"HTTP/1.1 200 OK\r\nContent-Type: {servers.SSE}\r\nTransfer-Encoding: chunked\r\n\r\n"
        await line.send(head.encode() + body + b"0\r\n\r\n")

    return answer


@pytest.mark.parametrize(
    ("pieces", "words", "outcome"),
    [
        ((servers.event("one "), servers.event(None, "stop"), servers.DONE), ["one ", None, "[DONE]"], "ok"),
        ((servers.event("one ") + servers.event(None, "stop") + servers.DONE,), ["one ", None, "[DONE]"], "ok"),
        ((servers.event("one "), servers.event("two")), ["one ", "two", "upstream_broken"], "broken"),
        ((servers.event("one "), b'data: {"error": {"message": "no more"}}\n\n'), ["one ", "no more"], "broken"),
        ((servers.event("one "), b"data: nothing\n\n"), ["one ", "upstream_broken"], "broken"),
    ],
    ids=["events", "one chunk", "no end mark", "an error", "no JSON"],
)
def test_a_stream_that_comes_all_at_once_ends_as_honestly(
    tmp_path: Path, pieces: tuple[bytes, ...], words: list[str | None], outcome: str
) -> None:
    def word_of(data: str) -> str | None:
        if data == "[DONE]":
            return data
        value = json.loads(data)
        if "error" in value:
            return str(value["error"].get("code") or value["error"]["message"])
        word: str | None = value["choices"][0]["delta"].get("content")
        return word

    with (
        servers.running(_at_once(*pieces)) as backend,
        serving(config_for({"only": backend.base_url}, tmp_path)) as running,
    ):
        assert [word_of(data) for data in events_of(running.ask(stream=True))] == words
        assert running.events(1)[0].outcome == outcome


FILTERED = b'data: {"choices":[],"prompt_filter_results":[{"prompt_index":0}],"usage":null}\n\n'
COUNTS = b'data: {"choices":[],"usage":{"prompt_tokens":7,"completion_tokens":3}}\n\n'


@pytest.mark.parametrize("first", [FILTERED, FILTERED.replace(b'":', b'": ')], ids=["dense", "wide"])
def test_only_token_counts_are_hidden_not_what_comes_without_choices_and_without_counts(
    tmp_path: Path, first: bytes
) -> None:
    pieces = (first, servers.event("one "), servers.event(None, "stop"), COUNTS, servers.DONE)
    with before(_at_once(*pieces), tmp_path) as (running, _):
        assert running.ask(stream=True).content == b"".join(pieces).replace(COUNTS, b"")
        (event,) = running.events(1)
        assert (event.prompt_tokens, event.completion_tokens) == (7, 3)


@pytest.mark.parametrize("dialect", [CHAT, *TRANSLATED], ids=lambda dialect: dialect.name)
def test_an_event_of_nothing_in_front_is_no_fault(tmp_path: Path, dialect: Dialect) -> None:
    behaviour = _at_once(b"data: null\n\n", dialect.begun, dialect.ended)
    with before(behaviour, tmp_path, backend=dialect.backend) as (running, _):
        assert dialect.mark in dialect.ask(running).text
        assert running.events(1)[0].outcome == "ok"


def test_counts_beside_a_null_of_the_same_name_are_seen(tmp_path: Path) -> None:
    last = (
        b'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop","usage":null}],'
        b'"usage":{"prompt_tokens":7,"completion_tokens":3}}\n\n'
    )
    with before(_at_once(servers.event("one "), last, servers.DONE), tmp_path) as (running, _):
        assert last in running.ask(stream=True).content
        (event,) = running.events(1)
        assert (event.prompt_tokens, event.completion_tokens) == (7, 3)


def test_the_openai_client_sees_a_broken_stream_as_an_error(tmp_path: Path) -> None:
    with (
        servers.running(servers.stream_half_way) as backend,
        serving(config_for({"only": backend.base_url}, tmp_path)) as running,
        openai.OpenAI(base_url=running.gateway.address, api_key="none", max_retries=0) as client,
    ):
        words: list[str | None] = []
        stream = client.chat.completions.create(
            model="auto", stream=True, messages=[{"role": "user", "content": "rewrite this text"}]
        )
        with pytest.raises(openai.APIError, match="in the middle of the answer"):
            words.extend(piece.choices[0].delta.content for piece in stream)
        assert words == ["one ", "two "]


def test_broken_events_are_no_answer_and_the_gateway_lives(tmp_path: Path) -> None:
    with (
        servers.running(servers.broken_events) as backend,
        serving(config_for({"only": backend.base_url}, tmp_path)) as running,
    ):
        response = running.ask(stream=True)
        assert response.status_code == 502
        assert "sent an event that is not JSON" in sentence(response)
        assert running.events(1)[0].outcome == "error"
        assert running.client.get("/v1/models").status_code == 200


def test_an_address_that_cannot_be_used_is_told(tmp_path: Path) -> None:
    with serving(config_for({"only": "http://127.0.0.1:99999/v1"}, tmp_path)) as running:
        response = running.ask()
        assert response.status_code == 502
        assert "'only'" in sentence(response)


def test_many_failures_leave_nothing_behind(tmp_path: Path) -> None:
    with (
        servers.running(servers.stream_half_way) as backend,
        serving(config_for({"only": backend.base_url}, tmp_path)) as running,
    ):
        for _ in range(20):
            running.ask(stream=True)
        running.events(20)
        assert running.gateway.in_flight == 0
        _wait_idle(running)


def _wait_idle(running: Running) -> None:
    deadline = time.monotonic() + 2
    client = running.gateway.upstream._lean
    while client.connections != client.idle_connections:
        assert time.monotonic() < deadline
        time.sleep(0.01)
