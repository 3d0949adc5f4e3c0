"""OpenAI's responses protocol in front of a backend that has chat completions only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from model_router.server.translate.chat_answer import read_answer
from model_router.server.translate.chat_stream import ChatStream
from model_router.server.translate.responses_answer import response
from model_router.server.translate.responses_request import chat_request
from model_router.server.translate.responses_stream import ResponsesWriter
from model_router.server.translate.translator import ChatRequest, EventStream


class ResponsesTranslator:
    """The translator for ``/v1/responses``; it has no state."""

    def request(self, asked: Mapping[str, Any]) -> ChatRequest:
        """The chat completions body for a client's body."""
        return chat_request(asked)

    def answer(self, chat: Mapping[str, Any], asked: Mapping[str, Any], model: str) -> dict[str, Any]:
        """The response object for a whole chat answer."""
        return response(read_answer(chat, asked), asked, model)

    def stream(self, asked: Mapping[str, Any], model: str) -> EventStream:
        """The events for a streamed chat answer."""
        return ChatStream(ResponsesWriter(asked, model), asked)
