"""The search for the newest wish: turn by turn from the newest backwards, until a person speaks.

What lies behind the wish says what kind of call it is: results of tools, or a client that lets its model go on, make
it a step in the midst of the work.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from model_router.engine.routes import Attachment
from model_router.server import harness, housekeeping, tool_texts
from model_router.server.wire.body import JsonBody, split_value
from model_router.server.wire.plain import PlainTurn
from model_router.server.wire.turns import Content, Speaker, Turn, read_content, speakers_of, system_texts

_USER, _TOOL, _MODEL = Speaker.USER, Speaker.TOOL, Speaker.MODEL
"""A long history is walked here, and members are slow to look up."""


_ANSWERS = frozenset("<{TtUu")
"""How a tool's result begins that may hold what a person answered."""


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
    only if no words stand beside it. ``turn`` is the one with the wish; ``sent``: it is a picture without words.
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
    sent: bool = False
    turn: Turn | None = None


def newest_wish(turns: Sequence[Turn], system: SystemTexts, *, has_tools: bool, attached: bool) -> Found:
    """Find it. ``attached``: whether any turn can hold a picture or a file at all."""
    found = Found()
    speakers = speakers_of(turns)
    backwards = speakers[::-1]
    position = len(turns)
    while position > 0:
        newest = _newest_user(backwards, position)
        if newest + 1 < position:
            if (
                speakers[position - 1] is _TOOL
                and not found.tool_after
                and _answers(found, turns, speakers, position - 1)
            ):
                return found
            if _ends_in(found, turns, speakers, range(position - 1, newest, -1), attached):
                break
        if newest < 0:
            break
        position = newest
        turn = turns[position]
        if _speaks(turn, system, found, has_tools=has_tools) and not _waits(found, speakers, position):
            found.turn = turn
            return found
        if not found.readable:
            return found
    if not found.sent:
        _fall_back(found, turns, speakers)
    return found


def _newest_user(backwards: Sequence[Speaker], end: int) -> int:
    """Where the last turn of a user stands before ``end``, or -1. The speakers are given from the newest backwards."""
    try:
        return len(backwards) - 1 - backwards.index(_USER, len(backwards) - end)
    except ValueError:
        return -1


def _ends_in(found: Found, turns: Sequence[Turn], speakers: Sequence[Speaker], passed: range, attached: bool) -> bool:
    """Take in the turns behind a user's, from the newest backwards; whether the search ends among them."""
    if found.held:
        return True
    between = speakers[passed.stop + 1 : passed.start + 1]
    if not attached and not found.silent:  # nearly always: then their order says nothing
        found.tool_after = found.tool_after or _TOOL in between
        return False
    for position in passed:
        if speakers[position] is _TOOL:
            found.tool_after = True
            found.attachments |= carried(turns[position])
        elif speakers[position] is _MODEL:
            if found.attachments and not found.tool_after:
                found.sent = True  # a picture without a word
                return True
            found.tool_after = found.tool_after or found.silent  # the client lets its model go on
    return False


def _answers(found: Found, turns: Sequence[Turn], speakers: Sequence[Speaker], newest: int) -> bool:
    """Take in what a person said to the newest calls of tools, when a result is nothing else."""
    while newest >= 0 and speakers[newest] is _TOOL:
        turn = turns[newest]
        value = turn.content if isinstance(turn, PlainTurn) else turn.get("content")
        if value is None:
            value = turn.get("output")
        if value.__class__ is str and value[:1] in _ANSWERS:
            found.text = found.raw = tool_texts.words_to_tool(value)
            if found.text:
                return True
        newest -= 1
    return False


def carried(turn: Turn) -> frozenset[Attachment]:
    """What a turn brings beside words, as a tool's does: its words are never the person's."""
    value = turn["content"] if "content" in turn else turn.get("output")
    if isinstance(value, dict):  # a part that stands alone, as a screenshot does
        value = [{name: split_value(one) if isinstance(one, msgspec.Raw) else one for name, one in value.items()}]
    return read_content(value).attachments if isinstance(value, list) else frozenset()


def _speaks(turn: Turn, system: SystemTexts, found: Found, *, has_tools: bool) -> bool:
    """Take one user turn in; true when a person speaks in it."""
    content = read_content(turn.get("content"))
    if not content.readable:
        found.readable = False
        return False
    found.attachments |= content.attachments
    parts: list[str] = []
    told = failed = False
    if len(content.texts) == 1 and not content.tool_result:
        words = harness.bare_words(content.texts[0])
        if words and not housekeeping.order_in(words, has_tools=has_tools):
            found.text = found.raw = words
            return True
    for text in content.texts:
        order = housekeeping.order_in(text, has_tools=has_tools)
        if order:
            found.task, found.order = order, text
        else:
            before = tool_texts.without_report(text)
            failed = failed or before is not text
            parts.append(before)
            told = told or tool_texts.is_tool_text(before)
    if told:
        parts = tool_texts.without_tool_texts(parts)
    words = harness.human_words(parts, system)
    if not words and content.failures:
        words = next(filter(None, map(tool_texts.words_to_tool, content.failures)), "")
    if words:
        found.text = words
        found.raw = parts[0] if len(parts) == 1 else "\n".join(parts)
        found.tool_after = found.tool_after or failed or tool_texts.holds_steps(found.raw)
        return True
    found.tool_after = found.tool_after or told or content.tool_result
    found.silent = found.silent or not found.order
    found.continued = found.continued or any(harness.is_continuation(part) for part in parts)
    if found.fallback is None and content.texts and not content.tool_result and not found.continued:
        found.fallback = content
    return False


def _waits(found: Found, speakers: Sequence[Speaker], position: int) -> bool:
    """Whether a turn is a mere block right behind another turn of the person, which then may hold the words."""
    if position == 0 or speakers[position - 1] is not _USER or not harness.is_bare_block(found.text):
        return False
    found.held = found.held or found.text
    found.text = found.raw = ""
    return True


def _fall_back(found: Found, turns: Sequence[Turn], speakers: Sequence[Speaker]) -> None:
    """Where no words are left, those count that were there: taking wrappings off must not hide an order."""
    if found.held:
        found.text = found.raw = found.held
    elif found.fallback is not None and not found.continued:
        found.text = harness.unquote("\n".join(found.fallback.texts))
    elif _USER not in speakers:  # nobody speaks at all: the newest text counts, whoever said it
        for turn, speaker in zip(reversed(turns), reversed(speakers), strict=True):
            content = read_content(turn.get("content"))
            if content.texts and speaker is not _TOOL:
                found.text = "\n".join(content.texts)
                return
