"""What a client and a backend say to each other in each protocol, as far as faults are concerned."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.faults.gateways import Running
from tests.faults.servers import DONE, event

ASK = "rewrite this text"


def named(name: str, **data: Any) -> bytes:
    """One event as Anthropic's and the responses protocol write it."""
    return f"event: {name}\ndata: {json.dumps({'type': name, **data})}\n\n".encode()


@dataclass(frozen=True, slots=True)
class Dialect:
    """``begun`` are the events of an answer that says "one ", ``ended`` those that complete it, the end mark included.

    ``backend`` are settings that make a server speak it; ``mark`` stands in every end of an answer and nowhere else.
    """

    name: str
    path: str
    body: Mapping[str, Any]
    begun: bytes
    ended: bytes
    mark: str
    backend: Mapping[str, Any] = field(default_factory=dict)

    def ask(self, running: Running) -> httpx.Response:
        """Ask for a stream, and read it to its end."""
        return running.client.post(self.path, json={"model": "auto", "stream": True, **self.body})

    def error(self, response: httpx.Response) -> str:
        """The message of the error event with which a stream ends."""
        name, data = events_of(response.text)[-1]
        if self.path == "/v1/messages":
            assert (name, data["type"]) == ("error", "error")
            return str(data["error"]["message"])
        if self.path == "/v1/responses" and data["type"] == "response.failed":
            assert name == "response.failed"
            return str(data["response"]["error"]["message"])
        if self.path == "/v1/responses":
            assert (name, data["type"]) == ("error", "error")
            return str(data["message"])
        assert name in ("", "error")
        return str(data["error"]["message"])


def events_of(text: str) -> list[tuple[str, Any]]:
    """Name and data of each event, read as strictly as a client may; ``[DONE]`` as it is, comments left out.

    Raises:
        AssertionError: an event has a name and no data, as when something was put inside it.
    """
    found: list[tuple[str, Any]] = []
    for block in text.replace("\r\n", "\n").split("\n\n"):
        lines = [line for line in block.split("\n") if line and not line.startswith(":")]
        names = [line[7:] for line in lines if line.startswith("event: ")]
        data = [line[6:] for line in lines if line.startswith("data: ")]
        if not lines:
            continue
        assert len(data) == 1, block
        assert len(names) + len(data) == len(lines), block
        assert len(names) <= 1, block
        found.append(("".join(names), data[0] if data[0] == "[DONE]" else json.loads(data[0])))
    return found


def signs_in(text: str) -> int:
    """How many signs of life a stream has."""
    return sum(line.startswith(": ") for line in text.split("\n"))


_CHAT_BODY = {"messages": [{"role": "user", "content": ASK}]}
_MESSAGE = {"id": "m", "type": "message", "role": "assistant", "model": "m", "content": [], "stop_reason": None}
_PLAIN = {"id": "c", "object": "text_completion", "created": 1, "model": "m"}
_RESPONSE = {"id": "r", "object": "response", "created_at": 1, "model": "m", "output": [], "status": "in_progress"}


def _completion(text: str, finish: str | None = None) -> bytes:
    choice = {"index": 0, "text": text, "finish_reason": finish}
    return b"data: " + json.dumps({**_PLAIN, "choices": [choice]}).encode() + b"\n\n"


CHAT = Dialect("chat", "/v1/chat/completions", _CHAT_BODY, event("one "), event(None, "stop") + DONE, "[DONE]")
COMPLETIONS = Dialect(
    "completions", "/v1/completions", {"prompt": ASK}, _completion("one "), _completion("", "stop") + DONE, "[DONE]"
)
MESSAGES = Dialect(
    "messages",
    "/v1/messages",
    {"max_tokens": 100, **_CHAT_BODY},
    named("message_start", message={**_MESSAGE, "usage": {"input_tokens": 7, "output_tokens": 1}})
    + named("content_block_start", index=0, content_block={"type": "text", "text": ""})
    + named("content_block_delta", index=0, delta={"type": "text_delta", "text": "one "}),
    named("content_block_stop", index=0)
    + named("message_delta", delta={"stop_reason": "end_turn"}, usage={"output_tokens": 3})
    + named("message_stop"),
    "message_stop",
    {"protocols": ("chat", "messages")},
)
RESPONSES = Dialect(
    "responses",
    "/v1/responses",
    {"input": ASK},
    named("response.created", response=_RESPONSE)
    + named("response.output_text.delta", item_id="i", output_index=0, content_index=0, delta="one "),
    named("response.completed", response={**_RESPONSE, "status": "completed"}),
    "response.completed",
    {"protocols": ("chat", "responses")},
)


def _translated(dialect: Dialect) -> Dialect:
    """The same client in front of a server that has chat alone."""
    name = f"{dialect.name} from chat"
    return Dialect(name, dialect.path, dialect.body, CHAT.begun, CHAT.ended, dialect.mark, {"protocols": ("chat",)})


NATIVE = (CHAT, COMPLETIONS, MESSAGES, RESPONSES)
TRANSLATED = (_translated(MESSAGES), _translated(RESPONSES))
EVERY = (*NATIVE, *TRANSLATED)
