"""The log of days: the same rows as in the live log, newest first, read from the files as far as one looks."""

from __future__ import annotations

import time
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip

from model_router.hindsight.filter import NO_FILTER, Filter
from model_router.hindsight.log_index import Row
from model_router.hindsight.past_event import BrokenLine, OtherLine, PastEvent
from model_router.server.events import LiveEvent
from model_router.tui.history import History, other_words
from model_router.tui.labelled import Labels
from model_router.tui.log_columns import plain_row
from model_router.tui.row_view import MORE_ROW_KEYS, ROW_KEYS, RowView
from model_router.tui.text import clean

_KEPT_ROWS = 2_000


class HistoryView(RowView):
    """Shows a :class:`History`, once there is one; reading a row from a file takes well under a millisecond."""

    BINDING_GROUP_TITLE = "History"
    BINDINGS: ClassVar[list[BindingType]] = [
        *ROW_KEYS,
        Binding("H", "screen.history", "Live log", id="log.history", tooltip="Back to the live log"),
        *MORE_ROW_KEYS,
        Binding("up,k", "move(-1)", "Newer row", show=False),
        Binding("down,j", "move(1)", "Older row", show=False),
        Binding("pageup", "page(-1)", "Page up", show=False),
        Binding("pagedown", "page(1)", "Page down", show=False),
        Binding("home,g", "edge(0)", "Newest row", show=False),
        Binding("end,G", "edge(-1)", "Oldest row", show=False),
    ]

    class Moved(Message):
        """The cursor stands on another row."""

    class Opened(Message):
        """The person wants to see the row under the cursor whole."""

    def __init__(self, labels: Labels, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.history: History | None = None
        self._labels = labels
        self._cursor = 0
        self._rows: dict[int, Row] = {}

    @property
    def count(self) -> int:
        """Rows that are found so far."""
        return self.history.count if self.history is not None else 0

    @property
    def filter(self) -> Filter:
        """The filter in force."""
        return self.history.filter if self.history is not None else NO_FILTER

    @property
    def row(self) -> Row | None:
        """The row under the cursor."""
        return self._row(self._cursor) if self._cursor < self.count else None

    @property
    def selected(self) -> LiveEvent | None:
        """The request under the cursor."""
        row = self.row
        return LiveEvent(row, None) if isinstance(row, PastEvent) else None

    @property
    def day(self) -> str:
        """The day of the row under the cursor; empty when it tells none."""
        row = self.row
        when = row.time if isinstance(row, PastEvent) else other_words(row)[0] if isinstance(row, OtherLine) else 0.0
        return _formatted(when, "%Y-%m-%d", "") if when else ""

    def show(self, history: History | None) -> None:
        """Show another log, from its newest row on."""
        self.history = history
        self._from_the_top()

    def set_filter(self, wanted: Filter) -> None:
        """Show only matching rows."""
        if self.history is not None and wanted.text != self.history.filter.text:
            self.history.set_filter(wanted)
            self._from_the_top()

    def _from_the_top(self) -> None:
        self._cursor = 0
        self._forget()
        self.scroll_to(y=0, animate=False, immediate=True)
        self.grown()
        self.post_message(self.Moved())

    def grown(self) -> None:
        """More rows were found."""
        self.span(self.count)
        self.refresh()

    def draw_again(self) -> None:
        """Forget what was drawn."""
        self._forget()
        super().draw_again()

    def _forget(self) -> None:
        self._rows.clear()
        self.strips.clear()

    def on_resize(self) -> None:
        """Keep the cursor in sight."""
        self.grown()
        self._show_cursor()

    # Drawing

    def render_line(self, y: int) -> Strip:
        """One line of the screen; drawn once for each row, width and state."""
        line = self.scroll_offset.y + y
        width = self.row_width
        if line >= self.count:
            return Strip.blank(width, self.rich_style)
        state = (1 if self.has_focus else 2) if line == self._cursor else 0
        strip = self.strips.get((line, width, state))
        if strip is None:
            strip = self._strip(line, width, state)
            self.strips[(line, width, state)] = strip
        selection = self.text_selection
        if selection is not None:
            strip = self.highlight(strip, selection, line)
        return strip.apply_offsets(0, line)

    def _strip(self, line: int, width: int, state: int) -> Strip:
        row = self._row(line)
        if isinstance(row, PastEvent):
            return self.draw(row, width, state, labelled=row.request_id in self._labels)
        if isinstance(row, OtherLine):
            when, kind, words = other_words(row)
            return self.draw_words(_clock(when), f"· {kind}  {words}", width, state)
        reason = row.reason if isinstance(row, BrokenLine) else "it is gone"
        return self.draw_words("--:--:--", f"✗ a line that cannot be read: {reason}", width, state, kind="bad")

    def _row(self, line: int) -> Row | None:
        """A row, read together with its neighbours."""
        if line not in self._rows and self.history is not None:
            if len(self._rows) > _KEPT_ROWS:
                self._rows.clear()
            start = max(0, line - 10)
            rows = self.history.rows(start, max(20, self.size.height + 10))
            self._rows.update(enumerate(rows, start))
        return self._rows.get(line)

    # Moving

    def action_move(self, step: int) -> None:
        """Move the cursor."""
        self._put(self._cursor + step)

    def action_page(self, direction: int) -> None:
        """Move the cursor by a screenful."""
        self._put(self._cursor + direction * max(1, self.size.height - 1))

    def action_edge(self, line: int) -> None:
        """Go to the newest or the oldest row."""
        self._put(line if line >= 0 else self.count + line)

    def _put(self, line: int) -> None:
        if self.count:
            self._cursor = min(max(0, line), self.count - 1)
            self._show_cursor()
            self.refresh()
            self.post_message(self.Moved())

    def _show_cursor(self) -> None:
        if self.count:
            self.scroll_to_region(Region(0, self._cursor, 1, 1), animate=False, immediate=True)

    def on_click(self, event: events.Click) -> None:
        """Put the cursor on the row; a second click opens it."""
        line = self.scroll_offset.y + event.y
        if line < self.count and not self.screen.get_selected_text():
            self._put(line)
            if event.chain == 2:
                self.action_receipt()

    # Taking out

    def action_receipt(self) -> None:
        """Show the row under the cursor whole."""
        if self.row is not None:
            self.post_message(self.Opened())

    def action_copy(self) -> None:
        """Send the selected text, or the row, to the terminal's clipboard."""
        row = self.row
        self.send(plain_row(row) if isinstance(row, PastEvent) else row_words(row))


def row_words(row: Row | None) -> str | None:
    """A row that is no request, as one line for the clipboard."""
    if isinstance(row, OtherLine):
        return clean(row.raw.decode("utf-8", "replace"), 4_000)
    return f"a line that cannot be read: {row.reason}" if isinstance(row, BrokenLine) else None


def _clock(when: float) -> str:
    return _formatted(when, "%H:%M:%S", "--:--:--")


def _formatted(when: float, form: str, unknown: str) -> str:
    try:
        return time.strftime(form, time.localtime(when))
    except (ValueError, OverflowError, OSError):
        return unknown
