"""On which occasion a wish was spoken: how far its conversation had come by then, and what was sent with the words.

An approval holds for what the person has seen. The same words later in the conversation ("delete it") or with another
picture ("pay this") are another wish; a repeat, a step of the agent's work, or a client that notes our refusal in the
conversation changes nothing. Read only for requests that meet a person.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from hashlib import blake2b
from typing import Any

import msgspec

from model_router.server.wire.turns import Speaker, Turn, is_attachment, speakers_of, texts_of

_OURS = re.compile(r"\brequest mr-[0-9a-f]{12}\b", re.IGNORECASE)
"""Stands in what the gateway says of a request that it has stopped."""
_UNSAID = frozenset({"type", "cache_control", "id"})
"""Fields of a part that are not what it shows."""
_CALLS = ("tool_calls", "function_call")
_NOTHING = (b"[]", b"null")
_NOTED = 2_000
"""Of a longer text nobody could say that it is a note."""


def occasion(turns: Sequence[Turn], wish: Turn | None) -> str:
    """A digest; empty when it is not known which turn holds the wish."""
    end = next((place for place, turn in enumerate(turns) if turn is wish), -1)
    if end < 0:
        return ""
    answers, since = 0, 0
    for place, speaker in enumerate(speakers_of(turns)[:end]):
        if speaker is Speaker.MODEL and _is_answer(turns[place]):
            answers, since = answers + 1, place
    seen = blake2b(str(answers).encode(), digest_size=12)
    for piece in _shown(turns[since : end + 1]):
        seen.update(piece)
    return seen.hexdigest()


def _is_answer(turn: Turn) -> bool:
    """Whether a model has done anything here, and no client has only noted that it could not."""
    content = turn.get("content")
    texts = [text for text in texts_of(turn) if text.strip()]
    if texts:
        return not any(_OURS.search(text[:_NOTED]) for text in texts)
    return bool(content and content.__class__ is list) or "role" not in turn or any(_calls(turn, one) for one in _CALLS)


def _calls(turn: Turn, name: str) -> bool:
    value = turn.get(name)
    return bytes(value) not in _NOTHING if isinstance(value, msgspec.Raw) else bool(value)


def _shown(turns: Iterable[Turn]) -> Iterator[bytes]:
    """What stands in pictures, files and the like."""
    for turn in turns:
        content = turn.get("content")
        parts = content if content.__class__ is list else [turn]
        for part in map(_whole, parts):
            if isinstance(part, dict) and is_attachment(part):
                yield msgspec.json.encode({name: part[name] for name in sorted(part.keys() - _UNSAID)})


def _whole(value: Any) -> Any:
    """A value whose parts may be left as they came, decoded to the last."""
    if isinstance(value, msgspec.Raw):
        try:
            return msgspec.json.decode(value)
        except (msgspec.DecodeError, RecursionError):  # a number that no one can hold
            return bytes(value).hex()
    if isinstance(value, dict):
        return {name: _whole(one) for name, one in value.items()}
    return [_whole(one) for one in value] if isinstance(value, list) else value
