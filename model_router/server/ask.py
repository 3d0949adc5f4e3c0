"""The ask: the newest thing a person wanted, found in whatever an agent sent; and all else that routing needs.

A request is read from its newest turn backwards. Turns in which only tools or the harness speak are passed over; the
first turn with a person's words is the one that counts, and what lies behind it says whether the agent is in the
middle of the work (a tool turn).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from hashlib import blake2b

import msgspec

from model_router.engine.routes import Attachment
from model_router.server import harness
from model_router.server.wire.body import JsonBody
from model_router.server.wire.turns import Content, Item, Speaker, read_content, read_turns, system_texts

_SESSION_HEADERS = (
    "x-claude-code-session-id",
    "session-id",
    "session_id",
    "thread-id",
    "x-session-id",
    "x-session-affinity",
    "x-conversation-id",
)
_BYTES_PER_TOKEN = 4
_TOKENS_PER_PICTURE = 1000
"""A round figure for what a vision model makes of a picture; its base64 text says nothing about that."""


class CallKind(StrEnum):
    """A person's request, a step of an agent within one, or a client's own housekeeping."""

    MAIN = "main"
    TOOL_TURN = "tool_turn"
    UTILITY = "utility"


@dataclass(frozen=True, slots=True)
class Ask:
    """What routing knows of a request.

    ``task`` names the housekeeping of a utility call (``title``, ``tags``, ``compact``...). ``readable`` is false when
    a person's turn holds something that is no text: nobody can say then what is asked. ``continued`` marks a
    conversation that starts anew from its own summary without a new wish. ``pictures``: some turn, however old, holds
    a picture; a server that cannot see would refuse the whole conversation. ``session`` names the conversation and
    where its name was found. ``estimated_tokens`` counts the whole request, four bytes a token.
    """

    text: str
    kind: CallKind
    task: str
    attachments: tuple[Attachment, ...]
    session: str
    estimated_tokens: int
    has_tools: bool
    readable: bool = True
    continued: bool = False
    pictures: bool = False

    @property
    def label(self) -> str:
        """The kind with its task: ``utility:title``."""
        return f"{self.kind}:{self.task}" if self.task else str(self.kind)

    def digest(self) -> str:
        """Names this wish within this conversation; for memory only, never written anywhere."""
        return blake2b(f"{self.session}\0{self.text}".encode("utf-8", "replace"), digest_size=16).hexdigest()


@dataclass(slots=True)
class _Search:
    """What has been found so far, going backwards."""

    text: str = ""
    raw: str = ""
    tool_after: bool = False
    compaction: bool = False
    continued: bool = False
    readable: bool = True
    attachments: frozenset[Attachment] = frozenset()


def read_ask(body: JsonBody, headers: Mapping[str, str]) -> Ask:
    """Find the ask in a chat, messages, responses or completions body.

    Raises:
        Refusal: 400, when the body holds no conversation.
    """
    items = read_turns(body)

    @cache
    def system() -> tuple[str, ...]:
        return system_texts(body, items)

    found = _newest_wish(items, system)
    has_tools = body.holds("tools") or body.holds("functions")
    task = "compact" if found.compaction else ""
    if not task and not has_tools:
        task = harness.housekeeping_task(system(), found.raw)
    text = harness.inner_words(found.text) if task else found.text
    kind = CallKind.TOOL_TURN if found.tool_after else CallKind.MAIN
    return Ask(
        text=text,
        kind=CallKind.UTILITY if task else kind,
        task=task,
        attachments=tuple(member for member in Attachment if member in found.attachments),
        session=session_key(body, headers, items, system),
        estimated_tokens=estimate_tokens(body.raw),
        has_tools=has_tools,
        readable=found.readable,
        continued=found.continued,
        pictures=Attachment.IMAGE in found.attachments or _holds_pictures(body, items),
    )


def _newest_wish(items: Sequence[Item], system: Callable[[], Sequence[str]]) -> _Search:
    found = _Search()
    fallback: Content | None = None
    for item in reversed(items):
        speaker = item.speaker
        if speaker is Speaker.TOOL:
            found.tool_after = True
            found.attachments |= _carried(item)
        elif speaker is Speaker.USER:
            content = read_content(item.content)
            if not content.readable:
                found.readable = False
                return found
            if _is_wish(content, system, found):
                return found
            if fallback is None and content.texts and not content.tool_result and not found.continued:
                fallback = content
        elif speaker is Speaker.MODEL and found.attachments and not found.tool_after:
            return found  # a picture that was sent without a word
    if fallback is not None and not found.continued:
        found.text = harness.unquote("\n".join(fallback.texts))
    return found


def _is_wish(content: Content, system: Callable[[], Sequence[str]], found: _Search) -> bool:
    """Take one user turn in; true when a person speaks in it."""
    found.attachments |= content.attachments
    parts = [text for text in content.texts if not harness.is_compaction(text)]
    if len(parts) < len(content.texts):
        found.compaction = True
    if content.tool_result or any(harness.is_tool_text(part) for part in parts):
        parts = [part for part in parts if not harness.is_tool_text(part)]
        words = harness.human_words(parts, system)
        found.tool_after = found.tool_after or not words
    else:
        words = harness.human_words(parts, system)
    if not words:
        found.continued = found.continued or any(harness.is_continuation(part) for part in parts)
        return False
    found.text = words
    found.raw = "\n".join(parts)
    return True


def _carried(item: Item) -> frozenset[Attachment]:
    """Pictures that a tool brought; its words are never the person's."""
    raw = item.content if memoryview(item.content).nbytes else item.output
    text = bytes(raw)
    if not text.startswith(b"[") or b'"type"' not in text:
        return frozenset()
    return read_content(raw).attachments


def _holds_pictures(body: JsonBody, items: Sequence[Item]) -> bool:
    """Whether any turn holds a picture. Contents are read only where the word stands in them."""
    if b"image" not in body.raw:
        return False
    named = (item for item in items if b"image" in bytes(item.content) or b"image" in bytes(item.output))
    return any(Attachment.IMAGE in _carried(item) for item in named)


def estimate_tokens(raw: bytes) -> int:
    """Four bytes a token; base64 data is left out and each piece of it counts as one picture."""
    size = len(raw)
    pictures = 0
    position = raw.find(b"base64")
    while position >= 0:
        start = raw.find(b",", position)
        end = raw.find(b'"', start)
        if raw[position - 1 : position] == b'"':  # {"type": "base64", "media_type": ..., "data": "..."}
            key = raw.find(b'"data"', position)
            start = raw.find(b'"', key + 6) if key >= 0 else -1
            end = raw.find(b'"', start + 1)
        if start < 0 or end < 0:
            break
        if end - start > _TOKENS_PER_PICTURE:
            size -= end - start
            pictures += 1
        position = raw.find(b"base64", end)
    return size // _BYTES_PER_TOKEN + pictures * _TOKENS_PER_PICTURE


def session_key(
    body: JsonBody, headers: Mapping[str, str], items: Sequence[Item], system: Callable[[], Sequence[str]]
) -> str:
    """Which conversation a request belongs to: what the client says, else what stays the same in it."""
    for name in _SESSION_HEADERS:
        value = headers.get(name)
        if value:
            return f"{name}:{value[:200]}"
    for name in ("prompt_cache_key", "previous_response_id"):
        value = _string(body.fields.get(name))
        if value:
            return f"{name}:{value[:200]}"
    user = _metadata_session(body.fields.get("metadata"))
    if user:
        return f"metadata.user_id:{user[:200]}"
    digest = blake2b(digest_size=12)
    for text in (*system(), *_first_words(items)):
        digest.update(text.encode("utf-8", "replace") + b"\0")
    return f"start:{digest.hexdigest()}"


def _first_words(items: Sequence[Item]) -> tuple[str, ...]:
    for item in items:
        if item.speaker is Speaker.USER:
            texts = read_content(item.content).texts
            if texts:
                return texts
    return ()


def _string(raw: msgspec.Raw | None) -> str:
    if raw is None:
        return ""
    value = msgspec.json.decode(raw)
    return value if isinstance(value, str) else ""


def _metadata_session(raw: msgspec.Raw | None) -> str:
    """Anthropic's ``metadata.user_id``; some clients put JSON with a ``session_id`` in that string."""
    metadata = msgspec.json.decode(raw) if raw is not None else None
    user = metadata.get("user_id") if isinstance(metadata, dict) else None
    if not isinstance(user, str):
        return ""
    try:
        inner = msgspec.json.decode(user)
    except (msgspec.DecodeError, RecursionError):
        return user
    session = inner.get("session_id") if isinstance(inner, dict) else None
    return session if isinstance(session, str) and session else user
