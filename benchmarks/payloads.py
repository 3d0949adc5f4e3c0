"""What the clients of a gateway send, in our own words: a short chat, and agents' requests of 60 KB and 1 MB.

Each kind comes in sixteen wordings, since no two requests of a day are the same.
"""

from __future__ import annotations

import json
from enum import StrEnum

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
    """One wording."""
    wish = f"find out why the list of the {place} stops at line 800, and repair it"
    if payload is Payload.AGENT:
        return ask.request(
            tools=20, tool_length=300, steps=40, step_length=600, wish_last=True, wish=wish, stream=False
        )
    if payload is Payload.LARGE:
        return ask.request(
            tools=20, tool_length=300, steps=400, step_length=2_080, wish_last=True, wish=wish, stream=False
        )
    return _chat(place, stream=payload is Payload.STREAM)


def _chat(place: str, *, stream: bool) -> bytes:
    messages = [
        {"role": "system", "content": "You help people with letters. Keep to facts and to plain words."},
        {"role": "user", "content": f"Rewrite this in a warmer tone: the {place} opens at nine, please be on time."},
    ]
    asked = {"model": "model-router", "messages": messages, "temperature": 0.4, "stream": stream}
    return json.dumps(asked).encode()
