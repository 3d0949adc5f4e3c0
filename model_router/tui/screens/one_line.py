"""Asks for one line of text, with a sentence about what it is for."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input

from model_router.tui.lines import Lines, paragraph, title
from model_router.tui.screens.base import ScreenAbove
from model_router.tui.session import Session
from model_router.tui.text import SHOWABLE


class LineWords(Lines):
    """A title and a sentence."""

    DEFAULT_CSS = "LineWords { padding: 0 1; }"

    def __init__(self, heading: str, words: str) -> None:
        super().__init__()
        self._heading, self._words = heading, words

    def lines(self, width: int) -> list[Content]:
        """Both."""
        return [title(self._heading, width), *paragraph(self._words, width, "$quiet")]


class LineScreen(ScreenAbove[str | None]):
    """Ends with the text, which may be empty, or with none after esc."""

    BINDING_GROUP_TITLE = "Text"
    AUTO_FOCUS = "Input"
    CSS = """
    LineScreen { background: $background 60%; align: center top; }
    LineScreen Vertical { background: $surface; height: auto; padding: 1; margin: 2 2; }
    LineScreen.-widest Vertical { margin: 4 16; }
    LineScreen.-low Vertical, LineScreen.-flat Vertical { margin: 0; padding: 0; }
    LineScreen Input { border: none; height: 1; margin-top: 1; background: $background; padding: 0 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss", "Back"),
        Binding("ctrl+q", "app.quit", "Quit", show=False, priority=True),
    ]

    def __init__(self, session: Session, heading: str, words: str, *, start: str = "", example: str = "") -> None:
        super().__init__(session)
        self._heading, self._words, self._start, self._example = heading, words, start, example

    def body(self) -> ComposeResult:
        """The sentence and the field."""
        with Vertical():
            yield LineWords(self._heading, self._words)
            yield Input(self._start, placeholder=self._example, restrict=SHOWABLE, compact=True)

    def on_mount(self) -> None:
        """Nothing blinks."""
        self.query_one(Input).cursor_blink = False

    @on(Input.Submitted)
    def _given(self, event: Input.Submitted) -> None:
        self.dismiss(event.value.strip())
