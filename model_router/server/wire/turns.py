"""The turns of a conversation, whatever protocol it came in, read only as far as somebody asks.

Chat (``messages``), Anthropic messages (``messages`` + ``system``), responses (``input`` + ``instructions``), plain
completions (``prompt``) and Gemini's ``contents`` differ in names, not in kind: a list of items with a role and a
content that is a text or a list of parts. Parts stay raw until they are looked at, because the newest turns are all
that is needed and an agent's history is long.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Any, NamedTuple, TypeAlias, cast

import msgspec
import re2

from model_router.engine.routes import Attachment
from model_router.server.refusal import Refusal
from model_router.server.wire.body import JsonBody, split_value
from model_router.server.wire.plain import PlainItem, PlainMessage, PlainTurn


class Speaker(StrEnum):
    """Whose turn it is. A ``USER`` turn may still hold nothing but tool results or a harness's own words."""

    SYSTEM = "system"
    USER = "user"
    MODEL = "model"
    TOOL = "tool"


_USER, _SYSTEM = Speaker.USER, Speaker.SYSTEM
"""Looking a member up in its class costs more than all the rest of :func:`speaker_of`."""

Turn: TypeAlias = Mapping[str, Any] | PlainTurn
"""One element of ``messages`` or ``input``; anything may stand in a mapping's fields, it came from outside."""


def speakers_of(turns: Sequence[Turn]) -> list[Speaker]:
    """Whose turns these are, in order."""
    return [
        _ROLES.get(turn.role, _USER) if turn.__class__ is PlainMessage and turn.role is not None else speaker_of(turn)
        for turn in turns
    ]


def speaker_of(turn: Turn) -> Speaker:
    """Whose turn this is; an item of an unknown type counts as the model's, it never speaks for a person."""
    role = turn.role if turn.__class__ is PlainMessage else turn.get("role")
    if role.__class__ is str:
        return _ROLES.get(role, _USER)
    if role is not None:
        return _USER
    kind = turn.get("type")
    if kind is None or not isinstance(kind, str):
        return _USER if kind is None else Speaker.MODEL
    if kind.endswith(("_output", "_response")):
        return Speaker.TOOL
    return _USER if kind in _USER_TYPES else Speaker.MODEL


class Content(NamedTuple):
    """A turn's content. ``readable`` is false when it is neither a text nor a list of parts; ``failures`` are texts of
    tool results that are marked as errors, or begin as those do that hold what a person answered."""

    texts: tuple[str, ...] = ()
    attachments: frozenset[Attachment] = frozenset()
    tool_result: bool = False
    readable: bool = True
    failures: tuple[str, ...] = ()


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
    "computer_screenshot": Attachment.IMAGE,
}
_PLAIN_KINDS = frozenset({"message", "function_call", "function_call_output", "reasoning"})
"""What most items of a conversation are; of others it is not known here what they carry."""
_SYSTEM_FIELDS = frozenset({"system", "instructions", "systemInstruction", "system_instruction"})
_INLINE = ("inlineData", "inline_data", "fileData", "file_data")
_MEDIA = {"image": Attachment.IMAGE, "audio": Attachment.AUDIO, "application/pdf": Attachment.PDF}
_ANSWERED = ("<user_message>", "<answer>", "<feedback>", '{"status"')
_UNSAID_TYPES = frozenset({"output_text", "reasoning_text", "summary_text", "refusal", "thinking"})
"""Texts of a model. Those of an unknown type count as the speaker's: a person's words must not be lost."""
_ATTACHED = re2.compile(rb'"type"\s*:\s*"(?:input_)?(?:image|audio|file|document)|"(?:inline|file)_?[dD]ata"')
"""Inside of a text the quotes are escaped, so this is a field; hidden ones (``\\u0069mage``) nobody writes."""


def quick_turns(body: JsonBody) -> Sequence[Turn]:
    """What :func:`read_turns` gives, in a quicker form if the turns have the usual shape.

    Raises:
        Refusal: as :func:`read_turns` does.
    """
    return body.plain_turns[1] or read_turns(body)


def read_turns(body: JsonBody) -> Sequence[Mapping[str, Any]]:
    """Split a body into turns, oldest first.

    Raises:
        Refusal: 400, when there is no conversation in it or its list is not one of objects.
    """
    for name in ("messages", "input", "prompt", "contents"):
        value = body.turns.get(name)
        if value is None:
            value = body.value(name)
        if value is not None:
            return _turns(body, name, value)
    message = "The request has no messages; send a list of at least one in 'messages'."
    raise Refusal(400, message, code="missing_messages", param="messages")


def _turns(body: JsonBody, name: str, value: Any) -> Sequence[Mapping[str, Any]]:
    if isinstance(value, str) and name != "messages":
        return ({"role": "user", "content": value},)
    if not isinstance(value, list):
        message = f"'{name}' must be a list of messages, each an object with a role and a content."
        raise Refusal(400, message, code="invalid_messages", param=name)
    if name == "prompt":
        return ({"role": "user", "content": value},)
    stray = next((place for place, turn in enumerate(value) if turn.__class__ is not dict), None)
    if stray is not None:
        if name == "input" and _is_bare(body.fields[name]):
            return ({"role": "user", "content": value},)
        raise Refusal(400, f"'{name}[{stray}]' must be an object.", code="invalid_messages", param=name)
    if not value:
        raise Refusal(400, f"'{name}' is empty; send at least one message.", code="missing_messages", param=name)
    if name == "contents":
        return [{"role": turn.get("role"), "content": turn.get("parts")} for turn in value]
    return value


def _is_bare(raw: msgspec.Raw) -> bool:
    """Whether a list is what is to be embedded: texts or tokens, side by side."""
    try:
        _WORDLESS.decode(raw)
    except msgspec.ValidationError:
        return False
    return True


def may_hold_attachments(turns: Sequence[Turn]) -> bool:
    """Whether some turn may hold a picture, a sound or a file: one look at all parts, without decoding."""
    if turns and isinstance(turns[0], PlainTurn):
        plain = cast(Sequence[PlainTurn], turns)
        lists: list[Any] = [turn.content for turn in plain if turn.content.__class__ is list]
        if isinstance(turns[0], PlainItem):
            lists += [turn.output for turn in cast(Sequence[PlainItem], turns) if turn.output.__class__ is list]
        kinds: list[Any] = [turn.type for turn in plain if turn.type is not None]
    else:
        contents = [turn["content"] if "content" in turn else turn.get("output") for turn in turns]
        lists = [content for content in contents if content.__class__ is list]
        kinds = [turn["type"] for turn in turns if "type" in turn]
    if lists:
        parts = b"".join([raw for content in lists for raw in content if raw.__class__ is msgspec.Raw])
        if parts and _ATTACHED.search(parts) is not None:
            return True
    return bool(kinds) and not all(isinstance(kind, str) and kind in _PLAIN_KINDS for kind in kinds)


def texts_of(turn: Turn) -> Sequence[str]:
    """The texts in a turn's content, in order."""
    content = turn.content if turn.__class__ is PlainMessage else turn.get("content")
    return (content,) if content.__class__ is str else read_content(content).texts


def read_content(value: Any) -> Content:
    """Read a turn's content: its texts in order, what came with them, and whether a tool speaks in it."""
    if isinstance(value, str):
        return Content(texts=(value,))
    if value is None:
        return Content()
    if not isinstance(value, list):
        return Content(readable=False)
    texts: list[str] = []
    failures: list[str] = []
    attachments: set[Attachment] = set()
    tool_result = False
    readable = not value
    for raw in value:
        part = split_value(raw) if isinstance(raw, msgspec.Raw) else raw
        if isinstance(part, str):  # among the objects, or instead of them, as in plain completions
            part = {"text": part}
        if not isinstance(part, dict):
            continue
        readable = True
        kind, text = part.get("type"), part.get("text")
        if kind == "tool_result":
            tool_result = True
            result = read_content(part.get("content"))
            attachments |= result.attachments
            if part.get("is_error") is True or (result.texts and result.texts[0].startswith(_ANSWERED)):
                failures.extend(result.texts)
        elif isinstance(kind, str) and kind in _ATTACHMENTS:
            attachments.add(_ATTACHMENTS[kind])
        elif isinstance(text, str) and not (isinstance(kind, str) and kind in _UNSAID_TYPES):
            texts.append(text)
        elif kind is None:
            tool_result = tool_result or "functionResponse" in part or "function_response" in part
            attachments.update(_inline(part))
    return Content(tuple(texts), frozenset(attachments), tool_result, readable, tuple(failures))


def is_attachment(part: Mapping[str, Any]) -> bool:
    """Whether a part is a picture, a sound or a file."""
    kind = part.get("type")
    return isinstance(kind, str) and kind in _ATTACHMENTS if kind is not None else any(map(part.get, _INLINE))


def _inline(part: Mapping[str, Any]) -> Iterator[Attachment]:
    """What comes with a part that has its kind in the name of its field, as Gemini's have."""
    for name in _INLINE:
        data = part.get(name)
        if isinstance(data, dict):
            media = data.get("mimeType", data.get("mime_type"))
            media = split_value(media) if isinstance(media, msgspec.Raw) else media
            if isinstance(media, str):
                yield from (found for start, found in _MEDIA.items() if media.startswith(start))


def system_texts(body: JsonBody, turns: Sequence[Turn]) -> tuple[str, ...]:
    """Every system prompt: those that stand apart from the turns, then those among them."""
    texts: list[str] = []
    if not _SYSTEM_FIELDS.isdisjoint(body.fields):
        for name in ("system", "instructions"):
            texts.extend(read_content(body.value(name)).texts)
        for name in ("systemInstruction", "system_instruction"):
            value = body.value(name)
            texts.extend(read_content(value.get("parts")).texts if isinstance(value, dict) else ())
    for turn, speaker in zip(turns, speakers_of(turns), strict=True):
        if speaker is _SYSTEM:
            texts += texts_of(turn)
    return tuple(texts)
