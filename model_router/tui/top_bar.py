"""The first line of every screen: where one is, whether it serves, and whether it is only a demo."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import events
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive

from model_router.tui.lines import Lines
from model_router.tui.session import Phase, Session
from model_router.tui.text import clean

if TYPE_CHECKING:
    from collections.abc import Sequence

PHASE_GLYPHS = {
    Phase.SERVING: ("●", "$text-success"),
    Phase.STARTING: ("◌", "$quiet"),
    Phase.NOT_SERVING: ("✗", "$text-error bold"),
    Phase.BAD_CONFIG: ("✗", "$text-error bold"),
    Phase.FIRST_RUN: ("○", "$quiet"),
    Phase.CLOSED: ("○", "$quiet"),
}


def phase_words(phase: Phase) -> Content:
    """A glyph and the word for where the session stands."""
    glyph, style = PHASE_GLYPHS[phase]
    return Content.styled(f"{glyph} {phase.value}", style)


APPROVALS = "approvals"
"""What a click on the badge of waiting requests chooses."""

_WIDEST_FIRST = ((1, 1, 1, 1), (1, 1, 0, 1), (0, 1, 0, 1), (0, 1, 0, 0), (0, 0, 0, 1))
"""Whether the name, the words of the tabs, the address and the word of the state are shown."""


class TopBar(Lines):
    """The tabs and the state, and how many requests wait for a person. Tabs and badge can be clicked."""

    TABS: ClassVar[Sequence[tuple[str, str, str]]] = (
        ("1", "home", "Home"),
        ("2", "try", "Try"),
        ("3", "log", "Log"),
        ("4", "models", "Models"),
        ("5", "downloads", "Downloads"),
        ("6", "config", "Config"),
        ("7", "doctor", "Doctor"),
    )
    DEFAULT_CSS = "TopBar { dock: top; height: 1; background: $panel; color: $foreground; }"

    active = reactive("")

    class Chosen(Message):
        """A tab was clicked."""

        def __init__(self, mode: str) -> None:
            super().__init__()
            self.mode = mode

    def __init__(self, session: Session, active: str) -> None:
        super().__init__()
        self._session = session
        self._spans: list[tuple[int, int, str]] = []
        self.set_reactive(TopBar.active, active)

    def lines(self, width: int) -> list[Content]:
        """One line that gives up the address, the name and the words of the tabs, in this order, as it gets narrow."""
        state = phase_words(self._session.phase)
        address = clean(self._session.address.removeprefix("http://").removesuffix("/v1"), 80)
        demo = Content.styled(" DEMO ", "reverse bold") if self._session.is_demo else Content()
        if self._session.keeps_prompts:
            words = " PROMPTS KEPT " if width >= 60 else " ! "
            demo = Content.assemble(demo, " " if demo else "", (words, "reverse bold $text-warning"))
        waiting = self._session.waiting
        if waiting:
            words = f" a {waiting:,} waiting " if width >= 24 else f" a {waiting:,} "
            demo = Content.assemble((words, "reverse bold $text-warning"), " " if demo else "", demo)
        for named, worded, addressed, stated in _WIDEST_FIRST:
            left = self._left(demo, bool(named), bool(worded))
            if not stated and self._session.phase is not Phase.SERVING:
                continue  # what is wrong counts more than words that the digits stand for
            shown = state if stated else state[:1]
            right = Content.assemble(shown, (f"  {address}" if addressed and address else "", "$quiet"), " ")
            gap = width - left.cell_length - right.cell_length
            if gap >= 1:
                return [Content.assemble(left, " " * gap, right)]
        self._spans = []
        return [Content.assemble(demo, state) if width < 14 else Content.assemble(demo, " ", state)]

    def _left(self, demo: Content, named: bool, worded: bool) -> Content:
        parts: list[Content | str] = [" "]
        if named:
            parts += [Content.styled("ModelRouter", "bold"), "  "]
        self._spans = []
        if demo:
            if self._session.waiting:
                start = sum(len(part) for part in parts)
                self._spans.append((start, start + len(demo), APPROVALS))
            parts += [demo, "  "]
        for digit, mode, word in self.TABS:
            here = mode == self.active
            start = sum(len(part) for part in parts)
            text = f"{digit} {word}" if worded or here else digit
            parts += [Content.styled(text, "bold underline" if here else "$quiet"), "  "]
            self._spans.append((start, start + len(text), mode))
        return Content.assemble(*parts)

    def on_click(self, event: events.Click) -> None:
        """Go where the clicked tab leads."""
        for start, end, mode in self._spans:
            if start <= event.x < end:
                self.post_message(self.Chosen(mode))
