"""One model above the list: the whole sum, and why it is good or not."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content

from model_router.engine.routes import Route
from model_router.setup.inventory import Entry
from model_router.tui.keys import MOVES
from model_router.tui.lines import Lines
from model_router.tui.model_lines import entry_lines, sum_lines
from model_router.tui.screens.base import Sheet
from model_router.tui.session import Session


class SumLines(Lines):
    """The model and its sum."""

    DEFAULT_CSS = "SumLines { padding: 0 1; }"

    def __init__(self, entry: Entry, used: tuple[Route, ...]) -> None:
        super().__init__()
        self._entry, self._used = entry, used

    def lines(self, width: int) -> list[Content]:
        """All of it."""
        return [*entry_lines(self._entry, self._used, width), Content(), *sum_lines(self._entry, width)]


class ModelScreen(Sheet[None]):
    """The whole sum of one model."""

    BINDING_GROUP_TITLE = "Model"
    AUTO_FOCUS = "VerticalScroll"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss", "Back"),
        Binding("enter", "dismiss", "Back", show=False),
        *MOVES,
    ]

    def __init__(self, session: Session, entry: Entry, used: tuple[Route, ...]) -> None:
        super().__init__(session)
        self._lines = SumLines(entry, used)

    def body(self) -> ComposeResult:
        """The lines."""
        with VerticalScroll():
            yield self._lines
