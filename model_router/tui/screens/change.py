"""A change of a file, shown before it is written: the lines that go and come, and a yes or no."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content

from model_router.tui.lines import Lines, paragraph, title
from model_router.tui.screens.base import Sheet
from model_router.tui.session import Session
from model_router.tui.text import clean


def diff_line(line: str, width: int) -> list[Content]:
    """One line of a file or a diff; what goes and what comes have their signs, colour only repeats them."""
    style = {"+": "$text-success", "-": "$text-warning", "@": "$quiet"}.get(line[:1], "")
    if line.startswith(("+++", "---")):
        style = "$quiet"
    shown = Content.styled(clean(line, 2_000), style)
    if shown.cell_length <= width:
        return [shown]
    # A long line goes on indented, so that it is not taken for two.
    first, *rest = shown.wrap(max(8, width - 4))
    return [first, *(Content.assemble("    ", part) for part in rest)]


class ChangeLines(Lines):
    """What follows from it, then the text."""

    DEFAULT_CSS = "ChangeLines { padding: 0 1; }"

    def __init__(self, heading: str, words: str, text: str) -> None:
        super().__init__()
        self._heading, self._words, self._text = heading, words, text

    def lines(self, width: int) -> list[Content]:
        """A title, sentences, the text."""
        return [
            title(self._heading, width),
            *paragraph(self._words, width),
            Content(),
            *(part for line in self._text.split("\n") for part in diff_line(line, width)),
        ]


class ChangeScreen(Sheet[bool]):
    """Ends with yes or no; esc is no, and enter answers nothing."""

    BINDING_GROUP_TITLE = "Change"
    AUTO_FOCUS = "VerticalScroll"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "answer(True)", "Yes, write it"),
        Binding("n,escape", "answer(False)", "No"),
        Binding("f1", "app.help", "Help", show=False, tooltip="Show what the keys do here"),
        Binding("ctrl+q", "answer(False)", "No", show=False, priority=True),
    ]

    def __init__(self, session: Session, heading: str, words: str, text: str) -> None:
        super().__init__(session)
        self._lines = ChangeLines(heading, words, text)

    def body(self) -> ComposeResult:
        """The change."""
        with VerticalScroll():
            yield self._lines

    def action_answer(self, answer: bool) -> None:
        """Give it."""
        self.dismiss(answer)
