"""The small calls that clients make for themselves: titles, tags, suggestions, summaries of a conversation.

They carry nothing out. A call is one of them when its newest part is an order about the conversation as a whole; and,
if the model has no tools to choose from, when its system prompt says so, when its text begins like one, or when its
text is a template that ends with the conversation.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache, lru_cache
from typing import Any, TypeAlias

import re2

from model_router.server.forms import asked_in

_ORDER_LENGTH = 400
"""Characters: the order to compact is a page of rules; a person who wants a summary writes a line."""
_HEAD = 1200
"""Characters in which an order says what it is about."""
_SYSTEM_HEAD = 600
"""Characters of a system prompt in which a housekeeping call says what it is."""

_Table: TypeAlias = tuple[tuple[str, tuple[str, ...], str], ...]


def _table(*rows: tuple[str, str, str]) -> _Table:
    """Task, words of which one must be there for the pattern to match, pattern; all for lower-case text."""
    return tuple((task, tuple(words.split("|")), pattern) for task, words, pattern in rows)


@cache
def _compiled(pattern: str) -> Any:
    """Compiled when a text first needs it: that takes longer than all else in the start of the gateway. For bytes,
    which RE2 takes as they are."""
    return re2.compile(pattern.encode())


_TALK = r"(?:conversations?(?: history)?|chats?(?: history| session)?|threads?|sessions?|discussions?|dialog(?:ue)?s?)"
_THIS = r"(?:this|the|our|an?|that|these) (?:\w+ ){0,2}"
_VERB = (
    r"^\s*(?:please,? |now,? )?(?:(?:based on|given|considering|from|using)\b[^.\n]{0,60}[,.:]+ )?(?:please )?"
    r"(?:reply with|come up with|make up|generate|create|write|suggest|provide|give|extract|make|propose|return)\b"
)
_NAME = r"\b(?:titles?|names?)\b"

_COMPACTION = _table(
    (
        "compact",
        "summar|compact|condense|continuing our|of context|its context",
        rf"(?:detailed|comprehensive|structured|thorough) summary of (?:the|our|this|your) (?:\w+ )?{_TALK}"
        rf"|summari[sz]e (?:the|our|this) {_TALK} (?:so far|above|that will be compacted)"
        r"|context checkpoint compaction|prompt for continuing our conversation"
        rf"|(?:the|this|current) {_TALK} is (?:rapidly )?(?:running out of|exceeding its) context"
        rf"|(?:messages|{_TALK}) above (?:are|is) a {_TALK} to summari[sz]e"
        r"|summary (?:of|for) [^.\n]{0,80}(?:another (?:llm|language model|agent)|without losing context)"
        r"|(?:compact|condense) the (?:conversation|context|history)",
    )
)
_SHORT_ORDERS = _table(
    ("compact", "scratchpad", r"^\s*first, reason in your scratchpad\. then, generate the <state_snapshot>"),
    (
        "compact",
        "summar",
        rf"^\s*(?:please )?summari[sz]e (?:the|our|this) {_TALK}\b[^\n]{{0,80}}"
        r"(?:prompt for future context|described in the (?:prompt )?instructions)",
    ),
    ("followups", "suggestion mode", r"^\s*\[suggestion mode\b"),
    ("review", "agent history", r"^\s*the following is the codex agent history\b"),
    ("router", "speak next", r"determine who should (?:logically )?speak next"),
)
"""Orders that no person gives, whatever tools are there."""
_NAMING = _table(
    (
        "title",
        "title|name",
        rf"{_VERB}[^.\n]{{0,100}}{_NAME}[^.\n]{{0,60}}\b(?:for|of|to|summari[sz]ing|that (?:captures|describes)) "
        rf"{_THIS}{_TALK}\b"
        rf"|{_VERB}[^.\n]{{0,60}}\b{_TALK}\b[^.\n]{{0,40}}\b(?:an?|the) (?:[\w-]+ ){{0,3}}{_NAME}"
        rf"|^\s*(?:please )?analy[sz]e (?:this|the) (?:[\w-]+ ){{0,3}}{_TALK}\b(?s:.{{0,160}})"
        rf"\b(?:provide|extract|return|give)\b(?s:.{{0,120}})\b(?:an?|the) (?:[\w-]+ ){{0,3}}{_NAME}"
        rf"|^\s*(?:please )?summari[sz]e [^.\n]{{0,60}}\b(?:in|into|as) an? (?:[\w-]+ ){{0,3}}{_NAME}",
    ),
    (
        "title",
        "the user's",
        rf"^\s*(?:please )?summari[sz]e the user's [^.\n]{{0,60}}\b{_TALK}\b[^.\n]{{0,40}}\bone sentence",
    ),
    (
        "compact",
        "summary of",
        rf"{_VERB} an? (?:\w+ )?summary of {_THIS}{_TALK}(?: above)?[^\w\n]{{0,3}}(?:include:|\s*$)",
    ),
    ("title", "description of", rf"{_VERB}[^.\n]{{0,40}}description of this {_TALK} in \w+ words"),
    (
        "followups",
        "predict",
        r"^\s*(?:please )?(?:help me )?predict the (?:\w+ ){0,3}questions? that (?:the )?(?:human|user)"
        r" (?:would|will|may|might)\b",
    ),
)
"""How an order begins that a person hardly gives; whoever gives it gets what they want from the small engine."""

_STANDALONE = (
    r"(?:rephrase|rewrite|reformulate|formulate|condense|contextuali[sz]e|turn)\b[^.\n]{0,200}"
    r"\bstand-?alone (?:question|query)"
)
_SYSTEM_TASKS = _table(
    ("query", "standalone|stand-alone", _STANDALONE),
    (
        "query",
        "versions of|queries",
        r"generate (?:\w+ ){0,3}(?:versions of the (?:given )?(?:\w+ )?(?:question|query)|search queries)",
    ),
    (
        "router",
        "select the next|act next|speaker",
        r"select the next (?:role|speaker|agent|worker)|\bact next\b|next speaker",
    ),
    (
        "router",
        "file paths|classif",
        r"extract (?:any )?file paths that this command|classifier for ai \w+ assistant prompts",
    ),
    (
        "memory",
        "memor",
        r"memory manage(?:r|ment agent)\b|facts?, (?:user )?memories"
        r"|extract [^.\n]{0,60}memor(?:y|ies) (?:from|statements)",
    ),
    ("autocomplete", "type next", r"predict what the user will type next"),
    (
        "autocomplete",
        "edit|changes",
        r"predict (?:and complete )?(?:the )?(?:developer's |user's )?(?:next (?:code )?edits?\b"
        r"|changes [^.\n]{0,60}\bnext\b)|\bedit prediction\b[^.\n]{0,60}\b(?:model|assistant|engine|task)\b"
        r"|assisting in editing specific sections of code",
    ),
    (
        "autocomplete",
        "completion",
        r"you are an? (?:code|inline|text) (?:auto)?completion (?:assistant|engine|model|tool)",
    ),
    ("summary", "tool call", r"summari[sz]e an? tool call"),
    (
        "title",
        "title",
        rf"title generator|(?:generate|provide|create|write|give) an?"
        rf" (?:concise|brief|short|very short|descriptive)[^.\n]{{0,60}}\btitle"
        rf"|you name (?:\w+ )?{_TALK}|title[^.\n]{{0,40}} find (?:the|this) {_TALK}"
        rf"|\btitles? (?:for|of) (?:\w+ ){{0,3}}{_TALK}\b|\b{_TALK} titles?\b"
        rf"|\b{_TALK}[^.\n]{{0,30}} into an? [^.\n]{{0,30}}\btitle",
    ),
    (
        "title",
        "word|topic",
        r"extract an? \d-\d word title|new conversation topic|description in (?:\w+|\d+) words or less"
        r"|into a (?:single )?(?:short )?(?:sentence|title|name) of [^.\n]{0,20}words? or less",
    ),
    ("title", "标题", r"(?:会话|对话|聊天)[^。\n]{0,40}标题|标题[^。\n]{0,40}(?:会话|对话|聊天)"),
    ("autocomplete", "autocompletion", r"you are an autocompletion system"),
    ("autocomplete", "fill", r"fill[- ]in[- ]the[- ]middle|you are a hole filler"),
    ("router", "routing", r"task routing ai"),
    ("router", "bash commands", r"process bash commands that an ai coding agent wants to run"),
    ("router", "unproductive", r"stuck in an unproductive (?:state|loop)"),
    ("tools", "tool", r"your task is to (?:choose|select) and return the correct tool"),
    (
        "followups",
        "naturally send|follow-up",
        r"messages? (?:this|the) user might naturally send next|(?:suggest|generate)s? follow-up (?:questions|prompts)",
    ),
    (
        "compact",
        "summar",
        r"(?:tasked with|component that|assistant that|your (?:job|task|role) is to|you are)[^.\n]{0,40}"
        rf" summari[sz]\w+ (?:\w+ ){{0,3}}{_TALK}|(?:context|conversation) summari[sz](?:ation|er)"
        rf"|detailed summary of (?:the|our|this|your) (?:\w+ )?{_TALK}"
        rf"|summari[sz]e this partial {_TALK}"
        r"|context-aware state summary"
        rf"|summari[sz]e what was done in (?:the|this) {_TALK}"
        rf"|(?:messages|{_TALK}) above (?:are|is) a {_TALK} to summari[sz]e|an agent run for prompt compaction"
        rf"|structured summar\w+ of (?:\w+ )?{_TALK}",
    ),
    (
        "compact",
        "compacting|condensing",
        r"(?:compacting|condensing) (?:an?|the|this) (?:\w+ )?(?:conversation|context|history)",
    ),
    ("compact", "context limit|future context", r"context limit was reached|prompt for future context"),
    (
        "pull_request",
        "pull request",
        r"(?:generate|write|create|compose|draft)s?\b[^.\n]{0,60}\bpull request (?:titles?|descriptions?)"
        r"|about to make a pull request",
    ),
    ("summary", "summar", r"you summari[sz]e what was accomplished|summary label describing"),
    (
        "commit",
        "commit",
        r"(?:generates?|writes?|writing|come (?:up )?with)[^.\n]{0,60}\b(?:commit messages?|git commits)\b"
        r"|commit message generator|author of (?:an? )?commit messages?",
    ),
    ("branch", "branch name", r"(?:generates?|suggests?)[^.\n]{0,60}\bbranch names?"),
)
_TEMPLATE_TASKS = _table(
    ("autocomplete", "autocompletion", r"you are an autocompletion system"),
    ("title", "title", r"\btitle\b"),
    ("tags", "tags", r"\b(?:generate|assign|suggest)\b[^.\n]{0,40}\btags\b"),
    (
        "followups",
        "follow|send next",
        r"follow-?up (?:questions|prompts)|messages? (?:this|the) user might \w+ send next",
    ),
    ("query", "quer", r"necessity of generating search queries|generat\w+ (?:\w+ ){0,3}search quer"),
    ("image_prompt", "image", r"prompt for a[mn]? image generation task"),
    ("emoji", "emoji", r"fitting emoji"),
    ("compact", "summar", r"\bsummar"),
)
_OPEN_TEXT_TASKS = _table(
    (
        "query",
        "standalone|stand-alone",
        rf"^[^\n]{{0,400}}{_STANDALONE}[^\n]*\n|\bstandalone (?:question|query):\s*$",
    ),
    ("title", "that is", rf"(?:title|name) for (?:the|this) {_TALK} that is \d"),
    ("title", "title", r"write a brief title for the following request"),
    ("enhance", "enhanced", r"generate an enhanced version of this prompt \(reply with only"),
    ("compact", "summar", r"progressively summari[sz]e the (?:lines of )?conversation"),
    ("emoji", "emoji", r"reflect the speaker's likely facial expression"),
    ("title", "intention", r"decompose the user's input into \"subject\" and \"intention\""),
    ("summary", "tool output", r"^\s*summari[sz]e the following tool output[^\n]*\n"),
    ("fetch", "web page content", r"^\s*web page content:\n---"),
)
_STANDS_FOR_SYSTEM = re.compile(r"\s*you(?:'re| are) (?:an?|the|in|maintaining|summari[sz]ing)\b")
"""How a call begins that has all it says, rules and matter, in one turn."""
_FILL_IN = ("<fim_prefix>", "<|fim_prefix|>", "<|fim_begin|>", "<｜fim▁begin｜>", "<SUF>", "[SUFFIX]")
_GAPS = ("<fim_middle>", "<|fim_middle|>", "<|fim_end|>", "<｜fim▁end｜>", "<MID>")
_REGIONS = (
    ("<|code_to_edit|>", "<|/code_to_edit|>"),
    ("<|editable_region_start|>", "<|editable_region_end|>"),
    ("<current-version>", "</current-version>"),
)
_CURSORS = (
    "<|cursor|>",
    "<|user_cursor_is_here|>",
    "<|user_cursor|>",
    "<edits_to_original_code>",
    "edit_diff_history|>",
)
"""An editor's own marks around what is to be rewritten, and those of the cursor or of the latest edits beside it."""
_EDITORS_HEAD = re.compile(r"(?:`{3,}[^\n]{0,20})?\s*(?:<\|\w|### Instruction:)|[^\n]{0,200}\n<original_code>\n")
"""How such a text begins: with a mark, not with what somebody asks about the marks."""
_SPEAKER = re.compile(
    r"^[ \t]*/?(?:[\[(*]{0,2})(user|human|assistant|ai|model|bot)(?:[\])*]{0,2})[ \t]*:[\])*]{0,2}",
    re.IGNORECASE | re.MULTILINE,
)
_QUOTES = ("session", "user_message", "user_prompt", "message", "text", "input")
"""Blocks in which a template has the person's words; the last one counts, those before it are examples."""
_LABELLED = re.compile(
    r"(?:here is the message|starts with(?: this message)?|the first few user messages"
    r"|the following (?:content|request)|of this prompt[^:\n]{0,80}|original question):\s*",
    re.IGNORECASE,
)
_ORDERED = re.compile(r"[^\n]{0,200}\btitle\b[^\n]{0,400}\n\n", re.IGNORECASE)
"""An order for a title, with what it is for in the paragraphs behind it."""
_NO_THOUGHT = re.compile(r"\s*<think>\s*</think>\s*\Z")
_FRAMED = re.compile(r"^-{2,5} ?BEGIN ([A-Z ]{3,30}?) ?-{2,5}\n", re.MULTILINE)
_WRAP = '"""'
_TRANSCRIPT_END = re.compile(r"</?(?:chat_history|conversation|messages|history)>|^(?:###|```|Query:)", re.MULTILINE)
_LAST_BLOCK = re.compile(r"</(?:chat_history|conversation|conversation_history|session)>\s*$")


def order_in(text: str, *, has_tools: bool) -> str:
    """The task that a part orders about the whole conversation, or nothing.

    ``has_tools``: whether the model may choose from tools; then it may be at work, and fewer orders count.
    """
    head = _lower(text[:_HEAD])
    if len(text) >= _ORDER_LENGTH:
        task = _first(_COMPACTION, head)
        if task:
            return task
    start = head[:_ORDER_LENGTH]
    task = _first(_SHORT_ORDERS, start)
    if task or has_tools:
        return task
    task = _first(_NAMING, start)
    if not task and len(text) < _HEAD and "\n\n" in head:
        task = _first(_NAMING, head[head.rfind("\n\n") + 2 :])
    return task


def task_of(system: Iterable[str], text: str) -> str:
    """The task of a call without tools, by its system prompts or by the template that it fills, or nothing."""
    task = _system_task("\n".join([prompt[:_SYSTEM_HEAD] for prompt in system]))
    start = _lower(text[:_ORDER_LENGTH])
    if not task and "### Task:" in text[:40] and ("<chat_history>" in text or "<text>" in text):
        task = _first(_TEMPLATE_TASKS, start)
    if not task:
        task = _first(_OPEN_TEXT_TASKS, start)
    if not task and start[:3] == "you" and "\n" in text and _STANDS_FOR_SYSTEM.match(start) is not None:
        task = _system_task(text[:_SYSTEM_HEAD])
    if not task and "\nstandalone " in text[-40:].lower():
        task = "query"
    if not task and _LAST_BLOCK.search(text, max(0, len(text) - 60)) is not None:
        task = _first(_TEMPLATE_TASKS, start)
    return task


@lru_cache(maxsize=64)
def _system_task(head: str) -> str:
    """The task that system prompts tell. A client sends the same ones all day."""
    return _first(_SYSTEM_TASKS, _lower(head)) if head else ""


def is_fill_in(text: str, *, whole: bool = False) -> bool:
    """Whether a prompt asks a code model to fill a gap. ``whole``: it may talk of that as well, so the last mark has
    to be its end."""
    if whole:
        return text.endswith(_GAPS)
    return any(mark in text for mark in _FILL_IN)


def is_next_edit(text: str) -> bool:
    """Whether an editor asks what its person will change next: between its own marks stands the code, and no wish."""
    return (
        any(0 <= text.find(opener) < text.rfind(closer) for opener, closer in _REGIONS)
        and any(mark in text for mark in _CURSORS)
        and _EDITORS_HEAD.match(text) is not None
    )


def inner_words(text: str) -> str:
    """The person's words out of a text that quotes them: between tags, as the newest turn of a transcript, or behind
    a label.

    Empty when it quotes none.
    """
    quoted = _last_quoted(text) or asked_in(text)
    if quoted:
        return quoted
    turns = list(_SPEAKER.finditer(text))
    for position in range(len(turns) - 1, -1, -1):
        if turns[position][1].lower() in ("user", "human"):
            stop = turns[position + 1].start() if position + 1 < len(turns) else len(text)
            said = text[turns[position].end() : stop]
            end = _TRANSCRIPT_END.search(said)
            return (said[: end.start()] if end is not None else said).strip().removeprefix(_WRAP).removesuffix(_WRAP)
    label = _LABELLED.search(text[:_HEAD]) or _ORDERED.match(text)
    return _NO_THOUGHT.sub("", text[label.end() :]).strip() if label is not None else ""


def _last_quoted(text: str) -> str:
    """What stands in the last of the blocks that quote a person."""
    framed = _FRAMED.search(text)
    end = text.rfind(f"END {framed[1]}") if framed is not None else -1
    if framed is not None and end > framed.end():
        return text[framed.end() : end].strip().rstrip("-").strip()
    start = end = -1
    for name in _QUOTES:
        closer = text.rfind(f"</{name}>")
        opener = text.rfind(f"<{name}>", 0, max(closer, 0))
        if opener >= 0 and opener + len(name) + 2 > start:
            start, end = opener + len(name) + 2, closer
    return text[start:end].strip() if start >= 0 else ""


def _lower(text: str) -> str:
    """A text with its Latin letters in lower case: the patterns know no others, and wide texts are slow to lower."""
    return text.lower() if text.isascii() else text.encode("utf-8", "replace").lower().decode()


def _first(table: _Table, text: str) -> str:
    for task, words, pattern in table:
        for word in words:
            if word in text:
                if _compiled(pattern).search(text.encode("utf-8", "replace")) is not None:
                    return task
                break
    return ""
