"""The keys that work everywhere, also above a receipt or the help, and how keys are written."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from textual.binding import Binding
from textual.keys import format_key

MOVES: tuple[Binding, ...] = (
    Binding("1", "app.show('home')", "Home", show=False),
    Binding("2", "app.show('try')", "Try", show=False),
    Binding("3", "app.show('log')", "Log", show=False),
    Binding("d", "app.traffic", "Samples", show=False, tooltip="Switch the sample requests of the demo on or off"),
    Binding("question_mark", "app.help", "Help", tooltip="Show what the keys do here"),
    Binding("f1", "app.help", "Help", tooltip="Show what the keys do here"),
    Binding("q", "app.quit", "Quit"),
    Binding("ctrl+q", "app.quit", "Quit", show=False, priority=True),
)
"""A modal screen hides the keys of the application, so that it has to bring these itself."""

_WORDS: Mapping[str, str] = MappingProxyType(
    {
        "escape": "esc",
        "enter": "enter",
        "space": "space",
        "question_mark": "?",
        "slash": "/",
        "up": "↑",
        "down": "↓",
        "left": "←",
        "right": "→",
        "pageup": "page up",
        "pagedown": "page down",
        "f1": "F1",
        "f2": "F2",
        "f3": "F3",
    }
)


def key_words(key: str) -> str:
    """``question_mark`` is ``?``, ``ctrl+q`` stays as it is, ``shift+up`` is ``shift+↑``."""
    before, plus, last = key.rpartition("+")
    if before:
        return before + plus + _WORDS.get(last, last)
    return _WORDS.get(key) or format_key(key)
