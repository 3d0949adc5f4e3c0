"""A client that leaves: the connection to the model server is closed at once, for streams and plain requests alike."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest

from model_router.config.proxy import ProxyConfig
from model_router.config.proxy_file import load_proxy
from model_router.server.gateway import Gateway
from tests.support.gateway_process import connections_to, wait_for
from tests.support.llama import LlamaServer, endless_model, running
from tests.support.proxy_file import write_proxy_file

pytestmark = pytest.mark.llama

ASK: list[Any] = [{"role": "user", "content": "design a distributed task scheduler architecture"}]
AT_ONCE = 0.3


@pytest.fixture
def endless(tmp_path: Path, llama_servers: dict[str, LlamaServer]) -> Iterator[LlamaServer]:
    """A server of this test's own, as a plain request that is not cancelled would keep a shared one busy."""
    folder = tmp_path / "models"
    folder.mkdir()
    with running([endless_model()], folder) as servers:
        yield servers["endless"]


@pytest.fixture
def talking(endless: LlamaServer, serve_in_thread: Callable[[ProxyConfig], Gateway], tmp_path: Path) -> Gateway:
    file = write_proxy_file(tmp_path, {"endless": endless}, engines={"reasoning_local": "endless"})
    return serve_in_thread(load_proxy(file))


def test_a_stream_that_is_left_is_closed_at_once(talking: Gateway, endless: LlamaServer) -> None:
    with openai.OpenAI(base_url=talking.address, api_key="none", max_retries=0) as sdk:
        stream = sdk.chat.completions.create(model="auto", messages=ASK, stream=True)
        for count, _ in enumerate(stream):
            if count == 100:
                break
        assert endless.busy_slots() == 1
        assert connections_to(endless.port) == 1
        stream.close()
        left = time.monotonic()
        wait_for(lambda: connections_to(endless.port) == 0, within=AT_ONCE, what="the upstream connection closed")
        wait_for(lambda: endless.busy_slots() == 0, within=2, what="the slot free")
        assert time.monotonic() - left < 2
    (live,) = wait_for(talking.ring.drain, within=AT_ONCE, what="the event")
    assert live.event.outcome == "cancelled"
    assert talking.in_flight == 0


def test_a_plain_request_that_is_left_is_closed_at_once(talking: Gateway, endless: LlamaServer) -> None:
    left_at: list[float] = []

    def leave() -> None:
        with httpx.Client(trust_env=False, timeout=httpx.Timeout(5, read=0.4)) as client:
            with pytest.raises(httpx.ReadTimeout):
                client.post(f"{talking.address}/chat/completions", json={"model": "auto", "messages": ASK})
            left_at.append(time.monotonic())

    person = threading.Thread(target=leave)
    person.start()
    wait_for(lambda: endless.busy_slots() == 1, within=2, what="the request at the model server")
    assert connections_to(endless.port) == 1
    person.join(5)
    assert left_at, "the client did not leave"
    wait_for(lambda: connections_to(endless.port) == 0, within=AT_ONCE, what="the upstream connection closed")
    (live,) = wait_for(talking.ring.drain, within=AT_ONCE, what="the event")
    assert (live.event.outcome, live.event.stream) == ("cancelled", False)
    assert talking.in_flight == 0


def test_the_gateway_goes_on_after_twenty_have_left(
    endless: LlamaServer,
    llama_servers: dict[str, LlamaServer],
    serve_in_thread: Callable[[ProxyConfig], Gateway],
    tmp_path: Path,
) -> None:
    servers = {"endless": endless, "fast_local": llama_servers["fast_local"]}
    engines = {"reasoning_local": "endless", "fast_local": "fast_local"}
    gateway = serve_in_thread(load_proxy(write_proxy_file(tmp_path, servers, engines=engines)))
    with openai.OpenAI(base_url=gateway.address, api_key="none", max_retries=0) as sdk:
        for _ in range(20):
            sdk.chat.completions.create(model="auto", messages=ASK, stream=True).close()
        wait_for(lambda: connections_to(endless.port) == 0, within=1, what="all upstream connections closed")
        quick: list[Any] = [{"role": "user", "content": "rewrite this text"}]
        answer = sdk.chat.completions.create(model="auto", messages=quick)
    assert answer.choices[0].message.content == "This answer was made by fast_local."
