"""The items of a responses request, one by one, into the turns of a conversation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from model_router.server.refusal import Refusal
from model_router.server.translate.asked import as_list, as_name, as_object, as_text, refuse
from model_router.server.translate.conversation import (
    BETWEEN,
    Conversation,
    Reasoning,
    picture_part,
    text_part,
    tool_call,
)
from model_router.server.translate.function_names import function_name
from model_router.server.translate.marks import REASONING_FIELDS, unpack_reasoning
from model_router.server.translate.responses_tools import custom_arguments

_TEXTS = frozenset({"input_text", "output_text", "text", "refusal"})
_SHELLS = {"local_shell_call": "action", "shell_call": "action", "apply_patch_call": "operation"}
"""Calls of tools that the client runs itself, and the field that says what they do."""


class Items:
    """Puts items into ``conversation``; kinds that it has no place for are named in ``dropped``."""

    def __init__(self, conversation: Conversation, dropped: list[str]) -> None:
        self._conversation = conversation
        self._dropped = dropped
        self._reasoning: Reasoning | None = None

    def add(self, item: Any, where: str) -> None:
        """Take the next item."""
        kind = as_object(item, where).get("type") or ("message" if "role" in item else None)
        kind = as_name(kind, f"{where}.type")
        if kind == "message":
            self._message(item, where)
        elif kind == "function_call":
            name = function_name(as_name(item.get("name"), f"{where}.name"), item.get("namespace"))
            self._call(item, where, name, as_text(item.get("arguments"), f"{where}.arguments"))
        elif kind == "custom_tool_call":
            name = function_name(as_name(item.get("name"), f"{where}.name"), item.get("namespace"))
            self._call(item, where, name, custom_arguments(as_text(item.get("input"), f"{where}.input")))
        elif kind in _SHELLS:
            arguments = msgspec.json.encode(item.get(_SHELLS[kind])).decode()
            self._call(item, where, kind.removesuffix("_call"), arguments)
        elif kind in ("function_call_output", "custom_tool_call_output") or kind.removesuffix("_output") in _SHELLS:
            self._output(item, where)
        elif kind == "reasoning":
            self._think(item, where)
        elif kind == "item_reference":
            raise _not_kept(f"{where}.id", "an item by its id")
        elif kind != "additional_tools":
            self._dropped.append(f"input.{kind}")

    def _message(self, item: Mapping[str, Any], where: str) -> None:
        role, content, here = item.get("role"), item.get("content"), f"{where}.content"
        if role == "user":
            self._reasoning = None
            self._conversation.user(self._parts(content, here))
        elif role == "assistant":
            self._say("".join(part.get("text", "") for part in self._parts(content, here)))
        elif role in ("system", "developer"):
            parts = self._parts(content, here)
            self._conversation.system(BETWEEN.join(part["text"] for part in parts if part["type"] == "text"))
        else:
            raise refuse(f"{where}.role", "has to be 'user', 'assistant', 'system' or 'developer'")

    def _call(self, item: Mapping[str, Any], where: str, name: str, arguments: str) -> None:
        call_id = as_name(item.get("call_id") or item.get("id"), f"{where}.call_id")
        self._say("", tool_call(call_id, name, arguments))

    def _say(self, text: str, *calls: dict[str, Any]) -> None:
        reasoning, self._reasoning = self._reasoning, None
        self._conversation.assistant(text, reasoning=reasoning, calls=calls)

    def _output(self, item: Mapping[str, Any], where: str) -> None:
        call_id = as_name(item.get("call_id") or item.get("id"), f"{where}.call_id")
        output = item.get("output")
        if not isinstance(output, str | list):
            self._conversation.result(call_id, "" if output is None else msgspec.json.encode(output).decode())
            return
        words, pictures = [], []
        for part in self._parts(output, f"{where}.output"):
            if part["type"] == "text":
                words.append(part["text"])
            elif part["type"] == "file":
                words.append(f"[The file {part['file'].get('filename', '')} cannot be shown here.]")
                self._dropped.append("input.output.input_file")
            else:
                pictures.append(part)
        self._conversation.result(call_id, BETWEEN.join(words), pictures)

    def _think(self, item: Mapping[str, Any], where: str) -> None:
        """Keep thoughts for the words or the call that follow. Those that OpenAI encrypted nobody else can read."""
        packed = unpack_reasoning(item.get("encrypted_content"))
        if packed is not None:
            self._reasoning = Reasoning(*packed)
            return
        content = as_list(item.get("content") or [], f"{where}.content")
        text = BETWEEN.join(part["text"] for part in content if isinstance(part, Mapping) and _has_text(part))
        if text:
            self._reasoning = Reasoning(text, REASONING_FIELDS[0])
        else:
            self._dropped.append("input.reasoning")

    def _parts(self, content: Any, where: str) -> list[dict[str, Any]]:
        """Content as content parts of chat completions."""
        if isinstance(content, str):
            return [text_part(content)]
        made = []
        for index, part in enumerate(as_list(content, where)):
            here = f"{where}[{index}]"
            found = self._part(as_object(part, here), here)
            if found is not None:
                made.append(found)
        return made

    def _part(self, part: Mapping[str, Any], where: str) -> dict[str, Any] | None:
        kind = as_name(part.get("type"), f"{where}.type")
        if kind in _TEXTS:
            name = "refusal" if kind == "refusal" else "text"
            return text_part(as_text(part.get(name), f"{where}.{name}"))
        if kind == "input_image":
            return self._picture(part, where)
        if kind == "input_file":
            return self._file(part)
        if kind == "input_audio":
            return {"type": "input_audio", "input_audio": as_object(part.get("input_audio"), f"{where}.input_audio")}
        if isinstance(part.get("stdout"), str):  # a shell's output has no type that counts
            return text_part(part["stdout"] + str(part.get("stderr") or ""))
        self._dropped.append(f"input.{kind}")
        return None

    def _picture(self, part: Mapping[str, Any], where: str) -> dict[str, Any]:
        address = part.get("image_url")
        if isinstance(address, Mapping):
            address = address.get("url")
        if address is None and part.get("file_id"):
            self._dropped.append("input.input_image.file_id")
            return text_part("[A picture stood here. It was uploaded to another service and cannot be seen.]")
        detail = part.get("detail")
        return picture_part(
            as_name(address, f"{where}.image_url"), detail if detail in ("low", "high", "auto") else None
        )

    def _file(self, part: Mapping[str, Any]) -> dict[str, Any]:
        name = part.get("filename")
        if isinstance(part.get("file_data"), str):
            return {"type": "file", "file": {"filename": name or "file", "file_data": part["file_data"]}}
        if isinstance(part.get("file_url"), str):
            return text_part(f"[A file stands at {part['file_url']}. It was not read.]")
        self._dropped.append("input.input_file.file_id")
        return text_part(f"[A file stood here ({name or part.get('file_id')}). It was uploaded to another service.]")


def _has_text(part: Mapping[str, Any]) -> bool:
    return part.get("type") in ("reasoning_text", "text") and isinstance(part.get("text"), str)


def _not_kept(where: str, what: str) -> Refusal:
    return Refusal(
        400,
        f"'{where}' names {what}, but no earlier answers are kept here; send the whole conversation in 'input'.",
        param=where,
        code="previous_response_not_found",
    )


def refuse_earlier(asked: Mapping[str, Any]) -> None:
    """Refuse what rests on answers that a service would have kept.

    Raises:
        Refusal: the request names such an answer.
    """
    for name, what in (
        ("previous_response_id", "an earlier answer"),
        ("conversation", "a kept conversation"),
        ("prompt", "a kept prompt"),
    ):
        if asked.get(name) is not None:
            raise _not_kept(name, what)
    if asked.get("background"):
        raise _not_kept("background", "an answer to be fetched later")
