"""A request as far as the gateway has to understand it; the rest is the backend's business."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import msgspec

from model_router.server.refusal import Refusal
from model_router.server.wire.body import JsonBody, read_object
from model_router.server.wire.endpoint import Endpoint

_STARTS = {"messages": b"[", "input": b'["', "prompt": b'["'}
"""What a conversation may begin with: a list, or a text."""
_NULL = msgspec.Raw(b"null")


class Request(msgspec.Struct, frozen=True, dict=True):
    """A checked request. ``stream`` says whether the client wants the answer word by word; ``model`` is as it came."""

    endpoint: Endpoint
    body: JsonBody
    stream: bool
    model: str

    @cached_property
    def fields(self) -> dict[str, Any]:
        """The whole body, decoded: for translation only."""
        value: dict[str, Any] = msgspec.json.decode(self.body.raw)
        return value

    @property
    def wants_usage(self) -> bool:
        """Whether the client itself asked for token counts in its stream."""
        options = self.body.fields.get("stream_options")
        if options is None:
            return False
        try:
            value = msgspec.json.decode(options)
        except msgspec.DecodeError:
            return False
        return isinstance(value, dict) and value.get("include_usage") is True


def read_request(endpoint: Endpoint, raw: bytes, max_depth: int) -> Request:
    """Check a body.

    Raises:
        Refusal: 400, with one sentence that says what is wrong.
    """
    body = read_object(raw, max_depth)
    _check_conversation(endpoint.list_field, body)
    stream = bytes(body.fields.get("stream", b"null"))
    if stream not in (b"true", b"false", b"null"):
        raise Refusal(400, "'stream' must be true or false.", code="invalid_stream", param="stream")
    model = body.value("model")
    return Request(endpoint, body, stream == b"true" and endpoint.streams, model if isinstance(model, str) else "")


def _check_conversation(name: str, body: JsonBody) -> None:
    first = bytes(memoryview(body.fields.get(name, _NULL))[:1])
    if first == b"n":
        what = "messages; send a list of at least one in 'messages'" if name == "messages" else f"'{name}'; send one"
        raise Refusal(400, f"The request has no {what}.", code=f"missing_{name}", param=name)
    if first not in _STARTS[name]:
        kind = (
            "a list of messages, each an object with a role and a content"
            if name == "messages"
            else ("a text or a list")
        )
        raise Refusal(400, f"'{name}' must be {kind}.", code=f"invalid_{name}", param=name)
