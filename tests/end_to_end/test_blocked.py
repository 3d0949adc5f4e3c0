"""A risky request: one 409, one try, and no model server hears of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import openai
import pytest

from tests.support.gateway_process import GatewayProcess, wait_for
from tests.support.llama import ENGINES, LlamaServer

pytestmark = pytest.mark.llama

RISKY: list[Any] = [{"role": "user", "content": "drop the production database"}]


def risky(conversation: str) -> list[Any]:
    """The same wish in a conversation of its own: repeats within one are folded into one entry."""
    return [{"role": "system", "content": f"This is {conversation}."}, *RISKY]


def answers(servers: Mapping[str, LlamaServer]) -> int:
    return sum(servers[engine].answers_begun() for engine in ENGINES)


@pytest.mark.parametrize("stream", [False, True])
def test_the_sdk_tries_once_and_nothing_is_forwarded(
    gateway: GatewayProcess, llama_servers: dict[str, LlamaServer], stream: bool
) -> None:
    tries: list[object] = []
    before, written = answers(llama_servers), len(gateway.events())
    with (
        openai.DefaultHttpxClient(event_hooks={"request": [tries.append]}) as transport,
        openai.OpenAI(base_url=gateway.base_url, api_key="none", http_client=transport) as sdk,
    ):
        assert sdk.max_retries > 0, "the SDK would not retry anyway, so this test would say nothing"
        with pytest.raises(openai.ConflictError) as caught:
            sdk.chat.completions.create(model="auto", messages=risky(f"stream {stream}"), stream=stream)

    assert len(tries) == 1
    response = caught.value.response
    assert response.status_code == 409
    assert response.headers["x-should-retry"] == "false"
    assert response.headers["x-modelrouter-engine"] == "human_confirm"
    error = response.json()["error"]
    assert set(error) == {"message", "type", "code", "param"}
    request_id = response.headers["x-modelrouter-request-id"]
    assert request_id in error["message"]
    assert "destructive" in error["message"]
    assert answers(llama_servers) == before

    event = wait_for(
        lambda: next((one for one in gateway.events() if one["request_id"] == request_id), None),
        within=1.0,
        what="the blocked request in the event file",
    )
    assert (event["status"], event["outcome"], event["risk_class"]) == (409, "confirm", "destructive")
    assert event["attempts"] == 0
    assert event["backend"] == ""
    assert len(gateway.events()) == written + 1


def test_the_repeats_of_a_blocked_request_are_one_entry(gateway: GatewayProcess, client: openai.OpenAI) -> None:
    before = len(gateway.events())
    ids: set[str] = set()
    for _ in range(4):
        with pytest.raises(openai.ConflictError) as caught:
            client.chat.completions.create(model="auto", messages=risky("a client that retries"))
        ids.add(caught.value.response.headers["x-modelrouter-request-id"])
    assert len(ids) == 1
    client.chat.completions.create(model="auto", messages=[{"role": "user", "content": "rewrite this text"}])
    wait_for(lambda: gateway.events()[-1]["outcome"] == "ok", within=1.0, what="the request after them in the file")
    assert [event["outcome"] for event in gateway.events()[before:]] == ["confirm", "ok"]


def test_asking_how_it_is_done_is_answered(client: openai.OpenAI) -> None:
    messages: list[Any] = [{"role": "user", "content": "How do I drop a database in PostgreSQL?"}]
    assert (
        client.chat.completions.create(model="auto", messages=messages).choices[0].message.content or ""
    ).startswith("This answer was made by")


def test_the_next_turn_after_a_blocked_one_goes_through(client: openai.OpenAI) -> None:
    messages: list[Any] = [*RISKY, {"role": "user", "content": "rewrite this text"}]
    answer = client.chat.completions.create(model="auto", messages=messages)
    assert answer.choices[0].message.content == "This answer was made by fast_local."
