"""``decide --request``: a captured request in place of a prompt."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Ended
from tests.server.bodies import PIXEL, TOOLS, called, result, system, user

Command = Callable[..., Ended]
ORDER = "drop the production database"


def capture(folder: Path, body: Any, path: str = "/v1/chat/completions", headers: Any = ()) -> str:
    """A file with a captured request."""
    file = folder / "request.json"
    file.write_text(json.dumps({"method": "POST", "path": path, "headers": headers, "body": body}), encoding="utf-8")
    return str(file)


def test_the_receipt_says_what_was_asked(command: Command, tmp_path: Path) -> None:
    parts = [{"type": "text", "text": "extract the text"}, {"type": "image_url", "image_url": {"url": PIXEL}}]
    body = {"messages": [system(ORDER), {"role": "user", "content": parts}]}
    for headers in ([["X-Session-Id", "s1"]], {"x-session-id": "s1"}):
        found = command("decide", "--json", "--request", capture(tmp_path, body, headers=headers)).json
        assert (found["ask"], found["kind"], found["attachments"]) == ("extract the text", "main", ["image"])
        assert (found["session"], found["selected_engine"]) == ("x-session-id:s1", "multimodal_vision")
        assert 1000 <= found["tokens"] < 1200
        assert found["config_hash"]
        assert found["requires_confirmation"] is False


def test_risky_wishes_wait_and_housekeeping_about_them_does_not(command: Command, tmp_path: Path) -> None:
    cases: list[tuple[dict[str, Any], str, str]] = [
        ({"messages": [user(ORDER)]}, "main", "human_confirm"),
        ({"messages": [user(17)]}, "main", "human_confirm"),  # type: ignore[arg-type]  # wrong on purpose
        ({"messages": [user(ORDER), called(), result("x")], "tools": TOOLS}, "tool_turn", "human_confirm"),
        ({"messages": [system("You are a title generator."), user(ORDER)]}, "utility", "fast_local"),
    ]
    for body, kind, engine in cases:
        found = command("decide", "--json", "--request", capture(tmp_path, body)).json
        assert (found["kind"], found["selected_engine"]) == (kind, engine)


def test_a_compaction_goes_where_it_fits(command: Command, tmp_path: Path) -> None:
    order = "Create a detailed summary of the conversation so far. " + "Keep the names. " * 40
    engines = []
    for length in (1_000, 400_000):
        body = {"messages": [user("x" * length), user(ORDER), user(order)], "tools": TOOLS}
        found = command("decide", "--json", "--request", capture(tmp_path, body)).json
        assert (found["kind"], found["task"]) == ("utility", "compact")
        engines.append(found["selected_engine"])
    assert engines[0] == "balanced_local"
    assert engines[1] not in ("balanced_local", "fast_local", "human_confirm")


@pytest.mark.parametrize(
    ("path", "body", "kind"),
    [
        ("/v1/responses", {"input": "rewrite this text"}, "main"),
        ("/v1/messages?beta=true", {"messages": [user("rewrite this text")], "system": ORDER}, "main"),
        ("/v1/messages/count_tokens", {"messages": [user("rewrite this text")]}, "utility"),
        ("/v1/completions", {"prompt": "rewrite this text"}, "main"),
        ("/v1/embeddings", {"input": ["rewrite this text"]}, "utility"),
    ],
)
def test_every_protocol_is_read(command: Command, tmp_path: Path, path: str, body: Any, kind: str) -> None:
    for given in (body, json.dumps(body)):
        found = command("decide", "--json", "--request", capture(tmp_path, given, path)).json
        assert (found["ask"], found["kind"], found["selected_engine"]) == ("rewrite this text", kind, "fast_local")


def test_a_person_can_read_it(command: Command, tmp_path: Path) -> None:
    file = capture(tmp_path, {"messages": [user("fix the repo and run tests")]})
    ended = command("decide", "--request", file)
    assert ended.out.startswith("code_agent\n")
    assert "fix the repo and run tests" in ended.out
    assert "cues" in command("decide", "--explain", "--request", file).out


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"{",
        b"\xff",
        b"{}",
        b'{"body": 3}',
        b'{"body": null}',
        b'{"body": {}}',
        b'{"body": "no json"}',
        b'{"body": {"messages": []}}',
        b'{"body": {"messages": [1]}}',
        b'{"body": {"prompt": "x"}, "headers": 3}',
        b'{"body": {"prompt": "x"}, "headers": [["a"]]}',
        b'{"body": ' + b"[" * 50_000,
    ],
)
def test_what_is_no_request_is_one_sentence(command: Command, tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "request.json"
    file.write_bytes(content)
    ended = command("decide", "--json", "--request", str(file))
    assert (ended.code, ended.out) == (2, "")
    assert len(ended.err.splitlines()) == 2
    assert "request.json" in ended.err


def test_one_of_prompt_and_request_is_wanted(command: Command, tmp_path: Path) -> None:
    file = capture(tmp_path, {"prompt": "x"})
    for arguments in (
        ["decide"],
        ["decide", "--request", file, "hello"],
        ["decide", "--request", str(tmp_path / "no")],
    ):
        ended = command(*arguments)
        assert (ended.code, ended.out) == (2, "")


def test_the_receipt_has_room_for_what_the_request_says() -> None:
    from model_router.cli.request import request_json
    from model_router.router import ModelRouter
    from model_router.server.ask_route import route_ask
    from tests.server.bodies import read

    ask = read({"messages": [user("hello")]})
    decision = route_ask(ModelRouter.from_config(lazily=True), ask)
    assert decision.to_dict().items() <= request_json(ask, decision).items()
    assert len(request_json(ask, decision)) == len(decision.to_dict()) + 9


def test_neither_server_nor_screen_is_loaded(tmp_path: Path) -> None:
    file = capture(tmp_path, {"prompt": "rewrite this text"})
    script = (
        "import sys; from model_router.cli.main import cli\n"
        f"cli(['decide', '--request', {file!r}], standalone_mode=False)\n"
        "print(sorted({'quart', 'httpx', 'hypercorn', 'textual', 'huggingface_hub'} & set(sys.modules)))"
    )
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True)
    assert ended.stdout.splitlines()[-1] == "[]"
