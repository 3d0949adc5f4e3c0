"""A request of OpenAI's responses protocol as a chat completions request."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from model_router.server.translate.asked import (
    as_list,
    as_name,
    as_object,
    as_text,
    flag,
    number,
    refuse,
    texts,
    whole_number,
)
from model_router.server.translate.conversation import Conversation, text_part
from model_router.server.translate.responses_items import Items, refuse_earlier
from model_router.server.translate.responses_tools import OfferedTools
from model_router.server.translate.translator import ChatRequest

_PLACED = frozenset(
    "model input instructions tools tool_choice parallel_tool_calls max_output_tokens temperature top_p top_logprobs "
    "text reasoning stream include".split()
)
_MET_ANYWAY = {"store": False, "truncation": "disabled", "background": False}
"""Values that ask for what happens here in any case."""
LOGPROBS = "message.output_text.logprobs"
ENCRYPTED_REASONING = "reasoning.encrypted_content"


def chat_request(asked: Mapping[str, Any]) -> ChatRequest:
    """Translate a whole request.

    Raises:
        Refusal: a field has a wrong shape, or rests on answers that are not kept here.
    """
    refuse_earlier(asked)
    dropped = [
        name
        for name, value in asked.items()
        if name not in _PLACED and value is not None and _MET_ANYWAY.get(name, ...) != value
    ]
    fields: dict[str, Any] = {"model": asked.get("model"), "messages": _messages(asked, dropped)}
    _place_limits(asked, fields, dropped)
    tools = OfferedTools(asked)
    tools.place(asked, fields)
    dropped += tools.dropped
    _place_text(as_object(asked.get("text") or {}, "text"), fields, dropped)
    _place_reasoning(as_object(asked.get("reasoning") or {}, "reasoning"), fields, dropped)
    if flag(asked, "stream"):
        fields["stream"] = True
        fields["stream_options"] = {"include_usage": True}
    return ChatRequest(fields, tuple(dict.fromkeys(dropped)))


def _messages(asked: Mapping[str, Any], dropped: list[str]) -> list[dict[str, Any]]:
    conversation = Conversation()
    if asked.get("instructions") is not None:
        conversation.system(as_text(asked["instructions"], "instructions"))
    given = asked.get("input")
    if isinstance(given, str):
        conversation.user([text_part(given)])
        return conversation.messages()
    items = Items(conversation, dropped)
    for index, item in enumerate(as_list(given, "input")):
        items.add(item, f"input[{index}]")
    messages = conversation.messages()
    if not messages:
        raise refuse("input", "holds nothing that can be passed on")
    return messages


def _place_limits(asked: Mapping[str, Any], fields: dict[str, Any], dropped: list[str]) -> None:
    placed = {
        "max_tokens": whole_number(asked, "max_output_tokens", 1),
        "temperature": number(asked, "temperature"),
        "top_p": number(asked, "top_p"),
        "top_logprobs": whole_number(asked, "top_logprobs") or None,
    }
    fields.update({name: value for name, value in placed.items() if value is not None})
    wanted = texts(asked, "include") or []
    if LOGPROBS in wanted or "top_logprobs" in fields:
        fields["logprobs"] = True
    dropped.extend(f"include.{name}" for name in wanted if name not in (LOGPROBS, ENCRYPTED_REASONING))


def _place_text(text: Mapping[str, Any], fields: dict[str, Any], dropped: list[str]) -> None:
    """The form of the answer. ``verbosity`` is left out: other models than OpenAI's newest refuse it."""
    dropped.extend(f"text.{name}" for name, value in text.items() if name != "format" and value is not None)
    form = text.get("format")
    if form is None:
        return
    kind = as_object(form, "text.format").get("type")
    if kind == "json_object":
        fields["response_format"] = {"type": "json_object"}
    elif kind == "json_schema":
        schema: dict[str, Any] = {
            "name": as_name(form.get("name"), "text.format.name"),
            "schema": as_object(form.get("schema"), "text.format.schema"),
        }
        schema |= {name: form[name] for name in ("description", "strict") if form.get(name) is not None}
        fields["response_format"] = {"type": "json_schema", "json_schema": schema}
    elif kind != "text":
        raise refuse("text.format.type", "has to be 'text', 'json_object' or 'json_schema'")


def _place_reasoning(reasoning: Mapping[str, Any], fields: dict[str, Any], dropped: list[str]) -> None:
    """Effort is one vendor's word in both of its protocols, and clients send it only when a person chose it."""
    effort = reasoning.get("effort")
    if effort is not None:
        fields["reasoning_effort"] = as_text(effort, "reasoning.effort")
    dropped.extend(f"reasoning.{name}" for name, value in reasoning.items() if name != "effort" and value is not None)
