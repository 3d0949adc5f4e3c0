"""What nobody caught: a line in place of the footer, and never the end of the application or of the gateway in it.

Textual ends an application at the first error that it does not know, in a worker as in a key. Here what broke is told
and logged, a screen that broke is made anew when it is next opened, and only errors without end are the end.
"""

from __future__ import annotations

import logging
import time
import traceback
from collections import deque
from pathlib import Path

from textual._context import active_message_pump
from textual.app import App
from textual.message import Message
from textual.screen import Screen
from textual.widget import Widget
from textual.worker import WorkerFailed

from model_router.tui.text import clean

FAILURE_LOG = "model_router.tui.failures"
_log = logging.getLogger(FAILURE_LOG)

SHOWN_SECONDS = 30.0
_MANY, _MANY_SECONDS = 8, 10.0
"""So many errors in so many seconds, and the application is not worth keeping."""


def failure_words(error: BaseException) -> str:
    """What it was, and the place in the code for whoever reports it."""
    place = traceback.extract_tb(error.__traceback__)[-1:]
    where = f" ({Path(place[0].filename).name}:{place[0].lineno})" if place else ""
    return clean(f"{type(error).__name__}: {error}", 200) + where


class SturdyApp(App[int]):
    """Tells errors and goes on. ``failure`` is what the footer shows instead of keys."""

    failure = ""

    def __init__(self, *, ansi_color: bool | None = None) -> None:
        super().__init__(ansi_color=ansi_color)
        self._failed_at: deque[float] = deque(maxlen=_MANY)

    def make_anew(self, broken: Screen[object]) -> None:
        """Leave a screen that broke, and forget it."""
        raise NotImplementedError

    def tell_failure(self, error: Exception) -> None:
        """Log it, and show it for a while in the last line."""
        _log.error("a part of the screen failed", exc_info=error)
        self._failed_at.append(time.monotonic())
        shown = self.failure = failure_words(error)
        self._refresh_footer()
        self.set_timer(SHOWN_SECONDS, lambda: self.hide_failure() if self.failure == shown else None)

    def hide_failure(self) -> bool:
        """Show the keys again; says whether there was something else."""
        shown, self.failure = bool(self.failure), ""
        if shown:
            self._refresh_footer()
        return shown

    def _refresh_footer(self) -> None:
        for screen in self.screen_stack[-1:]:
            for footer in screen.query("KeyFooter"):
                footer.refresh()

    def _can_go_on(self) -> bool:
        at = self._failed_at
        many = len(at) == _MANY and time.monotonic() - at[0] < _MANY_SECONDS
        return self.is_running and bool(self.screen_stack) and not self._exit and not many

    # Where Textual hands errors over

    def _handle_exception(self, error: Exception) -> None:
        """From workers, timers, and the loops of screens and widgets."""
        if not self._can_go_on():
            super()._handle_exception(error)
            return
        reason = error.error if isinstance(error, WorkerFailed) else error
        self.tell_failure(reason if isinstance(reason, Exception) else error)
        node = active_message_pump.get(None)
        if isinstance(node, Widget) and not isinstance(error, WorkerFailed):
            # Its loop has ended, or it cannot be drawn.
            broken = node if isinstance(node, Screen) else node.screen
            self.call_later(self.make_anew, broken)

    async def _dispatch_message(self, message: Message) -> None:
        """What comes to the application itself, whose loop would end with the error."""
        try:
            await super()._dispatch_message(message)
        except Exception as error:
            if not self._can_go_on():
                raise
            self.tell_failure(error)
