"""Help, made from the bindings that are in force: it cannot say anything else than what the keys do."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import ScrollableContainer, VerticalScroll
from textual.content import Content
from textual.dom import DOMNode
from textual.screen import Screen
from textual.widgets import Input, OptionList, TextArea

from model_router.tui.keys import MOVES
from model_router.tui.lines import Lines, paragraph, title
from model_router.tui.screens.base import Sheet
from model_router.tui.session import Session
from model_router.tui.text import fit

_KEY_WIDTH = 16
_NAMED = 84
"""Width from which the names of keys are shown."""
_NAME_ROOM = 18
_NOT_WORTH_A_LINE = frozenset({"scroll_left", "scroll_right", "page_left", "page_right"})
"""What every scrolling widget brings along; no screen here scrolls sideways."""

_WORDS: Mapping[str, str] = MappingProxyType(
    {
        "app.focus_next": "Go to the next part of the screen",
        "app.focus_previous": "Go to the part before",
        "cursor_word_left": "One word to the left",
        "cursor_word_right": "One word to the right",
        "cursor_line_start": "To the start of the line",
        "cursor_line_end": "To the end of the line",
        "cursor_word_left(True)": "Select one word to the left",
        "cursor_word_right(True)": "Select one word to the right",
        "cursor_line_start(True)": "Select to the start of the line",
        "cursor_line_end(True)": "Select to the end of the line",
        "cursor_up(True)": "Select one line up",
        "cursor_down(True)": "Select one line down",
        "cursor_left(True)": "Select to the left",
        "cursor_right(True)": "Select to the right",
        "delete_left": "Delete the character to the left",
        "delete_right": "Delete the character to the right",
        "delete_word_left": "Delete the word to the left",
        "delete_word_right": "Delete the word to the right",
        "delete_to_start_of_line": "Delete to the start of the line",
        "delete_to_end_of_line_or_delete_line": "Delete to the end of the line",
    }
)
"""Better words for what the widgets of the library bring along."""

_TITLES: tuple[tuple[type[DOMNode], str], ...] = (
    (Screen, "Screen"),
    (OptionList, "Choices"),
    (TextArea, "Text"),
    (Input, "Text"),
    (ScrollableContainer, "Scrolling"),
)
"""Titles for the keys of widgets that name none."""


def help_groups(screen: Screen[object]) -> dict[str, list[tuple[str, str, str]]]:
    """Group title: (keys, what they do, by which name they can be renamed), for the keys that work now."""
    groups: dict[str, dict[tuple[str, str], list[str]]] = {}
    names: dict[tuple[str, str], str] = {}
    for active in screen.active_bindings.values():
        binding = active.binding
        if not binding.description or binding.system or binding.action in _NOT_WORTH_A_LINE:
            continue
        node = active.node
        own = binding.id is not None and not binding.id.startswith("app.")  # ``s`` of Home calls the application too
        everywhere = node is screen.app or (binding.action.startswith("app.") and not own)
        group = "Everywhere" if everywhere else _title_of(node)
        words = binding.tooltip or _WORDS.get(binding.action) or _in_small_letters(binding.description)
        if not active.enabled:
            words += " (not possible now)"
        keys = groups.setdefault(group, {}).setdefault((binding.action, words), [])
        if binding.id:
            names[(binding.action, words)] = binding.id
        shown = screen.app.get_key_display(binding)
        if shown not in keys:
            keys.append(shown)
    first = type(screen).BINDING_GROUP_TITLE
    order = sorted(groups, key=lambda group: (group != first, group == "Everywhere"))
    return {
        group: [(" ".join(keys), action[1], names.get(action, "")) for action, keys in groups[group].items()]
        for group in order
    }


def _title_of(node: DOMNode) -> str:
    found = (title for kind, title in _TITLES if isinstance(node, kind))
    return node.BINDING_GROUP_TITLE or next(found, "Here")


def _in_small_letters(words: str) -> str:
    """``Page Up`` is ``Page up``; every other sentence stays as it is."""
    return words.capitalize() if re.fullmatch(r"[A-Z][a-z]+( [A-Z][a-z]+)+", words) else words


class HelpLines(Lines):
    """The keys, group by group."""

    DEFAULT_CSS = "HelpLines { padding: 0 1; }"

    def __init__(self, groups: dict[str, list[tuple[str, str, str]]]) -> None:
        super().__init__()
        self._groups = groups

    def lines(self, width: int) -> list[Content]:
        """A title for each group, a line for each action; its name at the right where there is room."""
        named = width >= _NAMED
        lines: list[Content] = []
        for group, entries in self._groups.items():
            if lines:
                lines.append(Content())
            lines.append(title(group, width, "screen.keys" if named and any(name for *_, name in entries) else ""))
            for keys, words, name in entries:
                first, indent = fit(keys, _KEY_WIDTH), " " * _KEY_WIDTH
                if len(keys) >= _KEY_WIDTH:
                    lines.append(Content(keys))
                    first = indent
                text = paragraph(words, width - (_NAME_ROOM if named else 0), first=first, indent=indent)
                if named and name:
                    gap = " " * max(1, width - len(name) - text[0].cell_length)
                    text[0] = Content.assemble(text[0], gap, (name, "$quiet"))
                lines += text
        return lines


class HelpScreen(Sheet[None]):
    """What the keys do here."""

    BINDING_GROUP_TITLE = "Help"
    AUTO_FOCUS = "VerticalScroll"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss", "Back"),
        *(move for move in MOVES if move.action != "app.help"),
        Binding("question_mark,f1", "dismiss", "Back", show=False),
    ]

    def __init__(self, session: Session, groups: dict[str, list[tuple[str, str, str]]]) -> None:
        super().__init__(session)
        self._groups = groups

    def body(self) -> ComposeResult:
        """The keys."""
        with VerticalScroll():
            yield HelpLines(self._groups)
