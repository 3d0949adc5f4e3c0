"""The shape that nearly all requests have, read in one pass over the text.

Known fields stay the bytes that came; the turns are split into theirs. A request with a field that is not listed here,
or with something unusual in a turn, is none of them and is read in general ways: these types only make it quick.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import msgspec
from msgspec import Raw

ABSENT = Raw()
"""Stands for a field that is not there."""

_FIELDS = (
    # what every protocol has
    "model stream stream_options metadata user store service_tier temperature top_p top_k min_p stop seed n logprobs"
    " top_logprobs logit_bias presence_penalty frequency_penalty repetition_penalty max_tokens tools tool_choice"
    " parallel_tool_calls response_format modalities reasoning reasoning_effort thinking verbosity"
    " chat_template_kwargs extra_body session_id conversation_id thread_id chat_id"
    # chat and completions
    " functions function_call max_completion_tokens prediction audio web_search_options prompt suffix echo best_of"
    " prompt_cache_key prompt_cache_retention safety_identifier"
    # messages
    " system stop_sequences context_management output_config output_format container mcp_servers betas"
    # responses
    " instructions include previous_response_id conversation truncation background text max_output_tokens"
    " max_tool_calls client_metadata"
).split()


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

    tool_calls: list[Raw] | None = None
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


PlainBody: Any = msgspec.defstruct(
    "PlainBody",
    [
        ("messages", list[PlainMessage] | None, None),
        ("input", str | list[PlainItem] | None, None),
        *((name, Raw, ABSENT) for name in _FIELDS),
    ],
    forbid_unknown_fields=True,
    gc=False,
)
"""Every field that is read or often sent; ``messages`` and ``input`` are the conversation."""

TURN_FIELDS = ("messages", "input")
RAW_FIELDS = frozenset(_FIELDS)
_DECODER = msgspec.json.Decoder(PlainBody)


def read_plain(raw: bytes) -> Any:
    """The body, or None when it is not of this shape or no body at all."""
    try:
        body = _DECODER.decode(raw)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return None
    return body if (body.messages is None) != (body.input is None) else None


def lists_in(turns: Sequence[PlainTurn]) -> list[list[Raw]]:
    """Every list in a field of a turn."""
    found = [turn.content for turn in turns if turn.content.__class__ is list]
    if isinstance(turns[0], PlainMessage):
        found += [turn.tool_calls for turn in cast(Sequence[PlainMessage], turns) if turn.tool_calls is not None]
    else:
        items = cast(Sequence[PlainItem], turns)
        found += [turn.output for turn in items if turn.output.__class__ is list]
        found += [turn.summary for turn in items if turn.summary is not None]
    return found
