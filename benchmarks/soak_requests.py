"""What the soak sends, and what it may hear: each request is made from its number, and the same in every run."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from benchmarks.soak_servers import KINDS

PATHS = ("/v1/chat/completions", "/v1/messages", "/v1/responses")
_MARKS = {PATHS[0]: b"data: [DONE]", PATHS[1]: b"event: message_stop", PATHS[2]: b"event: response.completed"}
_ASKS = (
    "rewrite this text",
    "summarize these notes",
    "fix the repo and run tests",
    "design a distributed task scheduler architecture",
    "what is the capital of France?",
)
_TITLE = "You are a title generator. Generate a short title for the conversation."
_BAD = (
    b"{",
    b"",
    b"[]",
    b'{"messages": 3, "input": 3}',
    b'{"messages": [], "input": ' + b"[" * 300 + b"]" * 300 + b"}",
)


class Leaving(StrEnum):
    """When a client leaves, if it does."""

    NOT = "stays"
    SENDING = "leaves while it sends"
    WAITING = "leaves while it waits"
    READING = "leaves while it reads"


@dataclass(frozen=True, slots=True)
class Sent:
    """One request. ``label`` is for the table; ``backend`` is asked for by an alias, empty when the router picks.

    ``statuses`` are those that it may be answered with; ``may_break``: a stream may end with an error event.
    """

    number: int
    label: str
    path: str
    body: bytes
    stream: bool
    backend: str
    statuses: frozenset[int]
    may_break: bool
    leaving: Leaving
    pause: float

    @property
    def client(self) -> str:
        """The program's name as its event will tell it."""
        return f"soak/{self.number}"


def request(number: int, seed: int) -> Sent:
    """The request of a number."""
    chance = random.Random(f"{seed}/{number}")
    path = PATHS[chance.choices((0, 1, 2), (6, 2, 2))[0]]
    draw = chance.random()
    leaving = Leaving.NOT
    if draw < 0.04:
        return _refused(number, "bad body", path, chance.choice(_BAD), 400)
    if draw < 0.07:
        body = _body(path, f"drop the production database number {number}", stream=chance.random() < 0.5)
        return _refused(number, "risky order", path, body, 409)
    if draw < 0.15:
        leaving = chance.choice((Leaving.SENDING, Leaving.WAITING, Leaving.READING))
    stream = chance.random() < 0.5
    backend = "" if chance.random() < 0.3 else chance.choice(tuple(KINDS))
    ask, more, label = f"{chance.choice(_ASKS)} ({number % 97})", {}, backend or "routed"
    if draw > 0.99:
        ask, label = ask + "\n\n" + "a line of a long file that somebody pasted\n" * 25_000, "huge"
        backend = ""
    elif draw > 0.94 and path == PATHS[0]:
        more = {"system": _TITLE}
        label = "utility"
    elif draw > 0.92:
        return Sent(
            number, "counting", "/v1/messages/count_tokens", _body(PATHS[1], ask, stream=False), False, "",
            frozenset({200}), False, Leaving.NOT, 0.0,
        )  # fmt: skip
    kind = KINDS[backend or "good"]
    body = _body(path, ask, stream=stream, model=backend or "auto", **more)
    if leaving is not Leaving.NOT:
        label = str(leaving)
    may_break = stream and kind.breaks
    return Sent(number, label, path, body, stream, backend, frozenset({200}), may_break, leaving, chance.random() / 20)


def _refused(number: int, label: str, path: str, body: bytes, status: int) -> Sent:
    return Sent(number, label, path, body, False, "", frozenset({status}), False, Leaving.NOT, 0.0)


def _body(path: str, ask: str, *, stream: bool, model: str = "auto", system: str = "") -> bytes:
    value: dict[str, Any] = {"model": model}
    if stream:
        value["stream"] = True
    if path == PATHS[2]:
        value["input"] = ask
    else:
        said = [{"role": "system", "content": system}] if system else []
        value["messages"] = [*said, {"role": "user", "content": ask}]
    if path == PATHS[1]:
        value["max_tokens"] = 100
    return json.dumps(value, separators=(",", ":")).encode()


def judge(sent: Sent, status: int, kind: str, body: bytes) -> str:
    """What is wrong with an answer; empty when nothing is. An answer that ended with an error event is ``broken``."""
    if status not in sent.statuses:
        return f"status {status}: {body[:300]!r}"
    if not sent.stream:
        try:
            value = json.loads(body)
        except ValueError:
            return f"no JSON: {body[:300]!r}"
        return (
            "" if isinstance(value, dict) and (status != 200 or "error" not in value or not value["error"]) else "error"
        )
    if kind != "text/event-stream":
        return f"no stream but {kind}"
    return _judge_stream(sent, body)


def _judge_stream(sent: Sent, body: bytes) -> str:
    ended = _MARKS[sent.path] in body
    failed = any(mark in body for mark in (b"event: error\n", b'data: {"error":', b"event: response.failed\n"))
    if ended and failed:
        return f"an error and an end: {body[-300:]!r}"
    if ended:
        return ""
    if not failed:
        return f"neither an end nor an error: {body[-300:]!r}"
    return "broken" if sent.may_break else f"broken without need: {body[-300:]!r}"


def configuration(ports: Mapping[str, int], port: int, log: str) -> dict[str, Any]:
    """The proxy file: each backend is asked for by its name, and ``good`` stands in for all of them."""
    engines = ("fast_local", "balanced_local", "reasoning_local", "code_agent", "web_research", "multimodal_vision")
    others = [name for name in KINDS if name != "good"]
    return {
        "schema_version": 1,
        "proxy": {"port": port, "keepalive_seconds": 0.2, "aliases": {name: name for name in KINDS}},
        "observability": {"log_path": log, "max_bytes": 4_000_000_000},
        "sessions": {"max_sessions": 200},
        "breaker": {"rest_seconds": 0.2, "min_requests": 10, "window_seconds": 5},
        "backends": {
            name: {
                "base_url": f"http://127.0.0.1:{ports.get(name, 1)}/v1",
                "model": "m",
                "connect_timeout_seconds": 5,
                "timeout_seconds": 10,
                **kind.settings,
            }
            for name, kind in KINDS.items()
        },
        "engine_backends": dict.fromkeys(engines, "good") | {"image_generation": "good"},
        "fallback_backends": {name: ["good"] for name in others},
    }
