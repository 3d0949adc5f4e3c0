"""Requests in the shapes that agents send, in our own words."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from model_router.server.ask import Ask, read_ask
from model_router.server.wire.body import read_object

REMINDER = "<system-reminder>\nToday is a Monday. Never delete the production database.\n</system-reminder>\n"
TOOLS = [{"type": "function", "function": {"name": "run", "parameters": {"type": "object"}}}]
PIXEL = "data:image/png;base64," + "iVBORw0KGgo" * 2000


def read(body: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> Ask:
    """The ask of a body."""
    return read_ask(read_object(json.dumps(body).encode(), 200), headers or {})


def chat(*messages: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """A body with messages."""
    return {"model": "auto", "messages": list(messages), **fields}


def texts(*parts: str) -> dict[str, Any]:
    """A user's turn of parts, even if there is one only."""
    return {"role": "user", "content": [{"type": "text", "text": part} for part in parts]}


def messages_image() -> dict[str, Any]:
    """A picture, Anthropic messages."""
    return {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo" * 200}}


def user(*texts: str) -> dict[str, Any]:
    """A user's turn: one text as a string, several as parts."""
    if len(texts) == 1:
        return {"role": "user", "content": texts[0]}
    return {"role": "user", "content": [{"type": "text", "text": text} for text in texts]}


def assistant(text: str) -> dict[str, Any]:
    return {"role": "assistant", "content": text}


def system(text: str) -> dict[str, Any]:
    return {"role": "system", "content": text}


def called(name: str = "run") -> dict[str, Any]:
    """A model's tool call, chat completions."""
    call = {"id": "1", "type": "function", "function": {"name": name, "arguments": "{}"}}
    return {"role": "assistant", "content": None, "tool_calls": [call]}


def result(text: str) -> dict[str, Any]:
    """A tool's answer, chat completions."""
    return {"role": "tool", "tool_call_id": "1", "content": text}


def block_call() -> dict[str, Any]:
    """A model's tool call, Anthropic messages."""
    return {"role": "assistant", "content": [{"type": "tool_use", "id": "1", "name": "run", "input": {}}]}


def block_result(text: str, *more: dict[str, Any]) -> dict[str, Any]:
    """A tool's answer in a user's turn, Anthropic messages."""
    return {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "1", "content": text}, *more]}


def json_ask(body: Mapping[str, Any], path: str) -> Ask:
    """The ask of a body that came to this path."""
    return read_ask(read_object(json.dumps(body).encode(), 200), {}, path)
