"""Where each field of a body stands in its text: so that one can be replaced and all other bytes stay.

Each way gives None when the text and the fields do not match one to one, as with a repeated key: then nobody can say
which of the two another reader takes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TypeAlias

import msgspec

_STRING = re.compile(rb'"(?:[^"\\]|\\.)*"')
_SPACES = re.compile(rb"[ \t\n\r]*")
_COLON = re.compile(rb"[ \t\n\r]*:[ \t\n\r]*")
_COMMA = re.compile(rb"[ \t\n\r]*,[ \t\n\r]*")
_OPENING = re.compile(rb"[ \t\n\r]*\{[ \t\n\r]*")
_CLOSING = re.compile(rb"[ \t\n\r]*\}[ \t\n\r]*")

Member: TypeAlias = tuple[str, int, int, int]
"""A field's name, where it begins in the text, where its value begins, and where that ends."""


def dense_members(raw: bytes, fields: Mapping[str, msgspec.Raw]) -> list[Member] | None:
    """Where each field stands in a text without white space, by lengths alone; None when it is not one.

    A repeated key, white space or an escape in a key would make the text longer than its fields together.
    """
    position = 1
    members: list[Member] = []
    for key, field in fields.items():
        value = position + (len(key) if key.isascii() else len(key.encode())) + 3
        end = value + memoryview(field).nbytes
        members.append((key, position, value, end))
        position = end + 1
    return members if position == len(raw) and members else None


def found_members(raw: bytes, fields: Mapping[str, msgspec.Raw]) -> list[Member] | None:
    """Where each field stands in the text, or None when the text and the fields do not match one to one."""
    view = memoryview(raw)
    members: list[Member] = []
    mark = _OPENING.match(raw)
    for key, field in fields.items():
        if mark is None:
            return None
        start = mark.end()
        value = _value_start(raw, start, key)
        end = value + memoryview(field).nbytes
        if value < 0 or msgspec.Raw(view[value:end]) != field:
            return None
        members.append((key, start, value, end))
        mark = _COMMA.match(raw, end)
    if not members:
        return members
    closing = _CLOSING.match(raw, members[-1][3])
    return members if closing is not None and closing.end() == len(raw) else None


def _value_start(raw: bytes, start: int, key: str) -> int:
    """Where a field's value begins, or -1 when another field stands there."""
    quoted = b'"%b":' % key.encode()
    if raw.startswith(quoted, start):
        space = _SPACES.match(raw, start + len(quoted))
        return space.end() if space is not None else -1
    name = _STRING.match(raw, start)
    colon = _COLON.match(raw, name.end()) if name is not None and msgspec.json.decode(name[0]) == key else None
    return colon.end() if colon is not None else -1
