"""What a caller may say beside the prompt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any, TypeVar

from model_router.engine.routes import Attachment, CostTier, LatencyTier, Profile
from model_router.errors import UsageError

_E = TypeVar("_E", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class RoutingHints:
    """Hints narrow a decision; none of them can switch a confirmation or a policy off.

    ``context_tokens`` is the size of the whole request, so that engines with a smaller context are passed over.
    """

    attachments: tuple[Attachment, ...] = ()
    force_engine: str | None = None
    max_cost_tier: CostTier | None = None
    max_latency_tier: LatencyTier | None = None
    latency_sensitive: bool = False
    profile: Profile | None = None
    context_tokens: int | None = None
    needs_tools: bool = False
    required_modalities: tuple[str, ...] = ()


NO_HINTS = RoutingHints()

_NAMES = tuple(f.name for f in fields(RoutingHints))


def parse_hints(hints: RoutingHints | Mapping[str, Any] | None) -> RoutingHints:
    """Check hints that came from outside.

    Raises:
        UsageError: an unknown key or a value that is not allowed, with the nearest known name.
    """
    if hints is None:
        return NO_HINTS
    if isinstance(hints, RoutingHints):
        return hints
    if not isinstance(hints, Mapping):
        raise UsageError(f"hints must be a mapping or RoutingHints, not {type(hints).__name__}")
    for key in hints:
        if key not in _NAMES:
            raise UsageError(f"unknown hint {key!r}", _suggest(str(key), _NAMES))
    return RoutingHints(
        attachments=tuple(_member(Attachment, "attachments", v) for v in _sequence(hints, "attachments")),
        force_engine=_text(hints, "force_engine"),
        max_cost_tier=_optional(CostTier, hints, "max_cost_tier"),
        max_latency_tier=_optional(LatencyTier, hints, "max_latency_tier"),
        latency_sensitive=_flag(hints, "latency_sensitive"),
        profile=_optional(Profile, hints, "profile"),
        context_tokens=_count(hints, "context_tokens"),
        needs_tools=_flag(hints, "needs_tools"),
        required_modalities=tuple(str(v) for v in _sequence(hints, "required_modalities")),
    )


def _suggest(found: str, known: tuple[str, ...]) -> str:
    import difflib

    near = difflib.get_close_matches(found, known, n=1)
    listed = "known: " + " ".join(known)
    return f"did you mean {near[0]!r}? {listed}" if near else listed


def _member(kind: type[_E], key: str, value: Any) -> _E:
    try:
        return kind(value)
    except ValueError:
        raise UsageError(
            f"hint {key!r} does not know {value!r}", _suggest(str(value), tuple(m.value for m in kind))
        ) from None


def _optional(kind: type[_E], hints: Mapping[str, Any], key: str) -> _E | None:
    value = hints.get(key)
    return None if value is None else _member(kind, key, value)


def _sequence(hints: Mapping[str, Any], key: str) -> tuple[Any, ...]:
    value = hints.get(key, ())
    if value is None:
        return ()
    if isinstance(value, str) or not isinstance(value, list | tuple | set | frozenset):
        raise UsageError(f"hint {key!r} must be a list, not {value!r}")
    return tuple(value)


def _flag(hints: Mapping[str, Any], key: str) -> bool:
    value = hints.get(key, False)
    if not isinstance(value, bool):
        raise UsageError(f"hint {key!r} must be true or false, not {value!r}")
    return value


def _count(hints: Mapping[str, Any], key: str) -> int | None:
    value = hints.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise UsageError(f"hint {key!r} must be a whole number of tokens, not {value!r}")
    return value


def _text(hints: Mapping[str, Any], key: str) -> str | None:
    value = hints.get(key)
    if value is None:
        return None
    if not isinstance(value, str) or not value:
        raise UsageError(f"hint {key!r} must be a name, not {value!r}")
    return value
