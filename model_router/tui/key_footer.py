"""The last line of every screen: its keys, as many as there is room for; help and the way out are never left out.

One line and not a widget for each key, as Textual's own footer has: that one is made anew, key by key, whenever the
focus moves.
"""

from __future__ import annotations

from dataclasses import dataclass

from textual import events
from textual.content import Content
from textual.screen import Screen

from model_router.tui.failures import SturdyApp
from model_router.tui.lines import Lines

_KEPT = frozenset({"app.help", "app.quit", "app.back", "dismiss"})


@dataclass(frozen=True, slots=True)
class FooterKey:
    """One key of the line. ``key`` is what pressing it is called, ``shown`` how it is written."""

    key: str
    shown: str
    words: str
    action: str

    @property
    def width(self) -> int:
        """Cells, with the blanks around it."""
        return Content(self.shown).cell_length + Content(self.words).cell_length + 3


class KeyFooter(Lines):
    """Leaves keys out, from its end, until the others fit. Keys can be clicked."""

    DEFAULT_CSS = """
    KeyFooter { dock: bottom; height: 1; text-overflow: clip; }
    KeyFooter { color: $footer-foreground; background: $footer-background; }
    """

    def on_mount(self) -> None:
        """Other keys work when the focus moves, or when there is something else to do."""
        self.screen.bindings_updated_signal.subscribe(self, self._changed)

    def _changed(self, screen: Screen[object]) -> None:
        if screen is self.screen:
            self.refresh()

    def keys(self, width: int) -> list[FooterKey]:
        """Those that fit, in their order; one for each thing that can be done."""
        keys: dict[str, FooterKey] = {}
        for active in self.screen.active_bindings.values():
            binding = active.binding
            if binding.show:
                shown = self.app.get_key_display(binding)
                keys.setdefault(binding.action, FooterKey(binding.key, shown, binding.description, binding.action))
        found = list(keys.values())
        droppable = [key for key in found if key.action not in _KEPT]
        while droppable and sum(key.width for key in found) > width:
            found.remove(droppable.pop())
        return found

    def lines(self, width: int) -> list[Content]:
        """The keys; what has failed, as long as it is shown."""
        failure = self.app.failure if isinstance(self.app, SturdyApp) else ""
        if failure:
            esc = " · esc hides this"
            words = f" ✗ {failure}"
            return [Content.styled(words + (esc if len(words + esc) <= width else ""), "$text-error")]
        return [
            Content.assemble(
                *(
                    part
                    for key in self.keys(width)
                    for part in ((f" {key.shown} ", "bold $footer-key-foreground"), f"{key.words} ")
                )
            )
        ]

    def on_click(self, event: events.Click) -> None:
        """As if it had been pressed."""
        if isinstance(self.app, SturdyApp) and self.app.hide_failure():
            return
        at = 0
        for key in self.keys(self.content_size.width):
            if at <= event.x < at + key.width:
                self.app.simulate_key(key.key)
                return
            at += key.width
