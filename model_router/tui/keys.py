"""The keys that work everywhere, also above a receipt or the help, how keys are written, and how they are renamed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from types import MappingProxyType

from textual.binding import Binding
from textual.dom import DOMNode
from textual.keys import format_key

MOVES: tuple[Binding, ...] = (
    Binding("1", "app.show('home')", "Home", show=False, id="app.home"),
    Binding("2", "app.show('try')", "Try", show=False, id="app.try"),
    Binding("3", "app.show('log')", "Log", show=False, id="app.log"),
    Binding("4", "app.show('models')", "Models", show=False, id="app.models"),
    Binding("5", "app.show('downloads')", "Downloads", show=False, id="app.downloads"),
    Binding("6", "app.show('config')", "Config", show=False, id="app.config"),
    Binding("7", "app.show('doctor')", "Doctor", show=False, id="app.doctor"),
    Binding(
        "a",
        "app.approvals",
        "Approvals",
        show=False,
        id="app.approvals",
        tooltip="Show the requests that wait for a person",
    ),
    Binding(
        "d",
        "app.traffic",
        "Samples",
        show=False,
        id="app.samples",
        tooltip="Switch the sample requests of the demo on or off",
    ),
    Binding(
        "ctrl+o",
        "app.jump",
        "Jump",
        show=False,
        id="app.jump",
        tooltip="Give each part of the screen a letter",
        priority=True,
    ),
    Binding("question_mark", "app.help", "Help", id="app.help", tooltip="Show what the keys do here"),
    Binding("f1", "app.help", "Help", tooltip="Show what the keys do here"),
    Binding("q", "app.quit", "Quit", id="app.quit"),
    Binding("ctrl+q", "app.quit", "Quit", show=False, priority=True),
)
"""A modal screen hides the keys of the application, so that it has to bring these itself.

F1 and ctrl+q have no name: they cannot be renamed, so that there is always a way to the help and out.
"""

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
        **{f"f{number}": f"F{number}" for number in range(1, 13)},
    }
)


def key_words(key: str) -> str:
    """``question_mark`` is ``?``, ``ctrl+q`` stays as it is, ``shift+up`` is ``shift+↑``."""
    before, plus, last = key.rpartition("+")
    if before:
        return before + plus + _WORDS.get(last, last)
    return _WORDS.get(key) or format_key(key)


_IMPORTED_LATE = ("models", "downloads", "doctor", "wizard", "connect")


def key_names() -> frozenset[str]:
    """The names by which keys of this application's screens and widgets can be renamed."""
    for name in _IMPORTED_LATE:
        import_module(f"model_router.tui.screens.{name}")
    return frozenset(_names_below(DOMNode))


def _names_below(kind: type[DOMNode]) -> Iterator[str]:
    for below in kind.__subclasses__():
        if below.__module__.startswith("model_router."):
            yield from (one.id for one in below.BINDINGS if isinstance(one, Binding) and one.id)
        yield from _names_below(below)
