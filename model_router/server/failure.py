"""A failed attempt, as a value: what happened before the first byte of an answer, and what the server said of it."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import Any

import msgspec


class FailureKind(StrEnum):
    """``unconnected``: refused, or not taken in time. ``reset``: the connection broke. ``silent``: no first byte in
    time. ``unreadable``: an answer, but none that can be used. ``status``: an HTTP status from 300 on.
    """

    UNCONNECTED = "unconnected"
    RESET = "reset"
    SILENT = "silent"
    UNREADABLE = "unreadable"
    STATUS = "status"


@dataclass(frozen=True, slots=True)
class Failure:
    """One attempt that gave no answer. ``status`` is 0 unless the kind is ``status``.

    ``retry_after`` are seconds, None when the server gave none. ``too_long``: the request has more tokens than the
    server's context, ``needs_context`` so many, of at most ``context_limit``, where it says so. ``out_of_quota``:
    nobody knows when it takes requests again.
    """

    kind: FailureKind
    status: int = 0
    retry_after: float | None = None
    too_long: bool = False
    needs_context: int | None = None
    context_limit: int | None = None
    out_of_quota: bool = False

    @property
    def blames_server(self) -> bool:
        """Whether the circuit breaker counts it; a server that refuses what a client sent is a server that works."""
        return self.status >= 500 if self.kind is FailureKind.STATUS else True

    @property
    def unconnected(self) -> bool:
        """Whether not even a connection came about."""
        return self.kind is FailureKind.UNCONNECTED


class _Error(msgspec.Struct, frozen=True):
    """The error object of any server; codes are words with some and numbers with others."""

    message: Any = None
    type: Any = None
    code: Any = None
    n_prompt_tokens: Any = None
    n_ctx: Any = None


class _Body(msgspec.Struct, frozen=True):
    error: Any = None
    message: Any = None
    code: Any = None
    type: Any = None


_TOO_LONG_CODES = frozenset({"exceed_context_size_error", "context_length_exceeded"})
"""llama.cpp's ``type`` and OpenAI's ``code``."""
_TOO_LONG_WORDS = ("maximum context length", "prompt is too long", "exceeds the available context size")
"""How vLLM, Anthropic and older llama.cpp servers word it; they have no code for it."""
_ASKED = re.compile(r"(?:requested|resulted in|is too long:) (?:about )?(\d{1,12}) (?:input )?tokens")
_ALLOWED = re.compile(r"(?:context length is|tokens >) (\d{1,12}) (?:tokens|maximum)")
_QUOTA_CODES = frozenset({"insufficient_quota", "billing_hard_limit_reached"})


def status_failure(status: int, headers: Mapping[str, str], body: bytes, now: float) -> Failure:
    """Read an HTTP error. ``headers`` have names in lower case; ``now`` is unix seconds, for dates in them."""
    error = _read_error(body)
    codes = {value for value in (error.code, error.type) if isinstance(value, str)}
    message = error.message if isinstance(error.message, str) else ""
    lower = message[:2000].lower()
    too_long = status in (400, 413) and bool(
        codes & _TOO_LONG_CODES or any(words in lower for words in _TOO_LONG_WORDS)
    )
    return Failure(
        FailureKind.STATUS,
        status,
        retry_after=retry_after(headers, now),
        too_long=too_long,
        needs_context=_count(error.n_prompt_tokens, _ASKED, lower) if too_long else None,
        context_limit=_count(error.n_ctx, _ALLOWED, lower) if too_long else None,
        out_of_quota=bool(codes & _QUOTA_CODES),
    )


_KINDS = {
    "overloaded_error": 529,
    "rate_limit_error": 429,
    "rate_limit_exceeded": 429,
    "invalid_request_error": 400,
}
"""The statuses of errors that come without one."""


def event_failure(body: bytes) -> Failure:
    """Read an error that came in the place of an answer, as the HTTP error that it should have been."""
    error = _read_error(body)
    words = [word for word in (error.code, error.type) if isinstance(word, str)]
    status = error.code if isinstance(error.code, int) and 400 <= error.code < 600 else 0
    status = status or next((_KINDS[word] for word in words if word in _KINDS), 0)
    return status_failure(status or (400 if status_failure(400, {}, body, 0.0).too_long else 500), {}, body, 0.0)


def _read_error(body: bytes) -> _Error:
    """The error inside ``{"error": {...}}``, ``{"error": "text"}`` or flat, as vLLM used to write it."""
    try:
        outer = msgspec.json.decode(body, type=_Body)
        if isinstance(outer.error, dict):
            return msgspec.convert(outer.error, _Error)
    except (msgspec.DecodeError, RecursionError):
        return _Error()
    if outer.error is not None:
        return _Error(message=outer.error, code=outer.code)
    return _Error(message=outer.message, type=outer.type, code=outer.code)


def _count(given: Any, pattern: re.Pattern[str], message: str) -> int | None:
    if isinstance(given, int) and not isinstance(given, bool) and given > 0:
        return given
    found = pattern.search(message)
    return int(found[1]) if found else None


def retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """The seconds that a server asks to wait: ``retry-after-ms``, or ``retry-after`` in seconds or as a date."""
    milliseconds = _number(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return milliseconds / 1000
    text = headers.get("retry-after")
    seconds = _number(text)
    if seconds is not None or not text:
        return seconds
    try:
        date = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    if date.tzinfo is None:
        date = date.replace(tzinfo=UTC)  # a date of "-0000"; HTTP knows no other zone
    return max(0.0, date.timestamp() - now)


def _number(text: str | None) -> float | None:
    try:
        number = float(text or "")
    except ValueError:
        return None
    return number if math.isfinite(number) and number >= 0 else None
