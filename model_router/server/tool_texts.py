"""Texts in a user's turn that no person wrote: what a tool brought, what a client says to its model in between.

Agents whose models know no tool messages send results as plain text; clients report errors, hooks and refusals the
same way, or ask the model to go on. The words of single clients stand here, in tables.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from model_router.server.markup import enclosed

_RESULT = re.compile(
    r"""\s*(?:
      observations?:
    | \[[a-z_]+[^\]\n]{0,300}\]\ result:
    | <(?:tool|function|command)[-_](?:call[-_])?(?:responses?|results?|outputs?)\b
    | <(?:observation|returncode)>
    | (?:tool|function|command|execution)\ (?:call\ )?(?:results?|outputs?|responses?)\b[^\n]{0,80}:
    | execution\ result\ of\b
    | result\ of\ (?:the\ )?tool\b[^\n]{0,80}:
    | exitcode:\ \d+\ \(execution
    | the\ code\ above\ was\ executed\b
    | i\ ran\ this\ command:\n
    | attached\ (?:image|file)(?:s|\(s\))?\ from\ tool
    | \[error\]\ you\ did\ not\ use\ a\ tool
    | (?:subagent\ ?)?stop\ hook\ feedback:
    | your\ (?:previous\ |last\ )?(?:response|answer|output)\ (?:failed|did\ not\ pass)\b
    | \#\ fix\ any\ errors\ below
    | \#\ \d+\ search/replace\ blocks?\ failed
    | the\ llm\ did\ not\ conform\ to
    )""",
    re.VERBOSE | re.IGNORECASE,
)
_REPORTS = (
    (re.compile(r"\s*error:\s*\n", re.IGNORECASE), "now let's retry"),
    (re.compile(r"\s*(?:\d+ )?validation (?:feedback|errors?)\b", re.IGNORECASE), "fix the errors and try again"),
    (re.compile(r"\s*(?:please return text|plain text responses)\b", re.IGNORECASE), "fix the errors and try again"),
    (re.compile(r"\s*code output:", re.IGNORECASE), "what does this output mean"),
)
"""How a report begins, and what stands near its end: people write the one or the other, but not both."""
_TAIL = 400
_NUDGES = frozenset(
    {
        "please continue.",
        "system: please continue.",
        "summarize the task tool output above and continue with your task.",
        "now proceed and carry out this plan.",
    }
)
"""Whole turns with which a client lets its model go on."""
_LONGEST_NUDGE = 80
_SWALLOWS = re.compile(r"\s*(?:Called the \w+ tool with the following input|\[[^\n]{0,300}\] Result:\s*$)")
_FEEDBACK = re.compile(r"<(feedback|answer|user_message)>")
"""Inside a tool's text: what the person answered to it."""
_REFUSED = re.compile(r"\s*(?:the )?user (?:has )?(?:denied|rejected|declined|refused|doesn't want)\b", re.IGNORECASE)
_SAID = re.compile(
    r"(?:the user said|the following (?:message|feedback|reason|instructions?)|with the message):\s*", re.IGNORECASE
)


def is_tool_text(text: str) -> bool:
    """Whether a part of a user's turn was written by a tool, or by the client to its model."""
    if _RESULT.match(text) is not None:
        return True
    if len(text) < _LONGEST_NUDGE and text.strip().lower() in _NUDGES:
        return True
    return any(opening.match(text) is not None and end in text[-_TAIL:].lower() for opening, end in _REPORTS)


def swallows_next(text: str) -> bool:
    """Whether the part behind this one is what the tool brought."""
    return _SWALLOWS.match(text) is not None


def without_tool_texts(parts: Sequence[str]) -> list[str]:
    """The parts that no tool wrote, and of those that one did what the person answered to it."""
    kept: list[str] = []
    swallow = False
    for part in parts:
        if is_tool_text(part):
            kept.extend(block.inner.strip() for block in enclosed(part, _FEEDBACK, 1))
        elif not swallow or "<feedback>" in part:
            kept.append(part)
        swallow = swallows_next(part)
    return kept


def words_of_refusal(text: str) -> str:
    """What a person said when they refused a tool call, out of the result that tells the model so; or nothing."""
    if _REFUSED.match(text) is None:
        return ""
    answers = [block.inner.strip() for block in enclosed(text, _FEEDBACK, 1)]
    if answers:
        return answers[0]
    said = _SAID.search(text)
    return text[said.end() :].strip() if said is not None else ""


def split_steps(text: str) -> tuple[str, bool]:
    """The wish in a text to which an agent appends its thoughts, actions and observations; whether it did so."""
    start = text.rfind("\nQuestion:")
    end = text.find("\nThought:", start)
    if 0 <= start < end:
        return text[start + 10 : end].strip(), "\nObservation:" in text[end:]
    previous = text.find("\n\nThis was your previous work")
    return (text[:previous].strip(), True) if previous > 0 else (text, False)
