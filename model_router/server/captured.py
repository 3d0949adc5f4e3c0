"""A captured request on disk: what ``decide --request`` and the Try screen read."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec

from model_router.errors import UsageError
from model_router.server.ask import Ask, read_ask
from model_router.server.refusal import Refusal
from model_router.server.wire.body import read_object

MAX_BYTES = 64 * 1024 * 1024
_MAX_DEPTH = 200
_SHAPE = "It holds one JSON object: method, path, headers, body."


def read_request(path: Path) -> Ask:
    """The ask of a captured request: ``{"method", "path", "headers", "body"}``, headers as pairs or as a mapping.

    Raises:
        UsageError: the file cannot be read, is no request, or its body is none that the gateway would take.
    """
    raw = _read(path)
    try:
        request = msgspec.json.decode(raw, type=dict[str, msgspec.Raw])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UsageError(f"{path} is not a captured request: {_reason(error)}", _SHAPE) from None
    if "body" not in request:
        raise UsageError(f"{path} is not a captured request: it has no 'body'", _SHAPE)
    body = bytes(request["body"])
    if body.startswith(b'"'):  # the body as it went over the wire, kept as a text
        body = str(msgspec.json.decode(body)).encode("utf-8", "replace")
    headers = _headers(path, request.get("headers"))
    target = msgspec.json.decode(request.get("path", msgspec.Raw(b'""')))
    try:
        return read_ask(read_object(body, _MAX_DEPTH), headers, target if isinstance(target, str) else "")
    except Refusal as refusal:
        raise UsageError(f"{path}: {refusal.message.rstrip('.')}", "The gateway would refuse this request.") from None


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror or error}", "Give a captured request.") from None
    if len(raw) > MAX_BYTES:
        raise UsageError(f"{path} is larger than 64 MiB", "Give a shorter one.")
    return raw.removeprefix(b"\xef\xbb\xbf")


def _headers(path: Path, raw: msgspec.Raw | None) -> Mapping[str, str]:
    headers = msgspec.json.decode(raw) if raw is not None else None
    if headers is None:
        return {}
    pairs = list(headers.items()) if isinstance(headers, dict) else headers
    if not isinstance(pairs, list) or not all(isinstance(pair, (list, tuple)) and len(pair) == 2 for pair in pairs):
        raise UsageError(f"{path} is not a captured request: its headers are neither pairs nor a mapping", _SHAPE)
    return {str(name).lower(): str(value) for name, value in pairs}


def _reason(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "it is nested too deep"
    if isinstance(error, UnicodeDecodeError):
        return f"it is not UTF-8 text (byte {error.start})"
    return str(error).removeprefix("JSON is malformed: ")
