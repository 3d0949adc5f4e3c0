"""A question with two answers, for what cannot be undone."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content

from model_router.tui.lines import Lines, paragraph, title
from model_router.tui.screens.base import Card
from model_router.tui.session import Session


class QuestionLines(Lines):
    """The question, what follows from yes, and the keys."""

    DEFAULT_CSS = "QuestionLines { padding: 0 1; }"

    def __init__(self, heading: str, words: str, yes: str, no: str) -> None:
        super().__init__()
        self._heading, self._words, self._yes, self._no = heading, words, yes, no

    def lines(self, width: int) -> list[Content]:
        """A title, sentences, and the two keys."""
        keys = Content.assemble(("y", "bold $primary"), f" {self._yes}    ", ("n", "bold $primary"), f" {self._no}")
        return [title(self._heading, width), *paragraph(self._words, width), Content(), keys]


class QuestionScreen(Card[bool]):
    """Ends with the answer; esc and enter are no."""

    BINDING_GROUP_TITLE = "Question"
    AUTO_FOCUS = ""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "answer(True)", "Yes"),
        Binding("n,escape,enter", "answer(False)", "No"),
        Binding("f1", "app.help", "Help", show=False, tooltip="Show what the keys do here"),
        Binding("ctrl+q", "answer(False)", "No", show=False, priority=True),
    ]

    def __init__(self, session: Session, heading: str, words: str, *, yes: str = "yes", no: str = "no") -> None:
        super().__init__(session)
        self._lines = QuestionLines(heading, words, yes, no)

    def body(self) -> ComposeResult:
        """The question."""
        with Vertical():
            yield self._lines

    def action_answer(self, answer: bool) -> None:
        """Give it."""
        self.dismiss(answer)
