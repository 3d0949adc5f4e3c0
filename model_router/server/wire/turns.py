"""The turns of a conversation, whatever protocol it came in, read only as far as somebody asks.

Chat (``messages``), Anthropic messages (``messages`` + ``system``), responses (``input`` + ``instructions``) and plain
completions (``prompt``) differ in names, not in kind: a list of items with a role and a content that is a text or a
list of parts. Contents stay raw until they are looked at, because the newest turns are all that is needed and an
agent's history is long.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Any, NamedTuple

import msgspec
import re2

from model_router.engine.routes import Attachment
from model_router.server.refusal import Refusal
from model_router.server.wire.body import JsonBody


class Speaker(StrEnum):
    """Whose turn it is. A ``USER`` turn may still hold nothing but tool results or a harness's own words."""

    SYSTEM = "system"
    USER = "user"
    MODEL = "model"
    TOOL = "tool"


class Item(msgspec.Struct, frozen=True):
    """One element of ``messages`` or ``input``; anything may stand in the fields, it came from outside."""

    role: Any = None
    type: Any = None
    content: msgspec.Raw = msgspec.Raw()
    output: msgspec.Raw = msgspec.Raw()

    @property
    def speaker(self) -> Speaker:
        """Whose turn this is; an item of an unknown type counts as the model's, it never speaks for a person."""
        role = self.role
        if role is not None:
            return _ROLES.get(role, Speaker.USER) if isinstance(role, str) else Speaker.USER
        kind = self.type
        if kind is None or not isinstance(kind, str):
            return Speaker.USER if kind is None else Speaker.MODEL
        if kind.endswith("_output"):
            return Speaker.TOOL
        return Speaker.USER if kind in _USER_TYPES else Speaker.MODEL


class Content(NamedTuple):
    """A turn's content. ``readable`` is false when it is neither a text nor a list of parts."""

    texts: tuple[str, ...] = ()
    attachments: frozenset[Attachment] = frozenset()
    tool_result: bool = False
    readable: bool = True


_ITEMS = msgspec.json.Decoder(tuple[Item, ...])
_WORDLESS = msgspec.json.Decoder(tuple[str | int | list[int], ...])
_ROLES = {
    "system": Speaker.SYSTEM,
    "developer": Speaker.SYSTEM,
    "tool": Speaker.TOOL,
    "function": Speaker.TOOL,
    "ipython": Speaker.TOOL,
    "observation": Speaker.TOOL,
    "assistant": Speaker.MODEL,
    "model": Speaker.MODEL,
}
"""A role that is not listed counts as a person's: their words must not be lost."""
_ANY = msgspec.json.Decoder()
_TEXT = msgspec.json.Decoder(str)
_USER_TYPES = frozenset({"message", "text", "input_text", "input_image", "input_file", "input_audio"})
_ATTACHMENTS = {
    "image_url": Attachment.IMAGE,
    "input_image": Attachment.IMAGE,
    "image": Attachment.IMAGE,
    "input_audio": Attachment.AUDIO,
    "audio": Attachment.AUDIO,
    "file": Attachment.PDF,
    "input_file": Attachment.PDF,
    "document": Attachment.PDF,
}
_TEXT_TYPES = frozenset({None, "text", "input_text"})
_ATTACHED = re2.compile(rb'"type"\s*:\s*"(?:input_)?(?:image|audio|file|document)')
"""Inside of a text the quotes are escaped, so this is a field; hidden ones (``\\u0069mage``) nobody writes."""


class _Part(msgspec.Struct, frozen=True):
    type: Any = None
    text: Any = None
    content: msgspec.Raw = msgspec.Raw()


_PARTS = msgspec.json.Decoder(list[_Part])


def read_turns(body: JsonBody) -> tuple[Item, ...]:
    """Split a body into turns, oldest first.

    Raises:
        Refusal: 400, when there is no conversation in it or its list is not one of objects.
    """
    for name in ("messages", "input", "prompt"):
        raw = body.fields.get(name)
        if raw is not None and bytes(memoryview(raw)[:4]) != b"null":
            return _items(name, raw)
    message = "The request has no messages; send a list of at least one in 'messages'."
    raise Refusal(400, message, code="missing_messages", param="messages")


def _items(name: str, raw: msgspec.Raw) -> tuple[Item, ...]:
    start = bytes(memoryview(raw)[:1])
    if start == b'"' and name != "messages":
        return (Item(role="user", content=raw),)
    if start != b"[":
        message = f"'{name}' must be a list of messages, each an object with a role and a content."
        raise Refusal(400, message, code="invalid_messages", param=name)
    if name == "prompt":
        return (Item(role="user", content=raw),)
    try:
        items = _ITEMS.decode(raw)
    except msgspec.ValidationError as error:
        if name == "input" and _is_bare(raw):
            return (Item(role="user", content=raw),)
        place = str(error).rpartition("`$")[2].rstrip("`") or "[0]"
        raise Refusal(400, f"'{name}{place}' must be an object.", code="invalid_messages", param=name) from None
    if not items:
        raise Refusal(400, f"'{name}' is empty; send at least one message.", code="missing_messages", param=name)
    return items


def _is_bare(raw: msgspec.Raw) -> bool:
    """Whether a list is what is to be embedded: texts or tokens, side by side."""
    try:
        _WORDLESS.decode(raw)
    except msgspec.ValidationError:
        return False
    return True


def may_hold_attachments(body: JsonBody) -> bool:
    """Whether some turn may hold a picture, a sound or a file: one look at the whole, without decoding."""
    for name in ("messages", "input"):
        raw = body.fields.get(name)
        if raw is not None and _ATTACHED.search(bytes(raw)) is not None:
            return True
    return False


def read_content(raw: msgspec.Raw) -> Content:
    """Read a turn's content: its texts in order, what came with them, and whether a tool speaks in it."""
    start = bytes(memoryview(raw)[:1])
    if not start or bytes(raw) == b"null":
        return Content()
    if start == b'"':
        return Content(texts=(_TEXT.decode(raw),))
    if start != b"[":
        return Content(readable=False)
    try:
        parts = _PARTS.decode(raw)
    except msgspec.ValidationError:
        return _mixed_content(_ANY.decode(raw))
    texts: list[str] = []
    attachments: set[Attachment] = set()
    tool_result = False
    for part in parts:
        if part.type == "tool_result":
            tool_result = True
            attachments |= read_content(part.content).attachments
        elif isinstance(part.type, str) and part.type in _ATTACHMENTS:
            attachments.add(_ATTACHMENTS[part.type])
        elif isinstance(part.text, str) and (part.type is None or part.type in _TEXT_TYPES):
            texts.append(part.text)
    return Content(tuple(texts), frozenset(attachments), tool_result)


def _mixed_content(parts: list[Any]) -> Content:
    """A list that holds more than objects: bare strings are texts too (plain completions), other values nothing."""
    bare = [{"type": "text", "text": part} if isinstance(part, str) else part for part in parts]
    known = [part for part in bare if isinstance(part, dict)]
    content = read_content(msgspec.Raw(msgspec.json.encode(known)))
    return content._replace(readable=bool(known))


def system_texts(body: JsonBody, items: Iterable[Item]) -> tuple[str, ...]:
    """Every system prompt: those that stand apart from the turns, then those among them."""
    texts: list[str] = []
    for name in ("system", "instructions"):
        raw = body.fields.get(name)
        if raw is not None:
            texts.extend(read_content(raw).texts)
    for item in items:
        if item.speaker is Speaker.SYSTEM:
            texts.extend(read_content(item.content).texts)
    return tuple(texts)
