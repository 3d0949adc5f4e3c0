"""Anthropic's own client, against servers that speak its protocol and against servers that do not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import anthropic
import pytest

from model_router.server.gateway import Gateway
from tests.protocols.conftest import TRANSLATED, answer_of
from tests.support.gateway_process import wait_for

pytestmark = pytest.mark.llama


def said(text: str) -> list[Any]:
    return [{"role": "user", "content": text}]


@pytest.fixture
def client(gateway: Gateway) -> Iterator[anthropic.Anthropic]:
    base = gateway.address.removesuffix("/v1")
    with anthropic.Anthropic(base_url=base, api_key="none", max_retries=0, timeout=20) as sdk:
        yield sdk


def test_a_plain_answer(client: anthropic.Anthropic, gateway: Gateway, way: str) -> None:
    raw = client.messages.with_raw_response.create(
        model="auto", max_tokens=64, system="Be brief.", messages=said("fix the repo and run tests")
    )
    message = raw.parse()
    assert [block.type for block in message.content] == ["text"]
    assert message.content[0].text == answer_of("code_agent")  # type: ignore[union-attr] - the type stands above
    assert (message.role, message.stop_reason, message.type) == ("assistant", "end_turn", "message")
    assert message.usage.input_tokens > 0
    assert message.usage.output_tokens > 0
    assert raw.headers["x-modelrouter-engine"] == "code_agent"
    (live,) = wait_for(gateway.ring.drain, within=1, what="the event")
    event = live.event
    assert (event.protocol, event.outcome, event.kind) == ("messages", "ok", "main")
    assert event.completion_tokens == message.usage.output_tokens
    assert event.prompt_tokens == message.usage.input_tokens + (message.usage.cache_read_input_tokens or 0)


def test_a_stream(client: anthropic.Anthropic, gateway: Gateway) -> None:
    pieces: list[str] = []
    kinds: list[str] = []
    with client.messages.stream(model="auto", max_tokens=64, messages=said("rewrite this text")) as stream:
        for event in stream:
            kinds.append(event.type)
            if event.type == "text":
                pieces.append(event.text)
        message = stream.get_final_message()
    assert "".join(pieces) == message.content[0].text == answer_of("fast_local")  # type: ignore[union-attr] - a text
    assert kinds[0] == "message_start"
    assert kinds[-1] == "message_stop"
    assert message.stop_reason == "end_turn"
    (live,) = wait_for(gateway.ring.drain, within=1, what="the event")
    assert (live.event.outcome, live.event.stream) == ("ok", True)
    assert live.event.completion_tokens == message.usage.output_tokens > 0


def test_tokens_are_counted_or_estimated(client: anthropic.Anthropic, way: str) -> None:
    few = client.messages.count_tokens(model="auto", messages=said("hello"))
    many = client.messages.count_tokens(model="auto", messages=said("hello " * 400))
    assert 0 < few.input_tokens < 200
    assert many.input_tokens > (400 if way == TRANSLATED else few.input_tokens)


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
def test_a_risky_order_is_told_in_the_protocol_s_own_shape(client: anthropic.Anthropic, stream: bool) -> None:
    with pytest.raises(anthropic.APIStatusError, match="person has to confirm") as refused:
        client.messages.create(model="auto", max_tokens=9, messages=said("drop the production database"), stream=stream)
    assert refused.value.status_code == 409
    assert refused.value.response.headers["x-should-retry"] == "false"
    body: Any = refused.value.body
    assert body["type"] == "error"
    assert body["error"]["type"] == "invalid_request_error"


def test_models_are_listed_as_anthropic_lists_them(client: anthropic.Anthropic) -> None:
    (model,) = client.models.list().data
    assert (model.id, model.type, model.display_name) == ("model-router", "model", "model-router")
    assert client.models.retrieve("model-router").created_at.year >= 2024


def test_what_cannot_be_read_is_refused_in_anthropic_s_shape(client: anthropic.Anthropic) -> None:
    with pytest.raises(anthropic.BadRequestError, match="'messages'"):
        client.messages.create(model="auto", max_tokens=9, messages=3)  # type: ignore[arg-type] - on purpose
