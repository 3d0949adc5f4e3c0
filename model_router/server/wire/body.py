"""A JSON body that is read at its top level, and its turns one level more: all else stays the bytes that came."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cache
from itertools import pairwise
from typing import Any, TypeAlias

import msgspec
import re2

from model_router.server.refusal import Refusal

_Plain: TypeAlias = str | int | float | bool | None
_Shallow: TypeAlias = _Plain | list[msgspec.Raw] | dict[str, msgspec.Raw]
_Element: TypeAlias = _Plain | list[msgspec.Raw] | dict[str, _Shallow]
_FIELDS = msgspec.json.Decoder(dict[str, msgspec.Raw])
_TURNS = msgspec.json.Decoder(list[_Element])
_ELEMENT = msgspec.json.Decoder(_Element)
_ITEMS = msgspec.json.Decoder(list[msgspec.Raw])
_TURN_FIELDS = ("messages", "input", "contents")
_SPLIT: frozenset[type[Any]] = frozenset({dict, list})
_SPACE = b" \t\n\r"
_BYTES_PER_LEVEL = 2
"""The shortest way to one level more: ``[`` and ``]``."""
_OPENERS, _CLOSERS = (b"{", b"["), (b"}", b"]")
_WINDOW = 65_536
"""Bytes that are looked at in one piece: a copy of so many is cheap and stays in the cache."""
_SPLITS = 6
"""Levels at which a body is taken apart before its nesting is counted: a picture in a tool's result lies there."""
_MEAN_CHILD = 64
_WIDE_LEAD = b"\xe2"
"""Begins dashes, typographic quotes, arrows, bullets: most of what is not ASCII in English."""
_BYTES_PER_WIDE = 2048
"""Where they stand closer, decoding is quicker."""
_STRING = re.compile(rb'"(?:[^"\\]|\\.)*"')
_SPACES = re.compile(rb"[ \t\n\r]*")
_COLON = re.compile(rb"[ \t\n\r]*:[ \t\n\r]*")
_COMMA = re.compile(rb"[ \t\n\r]*,[ \t\n\r]*")
_OPENING = re.compile(rb"[ \t\n\r]*\{[ \t\n\r]*")
_CLOSING = re.compile(rb"[ \t\n\r]*\}[ \t\n\r]*")
_ESCAPE = re.compile(
    rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(?P<half>u[dD][89a-fA-F][0-9a-fA-F]{2})|.)",
    re.DOTALL,
)


class JsonBody:
    """A body and its fields: views into ``raw``, in the order of the text; of a repeated key the last one counts."""

    __slots__ = ("_turns", "fields", "raw")

    def __init__(
        self, raw: bytes, fields: Mapping[str, msgspec.Raw], turns: Mapping[str, Sequence[Any]] | None = None
    ) -> None:
        self.raw = raw
        self.fields = fields
        self._turns = turns

    @property
    def turns(self) -> Mapping[str, Sequence[Any]]:
        """``messages``, ``input``, ``contents``: if they are lists, split into elements, and these into their fields.

        Texts are decoded; of lists and objects in them each child is left as it came. Split when first looked at.

        Raises:
            Refusal: 400, when a number is out of range.
        """
        if self._turns is None:
            self._turns = _split_turns(self.fields)
        return self._turns

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
    if not raw.isascii() and not _is_utf8(raw):
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
    body = JsonBody(raw, fields)
    if (
        len(raw) > _BYTES_PER_LEVEL * max_depth
        and _may_be_deeper(raw, max_depth)
        and _holds_deeper(body, max_depth - 1)
    ):
        raise _too_deep(max_depth)
    return body


def _is_utf8(raw: bytes) -> bool:
    """Whether it certainly is. A text with few wide characters is looked through quicker than by decoding it.

    Decoding makes every character as wide as the widest; here only what lies between the wide ones is decoded, which
    mostly is ASCII.
    """
    start = 0
    for _ in range(len(raw) // _BYTES_PER_WIDE):
        wide = raw.find(_WIDE_LEAD, start)
        between = raw[start:wide] if wide >= 0 else raw[start:]
        if not between.isascii() and not _decodes(between):
            return False
        if wide < 0:
            return True
        start = wide + 3
        following = raw[wide + 1 : start]
        if len(following) < 2 or following[0] & 0xC0 != 0x80 or following[1] & 0xC0 != 0x80:
            return False
    return _decodes(raw[start:])


def _decodes(raw: bytes) -> bool:
    try:
        raw.decode()
    except UnicodeDecodeError:
        return False
    return True


def _split_turns(fields: Mapping[str, msgspec.Raw]) -> dict[str, Sequence[Any]]:
    try:
        return {name: _TURNS.decode(fields[name]) for name in _TURN_FIELDS if _is_list(fields.get(name))}
    except msgspec.ValidationError as error:
        raise _out_of_range(error) from None


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


def _holds_deeper(body: JsonBody, limit: int) -> bool:
    """Whether a field is nested deeper than ``limit``. Texts of turns, most of a long body, are known to be flat."""
    turns = body.turns
    return any(_turns_deeper(elements, limit - 1) for elements in turns.values()) or any(
        _is_deeper(field, limit) for name, field in body.fields.items() if name not in turns
    )


def _turns_deeper(elements: Sequence[Any], limit: int) -> bool:
    """Whether an element is nested deeper than ``limit``. The children of most are too short together."""
    parts = [
        value
        for element in elements
        if element.__class__ is dict
        for value in element.values()
        if value.__class__ in _SPLIT
    ]
    lists = [element for element in elements if element.__class__ is list]
    return _children_deeper(parts, limit - 2) or _children_deeper(lists, limit - 1)


def _children_deeper(parts: Sequence[dict[str, msgspec.Raw] | list[msgspec.Raw]], limit: int) -> bool:
    """Whether a child of one of them is nested deeper than ``limit``. Most hold few brackets, even all together."""
    children = [child for part in parts for child in (part.values() if isinstance(part, dict) else part)]
    together = b"".join(children)
    if len(together) <= _BYTES_PER_LEVEL * limit or not _more_than(limit, together, _CLOSERS, 0, len(together)):
        return False
    return any(_is_deeper(child, limit) for child in children)


def _is_deeper(value: msgspec.Raw, limit: int, splits: int = _SPLITS) -> bool:
    if memoryview(value).nbytes <= _BYTES_PER_LEVEL * limit:
        return False
    raw = bytes(value)
    if raw[0] not in b"[{" or not _may_be_deeper(raw, limit):
        return False
    children: Collection[msgspec.Raw]
    if raw[0] == ord("["):
        children, keys = _ITEMS.decode(raw), 0
    else:
        fields = _FIELDS.decode(raw)
        children, keys = fields.values(), sum(map(len, fields))
    unseen = len(raw) - keys - len(b"".join(children))  # white space, and values whose key is repeated
    if not splits or _MEAN_CHILD * len(children) + unseen > len(raw):
        return deeper_than(raw, limit)
    return any(_is_deeper(child, limit - 1, splits - 1) for child in children)


def _may_be_deeper(raw: bytes, limit: int) -> bool:
    """A bound at a fraction of the cost of :func:`deeper_than`, brackets inside of strings counted too.

    Wherever the deepest place is: if it lies in the first half, no more levels lead to it than are opened there; if in
    the second, no more than are closed there. Counting half the brackets proves nearly every body harmless.
    """
    half = len(raw) // 2
    return _more_than(limit, raw, _OPENERS, 0, half) or _more_than(limit, raw, _CLOSERS, half, len(raw))


def _more_than(limit: int, raw: bytes, kinds: Collection[bytes], start: int, end: int) -> bool:
    """Whether bytes of these kinds stand in a stretch of a text more than ``limit`` times.

    Leaving them out and measuring what is left goes at a multiple of the speed of ``bytes.count``.
    """
    left = limit
    for position in range(start, end, _WINDOW):
        window = raw[position : min(position + _WINDOW, end)]
        length = len(window)
        for kind in kinds:
            left += len(window.replace(kind, b"", left + 1)) - length
            if left < 0:
                return True
    return False


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


_Member: TypeAlias = tuple[str, int, int, int]
"""A field's name, where it begins in the text, where its value begins, and where that ends."""


def replace_fields(body: JsonBody, replaced: Mapping[str, bytes], removed: Collection[str] = ()) -> bytes:
    """The body with some values replaced and some fields left out; every other byte stays as it came.

    A field of ``replaced`` that the body lacks is put first. A body with repeated keys is written anew from its
    fields, so that no two readers can see different requests in it.
    """
    members = _dense_members(body) or _members(body)
    if members is None:
        fields = {key: value for key, value in body.fields.items() if key not in removed}
        fields.update({key: msgspec.Raw(value) for key, value in replaced.items()})
        return msgspec.json.encode(fields)
    position = members[0][1] if members else body.raw.index(b"{") + 1
    cuts = [(position, position, _added(body, replaced, removed))]
    for key, _, value, end in members:
        if key in replaced and key not in removed:
            cuts.append((value, end, replaced[key]))
    if removed:
        cuts = sorted([*cuts, *_removals(members, removed)])
    view = memoryview(body.raw)
    pieces: list[bytes | memoryview] = []
    position = 0
    for start, end, text in cuts:
        pieces += (view[position:start], text)
        position = end
    pieces.append(view[position:])
    return b"".join(pieces)


def _added(body: JsonBody, replaced: Mapping[str, bytes], removed: Collection[str]) -> bytes:
    """The fields that a body lacks, as they stand at its beginning."""
    missing = [key for key in replaced if key not in body.fields]
    if not missing:
        return b""
    kept = any(key not in removed for key in body.fields)
    return b",".join([msgspec.json.encode(key) + b":" + replaced[key] for key in missing]) + (b"," if kept else b"")


def _removals(members: Sequence[_Member], removed: Collection[str]) -> Iterator[tuple[int, int, bytes]]:
    """Stretches to leave out: a field up to the next one; those at the end together with the comma before them."""
    last = len(members)
    while last and members[last - 1][0] in removed:
        last -= 1
    for (key, start, _, _), following in pairwise(members[: last + 1]):
        if key in removed:
            yield start, following[1], b""
    if last < len(members):
        yield members[last - 1][3] if last else members[0][1], members[-1][3], b""


def _dense_members(body: JsonBody) -> list[_Member] | None:
    """Where each field stands in a text without white space, by lengths alone; None when it is not one.

    A repeated key, white space or an escape in a key would make the text longer than its fields together.
    """
    position = 1
    members: list[_Member] = []
    for key, field in body.fields.items():
        value = position + (len(key) if key.isascii() else len(key.encode())) + 3
        end = value + memoryview(field).nbytes
        members.append((key, position, value, end))
        position = end + 1
    return members if position == len(body.raw) and members else None


def _members(body: JsonBody) -> list[_Member] | None:
    """Where each field stands in the text, or None when the text and the fields do not match one to one."""
    raw, view = body.raw, memoryview(body.raw)
    members: list[_Member] = []
    mark = _OPENING.match(raw)
    for key, field in body.fields.items():
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
