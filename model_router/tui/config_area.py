"""The parts of the Config screen: its lines, the field for a value, and the text, in which keys stay hidden."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from rich.text import Text
from textual import events
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.widgets import Input, TextArea

from model_router.tui.config_lines import hide_keys
from model_router.tui.lines import Lines
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


class ConfigPart(Lines):
    """The lines of one view, as the screen has them."""

    DEFAULT_CSS = "ConfigPart { padding: 0 1; }"

    class Clicked(Message):
        """A line was clicked, once or ``times`` times."""

        def __init__(self, part: ConfigPart, line: int, times: int) -> None:
            super().__init__()
            self.part, self.line, self.times = part, line, times

    def __init__(self, source: Callable[[int], list[Content]]) -> None:
        super().__init__()
        self._source = source

    def lines(self, width: int) -> list[Content]:
        """What the screen has for this width."""
        return self._source(width)

    def on_click(self, event: events.Click) -> None:
        """Tell the screen."""
        self.post_message(self.Clicked(self, event.y, event.chain))


class ConfigStatus(ConfigPart):
    """Which file, which view, whether it is edited, and what is wrong with it."""

    DEFAULT_CSS = "ConfigStatus { height: 1; background: $surface; padding: 0 1; }"


class ConfigFoot(ConfigPart):
    """The mistakes; without many, what the setting under the cursor is."""

    DEFAULT_CSS = "ConfigFoot { padding: 0 1; background: $surface; max-height: 6; }"


class ValueField(Input):
    """Where the value of a setting is written."""

    BINDING_GROUP_TITLE = "Value"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "submit", "Keep", tooltip="Keep the value in the draft; empty takes the setting out"),
        Binding("escape", "app.back", "Back", tooltip="Leave the value as it was"),
    ]
