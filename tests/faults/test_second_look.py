"""What came out when somebody looked at the gateway from outside: cookies, keys, endpoints that go, empty streams."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import anthropic
import pytest

from model_router.config.proxy import OverridesConfig, Transport
from tests.faults import servers
from tests.faults.gateways import config_for, serving
from tests.faults.servers import Line, Seen
from tests.support.ports import free_ports

KEY = "the-backends-own-key-9"


@pytest.mark.parametrize("transport", Transport)
def test_a_backends_cookie_is_sent_to_nobody(tmp_path: Path, transport: Transport) -> None:
    async def baking(_seen: Seen, line: Line) -> None:
        await line.reply(servers.completion("hi"), Set_Cookie="a=b")

    with servers.running(baking) as backend:
        config = config_for({"one": backend.base_url}, tmp_path)
        with serving(replace(config, proxy=replace(config.proxy, transport=transport))) as running:
            assert [running.ask().status_code for _ in range(2)] == [200, 200]
        assert all("cookie" not in seen.headers for seen in backend.seen)


def test_a_backends_key_stands_in_no_error(tmp_path: Path) -> None:
    body = b'{"error":{"message":"Incorrect key provided: %b","type":"invalid_request_error"}}' % KEY.encode()
    with servers.running(servers.status("400 Bad Request", body)) as backend:
        config = config_for({"one": backend.base_url}, tmp_path)
        config = replace(config, backends={"one": replace(config.backends["one"], api_key=KEY)})
        with serving(config) as running:
            response = running.ask()
            assert response.status_code == 400
            assert "[redacted: key]" in response.text
            assert KEY not in response.text
            assert KEY not in str(running.events(1)[0])


def test_an_endpoint_that_goes_is_translated_for(tmp_path: Path) -> None:
    """A server may be swapped for another under the same address."""
    has_messages = True

    async def behaviour(seen: Seen, line: Line) -> None:
        if "/messages" not in seen.path:
            await servers.good(seen, line)
        elif has_messages:
            await line.reply(b'{"error":{"message":"\'messages\' is required"}}', "400 Bad Request")
        else:
            await line.reply(b'{"error":{"message":"no such path"}}', "404 Not Found")

    ask: Any = {"model": "auto", "max_tokens": 9, "messages": [{"role": "user", "content": "rewrite this text"}]}
    with (
        servers.running(behaviour) as backend,
        serving(config_for({"one": backend.base_url}, tmp_path)) as running,
        anthropic.Anthropic(base_url=running.root, api_key="any", max_retries=0) as client,
    ):
        with pytest.raises(anthropic.BadRequestError):
            client.messages.create(**ask)
        has_messages = False
        assert client.messages.create(**ask).content[0].text == "all well"


@pytest.mark.parametrize("behaviour", [servers.empty_stream, servers.broken_events], ids=["empty", "broken"])
def test_a_stream_that_nobody_asked_for_has_to_be_an_answer(tmp_path: Path, behaviour: servers.Behaviour) -> None:
    with (
        servers.running(behaviour) as bad,
        servers.running(servers.good) as spare,
        serving(config_for({"bad": bad.base_url, "spare": spare.base_url}, tmp_path)) as running,
    ):
        response = running.ask()
        assert response.json()["choices"][0]["message"]["content"] == "all well"
        assert running.events(1)[0].failures[0].startswith("'bad' ")


def test_events_tell_when_a_backend_comes_to_rest(tmp_path: Path) -> None:
    (port,) = free_ports(1)
    with serving(config_for({"gone": f"http://127.0.0.1:{port}/v1"}, tmp_path)) as running:
        for _ in range(3):
            running.ask()
        told = [text for event in running.events(3) for text in event.breakers]
    assert len(told) == 1
    assert told[0].startswith("gone: closed -> open (")


def test_fields_of_generation_stay_out_of_embeddings(tmp_path: Path) -> None:
    with servers.running(servers.good) as backend:
        config = config_for({"one": backend.base_url}, tmp_path)
        overrides = OverridesConfig(set={"temperature": 0.2}, default={"top_p": 0.9}, max_tokens_cap=5)
        config = replace(config, backends={"one": replace(config.backends["one"], overrides=overrides)})
        with serving(config) as running:
            running.post(b'{"model": "auto", "input": "a text"}', "/v1/embeddings")
        assert backend.seen[0].json() == {"model": "m", "input": "a text"}


def test_anthropic_clients_read_anthropic_errors_everywhere(tmp_path: Path) -> None:
    with (
        servers.running(servers.good) as backend,
        serving(config_for({"one": backend.base_url}, tmp_path)) as running,
        anthropic.Anthropic(base_url=running.root, api_key="any", max_retries=0) as client,
        pytest.raises(anthropic.NotFoundError) as absent,
    ):
        client.models.retrieve("nope")
    body: Any = absent.value.body
    assert body["type"] == "error"
