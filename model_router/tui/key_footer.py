"""The last line of every screen: its keys, as many as there is room for; help and the way out are never left out."""

from __future__ import annotations

from textual import events
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Footer
from textual.widgets._footer import FooterKey

_KEPT = frozenset({"app.help", "app.quit", "app.back", "dismiss"})
_PADDING = 3
"""Cells around a key and its word."""


class KeyFooter(Footer):
    """A footer that leaves keys out, from its end, until the others fit."""

    def __init__(self) -> None:
        super().__init__(show_command_palette=False)

    def compose(self) -> ComposeResult:
        """The keys that fit."""
        keys = list(super().compose())
        room = self.screen.size.width
        droppable = [key for key in keys if isinstance(key, FooterKey) and key.action not in _KEPT]
        while droppable and sum(map(_cells, keys)) > room:
            keys.remove(droppable.pop())
        yield from keys

    def on_resize(self, event: events.Resize) -> None:
        """Another width has room for other keys."""
        if self._bindings_ready:
            self.call_after_refresh(self.recompose)


def _cells(key: object) -> int:
    if not isinstance(key, FooterKey):
        return 0
    return Content(key.key_display).cell_length + Content(key.description).cell_length + _PADDING
