"""How the pieces of a stream grow together: texts are joined, lists extended, objects merged, names set once."""

from __future__ import annotations

from typing import Any

_LABELS = frozenset({"id", "call_id", "type", "role", "object", "format", "status", "encoding"})
"""Texts that are said whole; a repetition replaces them."""


class Text:
    """A text that comes in pieces. They are joined once, at the end: joining at each piece would copy it each time."""

    __slots__ = ("_pieces",)

    def __init__(self, piece: str) -> None:
        self._pieces = [piece]

    def add(self, piece: str) -> None:
        """One more piece."""
        self._pieces.append(piece)

    def __str__(self) -> str:
        return "".join(self._pieces)


def grow(target: dict[str, Any], key: str, value: Any) -> None:
    """Add what a delta says of a field to what is known of it. ``null`` only says that there is such a field."""
    known = target.get(key)
    if value is None:
        target.setdefault(key, None)
    elif isinstance(value, str):
        _grow_text(target, key, known, value)
    elif isinstance(value, dict):
        child = known if isinstance(known, dict) else {}
        target[key] = child
        for name, inner in value.items():
            grow(child, name, inner)
    elif isinstance(value, list):
        if not isinstance(known, list):
            known = target[key] = [] if known is None else [_text_part(known)]
        for item in value:
            _grow_list(known, item)
    else:
        target[key] = value


def _grow_text(target: dict[str, Any], key: str, known: Any, value: str) -> None:
    if key in _LABELS:
        if value or known is None:
            target[key] = value
    elif key == "name":
        # Mostly said once, whole; some servers repeat it in each piece, empty or whole.
        target[key] = known + value if isinstance(known, str) and known != value else value
    elif isinstance(known, Text):
        known.add(value)
    elif isinstance(known, list):
        last = known[-1] if known else None
        if isinstance(last, dict) and isinstance(last.get("text"), Text) and last.get("type") == "text":
            last["text"].add(value)
        else:
            known.append(_text_part(Text(value)))
    else:
        target[key] = Text(value if not isinstance(known, str) else known + value)


def _grow_list(known: list[Any], item: Any) -> None:
    """Items that carry an index come in pieces themselves; others are whole."""
    index = item.get("index") if isinstance(item, dict) else None
    if not isinstance(index, int):
        known.append(item)
        return
    for earlier in reversed(known):
        if isinstance(earlier, dict) and earlier.get("index") == index:
            break
    else:
        earlier = {}
        known.append(earlier)
    for name, inner in item.items():
        grow(earlier, name, inner)


def _text_part(text: Any) -> dict[str, Any]:
    """What some servers make of a text beside other parts, such as thoughts."""
    return {"type": "text", "text": text}


def put(target: dict[str, Any], key: str, value: Any) -> None:
    """Set a field that is said whole, over and over or once; ``null`` never takes a value back."""
    if value is not None:
        target[key] = value
    else:
        target.setdefault(key, None)


def extend(target: dict[str, Any], key: str, value: Any) -> None:
    """Like :func:`put`, but a list goes on where the last one ended."""
    known = target.get(key)
    if isinstance(value, list) and isinstance(known, list):
        known.extend(value)
    else:
        put(target, key, list(value) if isinstance(value, list) else value)


def settle(value: Any) -> Any:
    """The finished value: plain JSON types."""
    if isinstance(value, Text):
        return str(value)
    if isinstance(value, dict):
        return {key: settle(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [settle(inner) for inner in value]
    return value
