"""Which engine a request should have had: one key per engine's line, and a note if one wants to say why."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, OptionList
from textual.widgets.option_list import Option

from model_router.errors import ModelRouterError
from model_router.hindsight.labels import Label
from model_router.server.events import RequestEvent
from model_router.tui.lines import Lines, title
from model_router.tui.look import route_look
from model_router.tui.screens.base import Card, MainScreen
from model_router.tui.session import Session
from model_router.tui.tasks import begin
from model_router.tui.text import clean, error_words, fit

_NAME_WIDTH = 24


class LabelHead(Lines):
    """Which request it is about."""

    DEFAULT_CSS = "LabelHead { padding: 0 1; }"

    def __init__(self, event: RequestEvent) -> None:
        super().__init__()
        self._event = event

    def lines(self, width: int) -> list[Content]:
        """A title and where it went."""
        event = self._event
        look = route_look(event.route)
        went = f"{event.request_id} · {look.glyph} {look.word} → {event.decided or event.engine or 'nobody'}"
        return [
            title("Which engine should it have had?", width),
            Content.styled(clean(went, 300), "$quiet"),
            Content(),
        ]


class EngineChoices(OptionList):
    """Enter keeps the engine under the cursor, and the note."""

    BINDING_GROUP_TITLE = "Engines"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "select", "Keep", tooltip="Keep the engine under the cursor, and the note"),
        Binding("tab", "app.focus_next", "Note", tooltip="Write a note, if you like"),
    ]


class NoteField(Input):
    """Why."""

    BINDING_GROUP_TITLE = "Note"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "submit", "Keep", tooltip="Keep the engine under the cursor, and the note"),
        Binding("tab", "app.focus_next", "Engines", tooltip="Back to the engines"),
    ]


class LabelScreen(Card[tuple[str, str]]):
    """Ends with an engine and a note, or with nothing after esc."""

    BINDING_GROUP_TITLE = "Label"
    AUTO_FOCUS = "OptionList"
    CSS = """
    LabelScreen Vertical { margin: 1 0; }
    LabelScreen.-widest Vertical { margin: 3 16; }
    LabelScreen.-low Vertical, LabelScreen.-flat Vertical { margin: 0; }
    LabelScreen OptionList { border: none; height: auto; max-height: 12; background: $surface; padding: 0 1; }
    LabelScreen.-low OptionList, LabelScreen.-flat OptionList { max-height: 3; }
    LabelScreen Input { margin: 1 1 0 1; }
    LabelScreen.-low Input, LabelScreen.-flat Input { margin: 0; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss", "Back"),
        Binding("f1", "app.help", "Help", tooltip="Show what the keys do here"),
        Binding("ctrl+q", "app.quit", "Quit", show=False, priority=True),
    ]

    def __init__(self, session: Session, event: RequestEvent, before: Label | None) -> None:
        super().__init__(session)
        self._event = event
        self._before = before
        self._engines = list(session.router.catalog.engines)

    def body(self) -> ComposeResult:
        """The engines of the catalog, and the field for a note."""
        with Vertical():
            yield LabelHead(self._event)
            yield EngineChoices(*(Option(self._line(name)) for name in self._engines))
            yield NoteField(
                self._before.notes if self._before is not None else "",
                placeholder="why, if you like",
                compact=True,
                max_length=2_000,
            )

    def _line(self, name: str) -> Content:
        marks = []
        if name == (self._event.decided or self._event.engine):
            marks.append("it went here")
        if self._before is not None and name == self._before.engine:
            marks.append("⚑ your label")
        targets = [route for route, engine in self.session.router.catalog.routing_targets.items() if engine == name]
        words = " · ".join((*marks, *(str(route) for route in targets)))
        return Content.assemble(fit(clean(name, 60), _NAME_WIDTH), (words, "$quiet"))

    def on_mount(self) -> None:
        """Begin with the label that is there, else where it went."""
        self.query_one(Input).cursor_blink = False
        wanted = self._before.engine if self._before is not None else self._event.decided or self._event.engine
        choices = self.query_one(OptionList)
        choices.highlighted = self._engines.index(wanted) if wanted in self._engines else 0

    @on(OptionList.OptionSelected)
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        self.dismiss((self._engines[event.option_index], self.query_one(Input).value.strip()))

    @on(Input.Submitted)
    def _noted(self, event: Input.Submitted) -> None:
        highlighted = self.query_one(OptionList).highlighted
        if highlighted is not None:
            self.dismiss((self._engines[highlighted], event.value.strip()))


def ask_label(screen: MainScreen, event: RequestEvent, then: Callable[[], object]) -> None:
    """Ask for the label of a request, keep it, and go on; --read-only is told that nothing is written."""
    session = screen.session
    if session.read_only:
        words = "Opened with --read-only, so it does not write labels."
        screen.app.notify(words, severity="warning", markup=False)
        return

    def said(answer: tuple[str, str] | None) -> None:
        if answer is not None:
            begin(screen, "label", _keep, screen, event, answer, then)

    screen.app.push_screen(LabelScreen(session, event, session.labels.get(event.request_id)), said)


async def _keep(screen: MainScreen, event: RequestEvent, answer: tuple[str, str], then: Callable[[], object]) -> None:
    labels, (engine, note) = screen.session.labels, answer
    try:
        await asyncio.to_thread(labels.add, event, engine, note, screen.session.router.catalog)
    except ModelRouterError as error:
        screen.app.notify(clean(error_words(error), 400), severity="error", markup=False)
        return
    where = f"Noted in {labels.path}" if labels.path is not None else "Noted until the demo ends"
    words = f"{where}: {event.request_id} should go to {engine}. `model-router replay` counts it."
    screen.app.notify(clean(words, 400), markup=False)
    then()
