"""Model servers that die: the next one answers when no byte was sent yet, and an honest error comes afterwards."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import openai
import pytest
from openai.types.chat import ChatCompletionChunk

from model_router.config.proxy import ProxyConfig
from model_router.config.proxy_file import load_proxy
from model_router.server.events import RequestEvent
from model_router.server.gateway import Gateway
from tests.support import llama
from tests.support.gateway_process import wait_for
from tests.support.llama import LlamaServer, endless_model, engine_model
from tests.support.proxy_file import backend_of, write_proxy_file

pytestmark = pytest.mark.llama

ASK: list[Any] = [{"role": "user", "content": "rewrite this text"}]
LONG: list[Any] = [{"role": "user", "content": "design a distributed task scheduler architecture"}]


@pytest.fixture
def mortal(tmp_path: Path) -> Iterator[dict[str, LlamaServer]]:
    """Three servers of this test's own, to be killed."""
    if reason := llama.why_unavailable():
        pytest.skip(reason)
    folder = tmp_path / "models"
    folder.mkdir()
    models = {
        "fast_local": engine_model("fast_local"),
        "balanced_local": engine_model("balanced_local"),
        "endless": endless_model(),
    }
    with llama.running(list(models.values()), folder) as servers:
        yield {key: servers[model.name] for key, model in models.items()}


@pytest.fixture
def gateway(
    mortal: dict[str, LlamaServer], serve_in_thread: Callable[[ProxyConfig], Gateway], tmp_path: Path
) -> Gateway:
    file = write_proxy_file(
        tmp_path,
        mortal,
        engines={"fast_local": "fast_local", "balanced_local": "balanced_local", "reasoning_local": "endless"},
        fallbacks={"fast_local": ["balanced_local"]},
        backend={"timeout_seconds": 1.0},
    )
    return serve_in_thread(load_proxy(file))


@pytest.fixture
def sdk(gateway: Gateway) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=gateway.address, api_key="none", max_retries=0, timeout=10) as client:
        yield client


@pytest.mark.parametrize("stream", [False, True])
def test_the_next_server_answers_for_one_that_died(
    gateway: Gateway, sdk: openai.OpenAI, mortal: dict[str, LlamaServer], stream: bool
) -> None:
    assert sdk.chat.completions.create(model="auto", messages=ASK).choices[0].message.content == (
        "This answer was made by fast_local."
    )
    mortal["fast_local"].kill()
    if stream:
        with sdk.chat.completions.create(model="auto", messages=ASK, stream=True) as chunks:
            said = "".join(choice.delta.content or "" for chunk in chunks for choice in chunk.choices)
        headers = chunks.response.headers
    else:
        raw = sdk.chat.completions.with_raw_response.create(model="auto", messages=ASK)
        said, headers = raw.parse().choices[0].message.content or "", raw.headers
    assert said == "This answer was made by balanced_local."
    assert headers["x-modelrouter-fallback"] == "true"
    assert headers["x-modelrouter-backend"] == backend_of("balanced_local")
    assert headers["x-modelrouter-model"] == "model-of-balanced_local"

    events: list[RequestEvent] = []

    def both() -> bool:
        events.extend(live.event for live in gateway.ring.drain())
        return len(events) == 2

    wait_for(both, within=0.3, what="both events")
    assert (events[-1].engine, events[-1].backend) == ("fast_local", backend_of("balanced_local"))
    assert (events[-1].fallback, events[-1].attempts, events[-1].outcome) == (True, 2, "ok")


def test_a_server_that_hangs_is_passed_over(sdk: openai.OpenAI, mortal: dict[str, LlamaServer]) -> None:
    mortal["fast_local"].process.send_signal(signal.SIGSTOP)
    try:
        answer = sdk.chat.completions.create(model="auto", messages=ASK)
    finally:
        mortal["fast_local"].process.send_signal(signal.SIGCONT)
    assert answer.choices[0].message.content == "This answer was made by balanced_local."


def test_when_all_are_dead_one_sentence_says_so_and_the_gateway_lives(
    gateway: Gateway, sdk: openai.OpenAI, mortal: dict[str, LlamaServer]
) -> None:
    mortal["fast_local"].kill()
    mortal["balanced_local"].kill()
    with pytest.raises(openai.APIStatusError) as caught:
        sdk.chat.completions.create(model="auto", messages=ASK)
    assert caught.value.status_code in {502, 503}
    message = caught.value.response.json()["error"]["message"]
    assert backend_of("fast_local") in message or backend_of("balanced_local") in message
    assert "Traceback" not in message
    (live,) = wait_for(gateway.ring.drain, within=0.3, what="the event")
    assert (live.event.outcome, live.event.attempts) == ("error", 2)
    with sdk.chat.completions.create(model="auto", messages=LONG, stream=True) as stream:
        assert next(iter(stream)).choices


def test_a_server_that_dies_in_mid_answer_is_no_end_of_the_answer(
    gateway: Gateway, sdk: openai.OpenAI, mortal: dict[str, LlamaServer]
) -> None:
    reasons: list[str | None] = []

    def read_and_kill(stream: openai.Stream[ChatCompletionChunk]) -> None:
        for count, chunk in enumerate(stream):
            reasons.extend(choice.finish_reason for choice in chunk.choices)
            if count == 50:
                mortal["endless"].kill()

    with (
        sdk.chat.completions.create(model="auto", messages=LONG, stream=True) as stream,
        pytest.raises(openai.APIError),
    ):
        read_and_kill(stream)
    assert set(reasons) == {None}, "a false end"
    (live,) = wait_for(gateway.ring.drain, within=0.3, what="the event")
    assert (live.event.outcome, live.event.attempts) == ("broken", 1)
