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
        return msgspec.json.encode(anthropic_error(self._anthropic_kind(), self.message))

    def _anthropic_kind(self) -> str:
        if self.status >= 500:
            return "overloaded_error" if self.status == 529 else "api_error"
        return _ANTHROPIC_KINDS.get(self.status, "invalid_request_error")


_ANTHROPIC_KINDS = {
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
}


def error_object(message: str, kind: str, code: str | None, param: str | None = None) -> dict[str, Any]:
    """The value that OpenAI clients read an error from, in answers and in streams alike."""
    return {"error": {"message": message, "type": kind, "code": code, "param": param}}


def anthropic_error(kind: str, message: str) -> dict[str, Any]:
    """The same for Anthropic clients."""
    return {"type": "error", "error": {"type": kind, "message": message}}
