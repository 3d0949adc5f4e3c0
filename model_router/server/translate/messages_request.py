"""A request of Anthropic's messages protocol as a chat completions request."""

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
from model_router.server.translate.conversation import BETWEEN, Conversation
from model_router.server.translate.function_names import function_name
from model_router.server.translate.messages_blocks import Blocks
from model_router.server.translate.translator import ChatRequest

_PLACED = frozenset(
    "model messages system tools tool_choice max_tokens stop_sequences temperature top_p top_k stream "
    "output_config output_format cache_control".split()
)
_BILLING = "x-anthropic-billing-header:"
_EFFORTS = {"low": "low", "medium": "medium", "high": "high", "xhigh": "high", "max": "high"}
_BUDGETS = ((4_096, "low"), (16_384, "medium"))
"""Up to so many tokens of thought are called that effort; the least that the protocol allows is 1,024."""


def chat_request(asked: Mapping[str, Any]) -> ChatRequest:
    """Translate a whole request.

    Raises:
        Refusal: a field has a wrong shape.
    """
    dropped = [name for name, value in asked.items() if name not in _PLACED and value is not None]
    fields: dict[str, Any] = {"model": asked.get("model"), "messages": _messages(asked, dropped)}
    _place_limits(asked, fields)
    _place_tools(asked, fields, dropped)
    effort = _place_output(asked, fields, dropped)
    if flag(asked, "stream"):
        fields["stream"] = True
        fields["stream_options"] = {"include_usage": True}
    return ChatRequest(fields, tuple(dict.fromkeys(dropped)), effort)


def _messages(asked: Mapping[str, Any], dropped: list[str]) -> list[dict[str, Any]]:
    conversation = Conversation()
    if asked.get("system") is not None:
        conversation.system(_system_text(asked["system"], "system"))
    turns = as_list(asked.get("messages"), "messages")
    if not turns:
        raise refuse("messages", "has to hold at least one message")
    blocks = Blocks(conversation, dropped)
    for index, turn in enumerate(turns):
        where = f"messages[{index}]"
        role = as_object(turn, where).get("role")
        content = turn.get("content")
        if role == "system":
            conversation.system(_system_text(content, f"{where}.content"))
        elif role == "user":
            blocks.user(content, f"{where}.content")
        elif role == "assistant":
            blocks.assistant(content, f"{where}.content")
        else:
            raise refuse(f"{where}.role", "has to be 'user', 'assistant' or 'system'")
    messages = conversation.messages()
    if not messages:
        raise refuse("messages", "holds nothing that can be passed on")
    return messages


def _system_text(system: Any, where: str) -> str:
    """The words of a system prompt, without the line in which Claude Code tells its maker who pays.

    That line changes with every request and stands first, so a server that caches by prefix would read the whole
    prompt anew each time.
    """
    if isinstance(system, str):
        if system.startswith(_BILLING):
            return system.partition("\n")[2].lstrip("\n")
        return system
    found = []
    for index, block in enumerate(as_list(system, where)):
        here = f"{where}[{index}]"
        if as_object(block, here).get("type") != "text":
            raise refuse(f"{here}.type", "has to be 'text'")
        text = as_text(block.get("text"), f"{here}.text")
        if text and not text.startswith(_BILLING):
            found.append(text)
    return BETWEEN.join(found)


def _place_limits(asked: Mapping[str, Any], fields: dict[str, Any]) -> None:
    """``max_tokens`` may be missing here, because counting requests have none."""
    placed = {
        "max_tokens": whole_number(asked, "max_tokens", 1),
        "temperature": number(asked, "temperature"),
        "top_p": number(asked, "top_p"),
        "top_k": whole_number(asked, "top_k"),
        "stop": texts(asked, "stop_sequences") or None,
    }
    fields.update({name: value for name, value in placed.items() if value is not None})


def _place_output(asked: Mapping[str, Any], fields: dict[str, Any], dropped: list[str]) -> str | None:
    """Place the form that the answer must have; return the effort.

    ``thinking`` and ``effort`` are not sent as ``reasoning_effort``: Claude Code asks for them in every request,
    whatever model it talks to, and OpenAI, Groq, Mistral and Ollama answer 400 to that field when a model cannot think.
    """
    config = as_object(asked.get("output_config") or {}, "output_config")
    dropped.extend(f"output_config.{name}" for name, value in config.items() if name != "format" and value is not None)
    form, where = config.get("format"), "output_config.format"
    if form is None:
        form, where = asked.get("output_format"), "output_format"
    if form is not None:
        if as_object(form, where).get("type") != "json_schema":
            raise refuse(f"{where}.type", "has to be 'json_schema'")
        schema = as_object(form.get("schema"), f"{where}.schema")
        fields["response_format"] = {"type": "json_schema", "json_schema": {"name": "answer", "schema": schema}}
    return _effort(as_object(asked.get("thinking") or {}, "thinking"), config.get("effort"))


def _effort(thinking: Mapping[str, Any], effort: Any) -> str | None:
    if thinking.get("type") == "disabled":
        return "none"
    if effort is not None:
        return _EFFORTS.get(as_text(effort, "output_config.effort"), "high")
    budget = whole_number(thinking, "budget_tokens") if thinking.get("type") == "enabled" else None
    if budget is None:
        return None
    return next((word for most, word in _BUDGETS if budget <= most), "high")


def _place_tools(asked: Mapping[str, Any], fields: dict[str, Any], dropped: list[str]) -> None:
    tools = []
    for index, tool in enumerate(as_list(asked.get("tools") or [], "tools")):
        where = f"tools[{index}]"
        kind = as_object(tool, where).get("type")
        if kind not in (None, "custom"):
            dropped.append(f"tools.{as_text(kind, f'{where}.type')}")
            continue
        tools.append(_tool(tool, where))
    if tools:
        fields["tools"] = tools
    if asked.get("tool_choice") is not None:
        _place_choice(as_object(asked["tool_choice"], "tool_choice"), fields)


def _tool(tool: Mapping[str, Any], where: str) -> dict[str, Any]:
    function: dict[str, Any] = {"name": function_name(as_name(tool.get("name"), f"{where}.name"))}
    if tool.get("description") is not None:
        function["description"] = as_text(tool["description"], f"{where}.description")
    function["parameters"] = as_object(tool.get("input_schema"), f"{where}.input_schema")
    if tool.get("strict"):
        function["strict"] = True
    return {"type": "function", "function": function}


def _place_choice(choice: Mapping[str, Any], fields: dict[str, Any]) -> None:
    """A choice is left out when there are no tools: OpenAI answers 400 to one without them.

    Raises:
        Refusal: the model has to call a tool that is not there, or that only Anthropic's servers run.
    """
    kind = choice.get("type")
    if kind not in ("auto", "any", "tool", "none"):
        raise refuse("tool_choice.type", "has to be 'auto', 'any', 'tool' or 'none'")
    names = [tool["function"]["name"] for tool in fields.get("tools", ())]
    name = function_name(as_name(choice.get("name"), "tool_choice.name")) if kind == "tool" else None
    if (kind == "any" and not names) or (name is not None and name not in names):
        raise refuse("tool_choice", "asks for a tool that is not among those that can be called here")
    if not names:
        return
    if name is not None:
        fields["tool_choice"] = {"type": "function", "function": {"name": name}}
    else:
        fields["tool_choice"] = "required" if kind == "any" else kind
    if choice.get("disable_parallel_tool_use"):
        fields["parallel_tool_calls"] = False
