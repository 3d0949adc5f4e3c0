"""What agents wrap around a person's words, and how to take it off again.

Structure comes first: a block between tags, a paragraph that the system prompt says too, a heading that announces the
request, a turn that a tool wrote. Only where structure says nothing stand the words of single clients, in the tables
at the top.

Nothing here may become a way past the confirmation of risky orders: when taking wrappings off leaves nothing, the
caller falls back to the text as it came. Every scan is linear in the length of the text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

import re2

from model_router.server.forms import announced_in, asked_in, described_in, handed_in, quoted_in, said_in
from model_router.server.json_texts import words_in
from model_router.server.markup import Block, enclosed
from model_router.server.notes import is_attached, without_notes, without_references
from model_router.server.tool_texts import swallows_next, without_steps

_STEM = r"[a-z][a-z0-9]{0,29}(?:[-_][a-z0-9]{1,30}){0,5}"
_HARNESS_TAGS = (
    rf"{_STEM}[-_]?(?:contexts?|reminders?|environment|attachments?|diagnostics|caveat|std(?:out|err)|metadata|snapshot)"
    rf"|{_STEM}[-_](?:instructions?|details|info|information|state|layout|status|rules?|skills?|selection"
    r"|notifications?|hook|guidelines|references|tabs|data|files?|contents?|tree|structure|memory|memories|history"
    r"|output|mode|capabilities|msg|datetime|modifications|sources|view|commit|diff|chunks|snippets)"
    r"|[a-z]{1,30}(?:instructions|references)"
    r"|permissions\ instructions|INSTRUCTIONS|EPHEMERAL_MESSAGE|context|attachments?|environment|reminder"
    r"|command-(?:name|message|args)|bash-input|ide_[a-z_]+|turn_aborted|user-memory-input|user_shell_command"
    r"|skill|timestamp|recommended_plugins"
)
"""Blocks that a harness adds to a person's turn: reminders, the machine's state, open files, the output of local
commands. The names say so themselves; a block with any other name may hold what the person wants done, and stays.
"""

_FILE_TAGS = r"files?|documents?|image|path"
"""Files that were put before the words. One counts when it carries attributes, or wraps its whole part."""

_PERSON_TAGS = r"user[-_]?(?:query|message|request|prompt|input|question)|human_message|issue_description"
"""Blocks that name the person: what stands in them is theirs, what stands around them is not."""

_WORD_TAGS = "task|question|request|query|prompt|feedback|answer"
"""Blocks in which a harness may have put the person's words; text around them may be theirs as well."""

_TAG = re.compile(r"<(permissions instructions|[A-Za-z][\w-]{0,100})(\s[^<>]{0,500})?>")


class _Tag(StrEnum):
    """Whose a block is, by the name of its tag."""

    PERSON = "person"
    HARNESS = "harness"
    FILE = "file"


_TAGS = tuple(
    (tag, re.compile(pattern, re.IGNORECASE))
    for tag, pattern in ((_Tag.PERSON, _PERSON_TAGS), (_Tag.HARNESS, _HARNESS_TAGS), (_Tag.FILE, _FILE_TAGS))
)


@lru_cache(maxsize=512)
def _tag_of(name: str) -> _Tag | None:
    """Whose a block of this name is. The same few names come with every request."""
    return next((tag for tag, pattern in _TAGS if pattern.fullmatch(name) is not None), None)


_WHOLE_PARTS = re.compile(
    r"""\s*(?:
      Called\ the\ \w+\ tool\ with\ the\ following\ input
    | Image\ read\ successfully\s*$
    | [^\n]{0,40}We\ are\ setting\ up\ the\ context\ for\ (?:our|this|the)\ chat
    | Caveat:\ The\ messages\ below\ were\ generated
    | ERROR:\ Cannot\ read\ [^\n]{0,300}not\ support
    | \#\ (?:AGENTS|CLAUDE|GEMINI|QWEN|CONVENTIONS)\.md\b
    | Contents\ of\ /[^\n]{0,300}\.md\ \(
    | The\ following\ tool\ was\ executed\ by\ the\ user\s*$
    )""",
    re.VERBOSE,
)
"""Openings of a part that is the harness's from its first word to its last."""

_CONTINUED = re.compile(
    r"\s*(?:This session is being continued from a previous conversation"
    r"|The conversation history before this point was compacted"
    r"|Another language model started to solve this problem and produced a summary"
    r"|Here is a summary of (?:our|the) (?:previous|earlier) conversation"
    r"|Continue if you have next steps, or stop and ask"
    r"|\[(?:CONTEXT COMPACTION|CONTEXT SUMMARY|PRIOR CONTEXT)\b"
    r"|<(?:state_snapshot|conversation[-_]summary|context[-_]summary)>)"
)
_SHORTEST_SUMMARY = 100
_REQUEST_HEADING = re.compile(
    r"^(?:#{1,4} *|\*\*)(?:my|the user's|user's|user|current|new) (?:request|task|question|query|prompt|message)s?"
    r"\b[^\n]{0,40}\n+",
    re.IGNORECASE | re.MULTILINE,
)
_INPUT_HEADING = re.compile(r"^USER'?S INPUT\n-{3,}\n\s*(?:Here is the user's input[^\n]{0,200}:\n+)?", re.MULTILINE)
_LABEL = re.compile(
    r"\s*(?:(?:new task|user (?:request|query|message|question)|current request):\s*\n|current task:\s)", re.IGNORECASE
)
_TASK_IN_FENCE = re.compile(r"^[^\n]{0,40}\b[Hh]ere is (?:your|the) task:\n```\n", re.MULTILINE)
_SENT = re.compile(
    r"\s*The user (?:just |also )?sent (?:a|an|the|this|another)\b[^\n]{0,60}\bmessages?\b[^\n]{0,60}:\s*\n"
)
_SENT_END = re.compile(r"\n\s*(?:IMPORTANT:|Please address |Address )[^\n]*\s*$")
"""A reminder with what the person wrote while the agent was at work."""
_TRAILERS = re.compile(
    r"^(?:To suggest changes to a file you MUST return|\# ?\*?SEARCH/REPLACE block\*? Rules"
    r"|Every \*SEARCH/REPLACE block\* must use this format"
    r"|You have been provided with these additional arguments"
    r"|--- (?:Attached Context|Context Warnings) ---$"
    r"|This is the expect(?:ed)? criteria for your final answer|Begin! This is VERY important"
    r"|\# ?(?:task_progress|Reminder: Instructions for Tool Use)\b"
    r"|\(reminder to [^\n]{0,200}\)\s*\Z|\# Memories from past conversations:"
    r"| ?Use the above message and context to generate a prompt\b"
    r"|This is the context you're working with:)"
    r"|\s*<think>\s*</think>\s*\Z|\s+/no_?think\s*\Z",
    re.MULTILINE,
)
"""Rules about the form of the answer that a client puts behind the person's words."""
_TRAILER_WORDS = re2.compile(
    r"MUST return|SEARCH/REPLACE|additional arguments|criteria for your|VERY important|task_progress"
    r"|Reminder: Instructions|--- Attached|--- Context|\(reminder to|Memories from past|Use the above message"
    r"|the context you're"
)
"""One of these stands in each of them."""

_PARAGRAPHS = re.compile(r"(\n[^\S\n]*\n\s*)")
_IMAGE_TAG = re.compile(r"\s*</?image\b[^<>]*>\s*")
_WORD_BLOCK = re.compile(rf"\s*<({_WORD_TAGS})>")
_ORDINARY = re.compile(r"[^\n<>\[\](){}#`]{1,400}")
_CLIENTS_OWN = re.compile(
    r"\s*(?:called the|image read|the (?:following|code|llm|conversation)|please (?:continue|return)|this session"
    r"|another|here is|continue if|you(?:'ve| have) reached|your|now proceed|summarize the task|plain text|user"
    r"|execution result|i added these files|attached (?:image|file)s?"
    r"|[^\n]{0,40}we are setting)\b",
    re.IGNORECASE,
)
"""How a text without such marks begins if it may be a client's own; the tables know more."""
_LABELLED = re.compile(
    r"\s*(?:the|this|you|current|new|user|system|caveat|error|observation|tool|function|command|execution|result"
    r"|exitcode|attached|(?:subagent|stop)|code output|(?:\d+ )?validation|correct|fix)",
    re.IGNORECASE,
)
"""The same of a text with a colon in it, before which a label may stand."""
_SPACE = re.compile(r"\s*")
_COMMAND = re.compile(
    r"(?:<command-(?:name|message)>[^<]*</command-(?:name|message)>\s*){1,3}(?:<command-args>([^<]*)</command-args>\s*)?"
)
"""A slash command from end to end."""
_COMPOUND = re.compile(r"<([A-Za-z]+(?:[-_][A-Za-z]+)+)[\s>]")
_QUOTES = {'"': '"', "'": "'", "“": "”", "‘": "’", "«": "»", "„": "“", "「": "」", "『": "』"}
_MARK = re.compile(r"""["“”«»„「」『』‘]|(?<!\w)'|'(?!\w)|(?<!\w)’|’(?!\w)""")
"""A quotation mark that is no apostrophe."""
_SHORT_LINE = 12


class Stripped(NamedTuple):
    """What is left of a turn. ``arguments`` are those of a slash command, for when there are no other words."""

    words: str
    arguments: str = ""


def is_continuation(text: str) -> bool:
    """Whether a part is the summary with which a compacted conversation starts anew. Such a one is long."""
    return len(text) >= _SHORTEST_SUMMARY and _CONTINUED.match(text) is not None


def is_setting(text: str) -> bool:
    """Whether a part begins as those do that set the scene and are the same in many conversations."""
    return text.startswith(("<", "#")) or _WHOLE_PARTS.match(text) is not None


def bare_words(text: str) -> str:
    """A text in which there is nothing to take off, as most that people write: one line without marks of structure.

    Empty when it has to be looked at more closely.
    """
    words = text.strip()
    if _ORDINARY.fullmatch(text) is None or words[:1] in _QUOTES or _CLIENTS_OWN.match(words) is not None:
        return ""
    if (":" in words and _LABELLED.match(words) is not None) or "think" in words[-_SHORT_LINE:]:
        return ""
    return words


def human_words(parts: Sequence[str], system: Callable[[], Sequence[str]]) -> str:
    """What a person wrote in a turn, without what the harness put around it; empty when nothing is left."""
    kept: list[str] = []
    arguments = ""
    swallow = False
    for part in parts:
        if not swallow:
            stripped = _strip_part(part)
            arguments = arguments or stripped.arguments
            if stripped.words:
                kept.append(stripped.words)
        swallow = swallows_next(part)
    if len(kept) > 1:
        kept = [words for words in kept if not _is_fence(words) and not is_attached(words)] or kept
    text = "\n".join(kept)
    if "--" in text or "_" in text:
        text = without_references(text)
    if "\n" in text:
        text = _without_repeats(text, system)
    if ("\n" in text and _TRAILER_WORDS.search(text) is not None) or "think" in text[-_SHORT_LINE:]:
        trailer = _TRAILERS.search(text)
        if trailer is not None and text[: trailer.start()].strip():
            text = text[: trailer.start()]
    return unquote(text) or arguments


def _is_fence(part: str) -> bool:
    """Whether a part is one block of code or of a file from end to end: what an editor attaches to the words."""
    return part.startswith("```") and part.endswith("```") and part.count("```") == 2


def is_bare_block(words: str) -> bool:
    """Whether a turn is one block with a compound name: a harness's, if the person speaks in the turn beside it."""
    match = _COMPOUND.match(words)
    return match is not None and words.endswith(f"</{match[1]}>")


def unquote(text: str) -> str:
    """Take off pairs of quotes that wrap the whole text; those inside, if a shell escaped them, are set free."""
    text = text.strip()
    while len(text) > 1 and _QUOTES.get(text[0]) == text[-1]:
        first, last, inner = text[0], text[-1], text[1:-1]
        if first == last and f"\\{first}" in inner and first not in inner.replace(f"\\{first}", ""):
            inner = inner.replace(f"\\{first}", first)
        elif (first in inner or last in inner) and not _opens_inside(inner, first, last):
            break
        text = inner.strip()
    return text


def _opens_inside(inner: str, first: str, last: str) -> bool:
    """Whether the first quote amid a text opens a quotation: then that before the text is not closed by it.

    ``"say "hello" to them"`` is wrapped, ``"hello" and "goodbye"`` is not.
    """
    for mark in _MARK.finditer(inner):
        if mark[0] in (first, last):
            before, after = inner[: mark.start()][-1:], inner[mark.end() :][:1]
            return mark[0] == first and not after.isspace() and after != "" and (not before or not before.isalnum())
    return True  # apostrophes only


def unwrap(text: str) -> str:
    """Take off a block that a text begins with, when its name says that it may hold the person's words."""
    text = text.strip()
    match = _WORD_BLOCK.match(text) if text[:1] == "<" else None
    if match is None:
        return text
    end = text.find(f"</{match[1]}>", match.end())
    if end < 0:
        return text
    return f"{text[match.end() : end].strip()}\n{text[end + len(match[1]) + 3 :].strip()}".strip()


def _peel(part: str) -> str:
    """A part without the blocks of the harness that it begins with, as reminders do: most need no closer look."""
    position = 0
    while part.startswith("<", position):
        opener = _TAG.match(part, position)
        if opener is None or _tag_of(opener[1]) is not _Tag.HARNESS or opener[1] == "command-args":
            break
        closer = f"</{opener[1]}>"
        end = part.find(closer, opener.end())
        if end < 0 or _SENT.match(part, opener.end()) is not None:
            break
        space = _SPACE.match(part, end + len(closer))
        after = space.end() if space is not None else end
        if after < len(part) and opener[1].startswith(("command-", "local-command-")):
            break  # they belong together
        position = after
    return part[position:]


def _strip_part(part: str) -> Stripped:
    if part.startswith("<"):
        command = _COMMAND.fullmatch(part)
        if command is not None:
            return Stripped("", (command[1] or "").strip())
        part = _peel(part)
        if not part:
            return Stripped("")
    elif part.startswith("{"):
        message = words_in(part)
        if message:
            return Stripped(message)
    heading_of_file = part.lstrip().startswith("# AGENTS.md") and "</INSTRUCTIONS>" in part
    if _CONTINUED.match(part) or (_WHOLE_PARTS.match(part) and not heading_of_file):
        return Stripped("")
    arguments = ""
    part = without_notes(part)
    if "<" in part:
        if part.startswith("### Task:"):  # a template for retrieved documents: the question stands behind them
            part = part[max(part.rfind("</context>") + 10, 0) :] if part.rstrip()[-10:] != "</context>" else part
        announced = described_in(part) or (announced_in(part) if ":\n<" in part else "")
        part, arguments = (announced, "") if announced else _without_blocks(part)
    if heading_of_file:
        part = part.lstrip().partition("\n")[2]
    if "Thought:" in part or "previous work" in part:
        part = without_steps(part)
    part = _without_frame(part)
    label = _LABEL.match(part) if ":" in part else None
    if label is not None and part[label.end() :].strip():
        part = part[label.end() :]
    return Stripped(unwrap(part), arguments)


def _without_frame(part: str) -> str:
    """A part without the rules and the material among which a form has the person's words."""
    asked = (said_in(part) or handed_in(part) or asked_in(part) if "\n" in part else "") or quoted_in(part)
    if asked:
        return asked
    if part.startswith("#"):
        return _behind(_REQUEST_HEADING, part)
    if "INPUT\n---" in part:
        return _behind(_INPUT_HEADING, part)
    if " task:\n```\n" in part:
        task = _TASK_IN_FENCE.search(part)
        end = part.rfind("\n```") if task is not None else -1
        return part[task.end() : end] if task is not None and end > task.end() else part
    return part


def _behind(heading: re.Pattern[str], part: str) -> str:
    found = heading.search(part)
    return part[found.end() :] if found is not None else part


def _without_blocks(part: str) -> tuple[str, str]:
    """The text without what a harness put into it, and the arguments of a slash command."""
    blocks = [block for block in enclosed(part, _TAG, 1, _tag_of) if not _is_prose(block, part)]
    persons = [_persons_words(block) for block in blocks]
    if any(persons):
        return "\n".join(filter(None, persons)), ""
    kept: list[str] = []
    arguments = ""
    position = 0
    for block in blocks:
        kept.append(part[position : block.start])
        position = block.end
        if block.opener[1] == "command-args" and "<local-command-" not in part:
            arguments = block.inner.strip()
    kept.append(part[position:])
    text = "".join(kept).strip()
    return ("" if _IMAGE_TAG.fullmatch(text) else text), arguments


def _persons_words(block: Block) -> str:
    """What a person wrote in a block that names them, or in a reminder that hands it on to an agent at work."""
    if _tag_of(block.opener[1]) is _Tag.PERSON:
        return (_without_blocks(block.inner)[0] if "</" in block.inner else "") or block.inner.strip()
    sent = _SENT.match(block.inner)
    return _SENT_END.sub("", block.inner[sent.end() :]).strip() if sent is not None else ""


def _is_prose(block: Block, part: str) -> bool:
    """Whether a tag of a file stands amid a person's words: markup they write about."""
    name, attributes = block.opener.groups()
    return attributes is None and _tag_of(name) is _Tag.FILE and bool(part[: block.start].strip())


def _without_repeats(text: str, system: Callable[[], Sequence[str]]) -> str:
    """Leave out paragraphs that the system prompt says too: rules that a client repeats behind each request."""
    rules = set().union(*(map(str.strip, prompt.split("\n")) for prompt in system()))
    repeated = {line for line in rules.intersection(map(str.strip, text.split("\n"))) if len(line) > _SHORT_LINE}
    if not repeated:
        return text
    pieces = _PARAGRAPHS.split(text)  # paragraphs and, between them, what parts them
    own = [at for at in range(0, len(pieces), 2) if repeated.isdisjoint(map(str.strip, pieces[at].split("\n")))]
    if not own or 2 * len(own) > len(pieces):
        return text
    return "".join("".join(pieces[at : at + 2]) for at in own).strip()
