"""The shape that the turns of nearly all requests have.

Turns with a field that is not listed here, or with something unusual in one, are none of these and are read in general
ways: these types only make it quick.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import msgspec
from msgspec import Raw

_NO_CALLS = Raw(b"[]")


class PlainTurn(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """What a message of a chat and an item of a response have in common. Reads like a mapping."""

    role: str | None = None
    content: str | list[Raw] | None = None
    type: str | None = None

    def get(self, name: str, default: Any = None) -> Any:
        """A field, or ``default`` when it is not there or null."""
        value = getattr(self, name, None)
        return default if value is None else value

    def __getitem__(self, name: str) -> Any:
        return getattr(self, name)

    def __contains__(self, name: str) -> bool:
        return getattr(self, name, None) is not None


class PlainMessage(PlainTurn, forbid_unknown_fields=True, gc=False):
    """An element of ``messages``."""

    tool_calls: Raw = _NO_CALLS
    tool_call_id: str | None = None
    name: str | None = None
    refusal: str | None = None
    reasoning_content: str | None = None
    reasoning: str | None = None


class PlainItem(PlainTurn, forbid_unknown_fields=True, gc=False):
    """An element of ``input``."""

    output: str | list[Raw] | None = None
    id: str | None = None
    call_id: str | None = None
    name: str | None = None
    status: str | None = None
    arguments: str | None = None
    phase: str | None = None
    encrypted_content: str | None = None
    summary: list[Raw] | None = None


_DECODERS: dict[str, msgspec.json.Decoder[Any]] = {
    "messages": msgspec.json.Decoder(list[PlainMessage]),
    "input": msgspec.json.Decoder(list[PlainItem]),
}


def read_plain(name: str, raw: Raw) -> Sequence[PlainTurn] | None:
    """The turns of a field, or None when it holds something else, or nothing."""
    try:
        return _DECODERS[name].decode(raw) or None
    except (msgspec.DecodeError, RecursionError):
        return None


def parts_in(turns: Sequence[PlainTurn]) -> list[Raw]:
    """Every element of a list in a field of a turn."""
    lists: list[Any] = [turn.content for turn in turns if turn.content.__class__ is list]
    if isinstance(turns[0], PlainItem):
        items = cast(Sequence[PlainItem], turns)
        lists += [turn.output for turn in items if turn.output.__class__ is list]
        lists += [turn.summary for turn in items if turn.summary is not None]
    return [part for each in lists for part in each]


def calls_in(turns: Sequence[PlainTurn]) -> list[Raw]:
    """What each message of the model has in ``tool_calls``."""
    if not isinstance(turns[0], PlainMessage):
        return []
    return [turn.tool_calls for turn in cast(Sequence[PlainMessage], turns) if turn.tool_calls is not _NO_CALLS]
