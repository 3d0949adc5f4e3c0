"""Bodies that no client should send: one sentence, the right status, and the gateway goes on."""

from __future__ import annotations

import errno
import json
import socket
from collections.abc import Iterator
from dataclasses import replace

import pytest

from model_router.config.proxy import LimitsConfig
from tests.faults import servers
from tests.faults.gateways import Running, config_for, serving

MEGABYTE = 1_000_000


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One gateway for all bodies: what one of them breaks, the next one shows."""
    with servers.running(servers.good) as backend:
        config = config_for({"only": backend.base_url}, tmp_path_factory.mktemp("bodies"))
        with serving(replace(config, limits=LimitsConfig(max_body_bytes=30 * MEGABYTE, max_depth=50))) as gateway:
            yield gateway


def message(text: str) -> bytes:
    return json.dumps({"model": "auto", "messages": [{"role": "user", "content": text}]}).encode()


BAD = [
    ("nothing", b"", "no body"),
    ("white space", b"  \n", "no body"),
    ("no JSON", b"model=auto", "not valid JSON"),
    ("half of it", b'{"model": "auto", "messages": [', "not valid JSON"),
    ("two values", b'{"messages": []} {}', "not valid JSON"),
    ("a list", b'[{"role": "user"}]', "must be a JSON object, not an array"),
    ("a string", b'"hello"', "not a string"),
    ("null", b"null", "not null"),
    ("a number", b"17", "not a number"),
    (
        "latin-1",
        '{"model": "auto", "messages": [{"role": "user", "content": "caf\xe9"}]}'.encode("latin-1"),
        "not UTF-8",
    ),
    ("UTF-16", '{"messages": []}'.encode("utf-16"), "not UTF-8"),
    ("no messages", b'{"model": "auto"}', "no messages"),
    ("null messages", b'{"messages": null}', "no messages"),
    ("no list of messages", b'{"messages": "hello"}', "must be a list of messages"),
    ("empty messages", b'{"messages": []}', "'messages' is empty"),
    ("a message that is no object", b'{"messages": [{"role": "user"}, 3]}', "'messages[1]' must be an object"),
    ("a stream that is no flag", b'{"stream": "yes", "messages": [{"role": "user", "content": "x"}]}', "true or false"),
    ("deep", b'{"messages": ' + b"[" * 60 + b"]" * 60 + b"}", "deeper than 50 levels"),
    ("very deep", b'{"messages": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "deeper than 50 levels"),
    ("deep and cut off", b'{"a":' * 200_000, "deeper than 50 levels"),
    ("deep and forgotten", b'{"messages": [], "x": ' + b'{"a":' * 60 + b"1" + b"}" * 61, "deeper than 50 levels"),
]


@pytest.mark.parametrize(("body", "words"), [case[1:] for case in BAD], ids=[case[0] for case in BAD])
def test_a_bad_body_gets_one_sentence(running: Running, body: bytes, words: str) -> None:
    response = running.post(body)
    assert response.status_code == 400
    error = response.json()["error"]
    assert words in error["message"]
    assert error["type"] == "invalid_request_error"
    assert error["code"]
    assert response.headers["x-modelrouter-request-id"].startswith("mr-")
    (event,) = running.events(1)
    assert (event.outcome, event.status) == ("error", 400)


def test_twenty_megabytes_pass_when_the_limit_allows_them(running: Running) -> None:
    padding = "x" * (20 * MEGABYTE)
    body = json.dumps({"messages": [{"role": "user", "content": "rewrite this text"}], "metadata": {"p": padding}})
    assert running.post(body.encode()).status_code == 200
    assert running.events(1)[0].estimated_tokens > 4_900_000


def test_more_than_the_limit_is_too_large(running: Running) -> None:
    response = running.post(message("x" * (31 * MEGABYTE)))
    assert response.status_code == 413
    assert "limits.max_body_bytes" in response.json()["error"]["message"]
    assert running.events(1)[0].status == 413


def test_more_than_the_limit_in_chunks_is_too_large(running: Running) -> None:
    response = running.client.post("/v1/chat/completions", content=iter([b"x" * MEGABYTE] * 31))
    assert response.status_code == 413
    assert running.events(1)[0].status == 413


def test_a_prompt_of_a_megabyte_is_routed(running: Running) -> None:
    words = "please rewrite this text so that it reads better. " * (MEGABYTE // 50)
    assert running.post(message(words)).status_code == 200
    assert running.events(1)[0].prompt_chars > 900_000


def test_half_a_surrogate_pair_is_mended(running: Running) -> None:
    body = rb'{"model": "auto", "messages": [{"role": "user", "content": "rewrite this text \ud83d"}]}'
    assert running.post(body).status_code == 200
    assert running.events(1)[0].outcome == "ok"


def test_a_turn_that_is_no_text_waits_for_a_person(running: Running) -> None:
    for content in ("17", '{"text": "drop the production database"}', "true"):
        response = running.post(b'{"messages": [{"role": "user", "content": %s}]}' % content.encode())
        assert response.status_code == 409
        assert "no text that can be read" in response.json()["error"]["message"]
    running.gateway.ring.drain()


@pytest.mark.parametrize(
    "head",
    [
        b"GARBAGE\r\n\r\n",
        b"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: -5\r\n\r\n",
        b"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nX: " + b"y" * 200_000 + b"\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    ],
    ids=["garbage", "length", "header", "TLS"],
)
def test_what_is_no_request_does_no_harm(running: Running, head: bytes) -> None:
    port = int(running.root.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=5) as line:
        line.sendall(head)
        _end_sending(line)
        try:
            answer = line.recv(1000)
        except ConnectionError:
            answer = b""
    assert not answer or answer.startswith((b"HTTP/1.1 4", b"HTTP/1.1 5"))
    assert running.ask().status_code == 200
    running.gateway.ring.drain()


def _end_sending(line: socket.socket) -> None:
    """Say that no more will come; the server may have closed the connection before."""
    try:
        line.shutdown(socket.SHUT_WR)
    except OSError as error:
        if error.errno != errno.ENOTCONN:
            raise
