"""Texts in a user's turn that no person wrote: what a tool brought, what a client says to its model in between.

Agents whose models know no tool messages send results as plain text; clients report errors, hooks and refusals the
same way, or ask the model to go on. The words of single clients stand here, in tables.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from model_router.server.json_texts import feedback_in, is_report
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
    | \[async\ delegation\b
    | \[important:\ background\ process\b
    | \[your\ active\ task\ list\ was\ preserved\b
    | \[continuing\ toward\ your\ standing\ goal\]
    | you've\ reached\ the\ maximum\ number\ of\ tool-calling\b
    | \#\ fix\ any\ errors\ below
    | \#\ \d+\ search/replace\ blocks?\ failed
    | the\ llm\ did\ not\ conform\ to
    | (?:correct|fix)\ (?:your|the)\ (?:json|response|output|answer)\b[^\n]{0,80}\berrors?:
    | now\ write\ your\ (?:new|updated)\ (?:facts|plan)\b
    | i\ added\ these\ files\ to\ the\ chat\b
    | please\ continue\ working\ on\ the\ task\b
    )""",
    re.VERBOSE | re.IGNORECASE,
)
_REPORT = re.compile(
    r"\s*(?:(?P<error>error:\s*\n)|(?P<form>(?:\d+ )?validation (?:feedback|errors?)\b|please return text\b"
    r"|plain text responses\b)|(?P<output>code output:))",
    re.IGNORECASE,
)
_REPORT_ENDS = {
    "error": "now let's retry",
    "form": "fix the errors and try again",
    "output": "what does this output mean",
}
"""What stands near the end of a report that begins so: people write the one or the other, but not both."""
_FAILED = "\nError:\n"
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
_QUESTIONS = ("\nQuestion:", "\nNew input:")
_PREVIOUS = "\n\nThis was your previous work"
_SWALLOWS = re.compile(r"\s*(?:Called the \w+ tool with the following input|\[[^\n]{0,300}\] Result:\s*$)")
_FEEDBACK = re.compile(r"<(feedback|answer|user_message)>")
"""Inside a tool's text: what the person answered to it."""
_WHOLE_ANSWER = re.compile(r"\s*<(feedback|answer|user_message)>((?:(?!</\1>).)*)</\1>\s*", re.DOTALL)
_REFUSED = re.compile(r"\s*(?:the )?user (?:has )?(?:denied|rejected|declined|refused|doesn't want)\b", re.IGNORECASE)
_SAID = re.compile(
    r"(?:the user said|the following (?:message|feedback|reason|instructions?)|with the message):\s*", re.IGNORECASE
)


def is_tool_text(text: str) -> bool:
    """Whether a part of a user's turn was written by a tool, or by the client to its model."""
    if _RESULT.match(text) is not None or (text.startswith("{") and is_report(text)):
        return True
    if len(text) < _LONGEST_NUDGE and text.strip().lower() in _NUDGES:
        return True
    report = _REPORT.match(text)
    return report is not None and _REPORT_ENDS[report.lastgroup or ""] in text[-_TAIL:].lower()


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


def without_report(text: str) -> str:
    """A text without the report of a failed step that a client has appended to it."""
    start = text.find(_FAILED)
    return text[:start] if start >= 0 and _REPORT_ENDS["error"] in text[start:].lower() else text


def words_of_refusal(text: str) -> str:
    """What a person said when they refused a tool call, out of the result that tells the model so; or nothing."""
    if _REFUSED.match(text) is None:
        return ""
    answers = [block.inner.strip() for block in enclosed(text, _FEEDBACK, 1)]
    if answers:
        return answers[0]
    said = _SAID.search(text)
    return text[said.end() :].strip() if said is not None else ""


def words_to_tool(text: str) -> str:
    """What a person answered to a tool, out of a result that holds this and nothing else; or nothing."""
    if text.startswith("{"):
        return feedback_in(text)
    if text.startswith("<"):
        answer = _WHOLE_ANSWER.fullmatch(text)
        return answer[2].strip() if answer is not None else ""
    return words_of_refusal(text)


def holds_steps(text: str) -> bool:
    """Whether an agent has appended its thoughts, actions and observations to a wish."""
    if "\nObservation:" not in text:
        return _PREVIOUS in text
    steps = text.find("\nThought:", _asked_from(text))
    return (steps >= 0 and text.find("\nObservation:", steps) >= 0) or _PREVIOUS in text


def without_steps(text: str) -> str:
    """The wish in a text to which an agent appends its thoughts, actions and observations."""
    start = _asked_from(text)
    end = text.find("\nThought:", start)
    if 0 < start < end:
        return text[text.find(":", start) + 1 : end].strip()
    previous = text.find(_PREVIOUS)
    return text[:previous].strip() if previous > 0 else text


def _asked_from(text: str) -> int:
    """Where the question begins behind which the steps stand; a description of the form may stand before it."""
    return max(0, *[text.rfind(label) for label in _QUESTIONS])
