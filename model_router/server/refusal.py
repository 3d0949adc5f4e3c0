"""A request that is answered with an error of ours, and the shape that the client's protocol expects of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec


class Refusal(Exception):
    """Ends a request. ``message`` is what the client's user reads: one sentence, and what to do next.

    ``kind`` is OpenAI's ``error.type``, ``code`` the stable word for programs, ``param`` the field that is meant.
    """

    def __init__(
        self,
        status: int,
        message: str,
        *,
        kind: str = "invalid_request_error",
        code: str | None = None,
        param: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.kind = kind
        self.code = code
        self.param = param
        self.headers = dict(headers or {})

    def body(self) -> bytes:
        """The OpenAI error object as JSON."""
        return msgspec.json.encode(error_object(self.message, self.kind, self.code, self.param))

    def anthropic_body(self) -> bytes:
        """The Anthropic error object as JSON."""
        kind = {401: "authentication_error", 403: "permission_error", 404: "not_found_error", 413: "request_too_large"}
        error = {"type": kind.get(self.status, "invalid_request_error"), "message": self.message}
        return msgspec.json.encode({"type": "error", "error": error})


def error_object(message: str, kind: str, code: str | None, param: str | None = None) -> dict[str, Any]:
    """The value that OpenAI clients read an error from, in answers and in streams alike."""
    return {"error": {"message": message, "type": kind, "code": code, "param": param}}
