"""Forms that a program fills in: a person's question in one field, material for the answer in others.

Retrieval chains, agents' templates and editors send one text: rules, then "Context:", then "Question:", then a bare
"Answer:" for the model to go on from. The person wrote the one field alone. A text counts as a form when it has such a
field and shows in a second place that no person typed it; what people write under headings of their own stays whole.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from itertools import islice
from typing import Any, NamedTuple

import re2

from model_router.server.prompt_transcript import turns_in

_WHO = (
    r"(?:the |here is the |this is the |my )?(?:(?:user|human|customer|client|visitor|student|current|latest|newest|new"
    r"|original|last|final|follow[- ]?up)(?:['’]s)? ){1,3}"
)
_ASKED = (
    rf"{_WHO}(?:question|query|request|input|message|task|prompt|instruction|utterance)s?|question|query"
    r"|frage|pregunta|pergunta|domanda|vraag|вопрос|(?:用户|客户)?(?:问题|提问)|用户(?:输入|消息)|質問|질문"
)
_GIVEN = (
    r"(?:[a-z]+ ){0,3}(?:contexts?|documents?|passages?|sources?|excerpts?|search results|knowledge|information"
    r"|chat history|conversation history|conversation|history|existing answer|memories(?: from [a-z ]{1,30})?|schema)"
    r"|kontext|contexto|contexte|contesto|контекст|参考(?:内容|资料|信息)|上下文|资料|背景(?:信息|知识)|文脈|参考情報"
    r"|컨텍스트|문맥"
)
_FIELDS = (
    r"(?im)^[ \t]{0,8}(?:"
    rf"(?:#{{1,4}} {{0,3}}|\*\*|\[{{1,2}} ?(?:## ?)?)(?:(?P<headed>{_ASKED})|(?P<titled>{_GIVEN}))"
    r"(?: ?## ?)?(?:\]{1,2}|\*\*)?[:：]?(?:\*\*)?[ \t]{0,8}\n"
    rf"|(?:(?P<asked>{_ASKED})|(?P<given>{_GIVEN}))(?: to answer| is as follows| is below| below| is)?[:：]"
    r"|[-=*_#]{3,}[ \t]*$)"
)
"""A field's name, as a heading of a line's length or before a colon; or a line that ends a field."""
_END_NAMES = (
    r"(?:[\w']+ ){0,3}(?:answer|response|reply|output|thought|ai|assistant|query|sqlquery|question|antwort|respuesta"
    r"|resposta|réponse|risposta|ответ|答案|回答|답변)"
)
_OPEN_END = (
    rf"(?i)\n[ \t]{{0,8}}(?:(?:#{{1,4}} {{0,3}}|\*\*|\[{{1,2}}){_END_NAMES}(?:\]{{1,2}}|\*\*)?[:：]?(?:\*\*)?"
    rf"|{_END_NAMES}[:：])\s*$"
)
"""A name at the very end, with nothing behind it: the model is to go on from there."""
_RULE = (
    r"(?i)\n[ \t]*\n(?:please |now,? |you must )?(?:answer|respond|reply)\b[^\n]{0,300}"
    r"\b(?:question|query|context|documents?|sources?|passages?|fields?)\b[^\n]{0,300}\s*$"
)
"""A last paragraph on how to answer."""
_MATTER = (
    r"(?i)\b(?:questions?|quer(?:y|ies)|question-answering|context|documents?|passages?|information|search results"
    r"|conversation)\b|资料|问题|上下文|컨텍스트|質問"
)
_MANNER = (
    r"(?i)\banswer(?:s|ing)? (?:the|this|any|all|my|a|users?|questions?|based|from|as|using|in)\b|question-answering"
    r"|\b(?:respond|reply|refine)\b|\bgiven (?:an?|the|this)\b[^.\n]{0,40}\bquestion|回答|답변"
)
"""What a form's rules speak of, and what they say is to be done with it."""
_SCENE = r"(?i)^(?:(?:the|some|here (?:is|are)(?: the)?) )?(?:context|retrieved|relevant|search|following)\b"
_NAMED = r"(?i)\b(?:user|human|customer|client|visitor)|用户|客户"
"""A field that speaks of its person in the third person; nobody does so of themselves."""
_QUOTED = (
    r"(?i)(?:^|\n)[ \t]{0,8}(?:the|you have|this|your)\b[^\n]{0,200}?\b(?:user(?:['’]s)? (?:request|query|question"
    r"|message|task|prompt|input)|ultimate task)(?: is| was)?: ?(\"{3}|[\"“`])"
)
_CLOSED = {'"': r"\"(?:[ \t]*[.,]?[ \t]*(?:\n|$))", "`": r"`\s*(?:\n|$)", "“": r"”", '"""': r"\"{3}"}
"""How the quotes that wrap the person's words close again."""
_ANNOUNCED = re.compile(
    r"\n[^\n]{0,120}\b(?:prompt|request|question|query|task|instructions?):[ \t]*\n"
    r"<(prompt|request|question|query|task|instructions?)>\n"
)
"""A block that the line above it announces as what is wanted, in the midst of a text."""
_HANDED = re.compile(r"^-{3,}\nTask:\n((?:(?!\n---).)*)\n-{3,}$", re.DOTALL | re.MULTILINE)
"""A task between two lines, as an agent hands it to another one."""
_DESCRIBED = (
    r"\bI(?:'ve| have) uploaded [^\n]{1,300}\b[Cc]onsider the following [^\n<]{1,60}:\s*"
    r"<(pr_description|problem_statement|task_description|issue_description)>"
)
"""A task that an agent was started with, in a block that the line above it announces."""
_CONVERSES = r"(?i)\b(?:following is|below is|this is|conversation between|chat between|current conversation|you are)\b"
"""What the lines above a conversation that was written out speak of."""
_LONGEST_SCENE = 120
_HINTS = (
    r"uestion|UESTION|uery|QUERY|[Rr]equest|[Ii]nput|[Mm]essage|[Tt]ask|[Pp]rompt|nstruction|tterance|问|質問|질문|用户"
    r"|[Ff]rage|regunta|ergunta|omanda|[Vv]raag|опрос"
)
"""One of these stands in the name of every field that a person fills: to look for them is far quicker."""
_ENDS = 4000
"""Characters of a long text, half of them at either end, in which such a field begins."""
_MOST_FIELDS = 400
"""A text with more of them is a document."""
_TELLING = 200
"""So much material, in characters, shows a program even without rules."""


class _Field(NamedTuple):
    """What stands in a field. ``kind``: ``asked``, ``given``, or nothing for what a line parts from both."""

    kind: str
    start: int
    end: int
    named: int


def asked_in(text: str) -> str:
    """What a person wrote into the field of a form; empty when the text is no form."""
    marks = _marks_in(text)
    if len(marks) > _MOST_FIELDS or not any(_kind_of(mark) == "asked" for mark in marks):
        return ""
    ending = _compiled(_OPEN_END).search(text)
    body = text[: ending.start()] if ending is not None else text
    rule = _compiled(_RULE).search(body)
    body = body[: rule.start()] if rule is not None else body
    fields = _fields_of(marks, len(body))
    filled = next((field for field in _by_rank(fields) if body[field.start : field.end].strip()), None)
    if filled is None:
        return ""
    wish = _unfenced(body[filled.start : filled.end])
    name = body[filled.named : filled.start]
    opening = body[: fields[0].named].strip()
    if opening and not _is_ruled(opening) and not _is_scene(opening):
        return ""  # a person's own words stand above
    if ending is not None or rule is not None:
        return wish
    third = _compiled(_NAMED).search(name) is not None
    if third and not opening:
        return wish
    given = sum(field.end - field.start for field in fields if field.kind == "given")
    return wish if given and (_is_ruled(opening) or given > _TELLING or third) else ""


def handed_in(text: str) -> str:
    """The task that one agent hands to another between two lines, or nothing."""
    handed = _HANDED.search(text) if "---\nTask:\n" in text else None
    return handed[1].strip() if handed is not None else ""


def announced_in(text: str) -> str:
    """What stands in a block that is announced as the wish, behind a block of another kind; or nothing."""
    block = _ANNOUNCED.search(text)
    end = text.find(f"\n</{block[1]}>\n", block.end()) if block is not None else -1
    if block is None or end < 0 or "</" not in text[: block.start()] or "<" not in text[end + 2 :].partition(">")[2]:
        return ""
    return text[block.end() : end].strip()


def described_in(text: str) -> str:
    """The task that an agent was started with, when the text tells the agent to consider it; or nothing."""
    block = _compiled(_DESCRIBED).search(text) if "onsider the following" in text else None
    end = text.find(f"</{block[1]}>", block.end()) if block is not None else -1
    return text[block.end() : end].strip() if block is not None and end >= 0 else ""


def quoted_in(text: str) -> str:
    """What a text about "the user" quotes as their request; empty when it quotes nothing."""
    telling = text[:4] in ("The ", "You ", "Your", "This") and ("user" in text or "ultimate" in text)
    mark = _compiled(_QUOTED).search(text) if telling else None
    if mark is None:
        return ""
    end = _compiled(_CLOSED[mark[1]]).search(text, mark.end())
    return text[mark.end() : end.start()].strip() if end is not None else ""


def said_in(text: str) -> str:
    """What a person said last in a conversation that a program wrote out for the model to go on with, or nothing."""
    turns = turns_in(text) if text.rstrip()[-1:] == ":" else ()
    if not turns or _compiled(_CONVERSES).search(turns[0]["content"]) is None:
        return ""
    return next((str(turn["content"]) for turn in reversed(turns) if turn["role"] == "user"), "")


def _is_scene(opening: str) -> bool:
    return len(opening) <= _LONGEST_SCENE and _compiled(_SCENE).search(opening) is not None


def _is_ruled(opening: str) -> bool:
    return _compiled(_MATTER).search(opening) is not None and _compiled(_MANNER).search(opening) is not None


@cache
def _compiled(pattern: str) -> Any:
    """Compiled when a text first needs it."""
    return re2.compile(pattern)


def _marks_in(text: str) -> Sequence[Any]:
    ends = text if len(text) <= _ENDS else f"{text[: _ENDS // 2]}\n{text[-_ENDS // 2 :]}"
    if _compiled(_HINTS).search(ends) is None:
        return ()
    return list(islice(_compiled(_FIELDS).finditer(text), _MOST_FIELDS + 1))


def _fields_of(marks: Sequence[Any], length: int) -> Sequence[_Field]:
    """The fields that begin within so many characters."""
    marks = [mark for mark in marks if mark.end() <= length]
    ends = [mark.start() for mark in marks[1:]] + [length]
    return [_Field(_kind_of(mark), mark.end(), end, mark.start()) for mark, end in zip(marks, ends, strict=False)]


def _kind_of(mark: Any) -> str:
    if mark["asked"] or mark["headed"]:
        return "asked"
    return "given" if mark["given"] or mark["titled"] else ""


def _by_rank(fields: Sequence[_Field]) -> Sequence[_Field]:
    """The fields that a person may have filled: the last first, as examples stand before it; but the first one when
    material comes last, for that may hold questions as well."""
    asked = [field for field in fields if field.kind == "asked"]
    last = next((field.kind for field in reversed(fields) if field.kind), "")
    return asked if last == "given" else asked[::-1]


def _unfenced(words: str) -> str:
    """The words of a field without the marks of a fence that they begin with: it sets off the field, no code."""
    words = words.strip()
    if not words.startswith("```") or words.count("```") != 2:
        return words
    inner, _, rest = words[3:].partition("\n")[2].partition("```")
    return f"{inner.strip()}\n\n{rest.strip()}".strip() or words
