"""Notes in square brackets and under dashed lines, with which clients speak to a model amid a person's words.

What was interrupted, what stands elsewhere, where a message came from, which skill was called. As in all of the
harness, a turn in which nothing else stands is taken as it came.
"""

from __future__ import annotations

import re

_INLINE = re.compile(
    r"\[Request interrupted by user[^\]\n]{0,60}\]|\[Image(?: #\d{1,3}|:[^\]\n]{0,300})\]"
    r"|\[Pasted text #\d{1,3}[^\]\n]{0,40}\]"
    r"|^\((?:image|file|audio|attachment)[^)\n]{0,200}(?:omitted|removed|supported?)[^)\n]{0,200}\)$"
    r"|^\[(?:(?:System|Runtime) note|SYSTEM|IMPORTANT|Replying to|message_id): ?[^\[\]]{1,4000}\]\n*"
    r"|^\[(?:WhatsApp|Telegram|Discord|Slack|Signal|iMessage|Matrix|Teams|WebChat) [^\]\n]{1,200}\] ?"
    r"|\A(?:\[(?:Model|Provider|Current time|Time|Date|Timestamp|User|Username|Channel|Platform|Locale):"
    r" [^\[\]\n]{1,80}\][^\S\n]*\n\s*)+"
    r"|^[^\n]{0,80}\(untrusted[^)\n]{0,60}\):\n```(?:json)?\n[^`]{0,8000}```\n*",
    re.MULTILINE,
)
_SQUARED = re.compile(
    r"\[(?:Request |Image|Pasted |System note|Runtime note|SYSTEM|IMPORTANT|Replying to|message_id|WhatsApp|Telegram"
    r"|Discord|Slack|Signal|iMessage|Matrix|Teams|WebChat|Model: |Provider: |Current time: |Time: |Date: |Timestamp: "
    r"|User: |Username: |Channel: |Platform: |Locale: )"
)
_ROUND = re.compile(r"\((?:untrusted|image|file|audio|attachment)")
"""How whatever the pattern finds begins at its bracket; looking for that first is far quicker."""
_SQUARE = re.compile(r"\[([A-Z]{3,20}_(?:FILES?|CONTEXT|IMAGES?|DOCUMENTS?))\]")
_REFERENCED = ("--- Content from referenced files ---", "--- End of content ---")
_COMMENT = ("<!-- SYSTEM CONTEXT", "<!-- END SYSTEM CONTEXT -->")
_DESCRIBED = ("[The user sent an image", "[If you need a closer look")
_ATTACHED = re.compile(
    r"\A\s*(?:(?:#{1,4} )?(?:Attached|Referenced|Included) (?:files?|documents?|context|items?)(?:\(s\))?:?"
    r"|Here is (?:the|a summary of changes in the) user's [^\n]{1,200})\n+"
    r"(?:```[^\n]{0,200}\n(?:(?!\n```)[\s\S])*\n+```\s*)+",
    re.IGNORECASE,
)
"""Files above the words, under a line that speaks of them or of "the user"."""
_APPENDED = re.compile(r"\n---\n[A-Z][A-Z ]{2,30}\n")
"""What an editor puts behind the words: a line, a name in capitals, then fences to the end."""
_HEAD = 80
_INVOKED = re.compile(r"\s*\[(?:IMPORTANT|SYSTEM): The user has invoked the\b")
_INSTRUCTION = re.compile(
    r"^(?:The user has provided the following instruction[^:\n]{0,60}|User instruction): ", re.MULTILINE
)
_INSTRUCTION_END = re.compile(r"\n\n\[(?:Runtime note|Loaded as part)\b")


def without_notes(text: str) -> str:
    """A part of a turn without such notes; of a skill that was called, the instruction that came with it."""
    if "[" in text:
        if _INVOKED.match(text) is not None:
            return _instruction(text)
        text = _without_description(text)
    if "```" in text and text.lstrip()[:1] in "#AaRrIiH":
        rest = _ATTACHED.sub("", text)
        text = rest if rest.strip() or "user's" in text[:_HEAD] else text
    marked = _SQUARED.search(text) or _ROUND.search(text)
    return _INLINE.sub("", text) if marked else text


def is_attached(text: str) -> bool:
    """Whether a part holds nothing but files under such a line."""
    return text.endswith("```") and _ATTACHED.fullmatch(text) is not None


def without_references(text: str) -> str:
    """A turn without the files that a client read for it, between the lines that it puts around them."""
    for opening, closing in (_REFERENCED, _COMMENT):
        start = text.find(opening)
        end = text.rfind(closing)
        if 0 <= start < end:
            text = text[:start] + text[end + len(closing) :]
    if text.endswith("```"):
        appended = _APPENDED.search(text)
        text = text[: appended.start()] if appended is not None and text[: appended.start()].strip() else text
    block = _SQUARE.search(text) if "_" in text else None
    if block is not None:
        end = text.rfind(f"[/{block[1]}]")
        if end > block.end():
            text = text[: block.start()] + text[end + len(block[1]) + 3 :]
    return text


def _instruction(text: str) -> str:
    found = _INSTRUCTION.search(text)
    if found is None:
        return ""
    end = _INSTRUCTION_END.search(text, found.end())
    return text[found.end() : end.start() if end is not None else len(text)].strip()


def _without_description(text: str) -> str:
    """A text without what was seen in a picture: a model wrote that."""
    start = text.find(_DESCRIBED[0])
    hint = text.rfind(_DESCRIBED[1]) if start >= 0 else -1
    end = text.find("]", hint) if hint > start else -1
    return text[:start] + text[end + 1 :] if end >= 0 else text
