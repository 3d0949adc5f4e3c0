"""A JSON body that is read at its top level, and its turns one level more: all else stays the bytes that came."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from functools import cache
from itertools import pairwise
from typing import Any, NamedTuple, TypeAlias

import msgspec
import re2

from model_router.server.refusal import Refusal

_Plain: TypeAlias = str | int | float | bool | None
_Shallow: TypeAlias = _Plain | list[msgspec.Raw] | dict[str, msgspec.Raw]
_Element: TypeAlias = _Plain | list[msgspec.Raw] | dict[str, _Shallow]
_FIELDS = msgspec.json.Decoder(dict[str, msgspec.Raw])
_TURNS = msgspec.json.Decoder(list[_Element])
_ELEMENT = msgspec.json.Decoder(_Element)
_TURN_FIELDS = ("messages", "input")
_SPLIT: frozenset[type[Any]] = frozenset({dict, list})
_SPACE = b" \t\n\r"
_BYTES_PER_LEVEL = 2
"""The shortest way to one level more: ``[`` and ``]``."""
_FEW = 16
_STRING = re.compile(rb'"(?:[^"\\]|\\.)*"')
_ESCAPE = re.compile(
    rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(?P<half>u[dD][89a-fA-F][0-9a-fA-F]{2})|.)",
    re.DOTALL,
)


class JsonBody(NamedTuple):
    """``fields`` are views into ``raw``, in the order of the text; of a repeated key the last one counts.

    ``turns`` holds ``messages`` and ``input``, if they are lists, split into elements and these into their own fields:
    texts are decoded; of lists and objects in them each child is left as it came.
    """

    raw: bytes
    fields: Mapping[str, msgspec.Raw]
    turns: Mapping[str, Sequence[Any]]

    def value(self, name: str) -> Any:
        """A field, split as far as :func:`split_value` does; None when it is not there."""
        raw = self.fields.get(name)
        return split_value(raw) if raw is not None else None

    def holds(self, name: str) -> bool:
        """Whether the field is there and not null or empty."""
        raw = self.fields.get(name)
        return raw is not None and bytes(memoryview(raw)[:5]) not in (b"null", b"[]", b'""', b"{}", b"false")


def read_object(raw: bytes, max_depth: int) -> JsonBody:
    """Check a body and split it into its fields.

    Raises:
        Refusal: 400, with one sentence that says what is wrong with it.
    """
    if not raw.strip():
        raise Refusal(400, "The request has no body; send a JSON object.", code="empty_body")
    if not raw.isascii():
        try:
            raw.decode()
        except UnicodeDecodeError as error:
            message = f"The body is not UTF-8 text (byte {error.start}); send JSON in UTF-8."
            raise Refusal(400, message, code="invalid_encoding") from None
    try:
        raw, fields = _split(raw)
    except msgspec.ValidationError:
        found = _kind_of(raw)
        raise Refusal(400, f"The body must be a JSON object, not {found}.", code="invalid_body") from None
    except msgspec.DecodeError as error:
        reason = str(error).removeprefix("JSON is malformed: ")
        raise Refusal(400, f"The body is not valid JSON: {reason}.", code="invalid_json") from None
    except RecursionError:
        raise _too_deep(max_depth) from None
    try:
        turns = {name: _TURNS.decode(fields[name]) for name in _TURN_FIELDS if _is_list(fields.get(name))}
    except msgspec.ValidationError as error:
        raise _out_of_range(error) from None
    except RecursionError:
        raise _too_deep(max_depth) from None
    if len(raw) > _BYTES_PER_LEVEL * max_depth and _holds_deeper(fields, turns, max_depth - 1):
        raise _too_deep(max_depth)
    return JsonBody(raw, fields, turns)


def _is_list(raw: msgspec.Raw | None) -> bool:
    return raw is not None and bytes(memoryview(raw)[:1]) == b"["


def split_value(raw: msgspec.Raw) -> Any:
    """A plain value decoded; of a list the elements, of an object the fields and of these their own children, as bytes.

    Raises:
        Refusal: 400, when a number is out of range.
    """
    try:
        return _ELEMENT.decode(raw)
    except msgspec.ValidationError as error:
        raise _out_of_range(error) from None


def _out_of_range(error: msgspec.ValidationError) -> Refusal:
    """The one thing that is valid JSON and fits none of the types."""
    reason = str(error).partition(" - at ")[0]
    return Refusal(400, f"The body is not valid JSON: {reason}.", code="invalid_json")


def _split(raw: bytes) -> tuple[bytes, dict[str, msgspec.Raw]]:
    try:
        return raw, _FIELDS.decode(raw)
    except msgspec.ValidationError:
        raise
    except msgspec.DecodeError:
        mended = mend_surrogates(raw)
        if mended == raw:
            raise
        return mended, _FIELDS.decode(mended)


def mend_surrogates(raw: bytes) -> bytes:
    """Put U+FFFD in the place of escaped half surrogates.

    JavaScript clients that cut a text in the middle of an emoji send them; strict readers, many backends among them,
    refuse the whole body.
    """
    return _ESCAPE.sub(lambda match: b"\\ufffd" if match["half"] else match[0], raw)


def _too_deep(max_depth: int) -> Refusal:
    return Refusal(400, f"The body is nested deeper than {max_depth} levels.", code="body_too_deep")


def _kind_of(raw: bytes) -> str:
    first = raw.lstrip(_SPACE)[:1]
    names = {b"[": "an array", b'"': "a string", b"t": "true", b"f": "false", b"n": "null"}
    return names.get(first, "a number")


def _holds_deeper(fields: Mapping[str, msgspec.Raw], turns: Mapping[str, Sequence[Any]], limit: int) -> bool:
    """Whether a field is nested deeper than ``limit``. Texts of turns, most of a long body, are known to be flat."""
    return any(_turns_deeper(elements, limit) for elements in turns.values()) or any(
        _is_deeper(field, limit) for name, field in fields.items() if name not in turns
    )


def _turns_deeper(elements: Sequence[Any], limit: int) -> bool:
    objects = [element for element in elements if isinstance(element, dict)]
    values = [value for element in objects for value in element.values() if value.__class__ in _SPLIT]
    lists = [element for element in elements if isinstance(element, list)] if len(objects) < len(elements) else []
    return any(_any_deeper(value.values() if isinstance(value, dict) else value, limit - 3) for value in values) or any(
        _any_deeper(element, limit - 2) for element in lists
    )


def _any_deeper(raws: Collection[msgspec.Raw], limit: int) -> bool:
    """Most are too short together."""
    return len(b"".join(raws)) > _BYTES_PER_LEVEL * limit and any(_is_deeper(raw, limit) for raw in raws)


def _is_deeper(field: msgspec.Raw, limit: int) -> bool:
    if memoryview(field).nbytes <= _BYTES_PER_LEVEL * limit:
        return False
    value = bytes(field)
    return value[0] in b"[{" and _may_be_deeper(value, limit) and deeper_than(value, limit)


def _may_be_deeper(raw: bytes, limit: int) -> bool:
    """A bound at a fraction of the cost of :func:`deeper_than`, brackets inside of strings counted too.

    Wherever the deepest place is: if it lies in the first half, no more levels lead to it than are opened there; if in
    the second, no more than are closed there. Counting half the brackets proves nearly every body harmless.
    """
    half = len(raw) // 2
    opened = raw.count(b"{", 0, half)
    closed = raw.count(b"}", half)
    if opened > limit or closed > limit:
        return True
    opened += _count_few(raw, b"[", 0, half)
    closed += _count_few(raw, b"]", half, len(raw))
    return opened > limit or closed > limit


def _count_few(raw: bytes, byte: bytes, start: int, end: int) -> int:
    """Like ``bytes.count``, which looks at every byte; where the byte is rare, hopping along is far quicker."""
    found = 0
    position = raw.find(byte, start, end)
    while position >= 0:
        found += 1
        if found > _FEW:
            return found + raw.count(byte, position + 1, end)
        position = raw.find(byte, position + 1, end)
    return found


def deeper_than(raw: bytes, limit: int) -> bool:
    """Whether valid JSON is nested deeper than ``limit``: one pass at C speed, whatever stands in it."""
    return _nesting(limit).fullmatch(raw) is None


@cache
def _nesting(limit: int) -> Any:
    """Matches JSON with at most ``limit`` levels. Nested as the text itself, so that each byte has one reading only."""
    plain = rb'[^"\[\]{}]|"(?:[^"\\]|\\.)*"'
    nested = b"(?:" + plain + b")*"
    for _ in range(limit):
        nested = b"(?:" + plain + rb"|[\[{]" + nested + rb"[\]}])*"
    options = re2.Options()
    options.encoding = options.Encoding.LATIN1
    options.dot_nl = True
    options.never_capture = True
    return re2.compile(nested, options)


class _Member(NamedTuple):
    key: str
    start: int
    value: int
    end: int


def replace_fields(body: JsonBody, replaced: Mapping[str, bytes], removed: Collection[str] = ()) -> bytes:
    """The body with some values replaced and some fields left out; every other byte stays as it came.

    A field of ``replaced`` that the body lacks is put first. A body with repeated keys is written anew from its
    fields, so that no two readers can see different requests in it.
    """
    members = _members(body)
    if members is None:
        fields = {key: value for key, value in body.fields.items() if key not in removed}
        fields.update({key: msgspec.Raw(value) for key, value in replaced.items()})
        return msgspec.json.encode(fields)
    raw = body.raw
    kept = [member for member in members if member.key not in removed]
    opening = members[0].start if members else raw.index(b"{") + 1
    closing = members[-1].end if members else opening
    missing = [key for key in replaced if key not in body.fields]
    added = [msgspec.json.encode(key) + b":" + replaced[key] for key in missing]
    pieces = [raw[:opening], b",".join(added)]
    if added and kept:
        pieces.append(b",")
    followed = {member.start: after.start for member, after in pairwise(members)}
    for position, member in enumerate(kept):
        pieces.append(raw[member.start : member.value])
        pieces.append(replaced.get(member.key, raw[member.value : member.end]))
        if position + 1 < len(kept):
            pieces.append(raw[member.end : followed[member.start]])
    pieces.append(raw[closing:])
    return b"".join(pieces)


def _members(body: JsonBody) -> list[_Member] | None:
    """Where each field stands in the text, or None when the text and the fields do not match one to one."""
    raw = body.raw
    position = _skip_space(raw, 0) + 1
    members: list[_Member] = []
    for key, field in body.fields.items():
        if members:
            position = _skip_space(raw, position)
            if raw[position : position + 1] != b",":
                return None
            position += 1
        start = _skip_space(raw, position)
        quoted = _STRING.match(raw, start)
        if quoted is None or msgspec.json.decode(quoted[0]) != key:
            return None
        colon = _skip_space(raw, quoted.end())
        value = _skip_space(raw, colon + 1)
        text = bytes(field)
        if raw[colon : colon + 1] != b":" or not raw.startswith(text, value):
            return None
        position = value + len(text)
        members.append(_Member(key, start, value, position))
    return members if raw[_skip_space(raw, position) :].rstrip(_SPACE) == b"}" else None


def _skip_space(raw: bytes, position: int) -> int:
    while position < len(raw) and raw[position] in _SPACE:
        position += 1
    return position
