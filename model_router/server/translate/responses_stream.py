"""A streamed chat answer as the events of OpenAI's responses protocol."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from model_router.server.translate.chat_answer import Call, Ending
from model_router.server.translate.chat_stream import Section
from model_router.server.translate.responses_answer import ItemMaker, begun, finished, refusal_part, text_part
from model_router.server.translate.translator import Usage

_encode = msgspec.json.Encoder().encode
_DELTAS = {
    "text": "response.output_text.delta",
    "refusal": "response.refusal.delta",
    "reasoning": "response.reasoning_text.delta",
    "call": "response.function_call_arguments.delta",
}
_ERRORS = {
    "rate_limit_error": "rate_limit_exceeded",
    "exceed_context_size_error": "context_length_exceeded",
    "overloaded": "server_is_overloaded",
    "overloaded_error": "server_is_overloaded",
}
_KNOWN_ERRORS = frozenset(
    {"rate_limit_exceeded", "context_length_exceeded", "server_is_overloaded", "insufficient_quota", "invalid_prompt"}
)
"""Codes that clients act upon; Codex compacts a conversation that is too long, and waits for a busy server."""


class ResponsesWriter:
    """Writes ``response.created`` and ``response.in_progress``, item after item, and the whole response at the end.

    Events are numbered, and only the first two and the last hold the response object.
    """

    errors_need_beginning = True

    def __init__(self, asked: Mapping[str, Any], model: str) -> None:
        self._asked = asked
        self._model = model
        self._number = 0
        self._response: dict[str, Any] = {}
        self._items: list[dict[str, Any]] = []
        self._maker: ItemMaker
        self._item: dict[str, Any] = {}
        self._custom = False
        self._before = b""

    def begin(self, key: str, created: int) -> bytes:
        """``response.created`` and ``response.in_progress``. What never changes is encoded once."""
        self._maker = ItemMaker(self._asked, key)
        self._response = begun(self._asked, key, created, self._model)
        for name in ("tools", "instructions"):
            self._response[name] = msgspec.Raw(_encode(self._response[name]))
        return self._whole("response.created") + self._whole("response.in_progress")

    def open(self, section: Section) -> bytes:
        """``response.output_item.added``, and ``response.content_part.added`` where an item has parts."""
        self._item = self._item_of(section, "in_progress")
        self._custom = self._item["type"] == "custom_tool_call"
        index = len(self._items)
        head = f'"item_id":"{self._item["id"]}","output_index":{index},'
        if section.kind != "call":
            head += '"content_index":0,'
        if section.kind == "text":
            head += '"logprobs":[],'
        name = _DELTAS[section.kind]
        self._before = f'event: {name}\ndata: {{"type":"{name}",{head}"delta":'.encode()
        out = self._event("response.output_item.added", {"output_index": index, "item": self._item})
        if section.kind != "call":
            out += self._part_event("response.content_part.added", _part_of(section, begun=True))
        return out

    def write(self, section: Section, piece: str, logprobs: list[Any]) -> bytes:
        """The delta. The text of a custom tool is known when its wrapping is complete, so it comes in one piece."""
        if self._custom:
            return b""
        number = self._number
        self._number = number + 1
        before = self._before
        if logprobs:
            before = before.replace(b'"logprobs":[]', b'"logprobs":' + _encode(logprobs))
        return b"".join((before, _encode(piece), b',"sequence_number":', str(number).encode(), b"}\n\n"))

    def close(self, section: Section) -> bytes:
        """The events that say a part and its item are complete."""
        index = len(self._items)
        item = self._item_of(section, "incomplete" if section.cut else "completed")
        place = {"item_id": item["id"], "output_index": index}
        if section.kind == "call":
            out = self._close_call(section, item, place)
        else:
            part = _part_of(section)
            name = {"text": "output_text", "refusal": "refusal", "reasoning": "reasoning_text"}[section.kind]
            said = {key: value for key, value in part.items() if key not in ("type", "annotations")}
            out = self._event(f"response.{name}.done", {**place, "content_index": 0, **said})
            out += self._part_event("response.content_part.done", part)
        self._items.append(item)
        return out + self._event("response.output_item.done", {"output_index": index, "item": item})

    def end(self, ending: Ending, usage: Usage | None) -> bytes:
        """``response.completed`` or ``response.incomplete``."""
        self._response |= {**finished(ending, usage), "output": self._items}
        return self._whole(f"response.{self._response['status']}")

    def fail(self, sentence: str, code: str) -> bytes:
        """``response.failed``, with the items that were complete."""
        code = _ERRORS.get(code, code)
        error = {"code": code if code in _KNOWN_ERRORS else "server_error", "message": sentence}
        self._response |= {"status": "failed", "error": error, "output": self._items}
        return self._whole("response.failed")

    def _close_call(self, section: Section, item: dict[str, Any], place: dict[str, Any]) -> bytes:
        if not self._custom:
            out = b"" if section.pieces else self.write(section, item["arguments"], [])
            done = {**place, "name": item["name"], "arguments": item["arguments"]}
            return out + self._event("response.function_call_arguments.done", done)
        given = item["input"]
        return self._event("response.custom_tool_call_input.delta", {**place, "delta": given}) + self._event(
            "response.custom_tool_call_input.done", {**place, "input": given}
        )

    def _item_of(self, section: Section, status: str) -> dict[str, Any]:
        index = len(self._items)
        if section.kind == "reasoning":
            return self._maker.reasoning(index, section.text(), section.field, status)
        if section.kind == "call":
            arguments = "" if status == "in_progress" else section.text()
            return self._maker.call(index, Call(section.call_id, section.name, arguments), status)
        return self._maker.message(index, None if status == "in_progress" else _part_of(section), status)

    def _part_event(self, name: str, part: dict[str, Any]) -> bytes:
        place = {"item_id": self._item["id"], "output_index": len(self._items), "content_index": 0}
        return self._event(name, {**place, "part": part})

    def _whole(self, name: str) -> bytes:
        return self._event(name, {"response": self._response})

    def _event(self, name: str, fields: dict[str, Any]) -> bytes:
        data = {"type": name, **fields, "sequence_number": self._number}
        self._number += 1
        return b"".join((b"event: ", name.encode(), b"\ndata: ", _encode(data), b"\n\n"))


def _part_of(section: Section, *, begun: bool = False) -> dict[str, Any]:
    text = "" if begun else section.text()
    if section.kind == "text":
        return text_part(text, [] if begun else section.logprobs)
    return refusal_part(text) if section.kind == "refusal" else {"type": "reasoning_text", "text": text}
