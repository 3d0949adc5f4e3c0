"""The live log: a view that draws only the rows that can be seen, whatever the number held.

It reads the rows of a :class:`~model_router.tui.feed.Feed` and remembers how far. Rows are named by their sequence
number, so that a cursor, a filter and the cache of drawn lines stay right when old rows go. While it follows, the
newest row is in sight; any movement upwards pauses that, and then ``waiting`` counts what came since.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region
from textual.message import Message
from textual.reactive import reactive
from textual.selection import Selection
from textual.strip import Strip

from model_router.hindsight.filter import NO_FILTER, Filter
from model_router.server.events import LiveEvent
from model_router.tui.feed import Feed
from model_router.tui.labelled import Labels
from model_router.tui.log_columns import plain_row
from model_router.tui.row_view import MORE_ROW_KEYS, ROW_KEYS, RowView

_COPIED_ROWS = 5_000


class LogView(RowView):
    """The rows of the log below a line of column titles."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *ROW_KEYS,
        Binding("space", "pause", "Pause", id="log.pause", tooltip="Hold still, or follow again"),
        Binding("G", "follow", "Follow", id="log.follow", tooltip="Show the newest row, and every one that comes"),
        Binding("H", "screen.history", "History", id="log.history", tooltip="Go back through the log of days"),
        *MORE_ROW_KEYS,
        Binding("p", "pause", "Pause", show=False, tooltip="Hold still, or follow again"),
        Binding("end", "follow", "Follow", show=False, tooltip="Show the newest row, and every one that comes"),
        Binding("up,k", "move(-1)", "Row up", show=False),
        Binding("down,j", "move(1)", "Row down", show=False),
        Binding("pageup", "page(-1)", "Page up", show=False),
        Binding("pagedown", "page(1)", "Page down", show=False),
        Binding("home,g", "top", "Oldest row", show=False),
    ]

    follow = reactive(True)

    class Moved(Message):
        """The cursor stands on another row, or following was paused or taken up."""

    class Opened(Message):
        """The person wants the receipt of the row under the cursor."""

    def __init__(self, feed: Feed, labels: Labels | None = None, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.waiting = 0
        self._feed = feed
        self._labels = labels if labels is not None else Labels()
        self._filter = NO_FILTER
        self._matching: array[int] | None = None  # sequence numbers, rising; None: every row
        self._first = feed.first
        self._read = feed.first
        self._cursor = -1

    # What is in view

    @property
    def count(self) -> int:
        """Rows that the filter lets through."""
        return self._read - self._first if self._matching is None else len(self._matching)

    @property
    def filter(self) -> Filter:
        """The filter in force."""
        return self._filter

    @property
    def selected(self) -> LiveEvent | None:
        """The row under the cursor."""
        return self._feed.row(self._cursor)

    def sync(self) -> int:
        """Take up what came into the feed since the last call; says how many rows came into view."""
        gone = self._drop_gone()
        before = self.count
        if self._matching is not None:
            self._matching.extend(self._feed.matching(self._filter, self._read))
        self._first, self._read = self._feed.first, self._feed.next
        came = self.count - before
        if came or gone:
            stays = max(0, self.scroll_y - gone)
            self._resized()
            if self.follow:
                self.scroll_end(animate=False, immediate=True)
            else:
                self.waiting += came
                if gone:
                    self.scroll_to(y=stays, animate=False)
            self.refresh()
        return came

    def _drop_gone(self) -> int:
        """Forget rows that the feed let go; says how many lines vanished above."""
        first = self._feed.first
        if self._matching is None:
            gone = min(first, self._read) - self._first
            self._first, self._read = first, max(first, self._read)
        else:
            gone = bisect_left(self._matching, first)
            del self._matching[:gone]
        if self._cursor < first:
            self._cursor = -1
        return gone

    def set_filter(self, wanted: Filter) -> None:
        """Show only matching rows. The cursor keeps its row while that still matches."""
        self._filter = wanted
        self._matching = array("q") if wanted else None
        self._first = self._feed.first
        self._read = self._feed.first if wanted else self._feed.next
        self.waiting = 0
        was_following = self.follow
        self.sync()
        if self._cursor >= 0 and self._line_of(self._cursor) is None:
            self._cursor = -1
        self._resized()
        if was_following or self._cursor < 0:
            self.action_follow()
        else:
            self._show_cursor()
        self.refresh()
        self.post_message(self.Moved())

    def _sequence(self, line: int) -> int:
        return self._first + line if self._matching is None else self._matching[line]

    def _line_of(self, sequence: int) -> int | None:
        if self._matching is None:
            return sequence - self._first if self._first <= sequence < self._read else None
        line = bisect_left(self._matching, sequence)
        return line if line < len(self._matching) and self._matching[line] == sequence else None

    def _resized(self) -> None:
        self.span(self.count)

    # Drawing

    def render_line(self, y: int) -> Strip:
        """One line of the screen; drawn once for each row, width and state."""
        self._feed.give_way()
        line = self.scroll_offset.y + y
        width = self.row_width
        if line >= self.count:
            return Strip.blank(width, self.rich_style)
        sequence = self._sequence(line)
        state = (1 if self.has_focus else 2) if sequence == self._cursor else 0
        strip = self.strips.get((sequence, width, state))
        if strip is None:
            live = self._feed.row(sequence)
            if live is None:
                return Strip.blank(width, self.rich_style)
            strip = self.draw(live.event, width, state, labelled=live.event.request_id in self._labels)
            self.strips[(sequence, width, state)] = strip
        selection = self.text_selection
        if selection is not None:
            strip = self.highlight(strip, selection, line)
        return strip.apply_offsets(0, line)

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        """The selected text, taken from the rows that the selection touches and not from all of them."""
        top = max(0, selection.start.y if selection.start else 0)
        bottom = min(self.count - 1, selection.end.y if selection.end else self.count - 1, top + _COPIED_ROWS)
        lines: list[str] = []
        for line in range(top, bottom + 1):
            live = self._feed.row(self._sequence(line))
            span = selection.get_span(line)
            if live is not None and span is not None:
                text = self.draw(live.event, self.row_width, 0).text
                lines.append(text[span[0] :] if span[1] == -1 else text[span[0] : span[1]])
        return "\n".join(text.rstrip() for text in lines), "\n"

    def on_resize(self) -> None:
        """Keep the newest row, or the cursor, in sight."""
        self._resized()
        if self.follow:
            self.scroll_end(animate=False, immediate=True)
        elif self._cursor >= 0:
            self._show_cursor()

    # Moving

    def action_move(self, step: int) -> None:
        """Move the cursor; the first key press puts it on the newest row in sight."""
        if not self.count:
            return
        line = self._line_of(self._cursor) if self._cursor >= 0 else None
        if line is None:
            last = min(self.count, self.scroll_offset.y + self.size.height) - 1
            line = last if step < 0 or self.follow else self.scroll_offset.y
        else:
            line += step
        self._put(line)

    def action_page(self, direction: int) -> None:
        """Move the cursor by a screenful."""
        if self._cursor < 0:
            self.action_move(-1)
        line = self._line_of(self._cursor)
        if line is not None:
            self._put(line + direction * max(1, self.size.height - 1))

    def action_top(self) -> None:
        """Go to the oldest row."""
        self._put(0)

    def _put(self, line: int) -> None:
        """Put the cursor on a line, and keep it there: rows that come do not move what is being read."""
        if not self.count:
            return
        self.follow = False
        self._cursor = self._sequence(min(max(0, line), self.count - 1))
        self._show_cursor()
        self.refresh()
        self.post_message(self.Moved())

    def _show_cursor(self) -> None:
        line = self._line_of(self._cursor)
        if line is not None:
            self.scroll_to_region(Region(0, line, 1, 1), animate=False, immediate=True)

    def action_follow(self) -> None:
        """Show the newest row, and every one that comes."""
        self._cursor = -1
        self.waiting = 0
        self.follow = True
        self.scroll_end(animate=False, immediate=True)
        self.refresh()
        self.post_message(self.Moved())

    def action_pause(self) -> None:
        """Hold still, or follow again."""
        if not self.follow:
            self.action_follow()
            return
        self.follow = False
        self.post_message(self.Moved())

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """A person who scrolls back, by wheel or scroll bar, reads: hold still."""
        super().watch_scroll_y(old_value, new_value)
        if new_value < old_value and new_value < self.max_scroll_y and self.follow:
            self.follow = False
            self.post_message(self.Moved())

    def on_click(self, event: events.Click) -> None:
        """Put the cursor on the row; a second click opens its receipt."""
        line = self.scroll_offset.y + event.y
        if line < self.count and not self.screen.get_selected_text():
            self._put(line)
            if event.chain == 2:
                self.action_receipt()

    # Taking out

    def action_receipt(self) -> None:
        """Open the receipt of the row under the cursor; without a cursor, of the newest row."""
        if self.selected is None:
            self.action_move(-1)
        if self.selected is not None:
            self.post_message(self.Opened())

    def action_copy(self) -> None:
        """Send the selected text, or the row under the cursor, to the terminal's clipboard."""
        live = self.selected
        self.send(plain_row(live.event) if live is not None else None)


def state_words(view: LogView) -> str:
    """``FOLLOWING``, or what a pause holds back."""
    if view.follow:
        return "FOLLOWING"
    return f"PAUSED (+{view.waiting:,} new)" if view.waiting else "PAUSED"
