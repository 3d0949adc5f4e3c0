"""A streamed answer on its way through: bytes as they come, but never half a line, and an honest end."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator
from types import TracebackType

import msgspec
from quart.wrappers.response import ResponseBody

from model_router.server.record import Record
from model_router.server.refusal import error_object
from model_router.server.upstream import UpstreamAnswer, UpstreamFailure

_HELD_LIMIT = 65_536
_KEPT_LINES = 4
"""So many lines of data are kept to look for token counts, which stand in the last or the last but one."""


class Usage(msgspec.Struct, frozen=True):
    """Token counts as OpenAI servers write them."""

    prompt_tokens: int | None = None
    completion_tokens: int | None = None


class _Answer(msgspec.Struct, frozen=True):
    usage: Usage | None = None


_ANSWER = msgspec.json.Decoder(_Answer)


def read_usage(text: bytes) -> Usage | None:
    """The token counts of a whole answer or of one streamed event; None when there are none."""
    try:
        return _ANSWER.decode(text).usage
    except (msgspec.DecodeError, RecursionError):
        return None


class LineHolder:
    """Passes whole lines on and keeps an unfinished one back, so that an error event never lands inside it.

    Servers write whole events, so this delays nothing; a line that grows beyond 64 KiB is passed on in pieces. Bytes
    are never changed. Each line of data is looked at: one that is neither ``{...}`` nor the end mark is held until its
    event is complete, and only that event is parsed. When it is no JSON, ``broken`` is set, and the event and all
    behind it are swallowed. ``judged`` is false for bodies that cannot be read, such as compressed ones.
    """

    def __init__(self, *, judged: bool = True) -> None:
        self.broken = False
        self._judged = judged
        self._done = False
        self._finished = not judged
        self._held = bytearray()
        self._inside = b""
        self._event: list[bytes] = []
        self._last: deque[bytes] = deque(maxlen=_KEPT_LINES)

    def feed(self, piece: bytes) -> bytes:
        """Take a piece in; give what may go out."""
        end = piece.rfind(b"\n") + 1
        if end == 0:
            self._held += piece
            return self._first_part() if len(self._held) > _HELD_LIMIT else b""
        out = bytes(self._held) + piece[:end] if self._held else piece[:end]
        self._held = bytearray(piece[end:])
        return self._judge(out) if self._judged else out

    def rest(self) -> bytes:
        """What was held back, at a proper end."""
        out = bytes(self._held)
        self._held.clear()
        if not self._judged or self._done:
            return out
        if self._inside == b"{" and not out:
            self.broken = True
        return self._judge(out) + self._close_event()

    def done(self) -> bool:
        """Whether the end mark of the protocol came; what happens to the connection then is of no interest."""
        return self._done

    def finished(self) -> bool:
        """Whether the server said that the answer is complete; some send a finish reason and no end mark."""
        return self._done or self._finished

    def usage(self) -> Usage | None:
        """The token counts, when the last events tell them."""
        for line in reversed(self._last):
            if b'"usage"' in line:
                usage = read_usage(line[5:].strip())
                if usage is not None:
                    return usage
        return None

    def _first_part(self) -> bytes:
        """The part of a very long line that is there; its beginning and its end are judged, not what lies between."""
        out = bytes(self._held)
        self._held.clear()
        if not self._judged or self._done:
            return out
        if not self._inside:
            if self._event or (out.startswith(b"data:") and not out[5:64].lstrip().startswith(b"{")):
                self.broken = True
                return b""
            self._inside = b"{" if out.startswith(b"data:") else b"-"
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
        return self.broken

    def _judge_line(self, line: bytes) -> bytes:
        """What may go out because of this line: the line, nothing, or the event that it completes."""
        if self._inside:
            self.broken = self._inside == b"{" and not line.rstrip().endswith(b"}")
            self._inside = b""
            self._see_finish(line)
            return line
        if self._event:
            self._event.append(line)
            return b"" if line.strip() else self._close_event()
        if not line.startswith(b"data:"):
            return line
        data = line[5:].strip()
        if data.startswith(b"{") and data.endswith(b"}"):
            self._see_finish(line)
            self._last.append(line)
        elif data == b"[DONE]":
            self._done = True
        elif data:
            self._event.append(line)
            return b""
        return line

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
            self.broken = True
            return b""
        self._see_finish(data)
        return event

    def _see_finish(self, text: bytes) -> None:
        if not self._finished:
            self._finished = b'"finish_reason":"' in text or b'"finish_reason": "' in text


def _split(text: bytes) -> list[bytes]:
    """Lines with their ends; behind line feeds only, because a lone carriage return inside a line is no end of it."""
    if b"\r" not in text:
        return text.splitlines(keepends=True)
    parts = text.split(b"\n")
    last = parts.pop()
    return [part + b"\n" for part in parts] + ([last] if last else [])


class RelayBody(ResponseBody):
    """The body of a streamed answer. Leaving it, on whatever way, closes the connection to the backend."""

    def __init__(
        self, answer: UpstreamAnswer, first: bytes, pieces: AsyncGenerator[bytes, None], record: Record
    ) -> None:
        self._answer = answer
        self._first = first
        self._pieces = pieces
        self._record = record
        self._out = self._lines()

    async def __aenter__(self) -> RelayBody:
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc_value: BaseException | None, tb: TracebackType | None
    ) -> None:
        await self._out.aclose()
        await self._pieces.aclose()
        await self._answer.close()

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self._out

    async def _lines(self) -> AsyncGenerator[bytes, None]:
        holder = LineHolder(judged="content-encoding" not in self._answer.headers)
        record = self._record
        error, cut = "", False
        try:
            out = holder.feed(self._first)
            if out:
                yield out
            async for piece in self._pieces:
                out = holder.feed(piece)
                if out:
                    yield out
                if record.stopped or holder.broken:
                    cut = record.stopped
                    break
        except UpstreamFailure as failure:
            error = "" if holder.done() else failure.sentence
        except asyncio.CancelledError:
            if not record.stopped:
                raise  # the client left
            cut = True
        self._count(holder)
        if cut and not holder.done():
            yield self._stopped()
            return
        rest = b"" if error else holder.rest()
        if rest and not holder.broken:
            yield rest
        if holder.broken:
            error = "sent an event that is not JSON"
        elif not error and not holder.finished():
            error = "ended the answer without saying that it is complete"
        if error:
            yield self._broken(error)
            return
        record.end("ok", record.status)

    def _count(self, holder: LineHolder) -> None:
        usage = holder.usage()
        if usage is not None:
            self._record.prompt_tokens, self._record.completion_tokens = usage.prompt_tokens, usage.completion_tokens

    def _stopped(self) -> bytes:
        record = self._record
        sentence = f"The gateway is stopping, so this answer ends here, unfinished (request {record.request_id})."
        record.end("broken", record.status, sentence)
        return error_event(sentence, "stopping")

    def _broken(self, error: str) -> bytes:
        record = self._record
        where = f"in the middle of the answer (request {record.request_id})"
        sentence = f"Backend '{record.backend}' failed {where}: it {error}."
        record.end("broken", record.status, sentence)
        return error_event(sentence, "upstream_broken")


def error_event(sentence: str, code: str) -> bytes:
    """An error as a stream event; no ``[DONE]`` follows it, so nobody takes it for an end."""
    error = msgspec.json.encode(error_object(sentence, "server_error", code))
    return b"\n\ndata: " + error + b"\n\n"
