"""The downloads as a table: the columns that a width has room for; rows that change are written in their place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.text import Text
from textual.binding import Binding, BindingType
from textual.coordinate import Coordinate
from textual.widgets import DataTable

from model_router.setup.download.progress import DownloadSnapshot
from model_router.setup.download.sizes import size_words
from model_router.tui.download_lines import left_words, rate_words, share_words, state_word
from model_router.tui.text import clean, fit, fit_right

_AT_THE_RIGHT = frozenset({"Size", "Rate", "Left"})


class DownloadTable(DataTable[Text]):
    """Enter does the next thing."""

    BINDING_GROUP_TITLE = "List"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "screen.next", "Next step", tooltip="Do what comes next: approve, go on, try again, use"),
    ]

    def __init__(self) -> None:
        super().__init__(cursor_type="row")
        self._written_for = 0

    def show(self, shown: Sequence[DownloadSnapshot], width: int) -> None:
        """Show these downloads on ``width`` cells."""
        layout = _layout(width)
        if self._written_for != width or self.row_count != len(shown):
            row = self.cursor_row
            self.clear(columns=True)
            for heading, cells in layout if shown else ():
                words = fit_right(heading, cells) if heading in _AT_THE_RIGHT else heading
                self.add_column(Text(words), width=cells)
            for one in shown:
                self.add_row(*(_cell(heading, cells, one) for heading, cells in layout))
            self.move_cursor(row=max(0, min(row, len(shown) - 1)))
            self._written_for = width
            return
        for row, one in enumerate(shown):
            for column, (heading, cells) in enumerate(layout):
                self.update_cell_at(Coordinate(row, column), _cell(heading, cells, one))


def _layout(width: int) -> list[tuple[str, int]]:
    columns = [("State", 11), ("Here", 16 if width >= 99 else 12), ("Size", 8), ("Rate", 9), ("Left", 7)]
    if width < 71:
        columns = columns[:3] if width >= 51 else columns[:1]
    room = width - sum(one + 2 for _, one in columns) - 2
    return [("Model", max(6, min(48, room))), *columns]


def _cell(heading: str, width: int, one: DownloadSnapshot) -> Text:
    if heading == "Model":
        return Text(fit(clean(one.plan.model, 120), width), "bold")
    words = {
        "State": state_word(one),
        "Here": share_words(one, width),
        "Size": size_words(one.total),
        "Rate": rate_words(one),
        "Left": left_words(one),
    }[heading]
    return Text(fit_right(words, width) if heading in _AT_THE_RIGHT else fit(words, width))
