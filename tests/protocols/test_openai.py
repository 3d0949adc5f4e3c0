"""OpenAI's own client on every endpoint, against servers that have it and against servers that have chat alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import openai
import pytest

from model_router.server.gateway import Gateway
from tests.protocols.conftest import TRANSLATED, answer_of
from tests.support.gateway_process import wait_for

pytestmark = pytest.mark.llama


@pytest.fixture
def client(gateway: Gateway) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=gateway.address, api_key="none", max_retries=0, timeout=20) as sdk:
        yield sdk


def test_responses_plain(client: openai.OpenAI, gateway: Gateway) -> None:
    raw = client.responses.with_raw_response.create(
        model="auto", instructions="Be brief.", input="fix the repo and run tests", store=False
    )
    response = raw.parse()
    assert response.output_text == answer_of("code_agent")
    assert (response.status, response.object, response.error) == ("completed", "response", None)
    assert response.usage is not None
    assert response.usage.output_tokens > 0
    assert raw.headers["x-modelrouter-engine"] == "code_agent"
    (live,) = wait_for(gateway.ring.drain, within=1, what="the event")
    assert (live.event.protocol, live.event.outcome) == ("responses", "ok")
    assert live.event.completion_tokens == response.usage.output_tokens


def test_responses_as_a_stream(client: openai.OpenAI, gateway: Gateway) -> None:
    kinds: list[str] = []
    text = ""
    for event in client.responses.create(model="auto", input="rewrite this text", stream=True):
        kinds.append(event.type)
        if event.type == "response.output_text.delta":
            text += event.delta
        elif event.type == "response.completed":
            assert event.response.output_text == text == answer_of("fast_local")
    assert kinds[0] == "response.created"
    assert kinds[-1] == "response.completed"
    (live,) = wait_for(gateway.ring.drain, within=1, what="the event")
    assert (live.event.outcome, live.event.stream) == ("ok", True)
    assert (live.event.completion_tokens or 0) > 0


def test_responses_through_the_client_s_own_accumulator(client: openai.OpenAI, way: str) -> None:
    if way != TRANSLATED:
        pytest.skip("llama.cpp's own events lack the indexes that the accumulator needs")
    with client.responses.stream(model="auto", input="rewrite this text") as stream:
        stream.until_done()
        assert stream.get_final_response().output_text == answer_of("fast_local")


def test_earlier_responses_are_not_kept_here(client: openai.OpenAI, way: str) -> None:
    if way != TRANSLATED:
        pytest.skip("a server that has the protocol answers for itself")
    with pytest.raises(openai.BadRequestError, match="previous_response_id"):
        client.responses.create(model="auto", input="rewrite this text", previous_response_id="resp_1")


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
def test_plain_completions(client: openai.OpenAI, way: str, stream: bool) -> None:
    if way == TRANSLATED:
        with pytest.raises(openai.NotFoundError, match="does not serve /v1/completions"):
            client.completions.create(model="auto", prompt="rewrite this text", stream=stream)
    elif stream:
        pieces = client.completions.create(model="auto", prompt="rewrite this text", max_tokens=40, stream=True)
        assert "".join(piece.choices[0].text for piece in pieces).strip() == answer_of("fast_local")
    else:
        answer = client.completions.create(model="auto", prompt="rewrite this text", max_tokens=40)
        assert answer.choices[0].text.strip() == answer_of("fast_local")


def test_embeddings_that_no_server_has_are_refused_and_not_retried(client: openai.OpenAI, way: str) -> None:
    with pytest.raises(openai.APIStatusError) as refused:
        client.embeddings.create(model="auto", input="a text")
    assert refused.value.status_code < 500
    assert "embeddings" in str(refused.value)


def test_token_counts_are_known_and_hidden_from_those_who_did_not_ask(client: openai.OpenAI, gateway: Gateway) -> None:
    ask: list[Any] = [{"role": "user", "content": "rewrite this text"}]
    quiet = list(client.chat.completions.create(model="auto", messages=ask, stream=True))
    assert all(piece.choices for piece in quiet)
    assert all(piece.usage is None for piece in quiet)
    (live,) = wait_for(gateway.ring.drain, within=1, what="the event")
    asked = list(
        client.chat.completions.create(model="auto", messages=ask, stream=True, stream_options={"include_usage": True})
    )
    assert asked[-1].choices == []
    assert asked[-1].usage is not None
    assert live.event.completion_tokens == asked[-1].usage.completion_tokens > 0


def test_engines_by_name_within_the_safety_rules(client: openai.OpenAI) -> None:
    ask: list[Any] = [{"role": "user", "content": "rewrite this text"}]
    forced = client.chat.completions.create(model="model-router/code_agent", messages=ask)
    assert forced.choices[0].message.content == answer_of("code_agent")
    with pytest.raises(openai.NotFoundError, match="model-router/code_agent"):
        client.chat.completions.create(model="model-router/nobody", messages=ask)
    risky: list[Any] = [{"role": "user", "content": "drop the production database"}]
    with pytest.raises(openai.ConflictError):
        client.chat.completions.create(model="model-router/code_agent", messages=risky)


def test_abilities_and_context_are_listed(client: openai.OpenAI, gateway: Gateway) -> None:
    httpx.get(gateway.address.removesuffix("/v1") + "/health", trust_env=False)  # the servers tell their context
    listed: Any = client.models.retrieve("model-router")
    assert listed.context_length == max(backend.context or 0 for backend in gateway.backends.values()) > 1000
    assert listed.capabilities == {"tools": True, "vision": True, "image_generation": True}
    assert client.models.retrieve("model-router/code_agent").capabilities["vision"] is False  # type: ignore[attr-defined] - ours
