"""The search for the newest wish: turn by turn from the newest backwards, until a person speaks.

What lies behind the wish says what kind of call it is: results of tools, or a client that lets its model go on, make
it a step in the midst of the work.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from model_router.engine.routes import Attachment
from model_router.server import harness, housekeeping, tool_texts
from model_router.server.wire.body import JsonBody
from model_router.server.wire.turns import Content, Speaker, Turn, read_content, speaker_of, system_texts

_USER, _TOOL, _MODEL = Speaker.USER, Speaker.TOOL, Speaker.MODEL
"""A long history is walked here, and members are slow to look up."""


class SystemTexts:
    """The system prompts of a request, read when first asked for."""

    __slots__ = ("_body", "_texts", "_turns")

    def __init__(self, body: JsonBody, turns: Sequence[Turn]) -> None:
        self._body = body
        self._turns = turns
        self._texts: tuple[str, ...] | None = None

    def __call__(self) -> tuple[str, ...]:
        if self._texts is None:
            self._texts = system_texts(self._body, self._turns)
        return self._texts


@dataclass(slots=True)
class Found:
    """What has been found so far, going backwards.

    ``text`` is the wish bare, ``raw`` as its turn had it. ``task`` and ``order``: housekeeping that a turn orders, and
    the text that does. ``tool_after``: the wish is at work already. ``silent``: a turn of the user has been passed in
    which nobody speaks. ``continued``: the conversation starts anew from its summary. ``held`` is a block that counts
    only if no words stand beside it. ``turn`` is the one with the wish.
    """

    text: str = ""
    raw: str = ""
    task: str = ""
    order: str = ""
    tool_after: bool = False
    silent: bool = False
    continued: bool = False
    readable: bool = True
    attachments: frozenset[Attachment] = frozenset()
    held: str = ""
    fallback: Content | None = None
    turn: Turn | None = None


def newest_wish(turns: Sequence[Turn], system: SystemTexts, *, has_tools: bool, attached: bool) -> Found:
    """Find it. ``attached``: whether any turn can hold a picture or a file at all."""
    found = Found()
    position = len(turns)
    for turn in reversed(turns):
        position -= 1
        speaker = speaker_of(turn)
        if speaker is _USER:
            if _speaks(turn, system, found, has_tools=has_tools) and not _waits(found, turns, position):
                found.turn = turn
                return found
            if not found.readable:
                return found
        elif found.held:
            break
        elif speaker is _TOOL:
            found.tool_after = True
            if attached:
                found.attachments |= carried(turn)
        elif speaker is _MODEL:
            if found.attachments and not found.tool_after:
                return found  # a picture that was sent without a word
            found.tool_after = found.tool_after or found.silent  # the client lets its model go on
    _fall_back(found, turns)
    return found


def carried(turn: Turn) -> frozenset[Attachment]:
    """What a turn brings beside words, as a tool's does: its words are never the person's."""
    value = turn["content"] if "content" in turn else turn.get("output")
    return read_content(value).attachments if isinstance(value, list) else frozenset()


def _speaks(turn: Turn, system: SystemTexts, found: Found, *, has_tools: bool) -> bool:
    """Take one user turn in; true when a person speaks in it."""
    content = read_content(turn.get("content"))
    if not content.readable:
        found.readable = False
        return False
    found.attachments |= content.attachments
    parts: list[str] = []
    told = False
    for text in content.texts:
        order = housekeeping.order_in(text, has_tools=has_tools)
        if order:
            found.task, found.order = order, text
        else:
            parts.append(text)
            told = told or tool_texts.is_tool_text(text)
    if told:
        parts = tool_texts.without_tool_texts(parts)
    words = harness.human_words(parts, system)
    if not words and content.failures:
        words = next(filter(None, map(tool_texts.words_of_refusal, content.failures)), "")
    if words:
        found.text = words
        found.raw = parts[0] if len(parts) == 1 else "\n".join(parts)
        found.tool_after = found.tool_after or tool_texts.holds_steps(found.raw)
        return True
    found.tool_after = found.tool_after or told or content.tool_result
    found.silent = found.silent or not found.order
    found.continued = found.continued or any(harness.is_continuation(part) for part in parts)
    if found.fallback is None and content.texts and not content.tool_result and not found.continued:
        found.fallback = content
    return False


def _waits(found: Found, turns: Sequence[Turn], position: int) -> bool:
    """Whether a turn is a mere block right behind another turn of the person, which then may hold the words."""
    if position == 0 or speaker_of(turns[position - 1]) is not _USER or not harness.is_bare_block(found.text):
        return False
    found.held = found.held or found.text
    found.text = found.raw = ""
    return True


def _fall_back(found: Found, turns: Sequence[Turn]) -> None:
    """Where no words are left, those count that were there: taking wrappings off must not hide an order."""
    if found.held:
        found.text = found.raw = found.held
    elif found.fallback is not None and not found.continued:
        found.text = harness.unquote("\n".join(found.fallback.texts))
    elif not any(speaker_of(turn) is _USER for turn in turns):
        for turn in reversed(turns):  # nobody speaks at all: the newest text counts, whoever said it
            content = read_content(turn.get("content"))
            if content.texts and speaker_of(turn) is not _TOOL:
                found.text = "\n".join(content.texts)
                return
