"""Builds the messages of a chat completions request so that strict servers and chat templates take them.

Chat templates of local models raise errors for what the other protocols allow: a system message that is not the first
one, two messages of one role in a row, pictures in the result of a tool. So the system texts at the start become one
message; a later one becomes a marked text of the user, in its place, because moving it to the front would throw away
the server's cache of everything behind it; neighbours of one role become one message; pictures move from a result into
a message of the user right behind the results.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

BETWEEN = "\n\n"
"""Stands between texts that were blocks or messages of their own."""


class Reasoning(NamedTuple):
    """Earlier thoughts of the model, and the message field that its server wrote them in and reads them from."""

    text: str
    field: str


class Conversation:
    """Takes the turns in their order; ``messages()`` gives the list."""

    def __init__(self) -> None:
        self._system: list[str] = []
        self._messages: list[dict[str, Any]] = []
        self._pictures: list[dict[str, Any]] = []

    def system(self, text: str) -> None:
        """Words with the authority of whoever runs the application."""
        if not text:
            return
        if self._messages:
            self.user([text_part(text if "<system-reminder>" in text else _reminder(text))])
        else:
            self._system.append(text)

    def user(self, parts: Sequence[dict[str, Any]]) -> None:
        """Words and pictures of the person, as content parts of chat completions."""
        self._show_pictures()
        self._add_user(parts)

    def assistant(
        self, text: str = "", *, reasoning: Reasoning | None = None, calls: Sequence[dict[str, Any]] = ()
    ) -> None:
        """What the model said before; each of ``calls`` is a tool call of chat completions."""
        self._show_pictures()
        last = self._messages[-1] if self._messages else None
        if last is None or last["role"] != "assistant":
            last = {"role": "assistant", "content": None}
            self._messages.append(last)
        if reasoning is not None and reasoning.text:
            last[reasoning.field] = _joined(last.get(reasoning.field), reasoning.text)
        if text:
            last["content"] = _joined(last["content"], text)
        if calls:
            last.setdefault("tool_calls", []).extend(calls)

    def result(self, call_id: str, text: str, pictures: Sequence[dict[str, Any]] = ()) -> None:
        """The result of a tool call. It goes right behind its call, also when others spoke in between."""
        if pictures:
            self._pictures.append(text_part(f"Shown by the tool call {call_id}:"))
            self._pictures.extend(pictures)
            text = _joined(text, "(What the tool shows follows these results.)")
        message = {"role": "tool", "tool_call_id": call_id, "content": text}
        self._messages.insert(self._place_of_result(call_id), message)

    def messages(self) -> list[dict[str, Any]]:
        """The finished list; contents that are only text become plain strings."""
        self._show_pictures()
        system = [{"role": "system", "content": BETWEEN.join(self._system)}] if self._system else []
        return system + [_finished(message) for message in self._messages]

    def _place_of_result(self, call_id: str) -> int:
        place = len(self._messages)
        while place and not _has_call(self._messages[place - 1], call_id):
            place -= 1
        if not place:
            return len(self._messages)
        while place < len(self._messages) and self._messages[place]["role"] == "tool":
            place += 1
        return place

    def _show_pictures(self) -> None:
        if self._pictures:
            pictures, self._pictures = self._pictures, []
            self._add_user(pictures)

    def _add_user(self, parts: Sequence[dict[str, Any]]) -> None:
        parts = [part for part in parts if part.get("text") != ""] or [text_part("")]
        if self._messages and self._messages[-1]["role"] == "user":
            self._messages[-1]["content"].extend(parts)
        else:
            self._messages.append({"role": "user", "content": parts})


def text_part(text: str) -> dict[str, Any]:
    """A content part of words."""
    return {"type": "text", "text": text}


def picture_part(url: str, detail: str | None = None) -> dict[str, Any]:
    """A content part with a picture, given as an address or as data in one."""
    return {"type": "image_url", "image_url": {"url": url, "detail": detail} if detail else {"url": url}}


def tool_call(call_id: str, name: str, arguments: str) -> dict[str, Any]:
    """A tool call of chat completions; ``arguments`` is JSON."""
    return {"id": call_id, "type": "function", "function": {"name": name, "arguments": arguments}}


def _finished(message: dict[str, Any]) -> dict[str, Any]:
    content = message["content"]
    if message["role"] == "user" and all(part["type"] == "text" for part in content):
        return {"role": "user", "content": BETWEEN.join(part["text"] for part in content)}
    if message["role"] == "assistant" and content is None and "tool_calls" not in message:
        return {**message, "content": ""}
    return message


def _has_call(message: dict[str, Any], call_id: str) -> bool:
    return any(call["id"] == call_id for call in message.get("tool_calls", ()))


def _joined(before: str | None, text: str) -> str:
    return f"{before}{BETWEEN}{text}" if before else text


def _reminder(text: str) -> str:
    return f"<system-reminder>\n{text}\n</system-reminder>"
