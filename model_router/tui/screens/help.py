"""Help, made from the bindings that are in force: it cannot say anything else than what the keys do."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen, Screen
from textual.widgets import Footer

from model_router.tui.keys import MOVES
from model_router.tui.lines import Lines, paragraph, title
from model_router.tui.text import fit

_KEY_WIDTH = 16
_NOT_WORTH_A_LINE = frozenset({"scroll_left", "scroll_right", "page_left", "page_right"})
"""What every scrolling widget brings along; no screen here scrolls sideways."""


def help_groups(screen: Screen[object]) -> dict[str, list[tuple[str, str]]]:
    """Group title: (keys, what they do), for the keys that work on ``screen`` now."""
    groups: dict[str, dict[tuple[str, str], list[str]]] = {}
    for active in screen.active_bindings.values():
        binding = active.binding
        if not binding.description or binding.system or binding.action in _NOT_WORTH_A_LINE:
            continue
        node = active.node
        everywhere = node is screen.app or binding.action.startswith("app.")
        group = "Everywhere" if everywhere else (node.BINDING_GROUP_TITLE or type(node).__name__)
        words = binding.tooltip or binding.description
        if not active.enabled:
            words += " (not possible now)"
        keys = groups.setdefault(group, {}).setdefault((binding.action, words), [])
        shown = screen.app.get_key_display(binding)
        if shown not in keys:
            keys.append(shown)
    own = type(screen).BINDING_GROUP_TITLE
    order = sorted(groups, key=lambda group: (group != own, group == "Everywhere"))
    return {group: [(" ".join(keys), words) for (_, words), keys in groups[group].items()] for group in order}


class HelpLines(Lines):
    """The keys, group by group."""

    DEFAULT_CSS = "HelpLines { padding: 0 1; }"

    def __init__(self, groups: dict[str, list[tuple[str, str]]]) -> None:
        super().__init__()
        self._groups = groups

    def lines(self, width: int) -> list[Content]:
        """A title for each group, a line for each action."""
        lines: list[Content] = []
        for group, entries in self._groups.items():
            if lines:
                lines.append(Content())
            lines.append(title(group, width))
            for keys, words in entries:
                first = fit(keys, _KEY_WIDTH) if len(keys) <= _KEY_WIDTH else keys + " "
                lines += paragraph(words, width, first=first, indent=" " * _KEY_WIDTH)
        return lines


class HelpScreen(ModalScreen[None]):
    """What the keys do here."""

    BINDING_GROUP_TITLE = "Help"
    AUTO_FOCUS = "VerticalScroll"
    CSS = """
    HelpScreen { background: $background 60%; }
    HelpScreen VerticalScroll { margin: 1 0 0 0; background: $surface; height: 1fr; padding: 1 1 0 1; }
    HelpScreen.-widest VerticalScroll { margin: 2 12 1 12; padding: 1 2; }
    HelpScreen.-low VerticalScroll { padding: 0; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss", "Back"),
        *(move for move in MOVES if move.action != "app.help"),
        Binding("question_mark,f1", "dismiss", "Back", show=False),
    ]

    def __init__(self, groups: dict[str, list[tuple[str, str]]]) -> None:
        super().__init__()
        self._groups = groups

    def compose(self) -> ComposeResult:
        """The keys, below the top bar."""
        with VerticalScroll():
            yield HelpLines(self._groups)
        yield Footer(show_command_palette=False)
