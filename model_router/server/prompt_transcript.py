"""A conversation written out in one prompt, as plain completions get it: the turns are taken apart again."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

_USER, _MODEL, _SYSTEM = "user", "assistant", "system"
_MARKS = re.compile(
    r"""<\|im_start\|>(?P<chatml>\w{1,12})\n
    | <\|start_header_id\|>(?P<header>\w{1,12})<\|end_header_id\|>\s{0,2}
    | <start_of_turn>(?P<turn>\w{1,12})\n
    | <\|(?P<bar>system|user|assistant)\|>\n?
    | <｜(?P<wide>User|Assistant)｜>
    | \[(?P<inst>/?INST)\]
    | ^\#\#\#\ (?P<heading>System|Instruction|Input|Response|User|Human|Assistant)[^\n:]{0,20}:[ ]*\n?
    | (?:(?<=[.\ >])(?P<inline>USER|ASSISTANT):[ ]?)
    | ^(?P<line>USER|ASSISTANT|SYSTEM|User|Assistant|System|Human|AI):[ ]?
    """,
    re.VERBOSE | re.MULTILINE,
)
_ENDS = re.compile(r"<\|(?:im_end|eot_id|end|endoftext)\|>|<end_of_turn>|<｜end▁of▁sentence｜>|</s>|<s>")
_ROLES = {
    "system": _SYSTEM,
    "instruction": _USER,
    "user": _USER,
    "human": _USER,
    "inst": _USER,
    "assistant": _MODEL,
    "model": _MODEL,
    "response": _MODEL,
    "/inst": _MODEL,
    "ai": _MODEL,
    "input": _MODEL,  # what an instruction is about: no person's order
}
_LONGEST_START = 200
"""Characters that may stand behind the last mark: how the answer shall begin."""


def turns_in(prompt: str) -> Sequence[dict[str, Any]]:
    """The turns of a prompt, oldest first; empty when it is no conversation that waits for the model's answer."""
    marks = list(_MARKS.finditer(prompt))
    if len(marks) < 2 or len(prompt) - marks[-1].end() > _LONGEST_START:
        return ()
    roles = [_ROLES.get((mark[mark.lastgroup or 0]).lower(), _SYSTEM) for mark in marks]
    if roles[-1] != _MODEL or _USER not in roles:
        return ()
    turns = [{"role": _SYSTEM, "content": prompt[: marks[0].start()]}]
    for mark, role, following in zip(marks, roles, [*marks[1:], None], strict=True):
        text = prompt[mark.end() : following.start() if following is not None else len(prompt)]
        turns.append({"role": role, "content": _without_rules(_ENDS.sub("", text)).strip()})
    return turns[:-1]


def _without_rules(text: str) -> str:
    """A turn without the system prompt that some templates put inside of it."""
    start, end = text.find("<<SYS>>"), text.find("<</SYS>>")
    return text[:start] + text[end + 8 :] if 0 <= start < end else text
