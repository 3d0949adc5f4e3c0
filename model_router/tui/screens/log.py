"""The log: every request as it ends, with a filter, a pause and the receipt of each row; and the log of days."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.widgets import Input

from model_router.errors import ModelRouterError, UsageError
from model_router.hindsight.filter import NO_FILTER, parse_filter
from model_router.hindsight.past_event import OtherLine
from model_router.server.events import LiveEvent
from model_router.tui.clipboard import send
from model_router.tui.fields import FilterField
from model_router.tui.history import History, live_rows, past_rows
from model_router.tui.history_view import HistoryView, row_words
from model_router.tui.log_export import Counted, export_rows
from model_router.tui.log_head import LogStatus, LogTitles
from model_router.tui.log_view import LogView
from model_router.tui.receipt import ReceiptPane
from model_router.tui.screens.base import MainScreen
from model_router.tui.screens.label import ask_label
from model_router.tui.screens.one_line import ask_path
from model_router.tui.screens.receipt import ReceiptScreen, receipt_json
from model_router.tui.session import Session
from model_router.tui.tasks import begin
from model_router.tui.text import SHOWABLE, clean, error_words

_SIDE_BY_SIDE = 120
"""Width from which the receipt stands beside the rows."""
_STEP_SECONDS = 0.08
"""How long the worker reads on before the screen shows what was found."""


class LogScreen(MainScreen):
    """The third screen."""

    mode = "log"
    AUTO_FOCUS = "LogView"
    BINDING_GROUP_TITLE = "Log"
    CSS = """
    LogScreen #rows { width: 1fr; }
    LogScreen HistoryView { display: none; }
    LogScreen.-history HistoryView { display: block; }
    LogScreen.-history LogView { display: none; }
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

    _export_ended: threading.Event | None = None

    def __init__(self, session: Session, filter_text: str = "") -> None:
        super().__init__(session)
        self._filter_text = filter_text

    def on_mount(self) -> None:
        """Take up the filter of the last run; nothing blinks."""
        self.query_one("#filter", Input).cursor_blink = False
        self.query_one("#filter", Input).value = clean(self._filter_text)

    def body(self) -> ComposeResult:
        """Status, rows with their titles, the receipt beside them, the filter."""
        view = LogView(self.session.feed, self.session.labels)
        history = HistoryView(self.session.labels)
        yield LogStatus(self.session, view, history)
        with Horizontal():
            with Vertical(id="rows"):
                yield LogTitles(self.session, view, history)
                yield view
                yield history
            yield ReceiptPane(self.session.labels)
        yield FilterField(
            placeholder="route:coding status:409 ms>500 text   (esc clears)",
            id="filter",
            compact=True,
            restrict=SHOWABLE,
        )

    @property
    def view(self) -> LogView:
        """The live rows."""
        return self.query_one(LogView)

    @property
    def past(self) -> HistoryView:
        """The rows of days."""
        return self.query_one(HistoryView)

    @property
    def shown(self) -> LogView | HistoryView:
        """The rows that are looked at."""
        return self.past if self.past.history is not None else self.view

    def requests_came(self) -> None:
        """Show what came."""
        self.view.sync()
        self._describe()

    def state_changed(self) -> None:
        """The empty state speaks of the address."""
        super().state_changed()
        self._describe()

    def on_screen_resume(self) -> None:
        """Labels may have been given elsewhere."""
        super().on_screen_resume()
        begin(self, "labels", self._load_labels)

    async def _load_labels(self) -> None:
        if await asyncio.to_thread(self.session.labels.load):
            self._marks_changed()

    def _marks_changed(self) -> None:
        self.view.draw_again()
        self.past.draw_again()
        for screen in (self, *self.app.screen_stack):
            for pane in screen.query(ReceiptPane):
                pane.draw_again()

    def on_resize(self) -> None:
        """The titles follow the columns."""
        self.call_after_refresh(self._describe)

    def on_unmount(self) -> None:
        """Let the files go."""
        self._close_history()
        if self._export_ended is not None:
            self._export_ended.set()

    def _describe(self) -> None:
        self.query_one(LogStatus).look_again()
        self.query_one(LogTitles).look_again()

    # The receipt of a row

    @on(LogView.Moved)
    @on(HistoryView.Moved)
    def _moved(self) -> None:
        self._describe()
        if self.has_class("-receipt"):
            self._show_receipt()

    @on(LogView.Opened)
    @on(HistoryView.Opened)
    def _opened(self) -> None:
        """Beside the rows where there is room, otherwise above them."""
        if self.size.width < _SIDE_BY_SIDE:
            selected = self.shown.selected
            screen = ReceiptScreen(self.session, selected, self._other_line(), label=lambda: self._ask_label(selected))
            self.app.push_screen(screen)
            return
        self.toggle_class("-receipt")
        self._show_receipt()
        self.call_after_refresh(self._describe)

    def _show_receipt(self) -> None:
        self.query_one(ReceiptPane).show(self.shown.selected, self._other_line())

    def _other_line(self) -> OtherLine | None:
        row = self.past.row if self.past.history is not None else None
        return row if isinstance(row, OtherLine) else None

    def action_copy_receipt(self) -> None:
        """Send the whole receipt to the terminal's clipboard, as JSON."""
        live = self._request()
        if live is not None:
            send(self.app, receipt_json(live), "The receipt was, as JSON,")

    def _request(self) -> LiveEvent | None:
        """The request under the cursor; told when there is none."""
        live = self.shown.selected
        if live is None:
            row = self.past.row if self.past.history is not None else None
            words = "Choose a row with ↑ and ↓ first."
            if row_words(row):
                words = "This row is no request."
            elif not self.shown.count:
                words = "There is no row to take yet; each request becomes one as it ends."
            self.app.notify(words, severity="warning", markup=False)
        return live

    # Labels

    def action_label(self) -> None:
        """Say which engine the row should have had."""
        self._ask_label(self._request())

    def _ask_label(self, live: LiveEvent | None) -> None:
        if live is not None:
            ask_label(self, live.event, self._marks_changed)

    def _app_may(self, what: str) -> bool:
        if self.session.read_only:
            self.app.notify(f"Opened with --read-only, so it does not {what}.", severity="warning", markup=False)
        return not self.session.read_only

    # The log of days

    def action_history(self) -> None:
        """Go back through the log of days, or to the live log again."""
        if self.past.history is not None:
            self._leave_history()
            return
        path = self.session.log_path
        if path is None:
            words = "There is no event log to go back through: observability.enabled is off, or nothing is configured."
            self.app.notify(words, severity="warning", markup=False)
            return
        begin(self, "history", self._read_history, path)

    async def _read_history(self, path: Path) -> None:
        """Open the log, then read on and show what is found until all is."""
        history = await asyncio.to_thread(History, path)
        wanted = self.view.filter
        self.past.show(history)
        self.past.set_filter(wanted)
        self.add_class("-history")
        self.past.focus()
        self.call_after_refresh(self._describe)
        await self._read_on(history)

    async def _read_on(self, history: History) -> None:
        done = False
        while not done and self.past.history is history:
            had_rows = self.past.count > 0
            done = await asyncio.to_thread(history.step, _STEP_SECONDS)
            if self.past.history is history:
                self.past.grown()
                self._describe()
                if not had_rows and self.past.count:
                    self.post_message(HistoryView.Moved())

    def _leave_history(self) -> None:
        self._close_history()
        self.remove_class("-history")
        self._take_filter(self.query_one("#filter", Input).value)
        self.view.focus()
        self.call_after_refresh(self._describe)
        if self.has_class("-receipt"):
            self._show_receipt()

    def _close_history(self) -> None:
        past = next(iter(self.query(HistoryView)), None)
        if past is not None and past.history is not None:
            past.history.close()
            past.show(None)

    # The filter

    def action_filter(self) -> None:
        """Write a filter; what is in force stands there already."""
        self.add_class("-filter")
        self.query_one("#filter", Input).focus()

    def action_same_client(self) -> None:
        """Show the requests of the row's conversation alone, or all again; without one, those of its client."""
        live = self._request()
        if live is None:
            return
        wanted = f'client:"{clean(live.event.client, 80).replace(chr(34), "")}"'
        if live.event.session:
            wanted = f"session:{clean(live.event.session, 40)}"
        field = self.query_one("#filter", Input)
        field.value = "" if self.shown.filter.text == wanted else wanted
        self.post_message(self.FilterKept(field.value))

    @on(Input.Changed, "#filter")
    def _filter_changed(self, event: Input.Changed) -> None:
        self._take_filter(event.value)
        self._describe()

    def _take_filter(self, text: str) -> None:
        status = self.query_one(LogStatus)
        try:
            wanted = parse_filter(text)
        except UsageError as error:
            status.complaint = f"{error.message}: {error.hint}"
            return
        status.complaint = ""
        history = self.past.history
        if history is None:
            self.view.set_filter(wanted)
        else:
            self.past.set_filter(wanted)
            begin(self, "history", self._read_on, history)

    @on(Input.Submitted, "#filter")
    def _filter_kept(self) -> None:
        # A filter that cannot be read is not cut to what could be: it stays, with what is wrong with it.
        if not self.query_one(LogStatus).complaint:
            self._leave_filter()

    def _leave_filter(self) -> None:
        self.post_message(self.FilterKept(self.shown.filter.text))
        self.query_one(LogStatus).complaint = ""
        self.query_one("#filter", Input).value = self.shown.filter.text
        self.set_class(False, "-filter")
        self.shown.focus()
        self._describe()

    # Export

    def action_export(self) -> None:
        """Write the rows that are shown to a file."""
        if not self._app_may("write files"):
            return
        words = "The rows that are shown, with every field, as .csv or .json; the end of the name says which."
        ask_path(self, "Export", words, self._export_to, start="requests.csv")

    def _export_to(self, path: Path) -> None:
        begin(self, "export", self._export, path)

    async def _export(self, path: Path) -> None:
        """In a thread, counted as it goes; esc ends it."""
        ended = self._export_ended = threading.Event()
        history, status = self.past.history, self.query_one(LogStatus)
        if history is not None:
            rows = past_rows(history.path, history.filter, ended)
        else:
            rows = live_rows(self.session.feed.events(self.view.filter))
        counted = Counted(rows)
        status.exported = 0
        timer = self.set_interval(0.2, lambda: self._tell_exported(counted))
        try:
            count = await asyncio.to_thread(export_rows, counted, path)
        except ModelRouterError as error:
            self.app.notify(clean(error_words(error), 400), severity="error", markup=False)
        else:
            stopped = "Stopped; so far " if ended.is_set() else ""
            rows_word = "1 row" if count == 1 else f"{count:,} rows"
            self.app.notify(clean(f"{stopped}{rows_word} written to {path}.", 400), markup=False)
        finally:
            timer.stop()
            status.exported = self._export_ended = None
            self._describe()

    def _tell_exported(self, counted: Counted) -> None:
        self.query_one(LogStatus).exported = counted.count
        self._describe()

    # Back

    def go_back(self) -> bool:
        """One step back within this screen: an export, the filter, the receipt, a kept filter, the log of days."""
        if self._export_ended is not None:
            self._export_ended.set()
            return True
        if self.has_class("-filter"):
            self.query_one("#filter", Input).value = ""
            self.shown.set_filter(NO_FILTER)
            self._leave_filter()
            return True
        if self.has_class("-receipt"):
            self.remove_class("-receipt")
            self.call_after_refresh(self._describe)
            return True
        if self.shown.filter:
            self.query_one("#filter", Input).value = ""
            self.post_message(self.FilterKept(""))
            return True
        if self.past.history is not None:
            self._leave_history()
            return True
        return False
