"""A streamed answer on its way through: bytes as they come, but never half a line, and an honest end."""

from __future__ import annotations

from typing import Protocol

import msgspec

from model_router.server.stream_error import read_error
from model_router.server.usage import Usage, read_usage
from model_router.server.wire.endpoint import Endpoint, Family

_HELD_LIMIT = 65_536
_NO_JSON = "sent an event that is not JSON"
_ENDS = {
    Family.CHAT: (),
    Family.ANTHROPIC: (b"message_stop",),
    Family.RESPONSES: (b"response.completed", b"response.incomplete", b"response.failed"),
}
"""Types of the event that ends a stream; a chat ends with ``[DONE]``."""

_FINISHES = {
    Family.CHAT: (b'"finish_reason":"', b'"finish_reason": "'),
    Family.ANTHROPIC: (b'"stop_reason":"', b'"stop_reason": "'),
    Family.RESPONSES: (),
}
"""What a server writes when the answer is complete, though its end mark may never come."""


class Passage(Protocol):
    """What a stream goes through between backend and client.

    ``broken`` is half a sentence when the backend sent an error, or something that is no event; ``told``: the client
    has read of it in the backend's own words. ``done`` says that its end mark came, and what happens to the connection
    then is of no interest; ``finished`` that it said the answer is complete.
    """

    broken: str
    told: bool

    def feed(self, piece: bytes) -> bytes:
        """Take a piece in; give what may go out."""
        ...

    def rest(self) -> bytes:
        """What was held back, at a proper end."""
        ...

    def done(self) -> bool: ...

    def finished(self) -> bool: ...

    def usage(self) -> Usage | None: ...

    def fail(self, sentence: str, code: str) -> bytes:
        """An error that ends the stream, as an event of the client's protocol."""
        ...


class LineHolder:
    """Passes whole lines on and keeps an unfinished one back, so that an error event never lands inside it.

    Servers write whole events, so this delays nothing; a line that grows beyond 64 KiB is passed on in pieces. Bytes
    are never changed. The name of an event waits for its data. Each line of data is looked at: one that is neither
    ``{...}`` nor the end mark is held until its event is complete, and only that event is parsed. When it is no JSON,
    or an error that clients of this protocol would not see as one, ``broken`` is set, and the event and all behind it
    are swallowed; an error that they would see is passed on, and all behind it is swallowed.
    """

    def __init__(self, endpoint: Endpoint, *, hides_usage: bool = False) -> None:
        self.broken = ""
        self.told = False
        self._endpoint = endpoint
        self._ends = _ENDS[endpoint.family]
        self._finishes = _FINISHES[endpoint.family]
        self._hides_usage = hides_usage
        self._hiding = False
        self._name = b""
        self._before: list[bytes] = []
        self._open = False
        self._done = False
        self._finished = False
        self._held = bytearray()
        self._inside = b""
        self._event: list[bytes] = []
        self._counts: list[bytes] = []

    def feed(self, piece: bytes) -> bytes:
        """Take a piece in; give what may go out."""
        end = piece.rfind(b"\n") + 1
        if end == 0:
            self._held += piece
            return self._first_part() if len(self._held) > _HELD_LIMIT else b""
        out = bytes(self._held) + piece[:end] if self._held else piece[:end]
        self._held = bytearray(piece[end:])
        return self._judge(out)

    def rest(self) -> bytes:
        """What was held back, at a proper end."""
        out = bytes(self._held)
        self._held.clear()
        if self._done:
            return out
        if self._inside == b"{" and not out:
            self.broken = _NO_JSON
        passed = self._judge(out) + self._close_event()
        return passed + b"\n\n" if self._open and not self.broken else passed  # some do not end their last event

    def done(self) -> bool:
        """Whether the end mark of the protocol came; what happens to the connection then is of no interest."""
        return self._done

    def finished(self) -> bool:
        """Whether the server said that the answer is complete; some send a finish reason and no end mark."""
        return self._done or self._finished

    def usage(self) -> Usage | None:
        """The token counts, when the events tell them; Anthropic's stand in the first and in the last but one."""
        found: Usage | None = None
        for line in self._counts:
            usage = read_usage(line[5:].strip())
            if usage is not None:
                found = usage if found is None else found.updated(usage)
        return found

    def fail(self, sentence: str, code: str) -> bytes:
        """An error event; the line breaks before it end whatever was begun."""
        event = self._endpoint.error_event(sentence, code)
        return event if self._open else event.lstrip(b"\n")

    def _first_part(self) -> bytes:
        """The part of a very long line that is there; its beginning and its end are judged, not what lies between."""
        out = bytes(self._held)
        self._held.clear()
        if self._done:
            return out
        if not self._inside:
            if self._event or (out.startswith(b"data:") and not out[5:64].lstrip().startswith(b"{")):
                self.broken = _NO_JSON
                return b""
            self._inside = b"{" if out.startswith(b"data:") else b"-"
            self._open = True
            out = self._take_before() + out
        self._see_finish(out)
        return out

    def _judge(self, lines: bytes) -> bytes:
        """The lines up to the first event that is broken; those of an event that is not complete yet stay here."""
        if self._stopped():
            return b""
        if self._done:
            return lines
        passed: list[bytes] = []
        for line in _split(lines):
            passed.append(self._judge_line(line))
            if self.broken:
                break
        return b"".join(passed)

    def _stopped(self) -> bool:
        return bool(self.broken)

    def _judge_line(self, line: bytes) -> bytes:
        """What may go out because of this line: the line, nothing, or the event that it completes."""
        if self._inside:
            if self._inside == b"{" and not line.rstrip().endswith(b"}"):
                self.broken = _NO_JSON
            self._inside = b""
            self._see_finish(line)
            return line
        if self._event:
            self._event.append(line)
            return b"" if line.strip() else self._close_event()
        return self._judge_data(line) if line.startswith(b"data:") else self._pass_other(line)

    def _judge_data(self, line: bytes) -> bytes:
        data = line[5:].strip()
        if data.startswith(b"{") and data.endswith(b"}"):
            if self._is_error(data):
                return self._take_before() + line.rstrip() + b"\n\n" if self.told else b""
            self._see_finish(line)
            if b'"usage"' in line and _may_count(line) and self._keep_counts(line, data):
                self._hiding = True
                self._before.clear()
                return b""
        elif data == b"[DONE]":
            self._done = True
        elif data:
            self._event = [*self._before, line]
            self._before.clear()
            return b""
        self._open = True
        return self._take_before() + line if self._before else line

    def _pass_other(self, line: bytes) -> bytes:
        if not line.strip():
            hidden, self._hiding, self._open = self._hiding, False, False
            self._name = b""
            self._before.clear()
            return b"" if hidden else line
        if line.startswith(b"event:"):
            self._name = line[6:].strip()
        elif not self._before:
            return line
        self._before.append(line)
        return b""

    def _take_before(self) -> bytes:
        """The lines of an event that waited for its data."""
        before = b"".join(self._before)
        self._before.clear()
        return before

    def _is_error(self, data: bytes) -> bool:
        """Whether an event is an error; ``broken`` and ``told`` say what it says and whether clients understand it."""
        found = read_error(self._name, data, self._endpoint.family)
        if found is None:
            return False
        self.broken, self.told = found.sentence, found.readable
        return True

    def _keep_counts(self, line: bytes, data: bytes) -> bool:
        """Remember an event with token counts; true when it holds nothing else and the client did not ask for it."""
        del self._counts[1:]
        self._counts.append(line)
        return self._hides_usage and _is_usage_alone(data)

    def _close_event(self) -> bytes:
        """The held event as it came, when its data is JSON after all (it may stand on several lines)."""
        if not self._event:
            return b""
        event = b"".join(self._event)
        data = b"\n".join(line[5:].strip() for line in self._event if line.startswith(b"data:"))
        self._event.clear()
        try:
            msgspec.json.decode(data, type=msgspec.Raw)
        except (msgspec.DecodeError, RecursionError):
            self.broken = _NO_JSON
            return b""
        if self._is_error(data):
            return event.rstrip() + b"\n\n" if self.told else b""
        self._see_finish(data)
        self._open = not event.endswith((b"\n\n", b"\n\r\n"))
        return event

    def _see_finish(self, text: bytes) -> None:
        if not self._finished:
            for mark in self._finishes:
                self._finished = self._finished or mark in text
        if self._ends and (self._name or _type_of(text)) in self._ends:
            self._done = True


class _Typed(msgspec.Struct):
    type: str = ""


class _Chunk(msgspec.Struct):
    choices: list[msgspec.Raw] | None = None
    usage: dict[str, msgspec.Raw] | None = None


_TYPED = msgspec.json.Decoder(_Typed)
_CHUNK = msgspec.json.Decoder(_Chunk)


def _type_of(text: bytes) -> bytes:
    """The type of an event whose server names it in the data alone."""
    try:
        return _TYPED.decode(text[5:] if text.startswith(b"data:") else text).type.encode()
    except (msgspec.DecodeError, RecursionError):
        return b""


def _may_count(line: bytes) -> bool:
    """Whether there may be token counts in a line that names them: many servers write ``null`` until the last."""
    return b'"usage":null' not in line or b'"usage":{' in line


def _is_usage_alone(data: bytes) -> bool:
    try:
        chunk = _CHUNK.decode(data)
    except (msgspec.DecodeError, RecursionError):
        return False
    return chunk.choices == [] and chunk.usage is not None


def _split(text: bytes) -> list[bytes]:
    """Lines with their ends; behind line feeds only, because a lone carriage return inside a line is no end of it."""
    if b"\r" not in text:
        return text.splitlines(keepends=True)
    parts = text.split(b"\n")
    last = parts.pop()
    return [part + b"\n" for part in parts] + ([last] if last else [])
