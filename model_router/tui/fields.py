"""Fields and lists of choices whose keys stand in the footer: Textual's own hide what enter does."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.widgets import Input, OptionList


class Choices(OptionList):
    """Enter takes the one under the cursor."""

    BINDING_GROUP_TITLE = "Choices"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "select", "Choose", tooltip="Take this one")]


class LineField(Input):
    """One line that a question asks for."""

    BINDING_GROUP_TITLE = "Text"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "submit", "Take it", tooltip="Go on with what stands here")
    ]


class FilterField(Input):
    """Where a filter is written, below the rows that it chooses."""

    BINDING_GROUP_TITLE = "Filter"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "submit", "Keep", tooltip="Keep the filter and go back to the rows"),
        Binding("escape", "app.back", "Clear", tooltip="Take the filter away"),
    ]
