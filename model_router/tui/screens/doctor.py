"""Doctor: what is wrong, what to do about it, and what each backend showed that it can do."""

from __future__ import annotations

import asyncio
import time
from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import DataTable

from model_router.config.truth_card import TruthCard, read_truth_cards, truth_cards_path
from model_router.errors import ModelRouterError
from model_router.setup.doctor.examination import Examination, examination, keep_cards
from model_router.setup.doctor.finding import Finding, Level
from model_router.tui.finding_lines import LEVEL_GLYPHS, ORDER, card_lines, finding_lines, found_words
from model_router.tui.lines import Lines, paragraph, spaced
from model_router.tui.screens.assignment import change_backend
from model_router.tui.screens.base import MainScreen
from model_router.tui.session import Session
from model_router.tui.text import clean, fit

_SIDE_BY_SIDE = 120
_PANE = 56
_PATIENCE = 60.0
"""Seconds for one answer: a model may have to be loaded first."""


class DoctorHead(Lines):
    """What was found in all, what is being asked, or what to do first."""

    DEFAULT_CSS = "DoctorHead { padding: 0 1; }"

    def __init__(self, owner: DoctorScreen) -> None:
        super().__init__()
        self._owner = owner

    def lines(self, width: int) -> list[Content]:
        """A line or some sentences."""
        owner = self._owner
        if owner.asking is not None:
            seconds = time.monotonic() - owner.began
            about = f"Asking {owner.asking}" if owner.asking else "Looking at the files"
            return paragraph(f"{about} … {seconds:.0f} s; esc stops it", width, "$quiet")
        if owner.problem is not None:
            return [
                *paragraph(owner.problem.message, width, "$text-error", first="✗ ", indent="  "),
                *(paragraph(owner.problem.hint, width, first="→ ", indent="  ") if owner.problem.hint else []),
            ]
        if owner.session.is_demo:
            words = "The demo's models are made up, so there is nothing to examine. It needs a configuration."
            return paragraph(words, width, "$quiet")
        if not owner.shown:
            words = (
                "Nothing was examined yet. r checks the files, keys, the port and every backend: servers on this "
                "machine get a few short requests, hosted ones are only asked for their list of models."
            )
            return paragraph(words, width, "$quiet")
        counts = {level: sum(one.level is level for one in owner.shown) for level in ORDER}
        parts = [
            f"{LEVEL_GLYPHS[level]} {counts[level]} {word}"
            for level, word in zip(ORDER, ("wrong", "to note", "fine"), strict=True)
        ]
        well = "" if counts[Level.PROBLEM] else "Nothing is wrong.  "
        return [Content.styled(fit(f"{well}{'  '.join(parts)}  at {owner.examined_at}", width), "$quiet")]


class FindingLines(Lines):
    """The finding under the cursor, and the card of its backend."""

    DEFAULT_CSS = "FindingLines { padding: 0 1; }"

    def lines(self, width: int) -> list[Content]:
        """Both, or the cards that are known while nothing was examined."""
        screen = self.screen
        if not isinstance(screen, DoctorScreen):
            return []
        finding = screen.current
        if finding is None:
            return spaced(screen.lines_of(card, width) for card in screen.cards.values())
        card = screen.cards.get(finding.subject)
        return spaced([finding_lines(finding, width), screen.lines_of(card, width) if card is not None else []])


class DoctorScreen(MainScreen):
    """The seventh screen."""

    mode = "doctor"
    BINDING_GROUP_TITLE = "Doctor"
    AUTO_FOCUS = "DataTable"
    CSS = """
    DoctorScreen #list { height: 1fr; }
    DoctorScreen DataTable { height: 1fr; background: $background; scrollbar-size-vertical: 1; overflow-x: hidden; }
    DoctorScreen #pane { height: 45%; scrollbar-size-vertical: 1; padding-top: 1; }
    DoctorScreen.-empty DataTable { display: none; }
    DoctorScreen.-empty #pane { height: 1fr; }
    DoctorScreen.-widest #list { layout: horizontal; }
    DoctorScreen.-widest DataTable { width: 1fr; height: 1fr; }
    DoctorScreen.-widest #pane { width: 56; height: 1fr; border-left: solid $rule; padding-top: 0; }
    DoctorScreen.-empty.-widest #pane { width: 1fr; border-left: none; }
    DoctorScreen.-low #pane, DoctorScreen.-flat #pane { display: none; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("r", "examine", "Examine", id="doctor.all", tooltip="Examine everything"),
        Binding("e", "examine_one", "Only this", id="doctor.one", tooltip="Examine only this backend"),
        Binding("f", "repair", "Put right", id="doctor.repair", tooltip="Write what puts it right, after a yes"),
        Binding("H", "examine_hosted", "Hosted too", show=False, id="doctor.hosted", tooltip="Let hosted answer too"),
    ]

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.shown: list[Finding] = []
        self.cards: dict[str, TruthCard] = {}
        self.asking: str | None = None
        self.problem: ModelRouterError | None = None
        self.examined_at = ""
        self._under_cursor = ("", "")
        self._subjects: list[str] = []
        self.began = 0.0

    def body(self) -> ComposeResult:
        """Head, list, pane."""
        yield DoctorHead(self)
        with Vertical(id="list"):
            yield DataTable(cursor_type="row", show_header=False)
            with VerticalScroll(id="pane", can_focus=False):
                yield FindingLines()

    def on_mount(self) -> None:
        """Show what is known from before."""
        self._fill()
        if not self.session.is_demo:
            self.run_worker(self._read_cards(), group="cards")

    async def _read_cards(self) -> None:
        path = truth_cards_path(self.session.environ)
        self.cards = await asyncio.to_thread(read_truth_cards, path)
        self._describe()

    # What is shown

    @property
    def current(self) -> Finding | None:
        """The finding under the cursor."""
        row = self.query_one(DataTable).cursor_row
        return self.shown[row] if 0 <= row < len(self.shown) else None

    def lines_of(self, card: TruthCard, width: int) -> list[Content]:
        """One card; whether it still counts is known while there is a configuration."""
        gateway = self.session.gateway
        backend = gateway.config.backends.get(card.backend) if gateway is not None else None
        return card_lines(card, width, current=backend is None or card.is_of(backend))

    def state_changed(self) -> None:
        """The seconds pass while something is asked."""
        super().state_changed()
        if self.asking is not None:
            self.query_one(DoctorHead).refresh(layout=True)

    def on_resize(self) -> None:
        """The list has another width."""
        self._fill()

    def _fill(self) -> None:
        table: DataTable[Text] = self.query_one(DataTable)
        row, before = table.cursor_row, self._under_cursor
        table.clear(columns=True)
        self.set_class(not self.shown, "-empty")
        self.refresh_bindings()
        if self.shown:
            width = self.size.width - (_PANE if self.size.width >= _SIDE_BY_SIDE else 0) - 1
            name = min(18, max(8, *(len(_short(one.subject)) for one in self.shown))) if width >= 40 else 0
            for part in (1, name, max(4, width - name - 1 - 6)):
                table.add_column("", width=part)
            for one in self.shown:
                style = "bold" if one.level is Level.PROBLEM else "dim" if one.level is Level.FINE else ""
                cells = (LEVEL_GLYPHS[one.level], fit(_short(one.subject), name), clean(found_words(one), 300))
                table.add_row(*(Text(cell, style, no_wrap=True, overflow="ellipsis") for cell in cells))
            same = (place for place, one in enumerate(self.shown) if (one.code, one.subject) == before)
            table.move_cursor(row=next(same, max(0, min(row, len(self.shown) - 1))))
        self._describe()

    def _describe(self) -> None:
        for lines in self.query(Lines):
            lines.refresh(layout=True)

    @on(DataTable.RowHighlighted)
    def _moved(self) -> None:
        current = self.current
        self._under_cursor = (current.code, current.subject) if current is not None else ("", "")
        self._describe()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Before anything was examined there is nothing to examine again or to put right."""
        return bool(self.shown) if action in {"examine_one", "repair"} else True

    # Examining

    def action_examine(self) -> None:
        """Examine everything."""
        self._examine()

    def action_examine_hosted(self) -> None:
        """Examine everything, and let hosted servers answer."""
        self._examine(hosted=True)

    def action_examine_one(self) -> None:
        """Examine only the backend under the cursor."""
        finding, gateway = self.current, self.session.gateway
        if finding is None or gateway is None or finding.subject not in gateway.config.backends:
            self.app.notify("Put the cursor on a finding of a backend; r examines everything.", markup=False)
            return
        self._examine(only=finding.subject)

    def _examine(self, *, only: str = "", hosted: bool = False) -> None:
        if self.session.is_demo:
            self.app.notify("The demo has nothing to examine.", markup=False)
            return
        self.asking, self.problem, self.began = "", None, time.monotonic()
        self._describe()
        self.run_worker(self._examined(only, hosted=hosted), group="doctor", exclusive=True)

    async def _examined(self, only: str, *, hosted: bool) -> None:
        session = self.session
        try:
            found = await examination(
                session.config_path,
                session.environ,
                patience=_PATIENCE,
                ask_hosted=hosted,
                only=only,
                progress=self._asks,
            )
        except ModelRouterError as error:
            self.problem = error
            return
        finally:
            self.asking = None
            self._describe()
        self._take(found, only)
        if found.cards and not session.read_only:
            await self._keep(found)

    def _asks(self, name: str) -> None:
        self.asking = name
        self._describe()

    def _take(self, found: Examination, only: str) -> None:
        """The worst first, and each subject in its place, also when it alone was examined again."""
        subjects = self._subjects if only else [one.subject for one in found.findings]
        self._subjects = list(dict.fromkeys([*subjects, *(one.subject for one in self.shown), only]))
        kept = [one for one in self.shown if one.subject != only] if only else []
        fresh = [one for one in found.findings if not only or one.subject == only]
        places = {subject: place for place, subject in enumerate(self._subjects)}
        self.shown = sorted([*kept, *fresh], key=lambda one: (ORDER.index(one.level), places[one.subject]))
        self.cards |= {card.backend: card for card in found.cards}
        self.examined_at = time.strftime("%H:%M:%S")
        self._fill()

    async def _keep(self, found: Examination) -> None:
        try:
            await asyncio.to_thread(keep_cards, truth_cards_path(self.session.environ), found.cards)
        except OSError as error:
            words = f"The results could not be kept ({error.strerror or error})."
            self.app.notify(clean(words, 300), severity="warning", markup=False)

    def go_back(self) -> bool:
        """Stop asking."""
        if self.asking is None:
            return False
        self.workers.cancel_group(self, "doctor")
        self.asking = None
        self._describe()
        self.app.notify("Stopped; nothing was changed.", markup=False)
        return True

    def action_repair(self) -> None:
        """Write what puts it right, after a yes; then look again."""
        finding = self.current
        if finding is None or not finding.settings:
            self.app.notify("There is nothing to write for this; what to do stands beside it.", markup=False)
        elif self.may_edit("put things right"):
            self.run_worker(self._repaired(finding), group="repair", exclusive=True)

    async def _repaired(self, finding: Finding) -> None:
        words = f"{finding.message}. {finding.fix}"
        if await change_backend(self, finding.subject, finding.settings, words):
            self._examine(only=finding.subject)


def _short(subject: str) -> str:
    """A backend's name, or the last part of a path."""
    return clean(subject.replace("\\", "/").rpartition("/")[2], 40)
