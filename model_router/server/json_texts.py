"""Turns that are one JSON object: a program's envelope around a person's words, or a tool's report."""

from __future__ import annotations

from typing import Any

import msgspec

_LARGEST = 1_000_000
_WORDS = ("message", "text", "content", "query", "question", "prompt", "input", "user_message", "user_input")
"""Fields that hold the words; the rest of an envelope says when, where and who."""
_LONGEST_MARK = 60
_EVENTS = frozenset({"heartbeat", "login", "system_alert", "system_message", "event", "function_call_output"})
_REPORTED = frozenset({"returncode", "return_code", "exit_code", "exitCode", "stdout", "stderr", "tool_call_id"})
"""Fields that only a report of a command or a tool has."""

_VERDICTS = ("denied", "approved", "rejected", "guidance")


def words_in(text: str) -> str:
    """A person's words out of an envelope. Empty for any other text: an object in which two texts could be meant is
    taken as it is."""
    fields = _object(text)
    said = [name for name in _WORDS if isinstance(fields.get(name), str) and fields[name].strip()]
    if len(said) != 1 or len(fields) < 2 or not all(_is_mark(fields[name]) for name in fields if name != said[0]):
        return ""
    words = fields[said[0]]
    return "" if str(fields.get("type", "user")).lower() in _EVENTS else words.strip()


def is_report(text: str) -> bool:
    """Whether a tool, or the program that runs it, reports with this text."""
    fields = _object(text)
    return not _REPORTED.isdisjoint(fields) or fields.get("type") in _EVENTS


def feedback_in(text: str) -> str:
    """What a person said as they let a tool's call pass or refused it, out of the result that tells the model so."""
    fields = _object(text)
    said = fields.get("feedback")
    return said.strip() if isinstance(said, str) and fields.get("status") in _VERDICTS else ""


def _is_mark(value: Any) -> bool:
    """A number, a time, a name: too short, or too odd, to ask for anything."""
    if not isinstance(value, str):
        return value is None or isinstance(value, bool | int | float)
    return len(value) <= _LONGEST_MARK and (" " not in value or any(sign.isdigit() for sign in value))


def _object(text: str) -> dict[str, Any]:
    if text.lstrip()[:1] != "{" or len(text) > _LARGEST:
        return {}
    try:
        value = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError, UnicodeEncodeError):
        return {}
    return value if isinstance(value, dict) else {}
