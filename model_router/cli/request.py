"""A captured request, as ``decide --request`` shows it."""

from __future__ import annotations

from typing import Any

from model_router.engine.decision import RoutingDecision
from model_router.server.ask import Ask


def request_json(ask: Ask, decision: RoutingDecision) -> dict[str, Any]:
    """What is known of a request, and the receipt."""
    return {
        "ask": ask.text,
        "kind": str(ask.kind),
        "task": ask.task,
        "attachments": [str(attachment) for attachment in ask.attachments],
        "session": ask.session,
        "tokens": ask.estimated_tokens,
        "tools": ask.has_tools,
        "readable": ask.readable,
        "continued": ask.continued,
        **decision.to_dict(),
    }


def request_rows(ask: Ask) -> list[tuple[str, str]]:
    """What is known of a request, as rows for a person."""
    notes = [
        "with tools" if ask.has_tools else "",
        "a conversation that goes on from its summary" if ask.continued else "",
        "pictures in the conversation" if ask.pictures else "",
        "" if ask.readable else "not readable: a person is asked",
    ]
    return [
        ("ask", " ".join(ask.text.split())[:300] or "(no words)"),
        ("kind", ask.label),
        ("attachments", " ".join(ask.attachments) or "none"),
        ("tokens", f"about {ask.estimated_tokens}"),
        ("session", ask.session),
        ("notes", ", ".join(filter(None, notes)) or "none"),
    ]
