"""A streamed answer on its way through: bytes as they come, but never half a line, and an honest end."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from types import TracebackType

import msgspec
from quart.wrappers.response import ResponseBody

from model_router.server.record import Record
from model_router.server.refusal import error_object
from model_router.server.upstream import UpstreamAnswer, UpstreamFailure

_HELD_LIMIT = 65_536
_TAIL = 8_192


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

    Servers write whole events, so this delays nothing; a line that grows beyond 64 KiB is passed on in pieces. The
    last 8 KiB are kept to look for the end and the token counts.
    """

    def __init__(self) -> None:
        self.tail = b""
        self._held = b""

    def feed(self, piece: bytes) -> bytes:
        """Take a piece in; give what may go out."""
        self.tail = (self.tail + piece)[-_TAIL:]
        end = piece.rfind(b"\n") + 1
        if end == 0:
            self._held += piece
            if len(self._held) <= _HELD_LIMIT:
                return b""
            out, self._held = self._held, b""
            return out
        out = self._held + piece[:end]
        self._held = piece[end:]
        return out

    def rest(self) -> bytes:
        """What was held back, at a proper end."""
        out, self._held = self._held, b""
        return out

    def done(self) -> bool:
        """Whether the end mark of the protocol came; what happens to the connection then is of no interest."""
        return b"data: [DONE]" in self.tail or b"data:[DONE]" in self.tail

    def finished(self) -> bool:
        """Whether the server said that the answer is complete."""
        return self.done() or (
            b'"finish_reason":"' in self.tail or b'"finish_reason": "' in self.tail  # some servers send no [DONE]
        )

    def usage(self) -> Usage | None:
        """The token counts, when the last events tell them."""
        for line in reversed(self.tail.split(b"\n")):
            if line.startswith(b"data:") and b'"usage"' in line:
                usage = read_usage(line[5:].strip())
                if usage is not None:
                    return usage
        return None


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
        holder = LineHolder()
        record = self._record
        error = ""
        try:
            yield holder.feed(self._first)
            async for piece in self._pieces:
                yield holder.feed(piece)
        except UpstreamFailure as failure:
            error = "" if holder.done() else failure.sentence
        if not error and not self._answer.framed and not holder.finished():
            error = "ended the answer without saying that it is complete"
        usage = holder.usage()
        if usage is not None:
            record.prompt_tokens, record.completion_tokens = usage.prompt_tokens, usage.completion_tokens
        if error:
            sentence = f"Backend '{record.backend}' {error}, in the middle of the answer (request {record.request_id})."
            record.end("broken", record.status, sentence)
            yield error_event(sentence)
            return
        yield holder.rest()
        record.end("ok", record.status)


def error_event(sentence: str) -> bytes:
    """An error as a stream event; no ``[DONE]`` follows it, so nobody takes it for an end."""
    error = msgspec.json.encode(error_object(sentence, "server_error", "upstream_broken"))
    return b"\n\ndata: " + error + b"\n\n"
