"""The ask: the newest thing a person wanted, found in whatever an agent sent; and all else that routing needs.

A request is read from its newest turn backwards. Turns in which only tools or the harness speak are passed over; the
first turn with a person's words is the one that counts, and what lies behind it says whether the agent is in the
middle of the work (a tool turn).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from hashlib import blake2b

import msgspec
import re2

from model_router.engine.routes import Attachment
from model_router.server import harness, housekeeping
from model_router.server.occasion import occasion
from model_router.server.prompt_transcript import turns_in
from model_router.server.session_key import session_key
from model_router.server.wire.body import JsonBody
from model_router.server.wire.turns import Turn, may_hold_attachments, quick_turns
from model_router.server.wish import Found, SystemTexts, carried, newest_wish

_WORDLESS = ("/count_tokens", "/embeddings")
_BYTES_PER_TOKEN = 4
_BASE64 = re2.compile(rb"base64")
_TOKENS_PER_PICTURE = 1000
"""A round figure for what a vision model makes of a picture; its base64 text says nothing about that."""
_ORDER = tuple(Attachment)


class CallKind(StrEnum):
    """A person's request, a step of an agent within one, or a client's own housekeeping."""

    MAIN = "main"
    TOOL_TURN = "tool_turn"
    UTILITY = "utility"


class Ask(msgspec.Struct, frozen=True):
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

    @property
    def structure(self) -> tuple[str, ...]:
        """What routing looks at beside the words, by name."""
        found = ("tools",) if self.has_tools else ()
        if self.pictures:
            found = (*found, "pictures")
        if self.continued:
            found = (*found, "continued")
        return found if self.readable else (*found, "unreadable")

    def digest(self) -> str:
        """Names this wish within this conversation; for memory only, never written anywhere."""
        return blake2b(f"{self.session}\0{self.text}".encode("utf-8", "replace"), digest_size=16).hexdigest()


def read_ask(body: JsonBody, headers: Mapping[str, str], path: str = "") -> Ask:
    """Find the ask in a chat, messages, responses, completions or embeddings body.

    ``headers`` have names in lower case. ``path`` tells calls that want no answer (tokens counted, texts embedded) from
    those that do; nothing else depends on it.

    Raises:
        Refusal: 400, when the body holds no conversation.
    """
    turns = _written_out(body) or quick_turns(body)
    system = SystemTexts(body, turns)
    has_tools = body.holds("tools") or body.holds("functions")
    free = has_tools and not _is_bound(body)
    attached = may_hold_attachments(turns)
    found = newest_wish(turns, system, has_tools=free, attached=attached)
    wordless = _wordless_task(path)
    task = wordless or found.task or ("" if free else _task(body, found, system))
    text = found.text
    if task and not wordless and not (found.task == "compact" and text):
        text = harness.unquote(housekeeping.inner_words(found.raw or found.order) or text)
    kind = CallKind.TOOL_TURN if found.tool_after else CallKind.MAIN
    return Ask(
        text=text,
        kind=CallKind.UTILITY if task else kind,
        task=task,
        attachments=tuple(sorted(found.attachments, key=_ORDER.index)) if found.attachments else (),
        session=session_key(body, headers, turns, found.turn),
        estimated_tokens=estimate_tokens(body.raw, attached=attached),
        has_tools=has_tools,
        readable=found.readable or bool(wordless),
        continued=found.continued,
        pictures=Attachment.IMAGE in found.attachments
        or (attached and any(Attachment.IMAGE in carried(turn) for turn in turns)),
    )


def occasion_of(body: JsonBody) -> str:
    """On which occasion the newest wish of a body was spoken, see :mod:`model_router.server.occasion`."""
    turns = _written_out(body) or quick_turns(body)
    free = (body.holds("tools") or body.holds("functions")) and not _is_bound(body)
    attached = may_hold_attachments(turns)
    return occasion(turns, newest_wish(turns, SystemTexts(body, turns), has_tools=free, attached=attached).turn)


def _written_out(body: JsonBody) -> Sequence[Turn]:
    """The turns of a conversation that is written out in one prompt."""
    prompt = body.value("prompt") if "prompt" in body.fields and "messages" not in body.fields else None
    return turns_in(prompt) if isinstance(prompt, str) else ()


def _wordless_task(path: str) -> str:
    """Calls that no model answers with words."""
    path = path.partition("?")[0].rstrip("/")
    return path.rpartition("/")[2] if path.endswith(_WORDLESS) else ""


def _is_bound(body: JsonBody) -> bool:
    """Whether the model may call no tool, or has to call a certain one: that is a form for its answer, no tool."""
    choice = body.value("tool_choice")
    return choice == "none" or (isinstance(choice, dict) and choice.get("type") in ("function", "tool", "none"))


def _task(body: JsonBody, found: Found, system: SystemTexts) -> str:
    if (
        housekeeping.is_fill_in(found.text, whole="messages" in body.fields)
        or housekeeping.is_next_edit(found.raw or found.text)
        or ("messages" not in body.fields and body.holds("suffix"))
    ):
        return "autocomplete"
    return housekeeping.task_of(system(), found.raw)


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
