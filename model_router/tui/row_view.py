"""What the live log and the log of days have in common: how a row is drawn, in which columns, with which marks."""

from __future__ import annotations

from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.binding import Binding, BindingType
from textual.cache import LRUCache
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.selection import Selection
from textual.strip import Strip
from textual.widget import Widget

from model_router.server.events import RequestEvent
from model_router.tui.clipboard import send, send_selection
from model_router.tui.log_columns import Column, columns_for
from model_router.tui.text import clean, fit

_OUTCOME_KINDS = {"ok": "good", "confirm": "ask", "error": "bad", "broken": "bad"}
_STATES = ("", "cursor", "cursor-blurred")
LABELLED = "⚑"
"""Stands before a row that a person has labelled, behind the mark of the cursor."""
_MARKS = 2

ROW_KEYS: tuple[Binding, ...] = (
    Binding("enter", "receipt", "Receipt", id="log.receipt", tooltip="Show the receipt of the row"),
    Binding(
        "slash",
        "screen.filter",
        "Filter",
        id="log.filter",
        tooltip="Filter, for example: route:coding status:409 ms>500 text",
    ),
)
"""What both logs do first with a row."""

MORE_ROW_KEYS: tuple[Binding, ...] = (
    Binding(
        "y",
        "copy",
        "Copy",
        show=False,
        id="log.copy",
        tooltip="Send the row, or the selected text, to the terminal's clipboard",
    ),
    Binding(
        "Y",
        "screen.copy_receipt",
        "Copy receipt",
        show=False,
        id="log.copy_receipt",
        tooltip="Send the whole receipt of the row to the terminal's clipboard",
    ),
    Binding(
        "w",
        "screen.label",
        "Label",
        show=False,
        id="log.label",
        tooltip="Say which engine the row should have had",
    ),
    Binding(
        "s",
        "screen.same_client",
        "Same client",
        show=False,
        id="log.client",
        tooltip="Show the requests of the row's conversation alone",
    ),
    Binding(
        "e",
        "screen.export",
        "Export",
        show=False,
        id="log.export",
        tooltip="Write the rows that are shown to a CSV or JSON file",
    ),
)


def _kind(kind: str, event: RequestEvent) -> str:
    """What a column's kind comes to for one row."""
    if kind == "outcome":
        return _OUTCOME_KINDS.get(event.outcome, "quiet")
    if kind == "route":
        return "ask" if event.requires_confirmation else "plain"
    return kind


class RowView(ScrollView, can_focus=True):
    """Draws rows of a log, each once for its width and state. Subclasses know the rows."""

    BINDING_GROUP_TITLE = "Log"
    DEFAULT_CSS = """
    RowView { height: 1fr; overflow-x: hidden; overflow-y: scroll; scrollbar-size-vertical: 1; }
    RowView > .log--quiet { color: $quiet; }
    RowView > .log--ask { color: $text-warning; text-style: bold; }
    RowView > .log--good { color: $text-success; }
    RowView > .log--bad { color: $text-error; text-style: bold; }
    RowView > .log--cursor { background: $block-cursor-background; color: $block-cursor-foreground; }
    RowView > .log--cursor-blurred { background: $block-cursor-blurred-background; }
    RowView:nocolor > .log--cursor { text-style: reverse; }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "log--quiet",
        "log--ask",
        "log--good",
        "log--bad",
        "log--cursor",
        "log--cursor-blurred",
    }
    BINDINGS: ClassVar[list[BindingType]] = []

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.strips: LRUCache[tuple[int, int, int], Strip] = LRUCache(1_024)
        self._styles: dict[tuple[str, int], Style] = {}
        self._columns: tuple[Column, ...] = ()
        self._columns_width = -1

    @property
    def allow_select(self) -> bool:
        """Text can be selected with the mouse."""
        return True

    @property
    def row_width(self) -> int:
        """Cells of a row: ``size`` counts the scroll bar, too."""
        return self.scrollable_content_region.width

    def span(self, rows: int) -> None:
        """So many rows can be scrolled through.

        Assigning ``virtual_size`` would lay out the whole screen and then draw it twice. The bar is always there, so
        only its thumb changes.
        """
        self.set_reactive(Widget.virtual_size, Size(self.row_width, rows))
        self.vertical_scrollbar.window_virtual_size = rows
        self.scroll_y = min(self.scroll_y, self.max_scroll_y)

    def titles(self) -> str:
        """The titles of the present columns, aligned with them."""
        return "  " + " ".join(column.cell(column.title) for column in self.columns(self.row_width))

    def columns(self, width: int) -> tuple[Column, ...]:
        """The columns that a width has room for."""
        if width != self._columns_width:
            self._columns, self._columns_width = columns_for(width - _MARKS), width
        return self._columns

    def draw(self, event: RequestEvent, width: int, state: int, *, labelled: bool = False) -> Strip:
        """One row. ``state``: 0 plain, 1 under the cursor, 2 the same without the focus."""
        base = self.style_of("plain", state)
        segments: list[Segment] = []  # as few as there are styles: each costs time in all that a strip goes through
        text, style = f"{'›' if state else ' '}{LABELLED if labelled else ' '}", base
        for column in self.columns(width):
            wanted = base if state == 1 else self.style_of(_kind(column.kind, event), state)
            if wanted is not style:
                segments.append(Segment(text, style))
                text, style = "", wanted
            text += f"{column.cell(clean(column.text(event), 80))} "
        segments.append(Segment(text, style))
        return Strip(segments).adjust_cell_length(width, base)

    def draw_words(self, time: str, words: str, width: int, state: int, *, kind: str = "quiet") -> Strip:
        """A row that is no request: its time and a sentence across all other columns."""
        style = self.style_of("plain" if state == 1 else kind, state)
        text = f"{'›' if state else ' '} {fit(time, 8)} {clean(words, 300)}" if width > 30 else f" {clean(words, 80)}"
        return Strip([Segment(fit(text, width), style)]).adjust_cell_length(width, style)

    def style_of(self, kind: str, state: int) -> Style:
        """How a cell looks; worked out once for each kind and state."""
        style = self._styles.get((kind, state))
        if style is None:
            style = self.rich_style
            for name in (_STATES[state], kind if kind != "plain" else ""):
                if name:
                    style += self.get_component_rich_style(f"log--{name}", partial=True)
            self._styles[kind, state] = style
        return style

    def highlight(self, strip: Strip, selection: Selection, line: int) -> Strip:
        """The strip with the selected cells marked."""
        span = selection.get_span(line)
        if span is None:
            return strip
        start, end = span[0], strip.cell_length if span[1] == -1 else span[1]
        marked = self.screen.get_component_rich_style("screen--selection")
        before, middle, after = strip.crop(0, start), strip.crop(start, end), strip.crop(end)
        painted = Strip([Segment(text, (style or Style.null()) + marked) for text, style, _ in middle])
        return Strip.join([before, painted, after])

    def selection_updated(self, selection: Selection | None) -> None:
        """Draw again: the marked cells are not in the cache."""
        self.refresh()

    def notify_style_update(self) -> None:
        """Draw again in the new colours."""
        super().notify_style_update()
        self.strips.clear()
        self._styles.clear()

    def draw_again(self) -> None:
        """Forget what was drawn: marks of rows have changed."""
        self.strips.clear()
        self.refresh()

    def send(self, row: str | None) -> None:
        """Send the selected text, or ``row``, to the terminal's clipboard."""
        if send_selection(self.screen):
            return
        if not row:
            words = "Choose a row with ↑ and ↓ first, then y sends it."
            self.app.notify(words, title="Nothing to copy", markup=False)
            return
        send(self.app, row, "The row was")
