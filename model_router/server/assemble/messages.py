"""Anthropic messages: content blocks between ``message_start`` and ``message_stop``."""

from __future__ import annotations

from typing import Any

import msgspec

from model_router.server.assemble.broken import BrokenStream, ended_early, read_event
from model_router.server.assemble.growth import grow, put, settle

_INPUT = "\0input"
"""Where the pieces of a tool's input are kept until they are whole; no field of a block has this name."""


class MessagesAssembly:
    """One message. Deltas of unknown kinds grow the block's fields of the same names."""

    def __init__(self) -> None:
        self._message: dict[str, Any] | None = None
        self._blocks: dict[int, dict[str, Any]] = {}
        self.complete = False

    def feed(self, data: bytes) -> None:
        """Take the payload of one event in."""
        if self.complete:
            return
        event = read_event(data) or {}
        kind = event.get("type")
        if kind == "message_start":
            self._message = _object(event, "message")
        elif kind == "content_block_start":
            self._blocks[_index(event)] = _object(event, "content_block")
        elif kind == "content_block_delta":
            self._grow(_index(event), _object(event, "delta"))
        elif kind == "message_delta":
            self._take_delta(event)
        elif kind == "message_stop":
            self.complete = True

    def answer(self) -> bytes:
        """The plain answer as JSON."""
        if self._message is None or not self.complete:
            raise ended_early()
        content = [_finished(self._blocks[index]) for index in sorted(self._blocks)]
        return msgspec.json.encode(settle({**self._message, "content": content}))

    def _grow(self, index: int, delta: dict[str, Any]) -> None:
        block = self._blocks.get(index)
        if block is None:
            raise BrokenStream("sent a piece of a content block that it did not begin")
        kind = delta.get("type")
        if kind == "input_json_delta":
            grow(block, _INPUT, delta.get("partial_json", ""))
        elif kind == "citations_delta":
            grow(block, "citations", [delta.get("citation")])
        else:
            for name, value in delta.items():
                if name != "type":
                    grow(block, name, value)

    def _take_delta(self, event: dict[str, Any]) -> None:
        """The end of the message: why it stopped, and the counts, which go on from those of the start."""
        message = self._message
        if message is None:
            raise BrokenStream("sent the end of a message that it did not begin")
        for name, value in _object(event, "delta").items():
            put(message, name, value)
        for name, value in event.items():
            if name == "usage" and isinstance(value, dict):
                known = message.get("usage")
                counts = known if isinstance(known, dict) else {}
                message["usage"] = counts
                for count, number in value.items():
                    put(counts, count, number)
            elif name not in ("type", "delta"):
                put(message, name, value)


def _object(event: dict[str, Any], name: str) -> dict[str, Any]:
    value = event.get(name)
    if not isinstance(value, dict):
        raise BrokenStream(f"sent an event '{event.get('type')}' without its {name}")
    return value


def _index(event: dict[str, Any]) -> int:
    index = event.get("index")
    if not isinstance(index, int):
        raise BrokenStream(f"sent an event '{event.get('type')}' without its index")
    return index


def _finished(block: dict[str, Any]) -> dict[str, Any]:
    """The block with its input read: pieces of JSON that make one object, or nothing at all."""
    pieces = str(block.pop(_INPUT, "")).strip()
    if not pieces:
        if str(block.get("type")).endswith("tool_use"):
            put(block, "input", block.get("input") or {})
        return block
    try:
        return {**block, "input": msgspec.json.decode(pieces)}
    except (msgspec.DecodeError, RecursionError):
        raise BrokenStream("sent a tool's input that is not JSON") from None
