"""The live log: a view that draws only the rows that can be seen, whatever the number held.

It reads the rows of a :class:`~model_router.tui.feed.Feed` and remembers how far. Rows are named by their sequence
number, so that a cursor, a filter and the cache of drawn lines stay right when old rows go. While it follows, the
newest row is in sight; any movement upwards pauses that, and then ``waiting`` counts what came since.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.cache import LRUCache
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.selection import Selection
from textual.strip import Strip

from model_router.hindsight.filter import NO_FILTER, Filter
from model_router.server.events import LiveEvent, RequestEvent
from model_router.tui.feed import Feed
from model_router.tui.log_columns import Column, columns_for, plain_row
from model_router.tui.text import clean

_OUTCOME_KINDS = {"ok": "good", "confirm": "ask", "error": "bad", "broken": "bad"}
_STATES = ("", "cursor", "cursor-blurred")
_COPIED_ROWS = 5_000


def _kind(kind: str, event: RequestEvent) -> str:
    """What a column's kind comes to for one row."""
    if kind == "outcome":
        return _OUTCOME_KINDS.get(event.outcome, "quiet")
    if kind == "route":
        return "ask" if event.requires_confirmation else "plain"
    return kind


class LogView(ScrollView, can_focus=True):
    """The rows of the log below a line of column titles."""

    BINDING_GROUP_TITLE = "Log"
    DEFAULT_CSS = """
    LogView { height: 1fr; overflow-x: hidden; overflow-y: scroll; scrollbar-size-vertical: 1; }
    LogView > .log--quiet { color: $quiet; }
    LogView > .log--ask { color: $text-warning; text-style: bold; }
    LogView > .log--good { color: $text-success; }
    LogView > .log--bad { color: $text-error; text-style: bold; }
    LogView > .log--cursor { background: $block-cursor-background; color: $block-cursor-foreground; }
    LogView > .log--cursor-blurred { background: $block-cursor-blurred-background; }
    LogView:nocolor > .log--cursor { text-style: reverse; }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "log--quiet",
        "log--ask",
        "log--good",
        "log--bad",
        "log--cursor",
        "log--cursor-blurred",
    }
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "receipt", "Receipt", id="log.receipt", tooltip="Show the receipt of the row"),
        Binding(
            "slash",
            "screen.filter",
            "Filter",
            id="log.filter",
            tooltip="Filter, for example: route:coding status:409 ms>500 text",
        ),
        Binding("space", "pause", "Pause", id="log.pause", tooltip="Hold still, or follow again"),
        Binding("G", "follow", "Follow", id="log.follow", tooltip="Show the newest row, and every one that comes"),
        Binding(
            "y",
            "copy",
            "Copy",
            id="log.copy",
            tooltip="Send the row, or the selected text, to the terminal's clipboard",
        ),
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

    def __init__(self, feed: Feed, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.waiting = 0
        self._feed = feed
        self._filter = NO_FILTER
        self._matching: array[int] | None = None  # sequence numbers, rising; None: every row
        self._first = feed.first
        self._read = feed.first
        self._cursor = -1
        self._strips: LRUCache[tuple[int, int, int], Strip] = LRUCache(1_024)
        self._styles: dict[tuple[str, int], Style] = {}
        self._columns: tuple[Column, ...] = ()
        self._columns_width = -1

    # What is in view

    @property
    def allow_select(self) -> bool:
        """Text can be selected with the mouse."""
        return True

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
        rows, first = self._feed.rows, self._feed.first
        start = max(self._read, first)
        if self._matching is not None:
            matches = self._filter.matches
            self._matching.extend(
                sequence for sequence in range(start, self._feed.next) if matches(rows[sequence - first].event)
            )
        self._first, self._read = first, self._feed.next
        came = self.count - before
        if came or gone:
            self._resized()
            if self.follow:
                self.scroll_end(animate=False, immediate=True)
            else:
                self.waiting += came
                if gone:
                    self.scroll_to(y=max(0, self.scroll_y - gone), animate=False)
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

    @property
    def _width(self) -> int:
        """Cells of a row: ``size`` counts the scroll bar, too."""
        return self.scrollable_content_region.width

    def _sequence(self, line: int) -> int:
        return self._first + line if self._matching is None else self._matching[line]

    def _line_of(self, sequence: int) -> int | None:
        if self._matching is None:
            return sequence - self._first if self._first <= sequence < self._read else None
        line = bisect_left(self._matching, sequence)
        return line if line < len(self._matching) and self._matching[line] == sequence else None

    def _resized(self) -> None:
        self.virtual_size = Size(self._width, self.count)

    # Drawing

    def render_line(self, y: int) -> Strip:
        """One line of the screen; drawn once for each row, width and state."""
        line = self.scroll_offset.y + y
        width = self._width
        if line >= self.count:
            return Strip.blank(width, self.rich_style)
        sequence = self._sequence(line)
        state = (1 if self.has_focus else 2) if sequence == self._cursor else 0
        strip = self._strips.get((sequence, width, state))
        if strip is None:
            live = self._feed.row(sequence)
            if live is None:
                return Strip.blank(width, self.rich_style)
            strip = self._draw(live.event, width, state)
            self._strips[(sequence, width, state)] = strip
        selection = self.text_selection
        if selection is not None:
            strip = self._highlight(strip, selection, line)
        return strip.apply_offsets(0, line)

    def _draw(self, event: RequestEvent, width: int, state: int) -> Strip:
        base = self._style("plain", state)
        segments: list[Segment] = []  # as few as there are styles: each costs time in all that a strip goes through
        text, style = "›" if state else " ", base
        for column in self._columns_for(width):
            wanted = base if state == 1 else self._style(_kind(column.kind, event), state)
            if wanted is not style:
                segments.append(Segment(text, style))
                text, style = "", wanted
            text += f"{column.cell(clean(column.text(event), 80))} "
        segments.append(Segment(text, style))
        return Strip(segments).adjust_cell_length(width, base)

    def _columns_for(self, width: int) -> tuple[Column, ...]:
        if width != self._columns_width:
            self._columns, self._columns_width = columns_for(width - 1), width
        return self._columns

    def _style(self, kind: str, state: int) -> Style:
        """How a cell looks; worked out once for each kind and state."""
        style = self._styles.get((kind, state))
        if style is None:
            style = self.rich_style
            for name in (_STATES[state], kind if kind != "plain" else ""):
                if name:
                    style += self.get_component_rich_style(f"log--{name}", partial=True)
            self._styles[kind, state] = style
        return style

    def _highlight(self, strip: Strip, selection: Selection, line: int) -> Strip:
        span = selection.get_span(line)
        if span is None:
            return strip
        start, end = span[0], strip.cell_length if span[1] == -1 else span[1]
        marked = self.screen.get_component_rich_style("screen--selection")
        before, middle, after = strip.crop(0, start), strip.crop(start, end), strip.crop(end)
        painted = Strip([Segment(text, (style or Style.null()) + marked) for text, style, _ in middle])
        return Strip.join([before, painted, after])

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        """The selected text, taken from the rows that the selection touches and not from all of them."""
        top = max(0, selection.start.y if selection.start else 0)
        bottom = min(self.count - 1, selection.end.y if selection.end else self.count - 1, top + _COPIED_ROWS)
        lines: list[str] = []
        for line in range(top, bottom + 1):
            live = self._feed.row(self._sequence(line))
            span = selection.get_span(line)
            if live is not None and span is not None:
                text = self._draw(live.event, self._width, 0).text
                lines.append(text[span[0] :] if span[1] == -1 else text[span[0] : span[1]])
        return "\n".join(text.rstrip() for text in lines), "\n"

    def selection_updated(self, selection: Selection | None) -> None:
        """Draw again: the marked cells are not in the cache."""
        self.refresh()

    def notify_style_update(self) -> None:
        """Draw again in the new colours."""
        super().notify_style_update()
        self._strips.clear()
        self._styles.clear()

    def on_resize(self) -> None:
        """Keep the newest row, or the cursor, in sight."""
        self._resized()
        if self.follow:
            self.scroll_end(animate=False, immediate=True)
        elif self._cursor >= 0:
            self._show_cursor()

    def titles(self) -> str:
        """The titles of the present columns, aligned with them."""
        return " " + " ".join(column.cell(column.title) for column in self._columns_for(self._width))

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
        text = self.screen.get_selected_text()
        if not text:
            live = self.selected
            if live is None:
                self.app.notify(
                    "Choose a row with ↑ and ↓ first, then y sends it.", title="Nothing to copy", markup=False
                )
                return
            text = plain_row(live.event)
        self.app.copy_to_clipboard(text)
        lines = text.count("\n") + 1
        what = "The row was" if lines == 1 else f"{lines} lines were"
        self.app.notify(f"{what} sent to the terminal's clipboard.", markup=False)


def state_words(view: LogView) -> str:
    """``FOLLOWING``, or what a pause holds back."""
    if view.follow:
        return "FOLLOWING"
    return f"PAUSED (+{view.waiting:,} new)" if view.waiting else "PAUSED"
