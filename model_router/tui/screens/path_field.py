"""Asks for the path of a file, with a sentence about what it is for."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.suggester import Suggester
from textual.widgets import Input

from model_router.config.files import expand
from model_router.tui.screens.base import ScreenAbove
from model_router.tui.screens.one_line import LineWords
from model_router.tui.session import Session


class PathSuggester(Suggester):
    """The first file or folder that goes on as the text does."""

    def __init__(self, session: Session) -> None:
        super().__init__(use_cache=False, case_sensitive=True)
        self._session = session

    async def get_suggestion(self, value: str) -> str | None:
        """The whole path, as it is written so far."""
        head, slash, tail = value.rpartition("/")
        if not value:
            return None
        try:
            folder = expand(head + slash, self._session.environ) if slash else Path()
            found = sorted(one for one in folder.iterdir() if one.name.startswith(tail))[:1]
        except OSError:
            return None
        return head + slash + found[0].name + ("/" if found[0].is_dir() else "") if found and tail else None


class PathScreen(ScreenAbove[Path]):
    """Ends with a path, or with none after esc. What is wrong with the file is told by who reads it."""

    BINDING_GROUP_TITLE = "Path"
    AUTO_FOCUS = "Input"
    CSS = """
    PathScreen { background: $background 60%; align: center top; }
    PathScreen Vertical { background: $surface; height: auto; padding: 1; margin: 2 2; }
    PathScreen.-widest Vertical { margin: 4 16; }
    PathScreen.-low Vertical, PathScreen.-flat Vertical { margin: 0; padding: 0; }
    PathScreen Input { border: none; height: 1; margin-top: 1; background: $background; padding: 0 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss", "Back"),
        Binding("ctrl+q", "app.quit", "Quit", show=False, priority=True),
    ]

    def __init__(self, session: Session, heading: str, words: str, start: str = "") -> None:
        super().__init__(session)
        self._heading = heading
        self._words = words
        self._start = start

    def body(self) -> ComposeResult:
        """The sentence and the field."""
        with Vertical():
            yield LineWords(self._heading, self._words)
            yield Input(
                self._start,
                placeholder="a path; → takes what is proposed",
                suggester=PathSuggester(self.session),
                compact=True,
            )

    def on_mount(self) -> None:
        """Nothing blinks."""
        self.query_one(Input).cursor_blink = False

    @on(Input.Submitted)
    def _given(self, event: Input.Submitted) -> None:
        if event.value.strip():
            self.dismiss(expand(event.value.strip(), self.session.environ))
