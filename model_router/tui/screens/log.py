"""The live log: every request as it ends, with a filter, a pause and the receipt of each row."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Input

from model_router.errors import UsageError
from model_router.hindsight.filter import NO_FILTER, parse_filter
from model_router.tui.lines import Lines, paragraph
from model_router.tui.log_view import LogView, state_words
from model_router.tui.receipt import ReceiptPane
from model_router.tui.screens.base import MainScreen
from model_router.tui.screens.home import empty_lines
from model_router.tui.screens.receipt import ReceiptScreen
from model_router.tui.session import Session
from model_router.tui.text import clean

_SIDE_BY_SIDE = 120
"""Width from which the receipt stands beside the rows."""


_SHOWABLE = r"[^\x00-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069]*"
"""What may be written or pasted into the filter: nothing that the terminal would obey."""


class LogStatus(Lines):
    """Following or paused, how many rows, and what the filter says."""

    DEFAULT_CSS = "LogStatus { height: 1; background: $surface; padding: 0 1; }"

    def __init__(self, session: Session, view: LogView) -> None:
        super().__init__()
        self._session = session
        self._view = view
        self.complaint = ""

    def lines(self, width: int) -> list[Content]:
        """One line."""
        view, feed = self._view, self._session.feed
        state = Content.styled(state_words(view), "$text-success" if view.follow else "$text-warning bold")
        if self.complaint:
            return [Content.styled(f"✗ {clean(self.complaint, 300)}", "$text-error")]
        if view.filter:
            shown = f"  {view.count:,} of {feed.next - feed.first:,} rows · filter: {clean(view.filter.text, 120)}"
        else:
            shown = f"  {view.count:,} rows"
        return [Content.assemble(state, (shown, "$quiet"))]


class LogTitles(Lines):
    """The titles above the rows, and what to do while there are none."""

    DEFAULT_CSS = "LogTitles { color: $quiet; }"

    def __init__(self, session: Session, view: LogView) -> None:
        super().__init__()
        self._session = session
        self._view = view

    def lines(self, width: int) -> list[Content]:
        """The titles, or a sentence."""
        if self._session.feed.rows:
            titles = [Content.styled(self._view.titles(), "$quiet")]
            if self._view.count:
                return titles
            words = "No row matches; esc clears the filter. Rows that come later and match appear here."
            return [*titles, Content(), *paragraph(words, width, "$quiet", first=" ", indent=" ")]
        return [Content(), *(Content.assemble(" ", line) for line in empty_lines(self._session, width - 2))]


class FilterField(Input):
    """Where the filter is written, between the rows and the footer."""

    BINDING_GROUP_TITLE = "Filter"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "submit", "Keep", tooltip="Keep the filter and go back to the rows"),
        Binding("escape", "app.back", "Clear", tooltip="Take the filter away"),
    ]


class LogScreen(MainScreen):
    """The third screen."""

    mode = "log"
    AUTO_FOCUS = "LogView"
    BINDING_GROUP_TITLE = "Log"
    CSS = """
    LogScreen #rows { width: 1fr; }
    LogScreen ReceiptPane { display: none; width: 42; border-left: solid $panel; }
    LogScreen.-receipt.-widest ReceiptPane { display: block; scrollbar-size-vertical: 1; }
    LogScreen #filter { height: 1; border: none; display: none; background: $surface; padding: 0 1; }
    LogScreen.-filter #filter { display: block; }
    """

    class FilterKept(Message):
        """A filter was taken, or taken away."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    def __init__(self, session: Session, filter_text: str = "") -> None:
        super().__init__(session)
        self._filter_text = filter_text

    def on_mount(self) -> None:
        """Take up the filter of the last run; nothing blinks."""
        self.query_one("#filter", Input).cursor_blink = False
        self.query_one("#filter", Input).value = clean(self._filter_text)

    def body(self) -> ComposeResult:
        """Status, rows with their titles, the receipt beside them, the filter."""
        view = LogView(self.session.feed)
        yield LogStatus(self.session, view)
        with Horizontal():
            with Vertical(id="rows"):
                yield LogTitles(self.session, view)
                yield view
            yield ReceiptPane()
        yield FilterField(
            placeholder="route:coding status:409 ms>500 text   (esc clears)",
            id="filter",
            compact=True,
            restrict=_SHOWABLE,
        )

    @property
    def view(self) -> LogView:
        """The rows."""
        return self.query_one(LogView)

    def requests_came(self) -> None:
        """Show what came."""
        had_rows = self.view.count > 0
        self.view.sync()
        self._describe(layout=not had_rows)

    def state_changed(self) -> None:
        """The empty state speaks of the address."""
        super().state_changed()
        self._describe(layout=not self.session.feed.rows)

    def on_resize(self) -> None:
        """The titles follow the columns."""
        self.call_after_refresh(self._describe, layout=True)

    def _describe(self, *, layout: bool = False) -> None:
        self.query_one(LogStatus).refresh()
        self.query_one(LogTitles).refresh(layout=layout)

    @on(LogView.Moved)
    def _moved(self) -> None:
        self._describe()
        if self.has_class("-receipt"):
            self.query_one(ReceiptPane).show(self.view.selected)

    @on(LogView.Opened)
    def _opened(self) -> None:
        """Beside the rows where there is room, otherwise above them."""
        if self.size.width < _SIDE_BY_SIDE:
            self.app.push_screen(ReceiptScreen(self.session, self.view.selected))
            return
        self.toggle_class("-receipt")
        self.query_one(ReceiptPane).show(self.view.selected)
        self.call_after_refresh(self._describe, layout=True)

    def action_filter(self) -> None:
        """Write a filter; what is in force stands there already."""
        self.add_class("-filter")
        self.query_one("#filter", Input).focus()

    @on(Input.Changed, "#filter")
    def _filter_changed(self, event: Input.Changed) -> None:
        status = self.query_one(LogStatus)
        try:
            wanted = parse_filter(event.value)
        except UsageError as error:
            status.complaint = f"{error.message}: {error.hint}"
        else:
            status.complaint = ""
            self.view.set_filter(wanted)
        self._describe(layout=True)

    @on(Input.Submitted, "#filter")
    def _filter_kept(self) -> None:
        # A filter that cannot be read is not cut to what could be: it stays, with what is wrong with it.
        if not self.query_one(LogStatus).complaint:
            self._leave_filter()

    def _leave_filter(self) -> None:
        self.post_message(self.FilterKept(self.view.filter.text))
        self.query_one(LogStatus).complaint = ""
        self.query_one("#filter", Input).value = self.view.filter.text
        self.set_class(False, "-filter")
        self.view.focus()
        self._describe(layout=True)

    def go_back(self) -> bool:
        """One step back within this screen: out of the filter, then out of the receipt; says whether there was one."""
        if self.has_class("-filter"):
            self.query_one("#filter", Input).value = ""
            self.view.set_filter(NO_FILTER)
            self._leave_filter()
            return True
        if self.has_class("-receipt"):
            self.remove_class("-receipt")
            self.call_after_refresh(self._describe, layout=True)
            return True
        if self.view.filter:
            self.query_one("#filter", Input).value = ""
            self.post_message(self.FilterKept(""))
            return True
        return False
