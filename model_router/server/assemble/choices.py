"""Chat completions and completions: answers made of choices."""

from __future__ import annotations

from typing import Any

import msgspec

from model_router.server.assemble.broken import END_MARK, BrokenStream, ended_early, read_event
from model_router.server.assemble.growth import Text, extend, grow, put, settle

_STREAM_ONLY = frozenset({"obfuscation", "prompt_progress"})
"""Fields of events that no plain answer has: random padding (OpenAI) and the progress of the prompt (llama.cpp)."""


class _ChoicesAssembly:
    """What both have in common. The end is ``[DONE]``; for servers without it, a finish reason for each choice."""

    def __init__(self, kind: str) -> None:
        self._kind = kind
        self._fields: dict[str, Any] = {}
        self._choices: dict[int, dict[str, Any]] = {}
        self.complete = False

    def feed(self, data: bytes) -> None:
        """Take the payload of one event in."""
        if self.complete:
            return
        if data.strip() == END_MARK:
            self.complete = True
            return
        event = read_event(data)
        for name, value in (event or {}).items():
            if name == "choices":
                for choice in value if isinstance(value, list) else ():
                    self._take_choice(choice)
            elif name not in _STREAM_ONLY and (value or not self._fields.get(name)):
                put(self._fields, name, value)  # some servers leave id, model and time empty at one of the ends

    def answer(self) -> bytes:
        """The plain answer as JSON."""
        unfinished = any(choice.get("finish_reason") is None for choice in self._choices.values())
        if not self._choices or (unfinished and not self.complete):
            raise ended_early()
        answer = {**self._fields, "object": self._kind}
        if answer.get("usage", ...) is None:
            del answer["usage"]
        answer["choices"] = [self._finished(self._choices[index]) for index in sorted(self._choices)]
        return msgspec.json.encode(settle(answer))

    def _take_choice(self, choice: Any) -> None:
        if not isinstance(choice, dict):
            raise BrokenStream("sent a choice that is no object")
        index = choice.get("index", 0)
        if not isinstance(index, int):
            raise BrokenStream("sent a choice without a number")
        known = self._choices.get(index)
        if known is None:
            known = self._choices[index] = {"index": index, **self._begun()}
        for name, value in choice.items():
            if name == "logprobs" and isinstance(value, dict):
                _grow_logprobs(known, value)
            elif not self._take_text(known, name, value):
                extend(known, name, value)

    def _begun(self) -> dict[str, Any]:
        raise NotImplementedError

    def _take_text(self, known: dict[str, Any], name: str, value: Any) -> bool:
        """Take the field in that holds what the model says; false when this is another."""
        raise NotImplementedError

    def _finished(self, choice: dict[str, Any]) -> dict[str, Any]:
        return choice


def _grow_logprobs(choice: dict[str, Any], logprobs: dict[str, Any]) -> None:
    known = choice.get("logprobs")
    if not isinstance(known, dict):
        known = choice["logprobs"] = {}
    for name, value in logprobs.items():
        extend(known, name, value)


class CompletionAssembly(_ChoicesAssembly):
    """The old text completions."""

    def __init__(self) -> None:
        super().__init__("text_completion")

    def _begun(self) -> dict[str, Any]:
        return {"text": Text("")}

    def _take_text(self, known: dict[str, Any], name: str, value: Any) -> bool:
        if name == "text":
            grow(known, name, value)
        return name == "text"


class ChatAssembly(_ChoicesAssembly):
    """Chat completions, whose choices come as deltas of a message."""

    def __init__(self) -> None:
        super().__init__("chat.completion")

    def _begun(self) -> dict[str, Any]:
        return {"message": {"role": "assistant", "content": None}}

    def _take_text(self, known: dict[str, Any], name: str, value: Any) -> bool:
        if name != "delta":
            return name == "message"
        message = known["message"]
        for key, piece in value.items() if isinstance(value, dict) else ():
            if key == "tool_calls" and isinstance(piece, list):
                calls = message.get(key)
                if not isinstance(calls, list):
                    calls = message[key] = []
                for call in piece:
                    _grow_call(calls, call)
            else:
                grow(message, key, piece)
        return True

    def _finished(self, choice: dict[str, Any]) -> dict[str, Any]:
        message = choice["message"]
        if message["content"] is None and "timings" in self._fields:
            message["content"] = ""  # llama.cpp, known by its timings, writes no null in a plain answer
        calls = message.get("tool_calls")
        if isinstance(calls, list):
            calls.sort(key=_position)
            for call in calls:
                call.pop("index", None)
        return choice


def _grow_call(calls: list[dict[str, Any]], piece: Any) -> None:
    """Add a piece to the call of the same index. Some servers give no index, or the same one to every call: there a
    new id together with a name begins a new call.
    """
    if not isinstance(piece, dict):
        raise BrokenStream("sent a tool call that is no object")
    index, identity = piece.get("index"), piece.get("id")
    call = next((call for call in reversed(calls) if index is None or call.get("index") == index), None)
    if call is None or (identity and call.get("id") not in (None, "", identity) and _named(piece)):
        call = {}
        calls.append(call)
    for name, value in piece.items():
        grow(call, name, value)


def _named(piece: dict[str, Any]) -> bool:
    said = piece.get("function") or piece.get("custom")
    return isinstance(said, dict) and bool(said.get("name"))


def _position(call: dict[str, Any]) -> int:
    """The place among the calls; without an index the order of arrival stays."""
    index = call.get("index")
    return index if isinstance(index, int) else 0
