"""A widget made of finished lines, and the small pieces that lines are made of.

Every piece is :class:`~textual.content.Content`, never markup: text from outside goes in as it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from textual.containers import VerticalScroll
from textual.content import Content
from textual.geometry import Region, Size
from textual.widget import Widget

from model_router.tui.text import clean, fit


class Lines(Widget):
    """A widget that writes its own lines for the width it has. Subclasses give :meth:`lines`.

    ``refresh`` draws all of them again; :meth:`look_again` those that are not as they were drawn, which is what a clock
    should call.
    """

    DEFAULT_CSS = """
    Lines { height: auto; text-wrap: nowrap; text-overflow: ellipsis; }
    """

    _drawn: Sequence[Content] = ()

    def lines(self, width: int) -> list[Content]:
        """The lines to show on ``width`` cells, in order."""
        raise NotImplementedError

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """As many rows as there are lines."""
        return len(self.lines(width)) if width else 0

    def render(self) -> Content:
        """The lines, one below the other."""
        self._drawn = self.lines(self.content_size.width)
        return Content("\n").join(self._drawn)

    def look_again(self) -> None:
        """Draw the lines that have changed; lay out only if there are more or fewer than there is room for."""
        width, height = self.content_size
        if not width or not self.display:
            return
        before, self._drawn = self._drawn, self.lines(width)
        # Both are asked: what is shown may have changed between the last layout and the drawing after it.
        if not len(before) == len(self._drawn) == height:
            self.refresh(layout=True)
            return
        # Content that is equal may differ in colour.
        changed = [
            Region(0, y, width, 1)
            for y, (old, new) in enumerate(zip(before, self._drawn, strict=True))
            if old.plain != new.plain or old.spans != new.spans
        ]
        if changed:
            self.refresh(*changed)


class CursorScroll(VerticalScroll, can_focus=True, inherit_bindings=False):
    """Scrolls as its screen says.

    A focused ``VerticalScroll`` takes the arrows itself as soon as there is more than fits, and the cursor of the
    screen would stand still.
    """


def title(text: str, width: int, note: str = "") -> Content:
    """The title of a section: its name, a rule, and at the right, where it fits, what the columns below it are."""
    if len(text) + len(note) + 4 > width:
        note = ""
    rule = "─" * max(2, width - len(text) - len(note) - (2 if note else 1))
    return Content.assemble((text, "bold $primary"), (f" {rule}", "$rule"), (f" {note}" if note else "", "$quiet"))


NAME_WIDTH = 11
"""Cells for the name of a fact, with the blank after it."""


def fact(name: str, value: Content | str, width: int) -> list[Content]:
    """A name and what it is, in two columns; a long value goes on below itself."""
    shown = value if isinstance(value, Content) else Content(clean(value))
    wrapped = shown.wrap(max(8, width - NAME_WIDTH)) or [Content()]
    return [
        Content.assemble((fit(name if number == 0 else "", NAME_WIDTH), "$quiet"), line)
        for number, line in enumerate(wrapped)
    ]


def paragraph(
    text: str, width: int, style: str = "", *, first: str = "", indent: str = "", limit: int = 2_000
) -> list[Content]:
    """``text`` broken to ``width`` cells; ``first`` stands before its first line, ``indent`` before the others."""
    room = max(8, width - max(len(first), len(indent)))
    wrapped = Content.styled(clean(text, limit), style).wrap(room)
    return [Content.assemble(first if number == 0 else indent, line) for number, line in enumerate(wrapped)]


def spaced(sections: Iterable[list[Content]]) -> list[Content]:
    """Sections with one empty line between them; empty sections vanish."""
    lines: list[Content] = []
    for section in sections:
        if section:
            if lines:
                lines.append(Content())
            lines.extend(section)
    return lines
