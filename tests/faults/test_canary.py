"""Marked secrets through every way that a request can take; afterwards they are looked for everywhere."""

from __future__ import annotations

import io
import json
import logging
import os
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from model_router.config.proxy import ApiKeyConfig, ApprovalMode, ApprovalsConfig, BreakerConfig, PromptCapture
from model_router.server.approvals import Standing
from model_router.server.control.client import ControlClient
from model_router.server.control.mirror import GatewayMirror
from tests.faults import servers
from tests.faults.gateways import Running, config_for, serving
from tests.faults.servers import Line, Seen
from tests.support.gateway_process import wait_for

WORDS = "zyqcanary"
"""Stands in what the person says, in tool results, pictures, system prompts, and in what the model answers."""

KEYS = {
    "gateway": "canary-gateway-key-7f1b",
    "named": "canary-named-key-19aa",
    "backend": "canary-backend-key-c0de",
    "login": "canary-login-5e77",
    "wrong": "canary-wrong-key-0b5c",
}


async def talkative(seen: Seen, line: Line) -> None:
    """A backend that repeats all that it gets, in answers and in errors of every kind."""
    everything = f"{seen.body.decode(errors='replace')} {seen.head}"
    if seen.path.endswith("/models"):
        await line.reply(b'{"data": [{"id": "m"}]}')
    elif "make it fail" in everything:
        await line.reply(json.dumps({"error": {"message": everything}}).encode(), "500 Internal Server Error")
    elif "make it wrong" in everything:
        await line.reply(json.dumps({"error": {"message": everything}}).encode(), "422 Unprocessable")
    elif "make it nonsense" in everything:
        await line.reply(everything.encode(), Content_Type="text/html")
    elif "make it go" in everything:
        await line.head("302 Found", Location=f"http://127.0.0.1:1/{WORDS}", Content_Length="0")
    elif seen.body.startswith(b"{") and seen.json().get("stream"):
        await line.head(Content_Type=servers.SSE, Transfer_Encoding="chunked")
        await line.chunk(servers.event(WORDS))
        if "make it break" in everything:
            line.abort()
            return
        await line.chunk(servers.event(None, "stop") + servers.DONE)
        await line.send(b"0\r\n\r\n")
    else:
        await line.reply(servers.completion(f"{WORDS} says the model"))


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """All that is logged by anybody but this test's own client, at every level."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    own = ("httpx", "httpcore", "openai")
    handler.addFilter(lambda record: record.threadName != "MainThread" or not record.name.startswith(own))
    root = logging.getLogger()
    before = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield stream
    root.setLevel(before)
    root.removeHandler(handler)


def send_everything(running: Running) -> None:
    """Every kind of request, good and bad."""
    say = f"about {WORDS}: "
    risky = f"drop the production database {WORDS}"
    asks = [
        say + "rewrite this text",
        say + "make it fail",
        say + "make it wrong",
        say + "make it nonsense",
        say + "make it go",
        say + "make it break",
        risky,
    ]
    for text in asks:
        for stream in (False, True):
            running.ask(text, stream=stream, user=WORDS, metadata={"note": WORDS})
    system = {"role": "system", "content": f"You serve {WORDS}."}
    tool = {"role": "tool", "tool_call_id": "1", "content": WORDS}
    call = {"id": "1", "type": "function", "function": {"name": "look", "arguments": json.dumps({"q": WORDS})}}
    turns = [system, {"role": "user", "content": say}, {"role": "assistant", "tool_calls": [call]}, tool]
    running.client.post("/v1/chat/completions", json={"messages": turns})
    picture = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{WORDS}"}}
    running.client.post("/v1/chat/completions", json={"messages": [{"role": "user", "content": [picture]}]})
    said = {"model": WORDS, "max_tokens": 5, "messages": [{"role": "user", "content": say}]}
    for path in ("/v1/messages", "/v1/messages/count_tokens"):
        running.client.post(path, json=said)
        running.client.post(path, json={**said, "stream": True})
    running.client.post("/v1/responses", json={"model": "auto", "input": say, "stream": True})
    running.client.post("/v1/responses", json={"model": "auto", "input": risky})
    running.client.post("/v1/completions", json={"prompt": say})
    running.client.post("/v1/embeddings", json={"input": say, "model": WORDS})
    for body in (f'{{"{WORDS}', f'["{WORDS}"]', f'{{"messages": "{WORDS}"}}', f"{'[' * 300}{WORDS}", f"\xff{WORDS}"):
        running.post(body.encode("latin-1"))
    running.client.post("/v1/elsewhere", json=said)
    running.client.get("/v1/models/unknown", headers={"x-session-id": WORDS})
    for wrong in ({"authorization": f"Bearer {KEYS['wrong']}"}, {"x-api-key": KEYS["wrong"]}):
        with running.fresh_client() as client:
            client.post("/v1/chat/completions", json=said, headers=wrong)
            client.get("/control/state", headers={"x-modelrouter-token": KEYS["wrong"]})
    with socket.create_connection(("127.0.0.1", int(running.root.rpartition(":")[2]))) as line:
        head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {KEYS['named']}\r\n"
        line.sendall(f'{head}Content-Length: 999\r\n\r\n{{"{WORDS}'.encode())
        time.sleep(0.05)


def test_what_people_say_and_every_key_stay_where_they_belong(
    tmp_path: Path, home: Path, log: io.StringIO, capfd: pytest.CaptureFixture[str]
) -> None:
    with servers.running(talkative) as backend:
        address = backend.base_url.replace("http://", f"http://user:{KEYS['login']}@")
        config = config_for(
            {"one": address},
            tmp_path,
            proxy={
                "api_key": KEYS["gateway"],
                "api_keys": {"laptop": ApiKeyConfig(key=KEYS["named"])},
                "keepalive_seconds": 0.05,
            },
            backend={"api_key": KEYS["backend"], "retries": 0},
            breaker=BreakerConfig(min_requests=1000, connect_failures=1000),
            approvals=ApprovalsConfig(mode=ApprovalMode.HOLD, ttl_seconds=0.2),
        )
        assert config.observability.prompt_capture is PromptCapture.OFF
        with serving(config) as running:
            running.client.headers["authorization"] = f"Bearer {KEYS['named']}"
            send_everything(running)
            approve_one(running)
            seen_by_others = look_around(running)
            known = [running.gateway, running.gateway.config, running.gateway.arrangement, running.gateway.guard]
            known += [running.gateway.backends, running.gateway.approvals.list(), list(running.gateway.happenings)]
            shown = " ".join(map(repr, known))
            token = running.gateway.token
    files = {str(path): path.read_bytes().decode(errors="replace") for path in tmp_path.rglob("*") if path.is_file()}
    events = files[str(tmp_path / "events.jsonl")]
    assert events.count("\n") > 30
    assert '"key_name":"laptop"' in events
    places = {**files, "the log": log.getvalue(), "the terminal": "".join(capfd.readouterr()), "a repr": shown}
    places |= seen_by_others
    found = [
        (place, secret, text[max(0, text.find(secret) - 120) : text.find(secret) + 60])
        for place, text in places.items()
        for secret in (WORDS, *KEYS.values(), token)
        if secret in text
    ]
    assert found == []


def approve_one(running: Running) -> None:
    """A request that is held, looked at by a person, and approved with a note that holds a key by mistake."""
    key = "sk-ant-api03-" + WORDS + "aaaaaaaaaaaaaaaaaaaa"
    with ThreadPoolExecutor(1) as beside:
        answer = beside.submit(running.ask, f"delete the backup {WORDS} with {key}")
        held = wait_for(
            lambda: next((one for one in running.gateway.approvals.list() if one.standing is Standing.WAITING), None),
            within=5,
            what="the request",
        )
        assert WORDS in held.wish.preview, "the person sees the words"
        assert key not in held.wish.preview, "but no key"
        running.gateway.approvals.approve(held.request_id, "screen", note=f"ok, {key}")
        assert answer.result(5).status_code == 200


def look_around(running: Running) -> dict[str, str]:
    """What other clients, monitors and followers of events are told."""
    found: dict[str, str] = {}
    for path in ("/", "/health", "/metrics", "/v1/models"):
        found[path] = running.client.get(path).text
    running.client.post("/v1/chat/completions", json={"messages": [{"role": "user", "content": "rewrite this text"}]})
    with ControlClient.find(os.environ) as control:
        state: dict[str, Any] = control.state()
        del state["approvals"]  # the words are there for the person who decides
        found |= {"state": json.dumps(state), "control health": json.dumps(control.health())}
        newest = state["cursor"]
        lines = []
        for event in control.events(after=0):
            lines.append(json.dumps(event.data))
            if event.number >= newest:
                break
        found["followed events"] = "\n".join(lines)
        mirror = GatewayMirror(control, os.environ)
        mirrored = (mirror, mirror.config, mirror.approvals, mirror.approvals.list(), mirror.backends, mirror.health)
        assert any(WORDS in one.wish.preview for one in mirror.approvals.list()), "an attached screen shows the words"
        found["a mirror"] = repr((*mirrored, control, control.gateway))
    return found
