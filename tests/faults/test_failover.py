"""Before the first byte of content the next backend takes over, whatever went wrong and in whatever protocol."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from model_router.config.proxy import Transport
from tests.faults import servers
from tests.faults.dialects import CHAT, EVERY, MESSAGES, Dialect, events_of, named
from tests.faults.gateways import config_for, serving
from tests.faults.servers import SSE, Behaviour, event
from tests.support.ports import free_ports


def error_event(error: Any, name: str = "") -> bytes:
    """An error as the first event of a stream, with or without a name."""
    return (f"event: {name}\n" if name else "").encode() + b"data: " + json.dumps(error).encode() + b"\n\n"


BARE = {"code": 500, "message": "out of memory", "type": "server_error"}
FIRST = [
    ("an error object", error_event({"error": {"message": "out of memory"}})),
    ("an error in words", error_event({"error": "out of memory"})),
    ("a named bare error", error_event(BARE, "error")),
    ("a bare error", error_event(BARE)),
    ("Anthropic's error", error_event({"type": "error", "error": {"type": "api_error", "message": "no"}}, "error")),
    ("an error behind a comment", b": busy\n\n" + error_event(BARE, "error")),
    ("an error behind a ping", named("ping") + error_event(BARE, "error")),
    ("an end mark and nothing else", b"data: [DONE]\n\n"),
    ("comments and nothing else", b": one\n\n: two\n\n"),
    ("half an event", b'data: {"id": "c", "cho'),
    ("half an event and its name", b'event: message_start\ndata: {"type": "mess'),
]


@pytest.mark.parametrize("first", [case[1] for case in FIRST], ids=[case[0] for case in FIRST])
@pytest.mark.parametrize("cut", [False, True], ids=["ended", "cut"])
def test_what_comes_in_the_place_of_content_is_no_answer(tmp_path: Path, first: bytes, cut: bool) -> None:
    bad = servers.stream(first, cut=cut)
    with servers.running(bad) as one, servers.running(servers.good) as spare:
        config = config_for({"one": one.base_url, "spare": spare.base_url}, tmp_path, backend={"retries": 0})
        with serving(config) as running:
            response = CHAT.ask(running)
            assert response.headers["x-modelrouter-backend"] == "spare"
            assert events_of(response.text)[-1][1] == "[DONE]"
            (seen,) = running.events(1)
            assert (seen.outcome, seen.attempts, len(seen.failures)) == ("ok", 2, 1)


@pytest.mark.parametrize("dialect", EVERY, ids=lambda dialect: dialect.name)
def test_an_error_that_comes_in_pieces_is_still_one(tmp_path: Path, dialect: Dialect, transport: Transport) -> None:
    text = error_event(BARE, "error")
    bad = servers.stream(text[:9], text[9:30], text[30:], dialect.ended, pause=0.03)
    good = servers.stream(dialect.begun, dialect.ended)
    with servers.running(bad) as one, servers.running(good) as spare:
        config = config_for(
            {"one": one.base_url, "spare": spare.base_url},
            tmp_path,
            proxy={"transport": transport},
            backend=dialect.backend,
        )
        with serving(config) as running:
            response = dialect.ask(running)
            assert response.headers["x-modelrouter-backend"] == "spare"
            assert "out of memory" not in response.text
            assert dialect.mark in response.text
            assert running.events(1)[0].failures == ("'one' answered with an error (out of memory)",)


@pytest.mark.parametrize(
    "behaviour",
    [
        servers.status("500 Internal Server Error", b"{}"),
        servers.status("503 Service Unavailable", b"{}", Retry_After="60"),
        servers.status("429 Too Many Requests", b"{}", Retry_After="60"),
        servers.status("529 Overloaded", b"{}", Retry_After="60"),
        servers.status("401 Unauthorized", b"{}"),
        servers.status("200 OK", b'{"error": "Unexpected endpoint or method. (POST /v1/messages)"}'),
        servers.status("200 OK", b"<html>", Content_Type="text/html"),
        servers.status("200 OK", b""),
        servers.close_at_once,
        servers.hang,
        servers.no_http,
    ],
    ids=["500", "503", "429", "529", "401", "error with 200", "a page", "nothing", "cut", "silence", "no HTTP"],
)
@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
@pytest.mark.parametrize("dialect", [CHAT, MESSAGES], ids=lambda dialect: dialect.name)
def test_the_next_backend_answers(
    tmp_path: Path, behaviour: Behaviour, stream: bool, dialect: Dialect, transport: Transport
) -> None:
    whole = servers.status("200 OK", b'{"type": "message", "choices": []}')
    good = servers.stream(dialect.begun, dialect.ended) if stream else whole
    with servers.running(behaviour) as bad, servers.running(good) as spare:
        config = config_for(
            {"bad": bad.base_url, "spare": spare.base_url},
            tmp_path,
            proxy={"transport": transport},
            backend={"retries": 0, **dialect.backend},
            each={"bad": {"first_byte_timeout_seconds": 0.3}},
        )
        with serving(config) as running:
            response = running.client.post(dialect.path, json={"model": "auto", "stream": stream, **dialect.body})
            assert response.status_code == 200
            assert response.headers["x-modelrouter-backend"] == "spare"
            assert response.headers["x-modelrouter-fallback"] == "true"
            (seen,) = running.events(1)
            assert (seen.outcome, seen.attempts, seen.fallback) == ("ok", 2, True)
            (failure,) = seen.failures
            assert failure.startswith("'bad' ")


def too_long(needs: int, limit: int) -> Behaviour:
    """llama.cpp's word for a prompt that does not fit."""
    error = {
        "code": 400,
        "type": "exceed_context_size_error",
        "message": "the request exceeds the available context size",
        "n_prompt_tokens": needs,
        "n_ctx": limit,
    }
    return servers.status("400 Bad Request", json.dumps({"error": error}).encode())


@pytest.mark.parametrize("as_event", [False, True], ids=["as a status", "as an event"])
def test_what_is_too_long_goes_to_a_larger_context_only(tmp_path: Path, as_event: bool) -> None:
    error = {"code": 400, "type": "exceed_context_size_error", "n_prompt_tokens": 900, "n_ctx": 512}
    first = too_long(900, 512)
    if as_event:
        first = servers.stream(error_event({"error": error}))
    with (
        servers.running(first) as small,
        servers.running(servers.good) as same,
        servers.running(servers.good) as large,
    ):
        urls = {"small": small.base_url, "same": same.base_url, "large": large.base_url}
        each = {"small": {"max_context": 800}, "same": {"max_context": 850}, "large": {"max_context": 4096}}
        with serving(config_for(urls, tmp_path, each=each)) as running:
            assert CHAT.ask(running).headers["x-modelrouter-backend"] == "large"
            assert same.seen == []
            assert len(small.seen) == 1
        with serving(config_for({"small": urls["small"], "same": urls["same"]}, tmp_path, each=each)) as running:
            response = CHAT.ask(running)
            assert response.status_code == 400
            assert same.seen == []


def test_a_server_that_is_not_there_is_passed_over(tmp_path: Path, transport: Transport) -> None:
    (port,) = free_ports(1)
    with servers.running(servers.good) as spare:
        urls = {"gone": f"http://127.0.0.1:{port}/v1", "spare": spare.base_url}
        with serving(config_for(urls, tmp_path, proxy={"transport": transport})) as running:
            for stream in (False, True):
                assert running.ask(stream=stream).headers["x-modelrouter-backend"] == "spare"
            assert [seen.attempts for seen in running.events(2)] == [2, 2]


def test_a_stream_that_is_compressed_against_the_wish_is_passed_over(tmp_path: Path) -> None:
    async def compressed(_seen: servers.Seen, line: servers.Line) -> None:
        await line.reply(b"\x1f\x8b\x08", Content_Type=SSE, Content_Encoding="gzip")

    with (
        servers.running(compressed) as bad,
        servers.running(servers.good) as spare,
        serving(config_for({"bad": bad.base_url, "spare": spare.base_url}, tmp_path)) as running,
    ):
        assert CHAT.ask(running).headers["x-modelrouter-backend"] == "spare"
        assert bad.seen[0].headers["accept-encoding"] == "identity"


MIDDLE = [
    ("a cut", b"", True),
    ("a cut within a line", b'data: {"id": "c", "cho', True),
    ("a cut behind a name", b"event: message_delta\n", True),
    ("an end without a word", b"", False),
    ("no JSON", b"data: {not json\n\n", False),
    ("an error object", error_event({"error": {"message": "out of memory", "code": 500}}), False),
    ("an error in words", error_event({"error": "out of memory"}), False),
    ("a named bare error", error_event(BARE, "error"), False),
    ("Anthropic's error", error_event({"type": "error", "error": {"type": "x", "message": "no"}}, "error"), False),
]


@pytest.mark.parametrize(("then", "cut"), [case[1:] for case in MIDDLE], ids=[case[0] for case in MIDDLE])
@pytest.mark.parametrize("dialect", EVERY, ids=lambda dialect: dialect.name)
def test_after_content_an_error_ends_the_stream_and_no_end_mark(
    tmp_path: Path, dialect: Dialect, then: bytes, cut: bool
) -> None:
    """Neither another backend nor a false end: also when the server itself sends one behind its error."""
    behind = (dialect.ended,) if then and not cut else ()
    bad = servers.stream(dialect.begun, *((then,) if then else ()), *behind, pause=0.02, cut=cut)
    with servers.running(bad) as one, servers.running(servers.good) as spare:
        config = config_for({"one": one.base_url, "spare": spare.base_url}, tmp_path, backend=dialect.backend)
        with serving(config) as running:
            response = dialect.ask(running)
            assert response.status_code == 200
            assert dialect.error(response)
            assert "one " in response.text
            assert dialect.mark not in response.text
            assert spare.seen == []
            (seen,) = running.events(1)
            assert (seen.outcome, seen.status, seen.attempts) == ("broken", 200, 1)
            assert "in the middle of the answer" in seen.error
            assert seen.error.startswith("Backend 'one' failed ")


def test_an_error_in_the_client_s_own_protocol_keeps_its_words_and_kind(tmp_path: Path) -> None:
    """Clients choose by the kind whether they try again."""
    error = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
    bad = servers.stream(MESSAGES.begun, error_event(error, "error"), pause=0.02)
    with (
        servers.running(bad) as one,
        serving(config_for({"one": one.base_url}, tmp_path, backend=MESSAGES.backend)) as running,
    ):
        assert events_of(MESSAGES.ask(running).text)[-1] == ("error", error)
        assert "Overloaded" in running.events(1)[0].error


def test_words_about_errors_are_no_errors(tmp_path: Path) -> None:
    said = 'data: {"error": {"message": "x"}} and {"code": 1, "message": "y"}'
    with (
        servers.running(servers.stream(event(said), event(said), CHAT.ended)) as one,
        serving(config_for({"one": one.base_url}, tmp_path)) as running,
    ):
        datas = [data for _, data in events_of(CHAT.ask(running).text)]
        assert [data["choices"][0]["delta"].get("content") for data in datas[:2]] == [said, said]
        assert datas[-1] == "[DONE]"
        assert running.events(1)[0].outcome == "ok"
