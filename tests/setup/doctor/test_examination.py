"""The doctor's findings on files, ports, keys, and servers that misbehave."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

from model_router.config.proxy import ListenConfig, ProxyConfig
from model_router.server.gateway import Gateway
from model_router.setup.doctor.examination import Examination, examine
from model_router.setup.doctor.finding import Finding, Level

Answer = tuple[int, dict[str, Any] | str]


class Server:
    """A model server whose answers a test sets: by path, and for chat completions by what is asked."""

    def __init__(self) -> None:
        self.models: Answer = (200, {"data": [{"id": "m"}]})
        self.others: dict[str, Answer] = {}
        self.chat: Callable[[dict[str, Any]], Answer] = lambda body: (200, {"choices": [{"message": {}}]})
        self.asked: list[dict[str, Any]] = []
        self.keys: list[str] = []
        self.url = ""


@pytest.fixture
def server() -> Iterator[Server]:
    told = Server()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            told.keys.append(self.headers.get("authorization", ""))
            self._reply(*(told.models if self.path == "/v1/models" else told.others.get(self.path, (404, {}))))

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            told.asked.append(body)
            self._reply(*told.chat(body))

        def _reply(self, status: int, value: dict[str, Any] | str) -> None:
            data = value.encode() if isinstance(value, str) else json.dumps(value).encode()
            kind = "text/event-stream" if isinstance(value, str) else "application/json"
            self.send_response(status)
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        running.daemon_threads = True
        told.url = f"http://127.0.0.1:{running.server_address[1]}/v1"
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield told
        running.shutdown()
        thread.join()


@pytest.fixture
def examined(tmp_path: Path, server: Server) -> Callable[..., Examination]:
    """Examine a file with one backend, ``one``, at that server."""

    def run(environ: dict[str, str] | None = None, *, port: int = 0, **backend: Any) -> Examination:
        settings = {"base_url": server.url, "model": "m", **backend}
        proxy = {"proxy": {"port": port}, "backends": {"one": settings}, "engine_backends": {"code_agent": "one"}}
        path = tmp_path / "routing_proxy.yaml"
        path.write_text(yaml.safe_dump(proxy))
        return examine(path, environ or {}, patience=5)

    return run


def finding(examination: Examination, code: str) -> Finding:
    (found,) = [each for each in examination.findings if each.code == code]
    return found


def stream(*chunks: dict[str, Any]) -> str:
    return "".join(f"data: {json.dumps(chunk)}\n\n" for chunk in chunks) + "data: [DONE]\n\n"


def test_every_mistake_of_the_files_is_a_finding(tmp_path: Path) -> None:
    path = tmp_path / "routing_proxy.yaml"
    path.write_text("proxy: {port: many}\nbackens: {}\n")
    examination = examine(path, {}, patience=1)
    assert not examination.is_well
    told = " ".join(each.message for each in examination.findings if each.level is Level.PROBLEM)
    assert "line 1: proxy.port:" in told
    assert str(path) not in told, "the finding's subject names the file"
    assert "did you mean 'backends'?" in told
    assert examination.cards == ()
    missing = examine(tmp_path / "nothing.yaml", {}, patience=1)
    assert "init --preset" in missing.findings[0].fix


def test_a_key_is_looked_for_and_never_shown(server: Server, examined: Callable[..., Examination]) -> None:
    missing = examined(api_key_env="SOME_KEY")
    assert finding(missing, "key.missing").message == "SOME_KEY is not set"
    there = examined({"SOME_KEY": "sk-hidden"}, api_key_env="SOME_KEY")
    assert [each for each in there.findings if each.code == "key.missing"] == []
    assert "Bearer sk-hidden" in server.keys
    assert "sk-hidden" not in repr(there)


def test_a_variable_that_has_prompts_kept_is_named(examined: Callable[..., Examination]) -> None:
    found = finding(examined({"MODEL_ROUTER_LOG_PROMPTS": "1"}), "log.prompts")
    assert (found.level, found.subject) == (Level.WARNING, "MODEL_ROUTER_LOG_PROMPTS")
    assert not [each for each in examined().findings if each.code == "log.prompts"]


@pytest.mark.parametrize(
    ("status", "code"), [(401, "backend.key"), (404, "backend.address"), (500, "backend.unreachable")]
)
def test_a_refusal_says_what_to_change(
    server: Server, examined: Callable[..., Examination], status: int, code: str
) -> None:
    server.models = (status, {"error": {"message": "no"}})
    assert finding(examined(), code).level is Level.PROBLEM
    assert server.asked == []


def test_the_nearest_model_is_named(server: Server, examined: Callable[..., Examination]) -> None:
    server.models = (200, {"data": [{"id": "qwen3:4b"}, {"id": "qwen3-coder:30b"}]})
    found = finding(examined(model="qwen3-coder:31b"), "backend.model")
    assert (found.level, found.fix) == (Level.PROBLEM, "Set model: qwen3-coder:30b, or load the other.")
    assert server.asked == []
    server.models = (200, {"data": [{"id": "qwen3:latest"}]})
    assert finding(examined(model="qwen3"), "backend.model").level is Level.FINE


def test_a_server_without_usage_in_streams_is_asked_again_without(
    server: Server, examined: Callable[..., Examination]
) -> None:
    def chat(body: dict[str, Any]) -> Answer:
        if "stream_options" in body:
            return 400, {"error": "unknown field stream_options"}
        if body.get("stream"):
            return 200, stream({"choices": [{"delta": {"content": "ok"}}]})
        return 200, {"choices": [{"message": {"tool_calls": [{}]}}]}

    server.chat = chat
    examination = examined()
    (card,) = examination.cards
    assert (card.streams, card.usage_in_streams, card.tools) == (True, False, True)
    assert finding(examination, "backend.usage").level is Level.WARNING
    assert examination.is_well


def test_tools_that_are_refused_matter_unless_they_are_stripped(
    server: Server, examined: Callable[..., Examination]
) -> None:
    def chat(body: dict[str, Any]) -> Answer:
        if "tools" in body:
            return 400, {"error": {"message": "m does not support tools"}}
        return 200, stream({"choices": [{}], "usage": {}})

    server.chat = chat
    refused = finding(examined(), "backend.tools")
    assert (refused.level, "m does not support tools" in refused.message) == (Level.PROBLEM, True)
    assert [each for each in examined(strip_tools=True).findings if each.code == "backend.tools"] == []


@pytest.mark.parametrize(
    ("status", "words", "taken"),
    [
        (500, "image input is not supported - you may need to provide the mmproj", False),
        (400, "unknown part", False),
        (500, "out of memory", None),
        (503, "loading model", None),
    ],
)
def test_only_a_refusal_of_the_picture_itself_counts(
    server: Server, examined: Callable[..., Examination], status: int, words: str, taken: bool | None
) -> None:
    def chat(body: dict[str, Any]) -> Answer:
        if isinstance(body["messages"][0]["content"], list):
            return status, {"error": {"message": words}}
        return 200, stream({"choices": [{}], "usage": {}})

    server.chat = chat
    assert examined().cards[0].pictures is taken


@pytest.mark.parametrize("body", ["<html>log in</html>", {"error": {"message": "no"}}, {"choices": []}])
def test_a_200_without_a_completion_shows_no_ability(
    server: Server, examined: Callable[..., Examination], body: dict[str, Any] | str
) -> None:
    server.chat = lambda asked: (200, body)
    examination = examined()
    (card,) = examination.cards
    assert (card.streams, card.tools, card.pictures) == (False, None, None)
    assert "no chat completion" in finding(examination, "backend.tools").message
    assert [each for each in examination.findings if each.code == "backend.pictures"] == []


def test_ollama_tells_its_context_once_the_model_is_loaded(
    server: Server, examined: Callable[..., Examination]
) -> None:
    server.others["/api/ps"] = (200, {"models": [{"name": "m:latest", "context_length": 4096}]})
    examination = examined()
    assert examination.cards[0].context == 4096
    assert "too short" in finding(examination, "backend.context").message


@pytest.mark.parametrize(
    "body", ["<html>", "[1]", {"data": "x"}, {"data": [1, {}]}, {"data": [{"id": "m", "meta": 3}]}]
)
def test_nonsense_ends_no_examination(
    server: Server, examined: Callable[..., Examination], body: dict[str, Any] | str
) -> None:
    server.models = (200, body)
    server.chat = lambda asked: (200, "data: {\n\ndata: 3\n\n")
    assert finding(examined(), "backend.reached").level is Level.FINE


def test_a_port_that_another_program_has(examined: Callable[..., Examination]) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        assert finding(examined(port=other.getsockname()[1]), "port.taken").level is Level.PROBLEM


def test_a_port_that_the_proxy_has_itself(
    examined: Callable[..., Examination], serve_in_thread: Callable[[ProxyConfig], Gateway], free_port: int
) -> None:
    serve_in_thread(ProxyConfig(proxy=ListenConfig(port=free_port)))
    assert finding(examined(port=free_port), "port").message == f"the proxy is running at 127.0.0.1:{free_port}"
