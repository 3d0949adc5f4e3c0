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

from model_router.cli.main import cli
from model_router.cli.running import run
from model_router.config.proxy import (
    ApiKeyConfig,
    ApprovalMode,
    ApprovalsConfig,
    BreakerConfig,
    PromptCapture,
    RuntimeConfig,
)
from model_router.config.proxy_file import load_proxy
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
    "argument": "canary-argument-key-4d21",
    "address": "sk-ant-api03-canaryaddresskey5c7e0000",
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
    for text in asks[1:6]:
        for stream in (False, True):
            turns = [{"role": "user", "content": text}]
            running.client.post("/v1/messages", json={**said, "messages": turns, "stream": stream})
            running.client.post("/v1/responses", json={"model": "auto", "input": text, "stream": stream})
            running.client.post("/v1/completions", json={"prompt": text, "stream": stream})
    document = {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": WORDS}}
    for part in (document, {"type": "unheard-of", "text": say}, {"type": "file", "file": {"file_data": WORDS}}):
        turns = [{"role": "user", "content": [part, {"type": "text", "text": say}]}]
        for path in ("/v1/chat/completions", "/v1/messages"):
            running.client.post(path, json={**said, "messages": turns})
    running.client.post("/v1/elsewhere", json=said)
    running.client.post(f"/v1/chat/completions?key={KEYS['address']}", json=said)
    with running.fresh_client() as client:
        client.headers["user-agent"] = f"{KEYS['address']}/1.0"
        client.post(f"/v1/{KEYS['address']}/chat/completions?key={KEYS['address']}", json=said)
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
    tmp_path: Path, home: Path, free_port: int, log: io.StringIO, capfd: pytest.CaptureFixture[str]
) -> None:
    with servers.running(talkative) as backend:
        address = backend.base_url.replace("http://", f"http://user:{KEYS['login']}@")
        config = config_for(
            {"one": address, "managed": f"http://127.0.0.1:{free_port}/v1"},
            tmp_path,
            proxy={
                "api_key": KEYS["gateway"],
                "api_keys": {"laptop": ApiKeyConfig(key=KEYS["named"])},
                "keepalive_seconds": 0.05,
            },
            backend={"api_key": KEYS["backend"], "retries": 0},
            each={"managed": {"runtime": RuntimeConfig(command=("/no-such-server", "--api-key", KEYS["argument"]))}},
            breaker=BreakerConfig(min_requests=1000, connect_failures=1000),
            approvals=ApprovalsConfig(mode=ApprovalMode.HOLD, ttl_seconds=0.2),
        )
        assert config.observability.prompt_capture is PromptCapture.OFF
        with serving(config) as running:
            running.client.headers["authorization"] = f"Bearer {KEYS['named']}"
            send_everything(running)
            approve_one(running)
            seen_by_others = look_around(running)
            show_all(tmp_path / "events.jsonl")
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


def show_all(events: Path) -> None:
    """What the commands print of a gateway that runs, and of what it has written: on the terminal."""
    names = [json.loads(line)["request_id"] for line in events.read_text().splitlines() if line.startswith('{"time')]
    commands = (
        ["log", "--limit", "0"],
        ["log", "--limit", "0", "--json"],
        *(["explain", name] for name in (names[0], names[-1])),
        ["explain", names[len(names) // 2], "--json"],
        ["telemetry", "summary", "--by", "client"],
        ["telemetry", "review"],
        ["telemetry", "export"],
        ["telemetry", "export", "--format", "json"],
        ["replay"],
    )
    for command in commands:
        run(cli, [*command, "--events", str(events)], "model-router")
    for command in (
        ["runtime", "status"],
        ["runtime", "status", "--json"],
        ["runtime", "start", "managed"],
        ["reload"],
    ):
        run(cli, command, "model-router")


def test_a_person_sees_the_words_that_wait_and_no_key(
    tmp_path: Path, home: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    key = KEYS["address"]
    with servers.running(talkative) as backend, serving(config_for({"one": backend.base_url}, tmp_path)) as running:
        running.ask(f"delete the backup {WORDS} with {key}")
        running.ask(f"{'Some background. ' * 300} Now delete the backup {WORDS} with {key}")
        (name, *_) = [one.request_id for one in running.gateway.approvals.list()]
        for command in (["list"], ["list", "--json"], ["approve", name, "--note", f"with {key}"], ["list"]):
            assert run(cli, ["approvals", *command], "model-router") == 0
    printed = "".join(capfd.readouterr())
    assert printed.count(WORDS) >= 6
    assert key not in printed


MISTAKES = (
    "proxy: {{api_keys: {{laptop: {key}}}}}",
    "proxy: {{api_keys: {key}}}",
    "proxy: {{api_key: [{key}]}}",
    "proxy: {{api_key_env: {key}}}",
    'proxy: {{api_key: "{key}',
    "proxy: {{api_key: {key}: x}}",
    "proxy: {{api_key: *{key}}}",
    "proxy: {{api_key: !!{key} x}}",
)
"""The ways to write a key where it cannot stand; the same of a backend's, below."""
BACKENDS = (
    "http://127.0.0.1:9/v1?key={key}",
    "http://user:{key}@127.0.0.1:9/v1",
    "ftp://127.0.0.1/v1#{key}",
)


def test_a_file_with_mistakes_is_told_of_without_its_keys(
    tmp_path: Path, home: Path, log: io.StringIO, capfd: pytest.CaptureFixture[str]
) -> None:
    """Wherever it is told of: by a reload in the event file and to those who follow, by commands on the terminal."""
    path, key = tmp_path / "routing_proxy.yaml", KEYS["gateway"]
    good = (
        "proxy: {{port: 0}}\nbackends: {{one: {{base_url: '{url}', model: m}}}}\nengine_backends: {{fast_local: one}}\n"
    )
    good += f"observability: {{{{log_path: {tmp_path / 'events.jsonl'}}}}}\n"
    path.write_text(good.format(url="http://127.0.0.1:9/v1"))
    broken = [
        good.format(url="http://127.0.0.1:9/v1").replace("proxy: {port: 0}", one.format(key=key)) for one in MISTAKES
    ]
    broken += [good.format(url=one.format(key=key)) for one in BACKENDS]
    told: list[str] = []
    with serving(load_proxy(path, os.environ)) as running, ControlClient.find(os.environ) as control:
        for text in broken:
            path.write_text(text)
            event = control.reload()
            assert event["outcome"] == "refused", text
            told.append(json.dumps(event))
            for command in ("validate-proxy-config", "doctor", "serve"):
                assert run(cli, [command, "--config", str(path)], "model-router") == 1
        told += [json.dumps(control.state()), repr(running.gateway.happenings)]
    path.unlink()
    files = [one.read_text() for one in tmp_path.rglob("*") if one.is_file() and one.suffix in (".jsonl", ".json")]
    assert len(files) > 0
    for text in (*told, *files, log.getvalue(), *capfd.readouterr()):
        assert key not in text, text[max(0, text.find(key) - 200) : text.find(key) + 60]


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
