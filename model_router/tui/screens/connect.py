"""Connects a client: what to set where, and the snippet that a key copies."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from model_router.tui.client_snippets import Snippet, snippets_of
from model_router.tui.clipboard import send, send_selection
from model_router.tui.keys import MOVES
from model_router.tui.lines import Lines, paragraph, title
from model_router.tui.screens.base import ScreenAbove
from model_router.tui.session import Session
from model_router.tui.text import clean, fit


class SnippetLines(Lines):
    """The snippet of the client under the cursor."""

    DEFAULT_CSS = "SnippetLines { padding: 0 1; }"

    def __init__(self) -> None:
        super().__init__()
        self.snippet: Snippet | None = None

    def lines(self, width: int) -> list[Content]:
        """Where it belongs, then the text, line by line."""
        snippet = self.snippet
        if snippet is None:
            words = "Nothing is configured yet, so there is no address for a client. The wizard (ctrl+p) writes one."
            return paragraph(words, width)
        lines = [title(snippet.client, width), *paragraph(snippet.where, width, "$quiet"), Content()]
        for line in snippet.text.split("\n"):
            lines += Content(clean(line, 1_000)).wrap(max(8, width)) or [Content()]
        return lines


class ConnectScreen(ScreenAbove[None]):
    """Clients at the left, what to set for one of them beside or below."""

    BINDING_GROUP_TITLE = "Connect"
    AUTO_FOCUS = "OptionList"
    CSS = """
    ConnectScreen #frame { background: $surface; height: 1fr; padding: 1; layout: vertical; }
    ConnectScreen OptionList { min-width: 10; border: none; background: $surface; height: auto; max-height: 11; }
    ConnectScreen VerticalScroll { height: 1fr; margin-top: 1; }
    ConnectScreen.-wide #frame, ConnectScreen.-widest #frame { layout: horizontal; }
    ConnectScreen.-wide OptionList, ConnectScreen.-widest OptionList { width: 24; height: 1fr; max-height: 100%; }
    ConnectScreen.-wide VerticalScroll, ConnectScreen.-widest VerticalScroll { margin-top: 0; }
    ConnectScreen.-low #frame, ConnectScreen.-flat #frame { padding: 0; }
    ConnectScreen.-low OptionList, ConnectScreen.-flat OptionList { max-height: 3; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss", "Back"),
        Binding("y", "copy", "Copy", tooltip="Send the snippet to the terminal's clipboard"),
        *MOVES,
    ]

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._snippets = snippets_of(session)

    def body(self) -> ComposeResult:
        """Clients and snippet."""
        with Vertical(id="frame"):
            yield OptionList(*(Option(Content(fit(one.client, 14))) for one in self._snippets), markup=False)
            with VerticalScroll():
                yield SnippetLines()

    @on(OptionList.OptionHighlighted)
    def _moved(self, event: OptionList.OptionHighlighted) -> None:
        lines = self.query_one(SnippetLines)
        lines.snippet = self._snippets[event.option_index]
        lines.refresh(layout=True)

    @on(OptionList.OptionSelected)
    def _chosen(self) -> None:
        self.action_copy()

    def action_copy(self) -> None:
        """Send the snippet to the terminal's clipboard."""
        snippet = self.query_one(SnippetLines).snippet
        if snippet is not None and not send_selection(self):
            send(self.app, snippet.text, f"The lines for {snippet.client} were")
