"""Asks for one line of text, or for the path of a file, with a sentence about what it is for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.suggester import Suggester
from textual.widgets import Input

from model_router.config.files import expand
from model_router.tui.fields import LineField
from model_router.tui.lines import Lines, paragraph, title
from model_router.tui.screens.base import Card, MainScreen
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


class LineScreen(Card[str | None]):
    """Ends with the text, which may be empty, or with none after esc. ``suggester`` goes on with what is written."""

    BINDING_GROUP_TITLE = "Question"
    AUTO_FOCUS = "Input"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss", "Back"),
        Binding("f1", "app.help", "Help", tooltip="Show what the keys do here"),
        Binding("ctrl+q", "app.quit", "Quit", show=False, priority=True),
    ]

    def __init__(
        self,
        session: Session,
        heading: str,
        words: str,
        *,
        start: str = "",
        example: str = "",
        suggester: Suggester | None = None,
    ) -> None:
        super().__init__(session)
        self._words = LineWords(heading, words)
        self._field = LineField(start, placeholder=example, restrict=SHOWABLE, suggester=suggester, compact=True)
        self._field.cursor_blink = False

    def body(self) -> ComposeResult:
        """The sentence and the field."""
        with Vertical():
            yield self._words
            yield self._field

    @on(Input.Submitted)
    def _given(self, event: Input.Submitted) -> None:
        self.dismiss(event.value.strip())


def ask_path(screen: MainScreen, heading: str, words: str, then: Callable[[Path], None], *, start: str = "") -> None:
    """Ask for a file and go on with it; what is wrong with it is told by who reads it."""
    session = screen.session
    field = LineScreen(
        session,
        heading,
        words,
        start=start,
        example="a path; → takes what is proposed",
        suggester=PathSuggester(session),
    )
    screen.app.push_screen(field, lambda text: then(expand(text, session.environ)) if text else None)
