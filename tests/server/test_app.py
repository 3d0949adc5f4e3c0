"""The HTTP surface, over a real port."""

from __future__ import annotations

import json
import stat
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import openai
import pytest

from model_router.config.proxy import (
    BackendConfig,
    ObservabilityConfig,
    PromptCapture,
    SafetyConfig,
)
from model_router.version import __version__
from tests.faults import servers
from tests.faults.gateways import ENGINES, Running, config_for, serving
from tests.faults.servers import FaultServer
from tests.server.bodies import PIXEL, TOOLS, assistant, called, result, user

RISKY = "drop the production database"


@pytest.fixture
def backend() -> Iterator[FaultServer]:
    with servers.running(servers.good) as server:
        yield server


@pytest.fixture
def running(backend: FaultServer, tmp_path: Path) -> Iterator[Running]:
    """One backend per engine, all of them the same server; their names are the engines'."""
    config = config_for(dict.fromkeys(ENGINES, backend.base_url), tmp_path)
    config = replace(config, engine_backends={engine: engine for engine in ENGINES}, fallback_backends={})
    with serving(config) as gateway:
        yield gateway


def test_the_openai_client_is_answered(running: Running, backend: FaultServer) -> None:
    with openai.OpenAI(base_url=running.gateway.address, api_key="mine", max_retries=0) as client:
        raw = client.chat.completions.with_raw_response.create(model="auto", messages=[user("rewrite this text")])
        assert raw.parse().choices[0].message.content == "all well"
        assert raw.headers["x-modelrouter-engine"] == "fast_local"
        stream = client.chat.completions.create(model="auto", messages=[user("rewrite this text")], stream=True)
        assert "".join(piece.choices[0].delta.content or "" for piece in stream) == "one two"
        assert [model.id for model in client.models.list()] == ["model-router"]
        assert client.models.retrieve("model-router").owned_by == "model-router"
        with pytest.raises(openai.NotFoundError, match="not listed"):
            client.models.retrieve("org/other")
    assert [seen.json()["model"] for seen in backend.seen] == ["m", "m"]


def test_what_the_headers_say(running: Running) -> None:
    headers = running.ask().headers
    assert headers["x-modelrouter-request-id"].startswith("mr-")
    assert headers["x-modelrouter-engine"] == headers["x-modelrouter-backend"] == "fast_local"
    assert (headers["x-modelrouter-model"], headers["x-modelrouter-fallback"]) == ("m", "false")
    assert headers["x-modelrouter-profile"] == "balanced"
    assert 0 < float(headers["x-modelrouter-route-us"]) < 1_000_000
    assert headers["content-type"] == "application/json"
    assert "server" not in headers


def test_the_body_passes_with_its_model_replaced(running: Running, backend: FaultServer) -> None:
    raw = b'{ "messages":[{"role":"user","content":"rewrite this text \\u00e9"}],"temperature":1.0,"model" : "auto" }'
    assert running.post(raw).status_code == 200
    assert backend.seen[0].body == raw.replace(b'"auto"', b'"m"')


def test_no_secret_of_the_client_reaches_a_backend(tmp_path: Path, backend: FaultServer) -> None:
    config = config_for({"one": backend.base_url}, tmp_path)
    config = replace(config, backends={"one": BackendConfig(backend.base_url, "m", api_key_env="UPSTREAM")})
    with serving(config, {"UPSTREAM": "the-backends-key"}) as running:
        secrets = {
            "authorization": "Bearer the-clients-key",
            "x-api-key": "the-clients-key",
            "api-key": "the-clients-key",
            "cookie": "session=the-clients-key",
            "x-goog-api-key": "the-clients-key",
            "proxy-authorization": "the-clients-key",
            "x-session-id": "kept",
            "connection": "keep-alive, x-hop",
            "x-hop": "the-clients-key",
            "accept-encoding": "gzip, br",
        }
        running.client.post("/v1/chat/completions", json={"messages": [user("rewrite this text")]}, headers=secrets)
    seen = backend.seen[0].headers
    assert "the-clients-key" not in backend.seen[0].head
    assert seen["authorization"] == "Bearer the-backends-key"
    assert seen["accept-encoding"] == "identity"
    assert seen["x-session-id"] == "kept"
    assert seen["host"] == f"127.0.0.1:{backend.port}"
    assert backend.seen[0].head.lower().count("content-type:") == 1


def test_a_backends_headers_do_not_open_the_gateway_to_pages(tmp_path: Path) -> None:
    async def chatty(_seen: servers.Seen, line: servers.Line) -> None:
        extra = {"Access_Control_Allow_Origin": "*", "Set_Cookie": "a=b", "Server": "x", "X_Request_Id": "up-1"}
        await line.reply(servers.completion("hi"), **extra)

    with servers.running(chatty) as backend, serving(config_for({"one": backend.base_url}, tmp_path)) as running:
        headers = running.ask().headers
        assert headers["x-request-id"] == "up-1"
        assert not {"access-control-allow-origin", "set-cookie", "server"} & set(headers)


@pytest.mark.parametrize("status", [409, 400])
def test_a_risky_order_waits_for_a_person_and_reaches_nobody(tmp_path: Path, backend: FaultServer, status: int) -> None:
    config = config_for({"one": backend.base_url}, tmp_path, safety=SafetyConfig(confirm_status=status))
    with serving(config) as running:
        responses = [running.ask(RISKY, stream=stream) for stream in (False, True, True)]
        assert {response.status_code for response in responses} == {status}
        error = responses[0].json()["error"]
        assert error["type"] == "confirmation_required"
        request_id = responses[0].headers["x-modelrouter-request-id"]
        assert request_id in error["message"]
        assert "destructive" in error["message"]
        assert "allow_destructive_actions" in error["message"]
        assert {response.headers["x-should-retry"] for response in responses} == {"false"}
        assert {response.headers["x-modelrouter-request-id"] for response in responses} == {request_id}
        (event,) = running.events(1)
        assert (event.outcome, event.status, event.risk_class) == ("confirm", status, "destructive")
        assert event.request_id == request_id
        assert running.gateway.approvals.repeats == 2
        assert backend.seen == []


def test_the_openai_client_tries_a_blocked_order_once(running: Running) -> None:
    with (
        openai.OpenAI(base_url=running.gateway.address, api_key="x", max_retries=5) as client,
        pytest.raises(openai.ConflictError, match="stopped request mr-"),
    ):
        client.chat.completions.create(model="auto", messages=[user(RISKY)])
    assert running.gateway.approvals.repeats == 0
    running.events(1)


def test_after_a_blocked_order_the_conversation_goes_on(running: Running) -> None:
    history = [user(RISKY), assistant("I may not."), user("rewrite this text")]
    response = running.client.post("/v1/chat/completions", json={"messages": history})
    assert response.status_code == 200


def test_housekeeping_goes_to_the_small_engine_and_is_never_blocked(running: Running) -> None:
    title = {"role": "system", "content": "You are a title generator."}
    response = running.client.post("/v1/chat/completions", json={"messages": [title, user(RISKY)]})
    assert response.status_code == 200
    assert response.headers["x-modelrouter-engine"] == "fast_local"
    assert running.events(1)[0].kind == "utility:title"


def test_a_tool_turn_stays_where_its_wish_went(running: Running) -> None:
    wish = "design a distributed task scheduler architecture"
    history = [user(wish), called(), result(RISKY), called(), result("look: https://news.example today")]
    for length in (1, 3, 5):
        body = {"messages": history[:length], "tools": TOOLS}
        response = running.client.post("/v1/chat/completions", json=body, headers={"x-session-id": "s"})
        assert response.headers["x-modelrouter-engine"] == "reasoning_local"
    unknown = running.client.post("/v1/chat/completions", json={"messages": history, "tools": TOOLS})
    assert unknown.headers["x-modelrouter-engine"] == "reasoning_local"
    assert [event.kind for event in running.events(4)] == ["main", "tool_turn", "tool_turn", "tool_turn"]


def test_a_picture_goes_to_vision_by_being_there(running: Running) -> None:
    content = [{"type": "text", "text": "What do you think?"}, {"type": "image_url", "image_url": {"url": PIXEL}}]
    response = running.client.post("/v1/chat/completions", json={"messages": [{"role": "user", "content": content}]})
    assert response.headers["x-modelrouter-engine"] == "multimodal_vision"


def test_a_picture_of_an_older_turn_needs_a_server_that_sees(running: Running) -> None:
    shown = {"role": "user", "content": [{"type": "image_url", "image_url": {"url": PIXEL}}]}
    history = [shown, assistant("A cat."), user("rewrite this text")]
    response = running.client.post("/v1/chat/completions", json={"messages": history})
    assert response.status_code == 200
    modalities = running.gateway.router.catalog.engines[response.headers["x-modelrouter-engine"]].modalities
    assert "image" in modalities


def test_tools_are_left_out_for_a_backend_that_wants_none(tmp_path: Path, backend: FaultServer) -> None:
    config = config_for({"one": backend.base_url}, tmp_path)
    config = replace(config, backends={"one": BackendConfig(backend.base_url, "m", strip_tools=True)})
    with serving(config) as running:
        running.ask(tools=TOOLS, tool_choice="auto", parallel_tool_calls=False)
        assert running.events(1)[0].dropped == ("tools", "tool_choice", "parallel_tool_calls")
        assert running.ask().status_code == 200
        assert running.events(1)[0].dropped == ()
    assert set(backend.seen[0].json()) == {"model", "stream", "messages"}


def test_an_engine_without_a_backend_is_told(tmp_path: Path, backend: FaultServer) -> None:
    config = replace(config_for({"one": backend.base_url}, tmp_path), engine_backends={})
    with serving(config) as running:
        response = running.ask()
        assert response.status_code == 503
        assert "engine_backends.fast_local" in response.json()["error"]["message"]
        assert running.events(1)[0].outcome == "error"


def test_a_closed_router_lets_nothing_pass(tmp_path: Path, backend: FaultServer) -> None:
    broken = tmp_path / "broken.yaml"
    broken.write_text("engines: [1, 2")
    with serving(config_for({"one": backend.base_url}, tmp_path, router_config=str(broken))) as running:
        response = running.ask()
        assert response.status_code == 409
        assert "validate-config" in response.json()["error"]["message"]
        assert backend.seen == []
        assert running.client.get("/health").status_code == 503


@pytest.mark.parametrize(
    ("method", "path", "status", "words"),
    [
        ("GET", "/v1/responses/resp_1", 404, "served here: POST /v1/chat/completions"),
        ("POST", "/v1/messages/batches", 404, "served here: POST /v1/chat/completions"),
        ("POST", "/v1/v1/messages", 404, "must not end in /v1"),
        ("POST", "/v1beta/models/x:generateContent", 404, "Gemini"),
        ("POST", "/api/chat", 404, "Ollama"),
        ("POST", "/chat/completions", 404, "must end in /v1"),
        ("GET", "/nothing%1b[31m", 404, "served here: POST /v1/chat/completions"),
        ("GET", "/v1/chat/completions", 405, "use POST"),
        ("DELETE", "/v1/models", 405, "use GET"),
        ("POST", "/health", 405, "use GET"),
    ],
)
def test_what_is_not_served_is_told(running: Running, method: str, path: str, status: int, words: str) -> None:
    response = running.client.request(method, path, json={} if method == "POST" else None)
    assert response.status_code == status
    assert words in response.json()["error"]["message"]
    assert "\x1b" not in response.json()["error"]["message"]
    assert response.json().get("type") == ("error" if path.startswith("/v1/messages") else None)
    running.events(1 if method == "POST" else 0)


def test_the_root_answers_those_who_look_whether_anybody_is_there(running: Running) -> None:
    assert running.client.head("/").status_code == 200
    assert running.client.get("/").json()["version"] == __version__
    assert running.client.get("/v1/models/").status_code == 200


def test_small_answers_take_a_look_at_the_head_alone_and_speak_the_clients_protocol(running: Running) -> None:
    head, whole = running.client.head("/v1/models"), running.client.get("/v1/models")
    assert head.content == b""
    assert int(head.headers["content-length"]) == len(whole.content)
    assert whole.headers["x-modelrouter-request-id"].startswith("mr-")
    refused = running.client.get("/v1/models/other", headers={"anthropic-version": "2023-06-01"})
    assert (refused.status_code, refused.json()["type"]) == (404, "error")


def test_keys_and_hosts(tmp_path: Path, backend: FaultServer) -> None:
    config = config_for({"one": backend.base_url}, tmp_path)
    with serving(replace(config, proxy=replace(config.proxy, api_key="right"))) as running:
        for headers in ({}, {"authorization": "Bearer wrong"}):
            response = running.client.post("/v1/chat/completions", json={}, headers=headers)
            assert response.status_code == 401
            assert response.json()["error"]["code"] == "invalid_api_key"
        assert running.client.get("/v1/models").status_code == 401
        assert running.client.get("/").status_code == 200
        assert running.client.get("/health").json() == {"status": "ok"}
        big = running.client.post("/v1/chat/completions", content=b"x" * 5_000_000)
        assert big.status_code == 401
        for headers in ({"authorization": "Bearer right"}, {"x-api-key": "right"}):
            body = {"messages": [user("rewrite this text")]}
            assert running.client.post("/v1/chat/completions", json=body, headers=headers).status_code == 200
        assert "backends" in running.client.get("/health", headers={"x-api-key": "right"}).json()
        for path in ("/", "/health", "/v1/models"):
            foreign = running.client.get(path, headers={"host": "evil.example", "x-api-key": "right"})
            assert foreign.status_code == 403
        assert [event.status for event in running.events(5)] == [401, 401, 401, 200, 200]


def test_every_request_is_one_event_with_what_it_was(running: Running) -> None:
    running.ask("rewrite this text")
    running.ask("rewrite this text", stream=True)
    running.post(b"{")
    running.client.get("/v1/models")
    plain, stream, bad = running.events(3)
    assert (plain.engine, plain.route, plain.outcome, plain.attempts) == ("fast_local", "simple", "ok", 1)
    assert (plain.prompt_tokens, plain.completion_tokens) == (7, 3)
    assert plain.first_byte_ms is not None
    assert 0 < plain.first_byte_ms <= plain.total_ms
    assert plain.client.startswith("python-httpx/")
    assert len(plain.ask_hash) == 24
    assert plain.ask_hash == stream.ask_hash
    assert (plain.preview, plain.prompt_chars) == ("", 17)
    assert (stream.stream, stream.outcome, stream.status) == (True, "ok", 200)
    assert (bad.outcome, bad.status, bad.engine) == ("error", 400, "")


def test_requests_of_one_conversation_are_told_by_a_hash_and_not_by_its_name(running: Running) -> None:
    body = {"messages": [user("rewrite this text")]}
    for name in ("red", "red", "blue"):
        running.client.post("/v1/chat/completions", json=body, headers={"x-session-id": f"conversation-{name}"})
    one, two, other = running.events(3)
    assert len(one.session) == 16
    assert one.session == two.session != other.session
    assert "red" not in repr(one)


def test_receipts_come_with_the_live_events_and_not_into_the_file(running: Running, tmp_path: Path) -> None:
    running.ask("rewrite this text")
    path = tmp_path / "events.jsonl"
    deadline = time.monotonic() + 1
    while not path.exists() or not path.read_bytes():
        assert time.monotonic() < deadline
        time.sleep(0.01)
    (line,) = path.read_text().splitlines()
    assert json.loads(line)["engine"] == "fast_local"
    assert "evidence" not in line
    assert "rewrite this text" not in line
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    (live,) = running.gateway.ring.drain()
    assert live.receipt is not None
    assert live.receipt.selected_engine == live.event.engine


@pytest.mark.parametrize(
    ("capture", "environ", "kept"),
    [
        (PromptCapture.OFF, {}, ""),
        (PromptCapture.REDACTED_PREVIEW, {}, "rewrite this text: [redacted: key]"),
        (PromptCapture.OFF, {"MODEL_ROUTER_LOG_PROMPTS": "1"}, "rewrite this text: [redacted: key] " + "x" * 300),
    ],
)
def test_how_much_text_is_kept(
    tmp_path: Path, backend: FaultServer, capture: PromptCapture, environ: dict[str, str], kept: str
) -> None:
    config = config_for({"one": backend.base_url}, tmp_path)
    log = ObservabilityConfig(log_path=str(tmp_path / "e"), prompt_capture=capture)
    with serving(replace(config, observability=log), environ) as running:
        running.ask("rewrite this text: sk-abcdefghijklmnop1234 " + "x" * 300)
        (event,) = running.events(1)
    assert event.preview.startswith(kept)
    assert len(event.preview) <= max(160, len(kept))
    assert "sk-abc" not in (tmp_path / "e").read_text()


def test_without_observability_nothing_is_written(tmp_path: Path, backend: FaultServer) -> None:
    log = ObservabilityConfig(enabled=False, log_path=str(tmp_path / "logs" / "e"))
    with serving(config_for({"one": backend.base_url}, tmp_path, observability=log)) as running:
        running.ask()
        running.events(1)
    assert list(tmp_path.iterdir()) == []


def test_a_hundred_requests_at_once(running: Running, backend: FaultServer) -> None:
    import asyncio

    async def ask(client: httpx.AsyncClient, number: int) -> int:
        body = {"messages": [user("rewrite this text")], "stream": bool(number % 2)}
        return (await client.post("/v1/chat/completions", json=body)).status_code

    async def ask_all() -> list[int]:
        async with httpx.AsyncClient(base_url=running.root, trust_env=False, timeout=20) as client:
            return await asyncio.gather(*(ask(client, number) for number in range(100)))

    assert set(asyncio.run(ask_all())) == {200}
    assert {event.outcome for event in running.events(100)} == {"ok"}
    assert len({seen.arrived_at for seen in backend.seen}) == 100
    assert running.gateway.in_flight == 0
