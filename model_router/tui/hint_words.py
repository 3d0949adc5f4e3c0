"""Hints as one writes them below a prompt: ``image profile:fast engine:code_agent cost:low tokens:12000 tools``."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from model_router.engine.hints import NO_HINTS, RoutingHints, parse_hints
from model_router.engine.routes import Attachment
from model_router.errors import UsageError

_FIELDS: Mapping[str, str] = MappingProxyType(
    {
        "engine": "force_engine",
        "profile": "profile",
        "cost": "max_cost_tier",
        "latency": "max_latency_tier",
        "tokens": "context_tokens",
    }
)
_WORDS: Mapping[str, str] = MappingProxyType({"tools": "needs_tools", "waiting": "latency_sensitive"})
KNOWN = f"{' '.join(Attachment)} {' '.join(_WORDS)} {' '.join(f'{name}:…' for name in _FIELDS)}"


def read_hints(text: str) -> RoutingHints:
    """Read the words.

    Raises:
        UsageError: a word or a value that is not known.
    """
    given: dict[str, Any] = {}
    attachments: list[str] = []
    for word in text.split():
        name, colon, value = word.partition(":")
        if colon and name in _FIELDS:
            given[_FIELDS[name]] = _number(value) if name == "tokens" else value
        elif word in _WORDS:
            given[_WORDS[word]] = True
        elif word in list(Attachment):
            attachments.append(word)
        else:
            raise UsageError(f"{word!r} is no hint", f"known: {KNOWN}")
    return parse_hints({**given, "attachments": attachments}) if given or attachments else NO_HINTS


def _number(value: str) -> int:
    """``12000``, ``12_000`` or ``12k``."""
    digits = value.lower().replace("_", "").replace(",", "")
    thousands = digits.endswith("k")
    digits = digits.removesuffix("k")
    if not digits.isdecimal() or len(digits) > 9:
        raise UsageError(f"tokens:{value} is no number", "for example tokens:12000 or tokens:12k")
    return int(digits) * (1000 if thousands else 1)


def toggled(text: str, word: str) -> str:
    """``text`` with a word more, or without it."""
    words = text.split()
    return " ".join([one for one in words if one != word] if word in words else [*words, word])
