"""Servers that refuse ``stream_options``: asked again without it, remembered, and the client never hears of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from model_router.config.proxy import Transport
from tests.faults import servers
from tests.faults.dialects import CHAT, COMPLETIONS, TRANSLATED, Dialect
from tests.faults.gateways import before
from tests.faults.servers import Behaviour

REFUSAL = b'{"error": {"message": "Unrecognized request argument supplied: stream_options"}}'


def refusing(then: Behaviour, code: str = "400 Bad Request", body: bytes = REFUSAL) -> Behaviour:
    async def answer(seen: servers.Seen, line: servers.Line) -> None:
        if "stream_options" in seen.json():
            await line.reply(body, code)
        else:
            await then(seen, line)

    return answer


def options(server: servers.FaultServer) -> list[Any]:
    return [seen.json().get("stream_options", "none") for seen in server.seen]


@pytest.mark.parametrize("dialect", [CHAT, COMPLETIONS, *TRANSLATED], ids=lambda dialect: dialect.name)
def test_they_are_remembered(tmp_path: Path, dialect: Dialect, transport: Transport) -> None:
    stream = servers.stream(dialect.begun, dialect.ended)
    with before(refusing(stream), tmp_path, backend=dialect.backend, proxy={"transport": transport}) as (running, one):
        for _ in range(3):
            response = dialect.ask(running)
            assert response.status_code == 200
            assert dialect.mark in response.text
        assert options(one) == [{"include_usage": True}, "none", "none", "none"]
        first, *others = running.events(3)
        assert (first.outcome, first.attempts, first.failures) == ("ok", 2, ())
        assert [event.attempts for event in others] == [1, 1]


def test_strict_validators_name_it_too(tmp_path: Path) -> None:
    body = b'{"detail": [{"type": "extra_forbidden", "loc": ["body", "stream_options"], "msg": "Extra inputs"}]}'
    with before(refusing(servers.good, "422 Unprocessable Entity", body), tmp_path) as (running, one):
        assert CHAT.ask(running).status_code == 200
        assert options(one) == [{"include_usage": True}, "none"]


def test_a_plain_answer_made_from_a_stream(tmp_path: Path) -> None:
    with before(refusing(servers.good), tmp_path, backend={"stream_plain": True}) as (running, one):
        assert running.ask().json()["choices"][0]["message"]["content"] == "one two"
        assert options(one) == [{"include_usage": True}, "none"]


def test_a_client_that_asks_for_counts_gets_the_answer_without_them(tmp_path: Path) -> None:
    with before(refusing(servers.good), tmp_path) as (running, one):
        for _ in range(2):
            response = running.ask(stream=True, stream_options={"include_usage": True})
            assert response.status_code == 200
        assert options(one) == [{"include_usage": True}, "none", "none"]


def test_other_refusals_are_the_client_s(tmp_path: Path) -> None:
    """Nothing is learned from them, and they are not tried again."""
    body = b'{"error": {"message": "temperature must be a number"}}'
    with before(servers.status("400 Bad Request", body), tmp_path) as (running, one):
        response = CHAT.ask(running)
        assert (response.status_code, response.content) == (400, body)
        assert len(one.seen) == 1
        assert running.gateway.backends["one"].abilities.takes_stream_options


def test_a_server_that_refuses_either_way_is_heard(tmp_path: Path) -> None:
    with before(servers.status("400 Bad Request", REFUSAL), tmp_path) as (running, one):
        response = CHAT.ask(running)
        assert (response.status_code, response.content) == (400, REFUSAL)
        assert len(one.seen) == 2
