"""Logs of a past that never was: events as the gateway's own record writes them, without a gateway."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec

from model_router.config.proxy import ListenConfig, PromptCapture
from model_router.engine.hints import NO_HINTS, RoutingHints
from model_router.engine.routes import HUMAN_CONFIRM
from model_router.hindsight.past_event import PastEvent, read_line
from model_router.router import ModelRouter
from model_router.server.ask import read_ask
from model_router.server.ask_route import pick_engine
from model_router.server.record import new_record
from model_router.server.wire.body import read_object

START = 1_767_261_600.0  # 2026-01-01 10:00:00 UTC


def routed(
    router: ModelRouter,
    text: str,
    number: int = 1,
    *,
    capture: PromptCapture = PromptCapture.OFF,
    force: str | None = None,
    body: dict[str, Any] | None = None,
    **changed: Any,
) -> PastEvent:
    """The event of a chat request, routed and recorded as the gateway does it; ``changed`` overwrites fields."""
    raw = json.dumps({"messages": [{"role": "user", "content": text}], **(body or {})}).encode()
    record = new_record(number, "/v1/chat/completions", "tests/1.0", ListenConfig())
    record.ask = read_ask(read_object(raw, 200), {})
    hints = RoutingHints(force_engine=force) if force else NO_HINTS
    record.pick = pick_engine(router, record.ask, hints)
    record.asked = f"engine:{force}" if force else ""
    record.engine = record.pick.engine
    record.backend, record.model = ("", "") if record.engine == HUMAN_CONFIRM else ("one", "m")
    blocked = record.engine == HUMAN_CONFIRM
    record.end("confirm" if blocked else "ok", 409 if blocked else 200)
    record.finish()
    if hasattr(record, "write_receipt"):
        record.write_receipt(brief=True)
    event = record.event("", capture)
    found = read_line(msgspec.json.encode(msgspec.structs.replace(event, time=START + number)))
    assert isinstance(found, PastEvent)
    return msgspec.structs.replace(found, **changed)


def past_event(number: int = 1, **changed: Any) -> PastEvent:
    """An event of plain values."""
    values: dict[str, Any] = {
        "time": START + number,
        "request_id": f"mr-{number:012x}",
        "protocol": "chat/completions",
        "kind": "main",
        "client": "tests/1.0",
        "route": "coding",
        "engine": "code_agent",
        "backend": "one",
        "model": "m",
        "status": 200,
        "outcome": "ok",
        "confidence": 91,
    }
    return PastEvent(**{**values, **changed})


def line_of(event: PastEvent) -> bytes:
    """Its line, as a gateway writes it: without the field that only other lines have."""
    value = msgspec.to_builtins(event)
    del value["event"]
    return msgspec.json.encode(value) + b"\n"


def write_log(path: Path, events: list[PastEvent]) -> Path:
    """A log with these events."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"".join(map(line_of, events)))
    return path
