"""A whole chat answer as a message of Anthropic's protocol."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from model_router.server.translate.chat_answer import ChatAnswer, Ending
from model_router.server.translate.function_names import shortened
from model_router.server.translate.marks import reasoning_mark
from model_router.server.translate.translator import Usage

_STOP_REASONS = {"length": "max_tokens", "content_filter": "refusal"}


def message(answer: ChatAnswer, asked: Mapping[str, Any], model: str) -> dict[str, Any]:
    """The message object: thoughts, then words, then calls."""
    content: list[dict[str, Any]] = []
    if answer.reasoning and wants_thoughts(asked):
        mark = reasoning_mark(answer.reasoning_field)
        content.append({"type": "thinking", "thinking": answer.reasoning, "signature": mark})
    content += [{"type": "text", "text": text} for text in (answer.text, answer.refusal) if text]
    names = shortened(asked.get("tools") or ())
    for call in answer.calls:
        arguments = call_input(call.arguments)
        name = names.get(call.name, call.name)
        content.append({"type": "tool_use", "id": call.call_id, "name": name, "input": arguments})
    reason, word = stop_reason(answer.ending, asked, calls=bool(answer.calls), refusal=bool(answer.refusal))
    return {
        "id": message_id(answer.key),
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": content,
        "stop_reason": reason,
        "stop_sequence": word,
        "usage": usage_object(answer.usage),
    }


def message_id(key: str) -> str:
    """The id of the message whose key is ``key``."""
    return f"msg_{key}"


def wants_thoughts(asked: Mapping[str, Any]) -> bool:
    """Whether the client asked for thoughts. All others read the answer from the first block."""
    thinking = asked.get("thinking")
    return isinstance(thinking, Mapping) and thinking.get("type") not in (None, "disabled")


def stop_reason(ending: Ending, asked: Mapping[str, Any], *, calls: bool, refusal: bool) -> tuple[str, str | None]:
    """Stop reason and stop sequence. Several servers say ``stop`` after a call, so the calls themselves decide."""
    if ending.reason in _STOP_REASONS:
        return _STOP_REASONS[ending.reason], None
    if refusal:
        return "refusal", None
    if calls:
        return "tool_use", None
    if ending.stop_word is not None and ending.stop_word in (asked.get("stop_sequences") or ()):
        return "stop_sequence", ending.stop_word
    return "end_turn", None


def call_input(arguments: str) -> dict[str, Any]:
    """The input of a call, which has to be an object.

    Arguments that are none stand in it whole, as ``invalid_json``: the client's tool then refuses them, and the model
    reads its own words back instead of learning that it called the tool with nothing. Arguments that were encoded twice
    are decoded twice.
    """
    if not arguments.strip():
        return {}
    try:
        decoded = msgspec.json.decode(arguments)
        if isinstance(decoded, str):
            decoded = msgspec.json.decode(decoded)
    except (msgspec.DecodeError, RecursionError):
        return {"invalid_json": arguments}
    if decoded is None:
        return {}
    return decoded if isinstance(decoded, dict) else {"invalid_json": arguments}


def usage_object(usage: Usage | None) -> dict[str, Any]:
    """Token counts: here ``input_tokens`` are those that no cache had. Zeros when the backend told none."""
    if usage is None:
        return {"input_tokens": 0, "output_tokens": 0}
    counted: dict[str, Any] = {
        "input_tokens": max(0, usage.prompt_tokens - usage.cached_tokens - usage.cache_write_tokens),
        "cache_creation_input_tokens": usage.cache_write_tokens,
        "cache_read_input_tokens": usage.cached_tokens,
        "output_tokens": usage.completion_tokens,
    }
    if usage.reasoning_tokens:
        counted["output_tokens_details"] = {"thinking_tokens": usage.reasoning_tokens}
    return counted
