"""A client's request as a backend gets it: in its own protocol where the backend speaks it, else as a chat."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from model_router.config.proxy import WireProtocol
from model_router.server.assemble import may_stream
from model_router.server.backends import Backend
from model_router.server.translate import MESSAGES, RESPONSES, Translator
from model_router.server.wire.body import JsonBody, replace_fields
from model_router.server.wire.endpoint import CHAT, Endpoint
from model_router.server.wire.request import Request

_TRANSLATORS: Mapping[WireProtocol, Translator] = {WireProtocol.MESSAGES: MESSAGES, WireProtocol.RESPONSES: RESPONSES}
_TRUE = b"true"
_WITH_USAGE = b'{"include_usage":true}'
_STREAM_OPTIONS = frozenset({"stream_options"})
_NULL = (b"null",)


class Outgoing(msgspec.Struct, frozen=True, gc=False):
    """``translator`` is None when the backend speaks the client's protocol.

    ``streamed``: the backend is asked for a stream; ``asks_usage``: with ``stream_options``; ``hides_usage``: the token
    counts in it were not the client's wish.
    ``dropped`` names fields of the client's that have no place in the backend's protocol, and tools that the
    configuration takes off.
    """

    endpoint: Endpoint
    body: bytes
    streamed: bool
    hides_usage: bool
    asks_usage: bool = False
    translator: Translator | None = None
    dropped: tuple[str, ...] = ()


def can_translate(protocol: WireProtocol) -> bool:
    """Whether a request of this protocol can be put to a backend that only has chat completions."""
    return protocol in _TRANSLATORS


def outgoing(request: Request, backend: Backend, *, native: bool, keeps_model: bool) -> Outgoing:
    """The request for one backend. ``native``: it speaks the client's protocol.

    Raises:
        Refusal: 400, when what the client sent cannot be translated.
    """
    if native:
        return _native(request, backend, keeps_model)
    return _translated(request, backend, _TRANSLATORS[request.endpoint.protocol], keeps_model)


def _native(request: Request, backend: Backend, keeps_model: bool) -> Outgoing:
    endpoint, body = request.endpoint, request.body
    streamed = request.stream or (endpoint.streams and streams_plain(backend) and _may_stream(request))
    replaced: dict[str, bytes] = {} if keeps_model else {"model": backend.model_json}
    if streamed and not request.stream:
        replaced["stream"] = _TRUE
    hides_usage = asks_usage = False
    refused: frozenset[str] = frozenset()
    if streamed and endpoint.protocol in (WireProtocol.CHAT, WireProtocol.COMPLETIONS):
        hides_usage = not request.wants_usage and not (keeps_model and request.stream)
        if not backend.abilities.takes_stream_options:
            refused = _STREAM_OPTIONS
        elif hides_usage:
            replaced["stream_options"] = _with_usage(body)
        asks_usage = "stream_options" in replaced or "stream_options" in body.fields
    removed = _change(endpoint, body, backend, replaced) | refused if backend.changes else refused
    out = replace_fields(body, replaced, removed)
    dropped = _stripped(endpoint, body, backend) if backend.config.strip_tools else ()
    return Outgoing(endpoint, out, streamed, hides_usage, asks_usage, None, dropped)


def _stripped(endpoint: Endpoint, body: JsonBody, backend: Backend) -> tuple[str, ...]:
    """The client's fields of tools, which do not go to this backend unless it sets its own."""
    return tuple(name for name in body.fields if name in endpoint.tool_fields and name not in backend.set_json)


def _may_stream(request: Request) -> bool:
    """Whether the plain request could be a stream; its whole body is only read when some doubt is possible."""
    if not (request.body.holds("tools") and request.body.holds("logprobs")):
        return True
    return may_stream(request.endpoint.protocol, request.fields)


def _with_usage(body: JsonBody) -> bytes:
    """The client's own stream options with the token counts added."""
    given = body.fields.get("stream_options")
    try:
        options = msgspec.json.decode(given, type=dict[str, Any]) if given is not None else {}
    except (msgspec.DecodeError, msgspec.ValidationError):
        return bytes(given or _WITH_USAGE)  # no object: the backend may say so
    return msgspec.json.encode({**options, "include_usage": True}) if options else _WITH_USAGE


def _change(endpoint: Endpoint, body: JsonBody, backend: Backend, replaced: dict[str, bytes]) -> frozenset[str]:
    """Apply the backend's overrides: add to ``replaced``, give what is to be left out."""
    config = backend.config
    overrides = config.overrides
    removed = frozenset(overrides.remove)
    if config.strip_tools:
        removed |= endpoint.tool_fields
    if not endpoint.streams:  # nothing is generated there, so fields of generation would only be refused
        return removed
    for name, value in backend.default_json.items():
        if name not in replaced and _is_missing(body, name):
            replaced[name] = value
    replaced.update(backend.set_json)
    if overrides.max_tokens_cap is not None and endpoint.length_fields:
        _cap(endpoint, body, overrides.max_tokens_cap, replaced)
    return removed - replaced.keys() if removed else removed


def _is_missing(body: JsonBody, name: str) -> bool:
    value = body.fields.get(name)
    return value is None or bytes(memoryview(value)[:5]) in _NULL


def _cap(endpoint: Endpoint, body: JsonBody, cap: int, replaced: dict[str, bytes]) -> None:
    said = [name for name in endpoint.length_fields if name in replaced or not _is_missing(body, name)]
    for name in said:
        value = msgspec.json.decode(replaced.get(name) or bytes(body.fields[name]))
        if isinstance(value, int | float) and value > cap:
            replaced[name] = str(cap).encode()
    if not said:
        replaced[endpoint.length_fields[-1]] = str(cap).encode()


def _translated(request: Request, backend: Backend, translator: Translator, keeps_model: bool) -> Outgoing:
    chat = translator.request(request.fields)
    fields = dict(chat.fields)
    fields["model"] = request.model if keeps_model else backend.model
    streamed = request.stream or streams_plain(backend)
    fields.pop("stream_options", None)
    if streamed:
        fields["stream"] = True
        if backend.abilities.takes_stream_options:
            fields["stream_options"] = {"include_usage": True}
    else:
        fields.pop("stream", None)
    _change_fields(fields, backend)
    asks_usage = "stream_options" in fields
    dropped = chat.dropped
    if backend.config.strip_tools:
        dropped += _stripped(request.endpoint, request.body, backend)
    return Outgoing(CHAT, msgspec.json.encode(fields), streamed, False, asks_usage, translator, dropped)


def _change_fields(fields: dict[str, Any], backend: Backend) -> None:
    """The backend's overrides on a body that is written anew anyway."""
    overrides = backend.config.overrides
    for name in (*overrides.remove, *(CHAT.tool_fields if backend.config.strip_tools else ())):
        fields.pop(name, None)
    for name, value in overrides.default.items():
        if fields.get(name) is None:
            fields[name] = value
    fields.update(overrides.set)
    cap = overrides.max_tokens_cap
    if cap is not None:
        said = [name for name in CHAT.length_fields if isinstance(fields.get(name), int | float)]
        for name in said:
            fields[name] = min(fields[name], cap)
        if not said:
            fields[CHAT.length_fields[-1]] = cap


def streams_plain(backend: Backend) -> bool:
    """Whether a plain answer is asked for as a stream, so that the server stops when the client leaves."""
    wish = backend.config.stream_plain
    return backend.abilities.goes_on_after_leaving if wish is None else wish
