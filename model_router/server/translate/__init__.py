"""Translates the messages and responses protocols to chat completions and back, for backends that have only those.

Pure: bodies and chunks in, bodies and events out; no network, no clock, no chance. ``MESSAGES`` is Anthropic's
protocol, ``RESPONSES`` OpenAI's newer one.
"""

from __future__ import annotations

from model_router.server.translate.messages import MessagesTranslator
from model_router.server.translate.responses import ResponsesTranslator
from model_router.server.translate.translator import ChatRequest, EventStream, Translator, Usage

MESSAGES: Translator = MessagesTranslator()
RESPONSES: Translator = ResponsesTranslator()

__all__ = ["MESSAGES", "RESPONSES", "ChatRequest", "EventStream", "Translator", "Usage"]
