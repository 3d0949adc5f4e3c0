"""What a backend's error says, short enough for a sentence of ours."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

_LONGEST = 200


def error_in(data: bytes) -> str | None:
    """What an event says that is an error and nothing else; None for all others."""
    try:
        value = msgspec.json.decode(data)
    except (msgspec.DecodeError, RecursionError):
        return None
    if not isinstance(value, dict) or not (value.get("error") or is_bare_error(value)):
        return None
    return excerpt(data)


def is_bare_error(event: Mapping[str, Any]) -> bool:
    """Whether an event is an error object without anything around it, as llama.cpp sends it in streams."""
    return isinstance(event.get("message"), str) and "code" in event


def without_key(text: bytes, key: str | None) -> bytes:
    """An error text without the backend's key, which some servers repeat."""
    return text.replace(key.encode(), b"[redacted: key]") if key else text


def excerpt(data: bytes) -> str:
    """The message of an error body in parentheses, with a space before it; empty when there is none."""
    try:
        value = msgspec.json.decode(data)
    except (msgspec.DecodeError, RecursionError):
        return ""
    error = value.get("error", value.get("detail", value)) if isinstance(value, dict) else None
    if isinstance(error, list) and error:  # of a validator: the first mistake says enough
        error = error[0]
    message = error.get("message", error.get("msg")) if isinstance(error, dict) else error
    if not isinstance(message, str) or not message:
        return ""
    clean = "".join(character if character.isprintable() else " " for character in message[:_LONGEST])
    return f" ({clean.strip()})"
