"""The ask: the newest thing a person wanted, found in whatever an agent sent; and all else that routing needs.

A request is read from its newest turn backwards. Turns in which only tools or the harness speak are passed over; the
first turn with a person's words is the one that counts, and what lies behind it says whether the agent is in the
middle of the work (a tool turn).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from hashlib import blake2b
from typing import Any

import msgspec
import re2

from model_router.engine.routes import Attachment
from model_router.server import harness, housekeeping
from model_router.server.wire.body import JsonBody
from model_router.server.wire.turns import (
    Content,
    Speaker,
    Turn,
    may_hold_attachments,
    read_content,
    read_turns,
    speaker_of,
    system_texts,
)

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
_KEY_LENGTH = 256
"""So many characters at both ends of each text tell one conversation from another; their lengths count too."""
_BASE64 = re2.compile(rb"base64")
_TOKENS_PER_PICTURE = 1000
"""A round figure for what a vision model makes of a picture; its base64 text says nothing about that."""


_ORDER = tuple(Attachment)


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
    """What has been found so far, going backwards. ``held`` is a block that counts only if no words stand beside it."""

    text: str = ""
    raw: str = ""
    held: str = ""
    task: str = ""
    order: str = ""
    tool_after: bool = False
    continued: bool = False
    readable: bool = True
    attachments: frozenset[Attachment] = frozenset()


class _SystemTexts:
    """The system prompts, read when first asked for."""

    __slots__ = ("_body", "_texts", "_turns")

    def __init__(self, body: JsonBody, turns: Sequence[Turn]) -> None:
        self._body = body
        self._turns = turns
        self._texts: tuple[str, ...] | None = None

    def __call__(self) -> tuple[str, ...]:
        if self._texts is None:
            self._texts = system_texts(self._body, self._turns)
        return self._texts


def read_ask(body: JsonBody, headers: Mapping[str, str], path: str = "") -> Ask:
    """Find the ask in a chat, messages, responses, completions or embeddings body.

    ``headers`` have names in lower case. ``path`` tells calls that want no answer (tokens counted, texts embedded) from
    those that do; nothing else depends on it.

    Raises:
        Refusal: 400, when the body holds no conversation.
    """
    turns = read_turns(body)

    system = _SystemTexts(body, turns)
    has_tools = body.holds("tools") or body.holds("functions")
    attached = may_hold_attachments(turns)
    found = _newest_wish(turns, system, has_tools=has_tools, attached=attached)
    wordless = _wordless_task(path)
    task = wordless or found.task or _task(body, found, system, has_tools=has_tools)
    text = found.text
    if task and not wordless:
        text = harness.unquote(housekeeping.inner_words(found.raw or found.order) or text)
    kind = CallKind.TOOL_TURN if found.tool_after else CallKind.MAIN
    return Ask(
        text=text,
        kind=CallKind.UTILITY if task else kind,
        task=task,
        attachments=tuple(sorted(found.attachments, key=_ORDER.index)) if found.attachments else (),
        session=session_key(body, headers, turns),
        estimated_tokens=estimate_tokens(body.raw, attached=attached),
        has_tools=has_tools,
        readable=found.readable or bool(wordless),
        continued=found.continued,
        pictures=Attachment.IMAGE in found.attachments or (attached and _holds_pictures(turns)),
    )


def _wordless_task(path: str) -> str:
    """Calls that no model answers with words."""
    path = path.partition("?")[0].rstrip("/")
    return next((task for task in ("count_tokens", "embeddings") if path.endswith(f"/{task}")), "")


def _task(body: JsonBody, found: _Search, system: Callable[[], tuple[str, ...]], *, has_tools: bool) -> str:
    if has_tools:
        return ""
    if "messages" not in body.fields and (body.holds("suffix") or housekeeping.is_fill_in(found.text)):
        return "autocomplete"
    return housekeeping.task_of(system(), found.raw)


def _newest_wish(
    turns: Sequence[Turn], system: Callable[[], tuple[str, ...]], *, has_tools: bool, attached: bool
) -> _Search:
    found = _Search()
    fallback: Content | None = None
    user, tool = Speaker.USER, Speaker.TOOL  # a long history is walked here; members are slow to look up
    for position in range(len(turns) - 1, -1, -1):
        turn = turns[position]
        speaker = speaker_of(turn)
        if speaker is user:
            content = read_content(turn.get("content"))
            if not content.readable:
                found.readable = False
                return found
            if _is_wish(content, system, found, has_tools=has_tools) and not _waits(found, turns, position):
                return found
            if fallback is None and content.texts and not content.tool_result and not found.continued:
                fallback = content
        elif found.held:
            break
        elif speaker is tool:
            found.tool_after = True
            if attached:
                found.attachments |= _carried(turn)
        elif found.attachments and not found.tool_after and speaker is Speaker.MODEL:
            return found  # a picture that was sent without a word
    if found.held:
        found.text = found.raw = found.held
    elif fallback is not None and not found.continued:
        found.text = harness.unquote("\n".join(fallback.texts))
    elif not found.readable or not any(speaker_of(turn) is Speaker.USER for turn in turns):
        _take_any(found, turns)
    return found


def _waits(found: _Search, turns: Sequence[Turn], position: int) -> bool:
    """Whether a turn is a mere block right behind another turn of the person, which then may hold the words."""
    if position == 0 or speaker_of(turns[position - 1]) is not Speaker.USER or not harness.is_bare_block(found.text):
        return False
    found.held = found.held or found.text
    found.text = found.raw = ""
    return True


def _take_any(found: _Search, turns: Sequence[Turn]) -> None:
    """A request in which no person speaks at all: the newest text counts, whoever said it."""
    for turn in reversed(turns):
        content = read_content(turn.get("content"))
        if content.texts and speaker_of(turn) is not Speaker.TOOL:
            found.text = "\n".join(content.texts)
            return


def _is_wish(content: Content, system: Callable[[], tuple[str, ...]], found: _Search, *, has_tools: bool) -> bool:
    """Take one user turn in; true when a person speaks in it."""
    found.attachments |= content.attachments
    parts: list[str] = []
    for text in content.texts:
        order = housekeeping.order_in(text, has_tools=has_tools)
        if order:
            found.task, found.order = order, text
        else:
            parts.append(text)
    told = any(harness.is_tool_text(part) for part in parts)
    if told:
        parts = harness.without_tool_texts(parts)
    words = harness.human_words(parts, system)
    if told or content.tool_result:
        found.tool_after = found.tool_after or not words
    if not words:
        found.continued = found.continued or any(harness.is_continuation(part) for part in parts)
        return False
    found.text = words
    found.raw = "\n".join(parts)
    return True


def _carried(turn: Turn) -> frozenset[Attachment]:
    """Pictures that a tool brought; its words are never the person's."""
    value = turn["content"] if "content" in turn else turn.get("output")
    return read_content(value).attachments if isinstance(value, list) else frozenset()


def _holds_pictures(turns: Sequence[Turn]) -> bool:
    """Whether any turn holds a picture."""
    return any(Attachment.IMAGE in _carried(turn) for turn in turns)


def estimate_tokens(raw: bytes, *, attached: bool = True) -> int:
    """Four bytes a token; base64 data is left out and each piece of it counts as one picture.

    ``attached``: whether there can be such data at all.
    """
    size = len(raw)
    pictures = 0
    match = _BASE64.search(raw) if attached else None
    while match is not None:
        position = match.start()
        start = raw.find(b",", position)
        end = raw.find(b'"', start)
        if raw[position - 1 : position] == b'"':  # {"type": "base64", "media_type": ..., "data": "..."}
            key = raw.find(b'"data"', position)
            start = raw.find(b'"', key + 6) if key >= 0 else -1
            end = raw.find(b'"', start + 1)
        if start < 0 or end < 0:
            break
        if end - start > _TOKENS_PER_PICTURE and b" " not in raw[start + 1 : start + _TOKENS_PER_PICTURE]:
            size -= end - start
            pictures += 1
        match = _BASE64.search(raw, max(end, match.end()))
    return size // _BYTES_PER_TOKEN + pictures * _TOKENS_PER_PICTURE


def session_key(body: JsonBody, headers: Mapping[str, str], turns: Sequence[Turn]) -> str:
    """Which conversation a request belongs to: what the client says, else what stays the same in it."""
    for name in _SESSION_HEADERS:
        value = headers.get(name)
        if value:
            return f"{name}:{value[:200]}"
    for name in ("prompt_cache_key", "previous_response_id"):
        value = body.value(name)
        if value and isinstance(value, str):
            return f"{name}:{value[:200]}"
    user = _metadata_session(body.value("metadata"))
    if user:
        return f"metadata.user_id:{user[:200]}"
    digest = blake2b(digest_size=12)
    for text in _beginning(body, turns):
        digest.update(f"{text[:_KEY_LENGTH]}\0{text[-_KEY_LENGTH:]}\0{len(text)}".encode("utf-8", "replace"))
    return f"start:{digest.hexdigest()}"


def _beginning(body: JsonBody, turns: Sequence[Turn]) -> Iterator[str]:
    """The system prompts at the start and the person's first words."""
    for name in ("system", "instructions"):
        yield from read_content(body.value(name)).texts
    for turn in turns:
        speaker = speaker_of(turn)
        if speaker is Speaker.SYSTEM or speaker is Speaker.USER:
            texts = read_content(turn.get("content")).texts
            yield from texts
            if texts and speaker is Speaker.USER:
                return


def _metadata_session(metadata: Any) -> str:
    """Anthropic's ``metadata.user_id``; some clients put JSON with a ``session_id`` in that string."""
    user = metadata.get("user_id") if isinstance(metadata, dict) else None
    if not isinstance(user, str):
        return ""
    try:
        inner = msgspec.json.decode(user)
    except (msgspec.DecodeError, RecursionError):
        return user
    session = inner.get("session_id") if isinstance(inner, dict) else None
    return session if isinstance(session, str) and session else user
