"""The content blocks of Anthropic's messages, one by one, into the turns of a conversation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from model_router.server.translate.asked import as_list, as_name, as_object, as_text
from model_router.server.translate.conversation import (
    BETWEEN,
    Conversation,
    Reasoning,
    picture_part,
    text_part,
    tool_call,
)
from model_router.server.translate.function_names import function_name
from model_router.server.translate.marks import reasoning_field


class Blocks:
    """Puts the blocks of each turn into ``conversation``; kinds that it has no place for are named in ``dropped``."""

    def __init__(self, conversation: Conversation, dropped: list[str]) -> None:
        self._conversation = conversation
        self._dropped = dropped

    def user(self, content: Any, where: str) -> None:
        """The results of tools first, as chat completions want them right behind the calls, then the words beside."""
        if isinstance(content, str):
            self._conversation.user([text_part(content)])
            return
        parts: list[dict[str, Any]] = []
        for index, block in enumerate(as_list(content, where)):
            here = f"{where}[{index}]"
            if as_object(block, here).get("type") == "tool_result":
                self._result(block, here)
            else:
                parts.extend(self._parts(block, here))
        if parts:
            self._conversation.user(parts)

    def assistant(self, content: Any, where: str) -> None:
        """What the model said, thought and called."""
        if isinstance(content, str):
            self._conversation.assistant(content)
            return
        said, thoughts, field = [], [], None
        calls = []
        for index, block in enumerate(as_list(content, where)):
            here = f"{where}[{index}]"
            kind = as_name(as_object(block, here).get("type"), f"{here}.type")
            if kind == "text":
                said.append(as_text(block.get("text"), f"{here}.text"))
            elif kind == "tool_use":
                calls.append(_call(block, here))
            elif kind == "thinking" and (known := reasoning_field(block.get("signature"))):
                field = known
                thoughts.append(as_text(block.get("thinking"), f"{here}.thinking"))
            elif kind == "compaction" and isinstance(block.get("content"), str):
                said.append(block["content"])
            else:
                self._dropped.append(f"messages.{kind}")
        reasoning = Reasoning(BETWEEN.join(thoughts), field) if field else None
        if said or calls or reasoning:
            self._conversation.assistant("".join(said), reasoning=reasoning, calls=calls)

    def _result(self, block: Mapping[str, Any], where: str) -> None:
        call_id = as_name(block.get("tool_use_id"), f"{where}.tool_use_id")
        content = block.get("content")
        words, pictures = [], []
        if isinstance(content, str):
            words.append(content)
        elif content is not None:
            for index, part in enumerate(as_list(content, f"{where}.content")):
                for made in self._parts(as_object(part, f"{where}.content[{index}]"), f"{where}.content[{index}]"):
                    if made["type"] == "text":
                        words.append(made["text"])
                    elif made["type"] == "file":
                        words.append(f"[The file {made['file']['filename']} cannot be shown here.]")
                        self._dropped.append("messages.tool_result.document")
                    else:
                        pictures.append(made)
        text = BETWEEN.join(words)
        if block.get("is_error") and not text.lower().lstrip("<").startswith(("error", "tool_use_error")):
            text = f"Error: {text}" if text else "Error"
        self._conversation.result(call_id, text, pictures)

    def _parts(self, block: Mapping[str, Any], where: str) -> list[dict[str, Any]]:
        """A block as content parts of chat completions."""
        kind = as_name(block.get("type"), f"{where}.type")
        if kind == "text":
            return [text_part(as_text(block.get("text"), f"{where}.text"))]
        if kind == "image":
            return [self._picture(block, where)]
        if kind == "document":
            return self._document(block, where)
        if kind == "search_result":
            return [text_part(_search_result(block, where))]
        if kind == "tool_reference":
            return [text_part(f"Tool: {block.get('tool_name', '')}")]
        self._dropped.append(f"messages.{kind}")
        return []

    def _picture(self, block: Mapping[str, Any], where: str) -> dict[str, Any]:
        source = as_object(block.get("source"), f"{where}.source")
        kind = source.get("type")
        if kind == "base64":
            media = as_name(source.get("media_type"), f"{where}.source.media_type")
            return picture_part(f"data:{media};base64,{as_text(source.get('data'), f'{where}.source.data')}")
        if kind == "url":
            return picture_part(as_name(source.get("url"), f"{where}.source.url"))
        self._dropped.append(f"messages.image.{kind}")
        return text_part("[A picture stood here. It was uploaded to another service and cannot be seen.]")

    def _document(self, block: Mapping[str, Any], where: str) -> list[dict[str, Any]]:
        """Text comes as text under its title; a PDF as a file part, which servers either read or answer an error to."""
        source = as_object(block.get("source"), f"{where}.source")
        kind, title = source.get("type"), block.get("title")
        heading = [str(block[name]) for name in ("title", "context") if block.get(name)]
        if kind == "text":
            return [text_part(BETWEEN.join([*heading, as_text(source.get("data"), f"{where}.source.data")]))]
        if kind == "content":
            inner = source.get("content")
            if isinstance(inner, str):
                return [text_part(BETWEEN.join([*heading, inner]))]
            found = [text_part(line) for line in heading]
            for index, part in enumerate(as_list(inner, f"{where}.source.content")):
                here = f"{where}.source.content[{index}]"
                found.extend(self._parts(as_object(part, here), here))
            return found
        if kind == "base64":
            media = source.get("media_type") or "application/pdf"
            data = f"data:{media};base64,{as_text(source.get('data'), f'{where}.source.data')}"
            return [{"type": "file", "file": {"filename": str(title or "document.pdf"), "file_data": data}}]
        if kind == "url":
            address = as_name(source.get("url"), f"{where}.source.url")
            return [text_part(BETWEEN.join([*heading, f"[A document stands at {address}. It was not read.]"]))]
        self._dropped.append(f"messages.document.{kind}")
        return [text_part("[A document stood here. It was uploaded to another service and cannot be read.]")]


def _search_result(block: Mapping[str, Any], where: str) -> str:
    heading = " - ".join(str(block[name]) for name in ("title", "source") if block.get(name))
    found = [as_object(part, f"{where}.content") for part in as_list(block.get("content") or [], f"{where}.content")]
    return BETWEEN.join([heading, *(as_text(part.get("text"), f"{where}.content.text") for part in found)])


def _call(block: Mapping[str, Any], where: str) -> dict[str, Any]:
    arguments = block.get("input")
    text = msgspec.json.encode({} if arguments is None else arguments).decode()
    name = function_name(as_name(block.get("name"), f"{where}.name"))
    return tool_call(as_name(block.get("id"), f"{where}.id"), name, text)
