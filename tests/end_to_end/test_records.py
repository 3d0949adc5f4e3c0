"""What a request leaves behind: one line in the event file, one event for the screen, and what ``/health`` says."""

from __future__ import annotations

import stat
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest

from model_router.config.proxy import ProxyConfig
from model_router.config.proxy_file import load_proxy
from model_router.server.gateway import Gateway
from tests.support.clock import now
from tests.support.gateway_process import GatewayProcess, wait_for
from tests.support.llama import ENGINES, LlamaServer
from tests.support.proxy_file import backend_of, write_proxy_file

pytestmark = pytest.mark.llama

SECRET_WORDS = "the walrus password is tangerine"


@pytest.mark.parametrize("stream", [False, True])
def test_a_request_is_in_the_file_within_a_second(gateway: GatewayProcess, client: openai.OpenAI, stream: bool) -> None:
    asked = time.time()
    messages: list[Any] = [{"role": "user", "content": f"fix the repo and run tests: {SECRET_WORDS}"}]
    if stream:
        with client.chat.completions.create(model="auto", messages=messages, stream=True) as chunks:
            for _ in chunks:
                pass
        request_id = chunks.response.headers["x-modelrouter-request-id"]
    else:
        raw = client.chat.completions.with_raw_response.create(model="auto", messages=messages)
        request_id = raw.headers["x-modelrouter-request-id"]

    def found() -> dict[str, Any] | None:
        return next((one for one in gateway.events() if one["request_id"] == request_id), None)

    event = wait_for(found, within=1.0, what="the request in the event file")
    assert asked - 1 <= event["time"] <= time.time() + 1
    assert (event["route"], event["engine"]) == ("coding", "code_agent")
    assert (event["backend"], event["model"]) == (backend_of("code_agent"), "model-of-code_agent")
    assert (event["status"], event["outcome"], event["attempts"], event["fallback"]) == (200, "ok", 1, False)
    assert event["stream"] is stream
    assert 0 < event["first_byte_ms"] <= event["total_ms"] < 10_000
    assert event["prompt_chars"] == len(messages[0]["content"])
    assert event["preview"] == ""
    if not stream:
        assert event["completion_tokens"] > 0


def test_the_file_is_the_owners_alone_and_has_no_prompt_in_it(gateway: GatewayProcess, client: openai.OpenAI) -> None:
    messages: list[Any] = [{"role": "user", "content": f"rewrite this text: {SECRET_WORDS}"}]
    before = len(gateway.events())
    client.chat.completions.create(model="auto", messages=messages)
    wait_for(lambda: len(gateway.events()) > before, within=1.0, what="the request in the event file")
    assert stat.S_IMODE(gateway.events_file.stat().st_mode) == 0o600
    assert "walrus" not in gateway.events_file.read_text()
    assert "walrus" not in gateway.output.read_text()


@pytest.mark.parametrize("stream", [False, True])
def test_a_request_reaches_the_screens_ring_within_a_third_of_a_second(
    llama_servers: dict[str, LlamaServer],
    serve_in_thread: Callable[[ProxyConfig], Gateway],
    tmp_path: Path,
    stream: bool,
) -> None:
    seven = {engine: llama_servers[engine] for engine in ENGINES}
    gateway = serve_in_thread(load_proxy(write_proxy_file(tmp_path, seven)))
    messages: list[Any] = [{"role": "user", "content": "summarize these notes"}]
    with openai.OpenAI(base_url=gateway.address, api_key="none") as sdk:
        if stream:
            with sdk.chat.completions.create(model="auto", messages=messages, stream=True) as chunks:
                assert list(chunks)
        else:
            sdk.chat.completions.create(model="auto", messages=messages)
        answered = now()
        (live,) = wait_for(gateway.ring.drain, within=0.3, what="the event in the ring")
    assert now() - answered < 0.3
    assert (live.event.engine, live.event.status) == ("balanced_local", 200)
    assert live.receipt is not None
    assert live.receipt.selected_engine == "balanced_local"


def test_health_shows_each_backend_and_whether_it_has_its_model(gateway: GatewayProcess) -> None:
    response = httpx.get(f"{gateway.address}/health", timeout=10)
    assert response.status_code == 200
    backends = {one["name"]: one for one in response.json()["backends"]}
    assert set(backends) == {backend_of(engine) for engine in ENGINES}
    for engine in ENGINES:
        one = backends[backend_of(engine)]
        assert (one["reachable"], one["advertises_model"], one["model"]) == (True, True, f"model-of-{engine}")
        assert one["latency_ms"] > 0


def test_health_tells_a_wrong_model_from_a_server_that_is_gone(
    llama_servers: dict[str, LlamaServer],
    serve_in_thread: Callable[[ProxyConfig], Gateway],
    tmp_path: Path,
    free_port: int,
) -> None:
    file = write_proxy_file(tmp_path, {"fast_local": llama_servers["fast_local"]}, backend={"model": "somebody-else"})
    text = file.read_text().replace(
        "backends:\n", f"backends:\n  gone: {{base_url: 'http://127.0.0.1:{free_port}/v1', model: m}}\n", 1
    )
    file.write_text(text)
    gateway = serve_in_thread(load_proxy(file))
    response = httpx.get(gateway.address.removesuffix("/v1") + "/health", timeout=10, trust_env=False)
    backends = {one["name"]: one for one in response.json()["backends"]}
    wrong = backends[backend_of("fast_local")]
    assert (wrong["reachable"], wrong["advertises_model"]) == (True, False)
    assert "model-of-fast_local" in wrong["detail"], "what the server does list helps to correct the file"
    assert (backends["gone"]["reachable"], backends["gone"]["advertises_model"]) == (False, None)
    assert backends["gone"]["detail"]
