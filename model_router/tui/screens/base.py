"""What the main screens have in common: the top bar, the footer, and being told when something changed."""

from __future__ import annotations

import logging
from typing import ClassVar, Generic, TypeVar

from textual.actions import SkipAction
from textual.app import ComposeResult
from textual.css.query import NoMatches
from textual.screen import ModalScreen, Screen

from model_router.tui.clipboard import send_selection
from model_router.tui.key_footer import KeyFooter
from model_router.tui.session import Session
from model_router.tui.top_bar import TopBar

_log = logging.getLogger(__name__)

Result = TypeVar("Result")


class MainScreen(Screen[None]):
    """A screen with a digit. ``mode`` is its name; subclasses give :meth:`body`."""

    mode: ClassVar[str] = ""
    AUTO_FOCUS = ""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session

    def compose(self) -> ComposeResult:
        """Top bar, body, footer."""
        yield TopBar(self.session, self.mode)
        yield from self.body()
        yield KeyFooter()

    def body(self) -> ComposeResult:
        """What stands between top bar and footer."""
        raise NotImplementedError

    def requests_came(self) -> None:
        """New requests are in the feed; called at most ten times a second, and when the screen is shown."""

    def state_changed(self) -> None:
        """The session's phase, problem or health changed, or a second passed."""
        self.query_one(TopBar).look_again()

    def go_back(self) -> bool:
        """One step back within this screen; says whether there was one."""
        return False

    def on_screen_resume(self) -> None:
        """Catch up with what happened while another screen was shown."""
        self.tell(requests=True)

    def tell(self, *, requests: bool = False) -> None:
        """Call ``state_changed``, with ``requests`` also ``requests_came``, while the widgets stand.

        A clock or a worker may come while they are being made or, at the end, taken down; then there is nothing to
        show it on, and whoever shows the screen next tells it again.
        """
        try:
            if requests:
                self.requests_came()
            self.state_changed()
        except NoMatches as reason:
            _log.debug("the screen %s is not standing: %s", self.mode, reason)

    def may_write(self, what: str) -> bool:
        """Whether files of the person may be changed from here; told when they may not."""
        why = "The demo keeps nothing" if self.session.is_demo else "Opened with --read-only"
        if self.session.is_demo or self.session.read_only:
            self.app.notify(f"{why}, so it does not {what}.", severity="warning", markup=False)
            return False
        return True

    def may_edit(self, what: str) -> bool:
        """Whether configuration may be changed from here; told when it may not."""
        if not self.session.edits_files:
            words = f"Attached, so it does not {what}: files are edited where the gateway runs."
            self.app.notify(words, severity="warning", markup=False)
            return False
        return self.may_write(what)

    def action_copy_text(self) -> None:
        """ctrl+c: send the text that is selected."""
        if not send_selection(self):
            raise SkipAction

    @property
    def summary_only(self) -> bool:
        """Whether the terminal has room for a summary alone."""
        return self.size.width <= 60 or self.size.height <= 15


class ScreenAbove(ModalScreen[Result], Generic[Result]):
    """A screen above a main screen. It has a top bar of its own: not every theme lets the one below show through."""

    DEFAULT_CSS = "ScreenAbove, ScreenAbove:ansi { background: $background 60%; }"

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session

    def compose(self) -> ComposeResult:
        """Top bar, body, footer."""
        below = next((screen.mode for screen in reversed(self.app.screen_stack) if isinstance(screen, MainScreen)), "")
        yield TopBar(self.session, below)
        yield from self.body()
        yield KeyFooter()

    def body(self) -> ComposeResult:
        """What stands between top bar and footer."""
        raise NotImplementedError

    def action_copy_text(self) -> None:
        """ctrl+c: send the text that is selected."""
        if not send_selection(self):
            raise SkipAction


class Sheet(ScreenAbove[Result]):
    """A screen above that takes all the room: one scrolled text, as long as it has to be."""

    DEFAULT_CSS = """
    Sheet VerticalScroll { background: $surface; height: 1fr; padding: 1 1 0 1; }
    Sheet.-widest VerticalScroll { margin: 1 12; padding: 1 2; }
    Sheet.-low VerticalScroll, Sheet.-flat VerticalScroll { padding: 0; }
    """


class Card(ScreenAbove[Result]):
    """A screen above that is as high as what it asks; its lines and fields stand in one ``Vertical``."""

    DEFAULT_CSS = """
    Card { align: center top; }
    Card Vertical { background: $surface; height: auto; max-height: 100%; padding: 1 2; margin: 2 0; }
    Card.-widest Vertical { padding: 1; margin: 4 16; }
    Card.-low Vertical, Card.-flat Vertical { margin: 0; padding: 0; }
    Card Input.-textual-compact { border: none; height: 1; margin-top: 1; background: $background; padding: 0 1; }
    """
