"""Puts the pieces of a streamed chat answer into sections that follow each other, and has a writer write them.

Chat chunks may mix: thoughts, text and the arguments of several calls in turn. The client's protocols want one section
after the other. A piece for another section closes the open one, except when that is a tool call whose arguments are
not complete JSON yet: then the piece waits, so that no call is cut in two.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, Protocol

import msgspec

from model_router.server.translate.chat_answer import (
    Ending,
    answer_key,
    argument_text,
    call_pieces,
    created_at,
    first_choice,
    made_call_id,
    read_ending,
    read_error,
    read_logprobs,
    read_usage,
    read_words,
)
from model_router.server.translate.translator import Usage

Kind = Literal["reasoning", "text", "refusal", "call"]


class Section:
    """A run of pieces of one kind. ``field`` belongs to thoughts, ``call_id`` and ``name`` to calls.

    ``cut`` is set before the last section of an answer closes that the model did not finish.
    """

    __slots__ = ("call_id", "closed", "cut", "field", "kind", "logprobs", "name", "pieces")

    def __init__(self, kind: Kind, *, field: str = "", call_id: str = "", name: str = "") -> None:
        self.kind = kind
        self.field = field
        self.call_id = call_id
        self.name = name
        self.pieces: list[str] = []
        self.logprobs: list[Any] = []
        self.closed = False
        self.cut = False

    def text(self) -> str:
        """All that came so far."""
        return "".join(self.pieces)

    def may_close(self) -> bool:
        """Whether nothing more is to be expected: always, except in the middle of a call's arguments."""
        if self.kind != "call":
            return True
        if not self.pieces or not self.pieces[-1].rstrip().endswith("}"):
            return False
        try:
            return isinstance(msgspec.json.decode(self.text()), dict)
        except (msgspec.DecodeError, RecursionError):
            return False


class Writer(Protocol):
    """Writes the events of one protocol; each method gives complete events or nothing."""

    errors_need_beginning: bool
    """Whether clients take an error only after the events of ``begin``."""

    def begin(self, key: str, created: int) -> bytes:
        """The events before everything else."""

    def open(self, section: Section) -> bytes:
        """The events that begin a section; its pieces follow by ``write``."""

    def write(self, section: Section, piece: str, logprobs: list[Any]) -> bytes:
        """The event for a piece, which already stands in ``section.pieces``."""

    def close(self, section: Section) -> bytes:
        """The events that end a section."""

    def end(self, ending: Ending, usage: Usage | None) -> bytes:
        """The events that end the answer."""

    def fail(self, sentence: str, code: str) -> bytes:
        """The event of an error."""


class ChatStream:
    """The event stream of every protocol; what differs is the writer."""

    def __init__(self, writer: Writer, asked: Mapping[str, Any]) -> None:
        self._writer = writer
        self._asked = asked
        self._key = ""
        self._begun = False
        self._over = False
        self._failed = False
        self._usage: Usage | None = None
        self._ending = Ending(None)
        self._open: Section | None = None
        self._waiting: list[Section] = []
        self._calls: dict[object, Section] = {}
        self._call_count = 0

    @property
    def usage(self) -> Usage | None:
        """The token counts, once the backend has told them."""
        return self._usage

    @property
    def finished(self) -> bool:
        """Whether the backend said why the answer ended."""
        return self._ending.reason is not None

    @property
    def failed(self) -> bool:
        """Whether an error went out."""
        return self._failed

    def chunk(self, chat_chunk: Mapping[str, Any]) -> bytes:
        """Take one decoded chunk; give the events that it causes."""
        if self._over:
            return b""
        error = chat_chunk.get("error")
        if error:
            return self.fail(*read_error(error))
        if chat_chunk.get("usage"):
            self._usage = read_usage(chat_chunk["usage"]) or self._usage
        choice = first_choice(chat_chunk)
        if choice is None:
            return b""  # only counts, or Azure's first chunk, which has no id either
        out = b"" if self._begun else self._begin(chat_chunk)
        delta = choice.get("delta")
        if isinstance(delta, dict):
            out += self._delta(delta, choice)
        if choice.get("finish_reason"):
            self._ending = read_ending(choice)
            out += self._close_all()
        return out

    def end(self) -> bytes:
        """Give the closing events."""
        if self._over:
            return b""
        out = b"" if self._begun else self._begin({})
        out += self._close_all()
        self._over = True
        return out + self._writer.end(self._ending, self._usage)

    def fail(self, sentence: str, code: str) -> bytes:
        """Give an error event, the last of all."""
        if self._over:
            return b""
        self._over = self._failed = True
        needed = self._writer.errors_need_beginning and not self._begun
        return (self._begin({}) if needed else b"") + self._writer.fail(sentence, code)

    def _begin(self, chat_chunk: Mapping[str, Any]) -> bytes:
        self._begun = True
        self._key = answer_key(chat_chunk, self._asked)
        return self._writer.begin(self._key, created_at(chat_chunk))

    def _delta(self, delta: Mapping[str, Any], choice: Mapping[str, Any]) -> bytes:
        field, reasoning, text = read_words(delta)
        out = b""
        if reasoning:
            out += self._words("reasoning", reasoning, [], field)
        if text:
            out += self._words("text", text, read_logprobs(choice) if choice.get("logprobs") else [])
        refusal = delta.get("refusal")
        if isinstance(refusal, str) and refusal:
            out += self._words("refusal", refusal, [])
        if "tool_calls" in delta or "function_call" in delta:
            for piece in call_pieces(delta):
                out += self._call(piece)
        return out

    def _words(self, kind: Kind, text: str, logprobs: list[Any], field: str = "") -> bytes:
        section = self._open
        out = b""
        if section is None or section.kind != kind:
            out = self._make_way()
            section = self._open
            if section is not None and section.kind == "call":
                self._wait(kind, text, logprobs, field)
                return out
            if section is None or section.kind != kind:
                section = Section(kind, field=field)
                out += self._start(section)
        section.pieces.append(text)
        section.logprobs += logprobs
        return out + self._writer.write(section, text, logprobs)

    def _wait(self, kind: Kind, text: str, logprobs: list[Any], field: str) -> None:
        if not self._waiting or self._waiting[-1].kind != kind:
            self._waiting.append(Section(kind, field=field))
        self._waiting[-1].pieces.append(text)
        self._waiting[-1].logprobs += logprobs

    def _call(self, piece: Mapping[str, Any]) -> bytes:
        function = piece.get("function")
        function = function if isinstance(function, dict) else {}
        section = self._section_of(piece)
        name = function.get("name")
        if not section.name and isinstance(name, str):
            section.name = name
        arguments = argument_text(function.get("arguments"))
        if section.closed:
            return b""
        if arguments:
            section.pieces.append(arguments)
        if section is self._open:
            return self._writer.write(section, arguments, []) if arguments else b""
        out = self._make_way() if section.name else b""
        if section is self._open or section.closed:
            return out  # it had waited, and was written with the others
        if section.name and self._open is None:
            if section in self._waiting:
                self._waiting.remove(section)
            return out + self._start(section)
        if section not in self._waiting:
            self._waiting.append(section)
        return out

    def _section_of(self, piece: Mapping[str, Any]) -> Section:
        """The call that a piece belongs to.

        By its index; but Gemini's server gives index 0 to all calls, so another id with a name begins another call.
        Some give no index at all: then an id or a name begins a call, and all else belongs to the last one.
        """
        call_id, index = piece.get("id"), piece.get("index")
        call_id = call_id if isinstance(call_id, str) else ""
        function = piece.get("function")
        named = isinstance(function, dict) and bool(function.get("name"))
        if isinstance(index, int):
            found = self._calls.get(index)
            if found is None or (call_id and found.call_id != call_id and named and found.name):
                found = self._new_call(call_id)
                self._calls[index] = found
        else:
            found = self._calls.get("last")
            if found is None or (named and found.name) or (call_id and call_id != found.call_id):
                found = self._new_call(call_id)
        self._calls["last"] = found
        return found

    def _new_call(self, call_id: str) -> Section:
        made = call_id or made_call_id(self._key, self._call_count)
        self._call_count += 1
        return Section("call", call_id=made)

    def _make_way(self) -> bytes:
        """Close the open section if it may, and write what waited, up to a call that is not complete."""
        out = b""
        while self._open is not None and self._open.may_close():
            out += self._shut(self._open)
            out += self._start_waiting()
        return out

    def _close_all(self) -> bytes:
        out = b""
        while self._open is not None or self._waiting:
            if self._open is not None:
                self._open.cut = self._ending.cut and not self._waiting
                out += self._shut(self._open)
            before = len(self._waiting)
            out += self._start_waiting()
            if self._open is None and len(self._waiting) == before:
                self._waiting.clear()
        return out

    def _start_waiting(self) -> bytes:
        """Write the first section that waits; a call without a name yet stays behind."""
        for section in self._waiting:
            if section.kind != "call" or section.name:
                self._waiting.remove(section)
                return self._start(section)
        return b""

    def _start(self, section: Section) -> bytes:
        """Begin a section, and write at once what has come for it."""
        self._open = section
        out = self._writer.open(section)
        return out + self._writer.write(section, section.text(), section.logprobs) if section.pieces else out

    def _shut(self, section: Section) -> bytes:
        section.closed = True
        self._open = None
        return self._writer.close(section)
