"""Jump mode: a letter on each part of the screen; the letter's key goes there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.screen import ModalScreen, Screen
from textual.widget import Widget
from textual.widgets import Static

LETTERS = "asdfghjklwertuiopzxcvbnm"
"""The easy ones first; no q, which leaves, and no y, which copies."""


def places(screen: Screen[object]) -> list[Widget]:
    """The parts of a screen that take keys and are in sight, from top to bottom."""
    shown = [widget for widget in screen.focus_chain if widget.region.area and widget.region.overlaps(screen.region)]
    return sorted(shown, key=lambda widget: (widget.region.y, widget.region.x))[: len(LETTERS)]


class JumpLetter(Static):
    """One letter on the corner of its part."""

    DEFAULT_CSS = """
    JumpLetter {
        position: absolute; width: 3; height: 1;
        text-style: bold reverse; color: $text-warning; background: $background;
    }
    """


class JumpScreen(ModalScreen[Widget | None]):
    """Ends with the part that was chosen, or with none."""

    BINDING_GROUP_TITLE = "Jump"
    AUTO_FOCUS = ""
    CSS = "JumpScreen { background: transparent; }"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss", "Back")]

    def __init__(self, targets: Sequence[Widget]) -> None:
        super().__init__()
        self._targets = dict(zip(LETTERS, targets, strict=False))

    def compose(self) -> ComposeResult:
        """The letters."""
        for letter, widget in self._targets.items():
            mark = JumpLetter(Content(f" {letter} "))
            mark.styles.offset = (widget.region.x, widget.region.y)
            yield mark

    def on_key(self, event: events.Key) -> None:
        """A letter goes to its part, every other key goes back."""
        event.stop()
        self.dismiss(self._targets.get(event.key))

    def on_resize(self, event: events.Resize) -> None:
        """The letters would stand in the wrong places."""
        if self.is_mounted and event.size != self.app.size:
            self.dismiss(None)
