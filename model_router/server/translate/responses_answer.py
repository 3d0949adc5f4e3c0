"""A whole chat answer as a response object, and the objects that its stream shares with it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from model_router.server.translate.chat_answer import Call, ChatAnswer, Ending
from model_router.server.translate.marks import pack_reasoning
from model_router.server.translate.responses_request import ENCRYPTED_REASONING
from model_router.server.translate.responses_tools import OfferedTools, custom_input
from model_router.server.translate.translator import Usage

_INCOMPLETE = {"length": "max_output_tokens", "content_filter": "content_filter"}
_ECHOED = (
    "instructions max_output_tokens max_tool_calls metadata prompt_cache_key safety_identifier temperature "
    "top_logprobs top_p user"
).split()


class ItemMaker:
    """Makes output items; their ids are the answer's key and their place."""

    def __init__(self, asked: Mapping[str, Any], key: str) -> None:
        self._key = key
        self._tools = OfferedTools(asked)
        self._packs = ENCRYPTED_REASONING in (asked.get("include") or ())

    def item_id(self, prefix: str, index: int) -> str:
        """The id of the item at place ``index``."""
        return f"{prefix}_{self._key}_{index}"

    def reasoning(self, index: int, text: str, field: str, status: str) -> dict[str, Any]:
        """Thoughts. A client that asks for them encrypted returns only that field, so there they stand again."""
        done = status != "in_progress"
        item: dict[str, Any] = {
            "id": self.item_id("rs", index),
            "type": "reasoning",
            "summary": [],
            "content": [{"type": "reasoning_text", "text": text}] if done else [],
            "status": status,
        }
        if self._packs:
            item["encrypted_content"] = pack_reasoning(text, field) if done else ""
        return item

    def message(self, index: int, part: dict[str, Any] | None, status: str) -> dict[str, Any]:
        """Words, or a refusal; without a part, one that is about to come."""
        content = [] if part is None else [part]
        return {
            "id": self.item_id("msg", index),
            "type": "message",
            "status": status,
            "role": "assistant",
            "content": content,
        }

    def call(self, index: int, call: Call, status: str) -> dict[str, Any]:
        """A call of a function or of a custom tool, by the client's own name for it."""
        tool = self._tools.find(call.name)
        item: dict[str, Any]
        if tool.kind == "custom":
            given = custom_input(call.arguments) if status != "in_progress" else ""
            item = {"id": self.item_id("ctc", index), "type": "custom_tool_call", "status": status, "input": given}
        else:
            item = {"id": self.item_id("fc", index), "type": "function_call", "status": status}
            item["arguments"] = call.arguments or ("{}" if status != "in_progress" else "")
        item |= {"call_id": call.call_id, "name": tool.name}
        if tool.namespace is not None:
            item["namespace"] = tool.namespace
        return item


def text_part(text: str, logprobs: list[Any]) -> dict[str, Any]:
    """The content part of words."""
    return {"type": "output_text", "annotations": [], "logprobs": logprobs, "text": text}


def refusal_part(text: str) -> dict[str, Any]:
    """The content part of a refusal."""
    return {"type": "refusal", "refusal": text}


def response(answer: ChatAnswer, asked: Mapping[str, Any], model: str) -> dict[str, Any]:
    """The response object: thoughts, then words, then calls."""
    maker = ItemMaker(asked, answer.key)
    items: list[dict[str, Any]] = []
    if answer.reasoning:
        items.append(maker.reasoning(len(items), answer.reasoning, answer.reasoning_field, "completed"))
    if answer.text:
        items.append(maker.message(len(items), text_part(answer.text, answer.logprobs), "completed"))
    if answer.refusal:
        items.append(maker.message(len(items), refusal_part(answer.refusal), "completed"))
    for call in answer.calls:
        items.append(maker.call(len(items), call, "completed"))
    if items and answer.ending.cut:
        items[-1]["status"] = "incomplete"
    return {**begun(asked, answer.key, answer.created, model), **finished(answer.ending, answer.usage), "output": items}


def begun(asked: Mapping[str, Any], key: str, created: int, model: str) -> dict[str, Any]:
    """The response object as it is at the start of an answer, with what the client asked for. Nothing is stored."""
    choice, tools, several = asked.get("tool_choice"), asked.get("tools"), asked.get("parallel_tool_calls")
    reasoning = asked.get("reasoning") or {}
    return {
        "id": f"resp_{key}",
        "object": "response",
        "created_at": created,
        "status": "in_progress",
        "background": False,
        "error": None,
        "incomplete_details": None,
        **{name: asked.get(name) for name in _ECHOED},
        "model": model,
        "output": [],
        "parallel_tool_calls": True if several is None else several,
        "previous_response_id": None,
        "reasoning": {"effort": reasoning.get("effort"), "summary": reasoning.get("summary")},
        "store": False,
        "text": asked.get("text") or {"format": {"type": "text"}},
        "tool_choice": "auto" if choice is None else choice,
        "tools": tools or [],
        "truncation": "disabled",
        "usage": None,
    }


def finished(ending: Ending, usage: Usage | None) -> dict[str, Any]:
    """The fields that change at the end of an answer."""
    reason = _INCOMPLETE.get(ending.reason or "")
    return {
        "status": "incomplete" if reason else "completed",
        "incomplete_details": {"reason": reason} if reason else None,
        "usage": None if usage is None else usage_object(usage),
    }


def usage_object(usage: Usage) -> dict[str, Any]:
    """Token counts, cached ones within the input, reasoning ones within the output."""
    return {
        "input_tokens": usage.prompt_tokens,
        "input_tokens_details": {"cached_tokens": usage.cached_tokens, "cache_write_tokens": usage.cache_write_tokens},
        "output_tokens": usage.completion_tokens,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning_tokens},
        "total_tokens": usage.prompt_tokens + usage.completion_tokens,
    }
