"""The gateway on Hypercorn's own HTTP/1.1, which serves when Hypercorn is built otherwise than expected."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import anthropic
import openai
import pytest
from hypercorn.asyncio import run

from tests.faults import servers
from tests.faults.dialects import EVERY, Dialect, signs_in
from tests.faults.gateways import before, config_for, serving

LIMIT = 0.3


@pytest.fixture(autouse=True)
def unexpected(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> Any:
    """A Hypercorn whose worker is no plain function; that it was noticed is checked afterwards."""
    own = run.worker_serve

    class Worker:
        async def __call__(self, *arguments: Any, **named: Any) -> None:
            await own(*arguments, **named)

    monkeypatch.setattr(run, "worker_serve", Worker())
    yield
    assert any("its own HTTP/1.1 is used" in record.message for record in caplog.get_records("call"))


def test_the_clients_are_served(tmp_path: Path) -> None:
    said: list[Any] = [{"role": "user", "content": "rewrite this text"}]
    with (
        before(servers.good, tmp_path, backend={"protocols": ("chat",)}) as (running, _),
        openai.OpenAI(base_url=running.gateway.address, api_key="none", max_retries=0) as sdk,
        anthropic.Anthropic(base_url=running.root, api_key="none", max_retries=0) as other,
    ):
        answer = sdk.chat.completions.create(model="auto", messages=said)
        assert answer.choices[0].message.content == "all well"
        pieces = list(sdk.chat.completions.create(model="auto", messages=said, stream=True))
        assert "".join(piece.choices[0].delta.content or "" for piece in pieces) == "one two"
        with other.messages.stream(model="auto", max_tokens=9, messages=said) as stream:
            assert stream.get_final_text() == "one two"
        assert {event.outcome for event in running.events(3)} == {"ok"}
        assert running.ask("drop the production database").status_code == 409
        assert running.client.get("/health").status_code == 200
        assert running.gateway.in_flight == 0


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
def test_a_client_that_leaves_frees_the_backend(tmp_path: Path, stream: bool) -> None:
    with before(servers.hang, tmp_path, proxy={"keepalive_seconds": 0.05}) as (running, one):
        line = running.connect(stream=stream)
        one.wait_seen()
        time.sleep(0.15)
        line.close()
        assert one.wait_left() < LIMIT
        (event,) = running.events(1)
        assert (event.outcome, event.status) == ("cancelled", 499)


@pytest.mark.parametrize("dialect", EVERY, ids=lambda dialect: dialect.name)
def test_streams_break_honestly(tmp_path: Path, dialect: Dialect) -> None:
    with before(servers.stream(dialect.begun, cut=True), tmp_path, backend=dialect.backend) as (running, _):
        response = dialect.ask(running)
        assert "in the middle of the answer" in dialect.error(response)
        assert dialect.mark not in response.text
        assert running.events(1)[0].outcome == "broken"


def test_a_silent_stream_gets_signs_of_life_and_another_backend(tmp_path: Path) -> None:
    with servers.running(servers.hang) as bad, servers.running(servers.good) as spare:
        config = config_for(
            {"bad": bad.base_url, "spare": spare.base_url},
            tmp_path,
            proxy={"keepalive_seconds": 0.1},
            each={"bad": {"first_byte_timeout_seconds": 0.35}},
        )
        with serving(config) as running:
            response = running.ask(stream=True)
            assert signs_in(response.text) >= 2
            assert response.text.endswith("[DONE]\n\n")
            assert running.events(1)[0].backend == "spare"


def test_a_body_that_is_too_large_is_refused(tmp_path: Path) -> None:
    with before(servers.good, tmp_path) as (running, one):
        response = running.post(b'{"messages": [' + b"1," * 40_000_000 + b"1]}")
        assert response.status_code == 413
        assert one.seen == []
