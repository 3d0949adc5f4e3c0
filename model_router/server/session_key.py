"""Which conversation a request belongs to: what the client says, else what stays the same in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import Any

import msgspec

from model_router.server.harness import human_words, is_setting
from model_router.server.wire.body import JsonBody, split_value
from model_router.server.wire.turns import Speaker, Turn, read_content, speaker_of, texts_of

_HEADERS = (
    "x-claude-code-session-id",
    "session-id",
    "session_id",
    "thread-id",
    "x-session-id",
    "x-session-affinity",
    "x-conversation-id",
)
_ENDINGS = ("-session-id", "-thread-id", "-conversation-id", "-chat-id")
"""What other headers that name a conversation end with."""
_FIELDS = (
    *("prompt_cache_key", "session_id", "conversation", "conversation_id", "thread_id", "chat_id"),
    "previous_response_id",
)
_NAMED_HEADERS, _NAMED_FIELDS = frozenset(_HEADERS), frozenset((*_FIELDS, "metadata"))
"""Most requests have none of them: one look says so."""
_USER, _SYSTEM = Speaker.USER, Speaker.SYSTEM
_LONGEST = 200
_ENDS = 256
"""So many characters at both ends of the first words tell one conversation from another; their length counts too."""


def session_key(body: JsonBody, headers: Mapping[str, str], turns: Sequence[Turn], spoken: Turn | None = None) -> str:
    """The name of the conversation, behind the place where it was found.

    ``headers`` have names in lower case. ``spoken`` is a turn of which it is known that a person speaks in it.
    """
    if not _NAMED_HEADERS.isdisjoint(headers):
        for name in _HEADERS:
            value = headers.get(name)
            if value:
                return f"{name}:{value[:_LONGEST]}"
    for name in headers:
        if name[-3:] == "-id" and name.endswith(_ENDINGS) and headers[name]:
            return f"{name}:{headers[name][:_LONGEST]}"
    if not _NAMED_FIELDS.isdisjoint(body.fields):
        for name in _FIELDS:
            value = body.value(name)
            if isinstance(value, dict):  # a conversation that the server keeps
                value = value.get("id")
                value = split_value(value) if isinstance(value, msgspec.Raw) else value
            if value and isinstance(value, str):
                return f"{name}:{value[:_LONGEST]}"
        found = _in_metadata(body.value("metadata"))
        if found:
            return found
    return f"start:{_beginning(body, turns, spoken)}"


def _in_metadata(metadata: Any) -> str:
    """A conversation's name in ``metadata``; some clients put JSON with a ``session_id`` into its ``user_id``."""
    if not isinstance(metadata, dict):
        return ""
    for name in _FIELDS:
        value = metadata.get(name)
        if value and isinstance(value, str):
            return f"metadata.{name}:{value[:_LONGEST]}"
    user = metadata.get("user_id")
    if not isinstance(user, str) or not user:
        return ""
    try:
        inner = msgspec.json.decode(user)
    except (msgspec.DecodeError, RecursionError):
        inner = None
    session = inner.get("session_id") if isinstance(inner, dict) else None
    return f"metadata.user_id:{(session if session and isinstance(session, str) else user)[:_LONGEST]}"


def _beginning(body: JsonBody, turns: Sequence[Turn], spoken: Turn | None) -> str:
    """A digest of how the conversation began: the system prompt's first characters and the person's first words.

    The rest of a system prompt may tell the time, and so change from turn to turn.
    """
    seen: list[str] = []
    for name in ("system", "instructions"):
        if name in body.fields:
            seen += [text[:_ENDS] for text in read_content(body.value(name)).texts[:1]]
    for turn in turns:
        speaker = speaker_of(turn)
        if speaker is _USER:
            texts = texts_of(turn)
            for text in texts:
                seen += (text[:_ENDS], text[-_ENDS:], str(len(text)))
            if turn is spoken or (texts and not is_setting(texts[0])) or human_words(texts, tuple):
                break
        elif speaker is _SYSTEM:
            seen += [text[:_ENDS] for text in texts_of(turn)[:1]]
    return blake2b("\0".join(seen).encode("utf-8", "replace"), digest_size=12).hexdigest()
