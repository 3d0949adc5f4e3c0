"""What nobody caught: a line in place of the footer, and never the end of the application or of the gateway in it.

Textual ends an application at the first error that it does not know, in a worker as in a key. Here what broke is told
and logged, a screen that broke is made anew when it is next opened, and only screens that break without end are the
end. A clock that fails whenever it strikes breaks no screen.
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
_ONE_CAUSE = 1.0
"""What breaks within so many seconds of something else most likely follows from it."""
_BROKEN, _MANY, _MANY_SECONDS = 8, 1_000, 10.0
"""So many broken screens, or errors faster than any clock strikes, in so many seconds, and the application is not worth
keeping."""


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
        self._broke_at: deque[float] = deque(maxlen=_BROKEN)

    def make_anew(self, broken: Screen[object]) -> None:
        """Leave a screen that broke, and forget it."""
        raise NotImplementedError

    def tell_failure(self, error: Exception) -> None:
        """Log it, and show it for a while in the last line; of several at once the first, which is the cause."""
        _log.error("a part of the screen failed", exc_info=error)
        follows = bool(self.failure) and time.monotonic() - self._failed_at[-1] < _ONE_CAUSE
        self._failed_at.append(time.monotonic())
        if follows:
            return
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
        since = time.monotonic() - _MANY_SECONDS
        many = any(len(at) == at.maxlen and at[0] > since for at in (self._failed_at, self._broke_at))
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
            self._broke_at.append(time.monotonic())
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
