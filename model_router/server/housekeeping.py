"""The small calls that clients make for themselves: titles, tags, suggestions, summaries of a conversation.

They carry nothing out. A call is one of them when its system prompt says so and it has no tools, when its text is a
template with the conversation inside, or when its newest part is an order about the conversation as a whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

import re2

from model_router.server.markup import enclosed

_ORDER_LENGTH = 400
"""Characters: the order to compact is a page of rules; a person who wants a summary writes a line."""
_HEAD = 2000
"""Characters in which an order says what it is about."""
_SYSTEM_HEAD = 600
"""Characters of a system prompt in which a housekeeping call says what it is."""

_TALK = r"(?:conversation|chat|thread|session|discussion|dialogue?)"
_TITLE = rf"\btitles?\b[^.\n]{{0,60}}\b{_TALK}|\b{_TALK}\b[^.\n]{{0,40}}\btitles?\b"

_COMPACTION = re2.compile(
    rf"detailed summary of (?:the|our|this|your) (?:\w+ )?{_TALK}"
    rf"|summari[sz]e (?:the|our|this) {_TALK} (?:so far|above)"
    r"|context checkpoint compaction|prompt for continuing our conversation"
    rf"|(?:the|this|current) {_TALK} is (?:rapidly )?(?:running out of|exceeding its) context"
    rf"|(?:messages|{_TALK}) above (?:are|is) a {_TALK} to summari[sz]e"
    r"|summary (?:of|for) [^.\n]{0,80}(?:another (?:llm|language model|agent)|without losing context)"
    r"|(?:compact|condense) the (?:conversation|context|history)"
)
_COMPACTION_WORDS = ("summar", "compact", "condense", "continuing our", "of context", "its context")
"""One of these stands in whatever the pattern finds; looking for them first is far quicker."""
_SHORT_ORDERS = (
    (
        "compact",
        re.compile(r"\s*First, reason in your scratchpad\. Then, generate the <state_snapshot>", re.IGNORECASE),
    ),
    ("followups", re.compile(r"\s*\[SUGGESTION MODE\b")),
)
_TITLE_ORDER = re.compile(
    r"\s*(?:please |now )?(?:generate|create|write|suggest|provide|give|reply with|come up with)\b[^.\n]{0,100}"
    rf"\btitle\b[^.\n]{{0,40}}\bfor (?:this|the|our) (?:above |following |entire )?{_TALK}\b",
    re.IGNORECASE,
)


def _table(*rows: tuple[str, str, str]) -> tuple[tuple[str, str, re.Pattern[str]], ...]:
    """Task, a word without which the pattern cannot match, pattern; all for lower-case text."""
    return tuple((task, word, re.compile(pattern)) for task, word, pattern in rows)


_SYSTEM_TASKS = _table(
    ("title", "title", rf"title generator|generate an? (?:concise|brief|short|very short)[^.\n]{{0,60}}title|{_TITLE}"),
    (
        "title",
        "word",
        r"extract a \d-\d word title"
        r"|into a (?:single )?(?:short )?(?:sentence|title|name) of [^.\n]{0,20}words? or less",
    ),
    ("autocomplete", "autocompletion", r"you are an autocompletion system"),
    ("autocomplete", "fill", r"fill[- ]in[- ]the[- ]middle"),
    ("router", "routing", r"task routing ai"),
    (
        "followups",
        "",
        r"messages? (?:this|the) user might naturally send next|suggests? follow-up (?:questions|prompts)",
    ),
    (
        "compact",
        "summar",
        r"(?:tasked with|component that|assistant that|your (?:job|task|role) is to|you are)[^.\n]{0,40}"
        rf" summari[sz]\w+ (?:\w+ ){{0,3}}{_TALK}s?|(?:context|conversation) summari[sz](?:ation|er)"
        rf"|summari[sz]e this partial {_TALK}"
        r"|context-aware state summary",
    ),
    ("compact", "context limit", r"context limit was reached"),
    ("commit", "commit message", r"(?:generates?|writes?)[^.\n]{0,60}\bcommit messages?"),
    ("branch", "branch name", r"(?:generates?|suggests?)[^.\n]{0,60}\bbranch names?"),
)
_TEMPLATE_TASKS = _table(
    ("title", "title", r"generate an? (?:concise|brief|short)[^.\n]{0,60}title"),
    ("tags", "tags", r"\b(?:generate|assign|suggest)\b[^.\n]{0,40}\btags\b"),
    ("followups", "follow", r"follow-?up (?:questions|prompts)"),
    ("query", "quer", r"necessity of generating search queries|generat\w+ (?:\w+ ){0,3}search quer"),
    ("autocomplete", "autocompletion", r"you are an autocompletion system"),
    ("image_prompt", "image", r"prompt for an? image generation task"),
    ("emoji", "emoji", r"fitting emoji"),
)
_OPEN_TEXT_TASKS = _table(
    (
        "query",
        "standalone",
        r"rephrase the follow[- ]?up (?:question|input)[^.\n]{0,60}standalone|\bstandalone (?:question|query):\s*$",
    ),
    ("title", "that is", r"(?:title|name) for (?:the|this) (?:chat|conversation) that is \d"),
    ("title", "title", r"write a brief title for the following request"),
    ("enhance", "enhanced", r"generate an enhanced version of this prompt \(reply with only"),
)
_FILL_IN = ("<fim_prefix>", "<|fim_prefix|>", "<|fim_begin|>", "<｜fim▁begin｜>", "<SUF>", "[SUFFIX]")
_SPEAKER = re.compile(
    r"^[ \t]*(?:[\[(*]{0,2})(user|human|assistant|ai|model|bot)(?:[\])*]{0,2})[ \t]*:[\])*]{0,2}",
    re.IGNORECASE | re.MULTILINE,
)
_QUOTED = re.compile(r"<(session|user_message|user_prompt|message|text|input)>")
_TRANSCRIPT_END = re.compile(r"</?(?:chat_history|conversation|messages|history)>|^###", re.MULTILINE)


def order_in(text: str, *, has_tools: bool) -> str:
    """The task that a part orders about the whole conversation, or nothing."""
    if len(text) >= _ORDER_LENGTH:
        head = text[:_HEAD].lower()
        if any(word in head for word in _COMPACTION_WORDS) and _COMPACTION.search(head) is not None:
            return "compact"
    for name, pattern in _SHORT_ORDERS:
        if pattern.match(text):
            return name
    return "title" if not has_tools and _TITLE_ORDER.match(text) is not None else ""


def task_of(system: Iterable[str], text: str) -> str:
    """The task of a call without tools, by its system prompts or by the template that it fills, or nothing."""
    head = "\n".join(prompt[:_SYSTEM_HEAD] for prompt in system).lower()
    start = text[:_ORDER_LENGTH].lower()
    task = _first(_SYSTEM_TASKS, head) if head else ""
    if not task and "### Task:" in text[:40] and ("<chat_history>" in text or "<text>" in text):
        task = _first(_TEMPLATE_TASKS, start)
    if not task:
        task = _first(_OPEN_TEXT_TASKS, start)
    if not task and "\nstandalone " in text[-40:].lower():
        task = "query"
    return task


def is_fill_in(text: str) -> bool:
    """Whether a plain prompt asks a code model to fill a gap."""
    return any(mark in text for mark in _FILL_IN)


def inner_words(text: str) -> str:
    """The person's words out of a text that quotes them: between tags, or as the newest turn of a transcript.

    Empty when it quotes none.
    """
    quoted = [block.inner.strip() for block in enclosed(text, _QUOTED, 1)]
    if quoted and quoted[0]:
        return quoted[0]
    turns = list(_SPEAKER.finditer(text))
    for position in range(len(turns) - 1, -1, -1):
        if turns[position][1].lower() in ("user", "human"):
            stop = turns[position + 1].start() if position + 1 < len(turns) else len(text)
            said = text[turns[position].end() : stop]
            end = _TRANSCRIPT_END.search(said)
            return (said[: end.start()] if end is not None else said).strip()
    return ""


def _first(table: Iterable[tuple[str, str, re.Pattern[str]]], text: str) -> str:
    return next((task for task, word, pattern in table if word in text and pattern.search(text)), "")
