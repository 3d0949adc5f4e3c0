"""A JSON body that is read at its top level, and its turns one level more: all else stays the bytes that came."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, TypeAlias

import msgspec

from model_router.server.refusal import Refusal
from model_router.server.wire.depth import BYTES_PER_LEVEL, any_deeper, children_deeper, is_deeper, may_nest
from model_router.server.wire.members import Member, dense_members, found_members
from model_router.server.wire.plain import PlainTurn, calls_in, parts_in, read_plain

_Plain: TypeAlias = str | int | float | bool | None
_Shallow: TypeAlias = _Plain | list[msgspec.Raw] | dict[str, msgspec.Raw]
_Element: TypeAlias = _Plain | list[msgspec.Raw] | dict[str, _Shallow]
_FIELDS = msgspec.json.Decoder(dict[str, msgspec.Raw])
_TURNS = msgspec.json.Decoder(list[_Element])
_ELEMENT = msgspec.json.Decoder(_Element)
_TURN_FIELDS = ("messages", "input", "contents")
_SPLIT: frozenset[type[Any]] = frozenset({dict, list})
_SPACE = b" \t\n\r"
_WIDE_LEAD = b"\xe2"
"""Begins dashes, typographic quotes, arrows, bullets: most of what is not ASCII in English."""
_BYTES_PER_WIDE = 2048
"""Where they stand closer, decoding is quicker."""
_ESCAPE = re.compile(
    rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(?P<half>u[dD][89a-fA-F][0-9a-fA-F]{2})|.)",
    re.DOTALL,
)


class JsonBody:
    """A body and its fields: views into ``raw``, in the order of the text; of a repeated key the last one counts."""

    __slots__ = ("_plain", "_turns", "fields", "raw")

    def __init__(
        self, raw: bytes, fields: Mapping[str, msgspec.Raw], turns: Mapping[str, Sequence[Any]] | None = None
    ) -> None:
        self.raw = raw
        self.fields = fields
        self._turns = turns
        self._plain: tuple[str, Sequence[PlainTurn] | None] | None = None

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

    @property
    def plain_turns(self) -> tuple[str, Sequence[PlainTurn] | None]:
        """The field that has the turns, and these, if all have the shape that nearly all have; else None.

        Read when first looked at.
        """
        if self._plain is None:
            self._plain = ("", None)
            for name in ("messages", "input"):
                raw = self.fields.get(name)
                if raw is not None and bytes(memoryview(raw)[:1]) != b"n":
                    self._plain = (name, read_plain(name, raw))
                    break
        return self._plain

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
    raw, fields = _read_fields(raw, max_depth)
    body = JsonBody(raw, fields)
    if len(raw) > BYTES_PER_LEVEL * max_depth and may_nest(raw, max_depth) and _holds_deeper(body, max_depth - 1):
        raise _too_deep(max_depth)
    return body


def _read_fields(raw: bytes, max_depth: int) -> tuple[bytes, dict[str, msgspec.Raw]]:
    try:
        return _split(raw)
    except msgspec.ValidationError:
        found = _kind_of(raw)
        raise Refusal(400, f"The body must be a JSON object, not {found}.", code="invalid_body") from None
    except msgspec.DecodeError as error:
        reason = str(error).removeprefix("JSON is malformed: ")
        raise Refusal(400, f"The body is not valid JSON: {reason}.", code="invalid_json") from None
    except RecursionError:
        raise _too_deep(max_depth) from None


def _is_utf8(raw: bytes) -> bool:
    """Whether it certainly is. A text with few wide characters is looked through quicker than by decoding it.

    Decoding makes every character as wide as the widest; here only what lies between the wide ones is decoded, which
    mostly is ASCII.
    """
    view = memoryview(raw)
    between: list[memoryview] = []
    start = 0
    wide = raw.find(_WIDE_LEAD)
    most = len(raw) // _BYTES_PER_WIDE
    while 0 <= wide < len(raw) - 2 and len(between) < most:
        if raw[wide + 1] & 0xC0 != 0x80 or raw[wide + 2] & 0xC0 != 0x80:
            return False
        between.append(view[start:wide])
        start = wide + 3
        wide = raw.find(_WIDE_LEAD, start)
    between.append(view[start:])
    rest = b"".join(between)
    return rest.isascii() or all(_decodes(piece) for piece in between)


def _decodes(piece: memoryview) -> bool:
    try:
        str(piece, "utf-8")
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
    name, plain = body.plain_turns
    if plain is not None:
        read: Collection[str] = (name,)
        deeper = any_deeper(parts_in(plain), limit - 3) or any_deeper(calls_in(plain), limit - 2)
    else:
        read = body.turns
        deeper = any(_turns_deeper(elements, limit - 1) for elements in body.turns.values())
    return deeper or any(is_deeper(field, limit) for name, field in body.fields.items() if name not in read)


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
    return children_deeper(parts, limit - 2) or children_deeper(lists, limit - 1)


def replace_fields(body: JsonBody, replaced: Mapping[str, bytes], removed: Collection[str] = ()) -> bytes:
    """The body with some values replaced and some fields left out; every other byte stays as it came.

    A field of ``replaced`` that the body lacks is put first. A body with repeated keys is written anew from its
    fields, so that no two readers can see different requests in it.
    """
    members = dense_members(body.raw, body.fields) or found_members(body.raw, body.fields)
    if members is None:
        fields = {key: value for key, value in body.fields.items() if key not in removed}
        fields.update({key: msgspec.Raw(value) for key, value in replaced.items()})
        return msgspec.json.encode(fields)
    position = members[0][1] if members else body.raw.index(b"{") + 1
    cuts: list[tuple[int, int, bytes]] = []
    if not body.fields.keys() >= replaced.keys():
        cuts.append((position, position, _added(body, replaced, removed)))
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
    kept = any(key not in removed for key in body.fields)
    return b",".join([msgspec.json.encode(key) + b":" + replaced[key] for key in missing]) + (b"," if kept else b"")


def _removals(members: Sequence[Member], removed: Collection[str]) -> Iterator[tuple[int, int, bytes]]:
    """Stretches to leave out: a field up to the next one; those at the end together with the comma before them."""
    last = len(members)
    while last and members[last - 1][0] in removed:
        last -= 1
    for (key, start, _, _), following in pairwise(members[: last + 1]):
        if key in removed:
            yield start, following[1], b""
    if last < len(members):
        yield members[last - 1][3] if last else members[0][1], members[-1][3], b""
