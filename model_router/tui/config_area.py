"""The text of a configuration file, to write in: keys of servers stay hidden, whatever stands there."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual.binding import Binding, BindingType
from textual.widgets import TextArea

from model_router.tui.config_lines import hide_keys
from model_router.tui.text import clean_in_place


class ConfigArea(TextArea):
    """A text area with line numbers; esc leaves it, and leaves what was written."""

    BINDING_GROUP_TITLE = "Text"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "app.back", "Done", tooltip="Back to the settings; what was written stays in the draft"),
        Binding("f2", "screen.next_mistake", "Next mistake", tooltip="Put the cursor where the next mistake is"),
        Binding("f4", "screen.show_view('changes')", "Changes", tooltip="Show what differs from the file"),
        Binding("f5", "screen.preview", "Preview", tooltip="Decide the newest requests again, by the draft"),
        Binding("f8", "screen.apply", "Apply", tooltip="Write the file, and have the gateway take it"),
        Binding("ctrl+q", "app.quit", "Quit", tooltip="Quit", priority=True),
    ]

    def get_line(self, line_index: int) -> Text:
        """The line as it is drawn; the text itself stays as it is, and each character in its place."""
        line = super().get_line(line_index)
        above = super().get_line(line_index - 1).plain if line_index else ""
        shown = clean_in_place(hide_keys(line.plain, above))
        return line if shown == line.plain else Text(shown, end="", no_wrap=True)
