"""What the clients of a gateway send, in our own words: a short chat, and agents' requests of 60 KB and 1 MB.

Each kind comes in sixteen wordings, since no two requests of a day are the same.
"""

from __future__ import annotations

import json
from enum import StrEnum
from typing import Any

from benchmarks import ask, load

_PLACES = (
    "cellar attic kitchen garden station harbour library museum bakery workshop theatre hospital school office market "
    "farm"
).split()


class Payload(StrEnum):
    """The kinds."""

    SHORT = "short"
    STREAM = "stream"
    AGENT = "60 KB"
    LARGE = "1 MB"


def requests(payload: Payload) -> list[bytes]:
    """The bytes of each wording."""
    return [load.post(body(payload, place)) for place in _PLACES]


def body(payload: Payload, place: str = _PLACES[0]) -> bytes:
    """One wording, without spaces between its fields, as the clients' libraries write it."""
    wish = f"find out why the list of the {place} stops at line 800, and repair it"
    shape: dict[str, Any] = {"tools": 20, "tool_length": 300, "wish_last": True, "wish": wish, "stream": False}
    if payload is Payload.AGENT:
        asked = json.loads(ask.request(steps=40, step_length=620, **shape))
    elif payload is Payload.LARGE:
        asked = json.loads(ask.request(steps=400, step_length=2_110, **shape))
    else:
        asked = _chat(place, stream=payload is Payload.STREAM)
    return json.dumps(asked, separators=(",", ":")).encode()


def _chat(place: str, *, stream: bool) -> dict[str, Any]:
    messages = [
        {"role": "system", "content": "You help people with letters. Keep to facts, use plain words and be kind."},
        {"role": "user", "content": f"Rewrite this in a warmer tone: the {place} opens at nine, please be on time."},
    ]
    return {"model": "model-router", "messages": messages, "temperature": 0.4, "stream": stream}
