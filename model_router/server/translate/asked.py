"""Reads fields of a client's request and refuses those of the wrong shape, by name. ``None`` counts as absent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from model_router.server.refusal import Refusal


def refuse(where: str, problem: str) -> Refusal:
    """A refusal that names the field: ``'messages[2].role' has to be ...``."""
    return Refusal(400, f"'{where}' {problem}.", param=where)


def as_object(value: Any, where: str) -> Mapping[str, Any]:
    """``value``, which has to be an object."""
    if not isinstance(value, Mapping):
        raise refuse(where, f"has to be an object, not {_kind(value)}")
    return value


def as_list(value: Any, where: str) -> Sequence[Any]:
    """``value``, which has to be a list."""
    if not isinstance(value, list | tuple):
        raise refuse(where, f"has to be a list, not {_kind(value)}")
    return value


def as_text(value: Any, where: str) -> str:
    """``value``, which has to be a string."""
    if not isinstance(value, str):
        raise refuse(where, f"has to be a string, not {_kind(value)}")
    return value


def as_name(value: Any, where: str) -> str:
    """``value``, which has to be a string with something in it."""
    if not isinstance(value, str) or not value:
        raise refuse(where, f"has to be a string that is not empty, not {_kind(value)}")
    return value


def texts(asked: Mapping[str, Any], name: str) -> list[str] | None:
    """A list of strings, or None when it is absent."""
    value = asked.get(name)
    if value is None:
        return None
    return [as_text(item, f"{name}[{index}]") for index, item in enumerate(as_list(value, name))]


def number(asked: Mapping[str, Any], name: str) -> float | None:
    """A number, or None when it is absent."""
    value = asked.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise refuse(name, f"has to be a number, not {_kind(value)}")
    return value


def whole_number(asked: Mapping[str, Any], name: str, least: int = 0) -> int | None:
    """A whole number of at least ``least``, or None when it is absent."""
    value = asked.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        found = value if isinstance(value, int | float) and not isinstance(value, bool) else _kind(value)
        raise refuse(name, f"has to be a whole number of at least {least}, not {found}")
    return value


def flag(asked: Mapping[str, Any], name: str) -> bool | None:
    """True or false, or None when it is absent."""
    value = asked.get(name)
    if value is None or isinstance(value, bool):
        return value
    raise refuse(name, f"has to be true or false, not {_kind(value)}")


def _kind(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, int | float):
        return "a number"
    if isinstance(value, str):
        return "a string" if value else "an empty string"
    return "an object" if isinstance(value, Mapping) else "a list"
