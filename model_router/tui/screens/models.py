"""Models: what is here, what could be, whether it fits, how fast it would be, and which route uses it."""

from __future__ import annotations

import asyncio
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widgets import DataTable, Input
from textual.worker import Worker

from model_router.engine.routes import Route
from model_router.errors import ModelRouterError
from model_router.hindsight.event_files import log_place
from model_router.hindsight.speeds import measured_speeds
from model_router.setup.fit.measured import plain_name
from model_router.setup.inventory import Entry, Place, wanted_for
from model_router.setup.wizard import LLAMA_SERVER, serve_command
from model_router.tui.fields import FilterField
from model_router.tui.lines import Lines, paragraph
from model_router.tui.model_lines import (
    entry_lines,
    fit_word,
    machine_lines,
    sum_lines,
)
from model_router.tui.model_table import SORTS, ModelTable
from model_router.tui.screens.assignment import Assignable, assign, backends_by_route
from model_router.tui.screens.base import MainScreen
from model_router.tui.screens.model_sum import ModelScreen
from model_router.tui.screens.one_line import LineScreen
from model_router.tui.session import Session
from model_router.tui.text import SHOWABLE, clean, error_words, fit
from model_router.tui.workshop import CONTEXTS

_SIDE_BY_SIDE = 120


_LEGEND = "  ● served  ○ on disk"


class ModelsHead(Lines):
    """What models are judged by, and how much of the list is shown; while there is none, what happens instead."""

    DEFAULT_CSS = "ModelsHead { padding: 0 1; }"

    def __init__(self, screen: ModelsScreen) -> None:
        super().__init__()
        self._owner = screen

    def lines(self, width: int) -> list[Content]:
        """Two lines, or a few sentences."""
        owner, workshop = self._owner, self._owner.session.workshop
        if owner.problem is not None:
            return [
                *paragraph(owner.problem.message, width, "$text-error", first="✗ ", indent="  "),
                *paragraph(owner.problem.hint or "Press r to look again.", width, first="→ ", indent="  "),
            ]
        if workshop.stock is None:
            words = "Looking at this machine, the servers that run here and the models on its disks …"
            return paragraph(words if owner.looking else "Press r to look at this machine.", width, "$quiet")
        shown, of = len(owner.shown), len(workshop.stock.entries)
        filtered = f" · filter: {clean(owner.filter, 60)}" if owner.filter else ""
        working = " · looking …" if owner.looking else ""
        words = f"{shown} of {of} models · sorted by {owner.sort}, o changes it{filtered}{working}"
        lines = machine_lines(workshop.stock, clean(workshop.simulated_words, 80), width)
        second = f"{fit(words, width - len(_LEGEND))}{_LEGEND}" if width >= 78 else fit(words, width)
        if not shown:
            second = fit(f"No model matches {clean(owner.filter, 40)!r}; esc shows all", width)
        return [*lines, Content.styled(second, "$quiet")]


class ModelPane(VerticalScroll):
    """The model under the cursor: a few lines, and with room its whole sum."""

    DEFAULT_CSS = "ModelPane { scrollbar-size-vertical: 1; }"
    can_focus = False

    def compose(self) -> ComposeResult:
        """One widget of lines."""
        yield PaneLines()


class PaneLines(Lines):
    """See :class:`ModelPane`."""

    DEFAULT_CSS = "PaneLines { padding: 0 1; }"

    def lines(self, width: int) -> list[Content]:
        """The lines of the model under the cursor."""
        screen = self.screen
        if not isinstance(screen, ModelsScreen) or screen.current is None:
            return []
        lines = entry_lines(screen.current, screen.used_by(screen.current), width)
        if screen.size.width >= _SIDE_BY_SIDE:
            lines += [Content(), *sum_lines(screen.current, width)]
        return lines


class ModelsScreen(MainScreen):
    """The fourth screen."""

    mode = "models"
    BINDING_GROUP_TITLE = "Models"
    AUTO_FOCUS = "DataTable"
    CSS = """
    ModelsScreen #list { height: 1fr; }
    ModelsScreen DataTable { height: 1fr; background: $background; scrollbar-size-vertical: 1; overflow-x: hidden; }
    ModelsScreen DataTable > .datatable--header { background: $background; color: $primary; text-style: none; }
    ModelsScreen ModelPane { height: 5; border-top: none; }
    ModelsScreen #filter { display: none; border: none; height: 1; background: $surface; padding: 0 1; }
    ModelsScreen.-filter #filter { display: block; }
    ModelsScreen.-widest #list { layout: horizontal; }
    ModelsScreen.-widest DataTable { width: 1fr; height: 1fr; }
    ModelsScreen.-widest ModelPane { width: 42; height: 1fr; border-left: solid $rule; }
    ModelsScreen.-low ModelPane, ModelsScreen.-flat ModelPane { display: none; }
    ModelsScreen.-flat ModelsHead { display: none; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "filter", "Filter", id="models.filter", tooltip="Show only models that hold some words"),
        Binding("o", "sort", "Sort", show=False, id="models.sort", tooltip="Order by the next: use, quality, speed …"),
        Binding("h", "simulate", "Hardware", id="models.hardware", tooltip="Judge for other hardware"),
        Binding("u", "assign", "Use", id="models.use", tooltip="Give the model to a route"),
        Binding("p", "plan", "Get", id="models.download", tooltip="Plan its download; nothing is fetched yet"),
        Binding("c", "context(1)", "Context", show=False, id="models.context", tooltip="Judge with more context"),
        Binding("C", "context(-1)", "Context", show=False, tooltip="Judge with less context"),
        Binding("r", "look", "Look again", show=False, id="models.look", tooltip="Look at this machine again"),
        Binding("w", "app.show('wizard')", "Wizard", show=False, tooltip="Set everything up, step by step"),
    ]

    class ListKept(Message):
        """Another order or filter was taken."""

        def __init__(self, sort: str, filter_text: str) -> None:
            super().__init__()
            self.sort, self.filter = sort, filter_text

    def __init__(self, session: Session, sort: str = "use", filter_text: str = "") -> None:
        super().__init__(session)
        self.shown: list[Entry] = []
        self.sort = sort if sort in SORTS else "use"
        self.filter = clean(filter_text, 200).strip()
        self.problem: ModelRouterError | None = None
        self.looking = False
        self._columns: tuple[str, ...] = ()
        self._used: dict[str, list[Route]] = {}

    def body(self) -> ComposeResult:
        """Head, list and pane, filter."""
        yield ModelsHead(self)
        with Vertical(id="list"):
            yield ModelTable()
            yield ModelPane()
        yield FilterField(
            id="filter", placeholder="words in name, licence, place or route", restrict=SHOWABLE, compact=True
        )

    def on_mount(self) -> None:
        """Begin to look, once."""
        self.query_one(Input).cursor_blink = False
        with self.prevent(Input.Changed):
            self.query_one(Input).value = self.filter
        self.set_class(bool(self.filter), "-filter")
        if self.session.workshop.stock is None:
            self.action_look()
        else:
            self._fill()

    # What is shown

    @property
    def current(self) -> Entry | None:
        """The model under the cursor."""
        row = self.query_one(DataTable).cursor_row
        return self.shown[row] if 0 <= row < len(self.shown) else None

    def used_by(self, entry: Entry) -> tuple[Route, ...]:
        """The routes whose backend asks for it."""
        return tuple(dict.fromkeys(route for name in entry.plain_names for route in self._used.get(name, ())))

    def _remember_use(self) -> None:
        used: dict[str, list[Route]] = {}
        gateway = self.session.gateway
        if gateway is not None and not self.session.is_demo:
            for route, backend in backends_by_route(self.session).items():
                used.setdefault(plain_name(gateway.config.backends[backend].model), []).append(route)
        self._used = used

    def _fill(self) -> None:
        """Write the rows anew; the cursor stays on its model."""
        stock = self.session.workshop.stock
        table = self.query_one(ModelTable)
        before = self.current
        self._remember_use()
        entries = list(stock.entries) if stock is not None else []
        words = self.filter.lower().split()
        self.shown = sorted((one for one in entries if all(w in self._text(one) for w in words)), key=SORTS[self.sort])
        table.show(self.shown, self.used_by, self.size.width - self._pane_width - 1)
        if before is not None:
            same = (n for n, one in enumerate(self.shown) if (one.name, one.quant) == (before.name, before.quant))
            table.move_cursor(row=next(same, 0))
        self._describe()

    def _text(self, entry: Entry) -> str:
        routes = (*(route.value for route in self.used_by(entry)), *(work.value for work in entry.recommended))
        parts = (entry.name, entry.quant, entry.licence, entry.place.value, fit_word(entry, short=True), entry.here)
        return " ".join((*parts, *routes)).lower()

    def _describe(self) -> None:
        for lines in self.query(Lines):
            lines.refresh(layout=True)

    @property
    def _pane_width(self) -> int:
        """What the pane takes beside the list; below the list it takes nothing of its width."""
        return 0 if self.size.width < _SIDE_BY_SIDE else 42 if self.size.width < 160 else 66

    def on_resize(self) -> None:
        """Other columns have room."""
        if self._pane_width:
            self.query_one(ModelPane).styles.width = self._pane_width
        else:
            self.query_one(ModelPane).styles.width = "100%"
        if self.session.workshop.stock is not None:
            self._fill()

    def state_changed(self) -> None:
        """A route may have been given another model."""
        super().state_changed()
        before = self._used
        self._remember_use()
        if before != self._used and self.session.workshop.stock is not None:
            self._fill()

    @on(DataTable.RowHighlighted)
    def _moved(self) -> None:
        self._describe()

    @on(DataTable.RowSelected)
    def _selected(self) -> None:
        self.action_sum()

    # What waits

    def action_look(self) -> None:
        """Look at this machine, in a thread; esc shows the screen before meanwhile."""
        self._work(look=True)

    def _work(self, *, look: bool = False) -> Worker[None]:
        self.looking = True
        self._describe()
        return self.run_worker(self._judged(look=look), group="models", exclusive=True)

    async def _judged(self, *, look: bool) -> None:
        workshop = self.session.workshop
        try:
            if look:
                await asyncio.to_thread(workshop.look)
            await asyncio.to_thread(_weigh, self.session)
            self.problem = None
        except ModelRouterError as error:
            self.problem = error
        finally:
            self.looking = False
        self._fill()

    # Keys

    def action_sum(self) -> None:
        """The whole sum above the list."""
        if self.current is not None:
            self.app.push_screen(ModelScreen(self.session, self.current, self.used_by(self.current)))

    def action_sort(self) -> None:
        """The next order."""
        names = list(SORTS)
        self.sort = names[(names.index(self.sort) + 1) % len(names)]
        self._keep_list()
        self._fill()

    def _keep_list(self) -> None:
        self.post_message(self.ListKept(self.sort, self.filter))

    def action_context(self, step: int) -> None:
        """Judge with more or less context."""
        workshop = self.session.workshop
        place = CONTEXTS.index(workshop.context) + step
        if workshop.stock is not None and 0 <= place < len(CONTEXTS):
            workshop.context = CONTEXTS[place]
            self._work()

    def action_filter(self) -> None:
        """Go to the filter."""
        self.add_class("-filter")
        self.query_one("#filter", Input).focus()

    @on(Input.Changed, "#filter")
    def _filter_changed(self, event: Input.Changed) -> None:
        self.filter = event.value.strip()
        self._fill()

    @on(Input.Submitted, "#filter")
    def _filter_kept(self) -> None:
        self.set_class(bool(self.filter), "-filter")
        self._keep_list()
        self.query_one(DataTable).focus()

    def go_back(self) -> bool:
        """Out of the filter, then out of the simulation."""
        if self.has_class("-filter"):
            self.filter = self.query_one("#filter", Input).value = ""
            self.remove_class("-filter")
            self._keep_list()
            self.query_one(DataTable).focus()
            return True
        if self.session.workshop.simulated is not None:
            self.run_worker(self._simulate(""), group="models", exclusive=True)
            return True
        return False

    def action_simulate(self) -> None:
        """Ask for other hardware, then judge for it."""
        self.run_worker(self._ask_hardware(), group="models", exclusive=True)

    async def _ask_hardware(self) -> None:
        words = (
            "Graphics cards with their memory in GiB, with commas between several, or the path of a file that "
            "`model-router setup scan --json` wrote. Nothing means this machine."
        )
        text = await self.app.push_screen_wait(
            LineScreen(
                self.session,
                "Judge for which hardware?",
                words,
                start=self.session.workshop.simulated_words,
                example="RTX 4090:24",
            )
        )
        if text is not None:
            await self._simulate(text)

    async def _simulate(self, text: str) -> None:
        try:
            await asyncio.to_thread(self.session.workshop.simulate, text)
        except ModelRouterError as error:
            self.app.notify(clean(error_words(error), 400), severity="warning", markup=False)
            return
        self.looking = True
        await self._judged(look=False)

    def action_assign(self) -> None:
        """Give the model to a route."""
        entry = self.current
        if entry is None:
            return
        if entry.place is Place.CATALOG:
            self.app.notify("It is not on this machine yet; p plans its download.", markup=False)
            return
        self.run_worker(assign(self, self._assignable(entry)), group="assign")

    def _assignable(self, entry: Entry) -> Assignable:
        """Ollama and LM Studio serve their own models at their own address; any other file wants a server."""
        if entry.place is Place.SERVED:
            return Assignable(entry.served_name, entry.address)
        found = self.session.workshop.found
        local = next((one for one in found.found.models if str(one.path) == entry.here), None) if found else None
        return Assignable(
            entry.served_name,
            entry.address,
            f"It has to be served at {entry.address}.",
            idle=entry.address == LLAMA_SERVER,
            serve=serve_command(local) if local is not None and local.path.suffix == ".gguf" else "",
        )

    def action_plan(self) -> None:
        """Plan the download on the next screen."""
        entry = self.current
        if entry is None:
            return
        wanted = wanted_for(entry, entry.recommended[0].value if entry.recommended else "")
        if wanted is None:
            self.app.notify("The catalog does not know its files; n in Downloads takes a repository.", markup=False)
            return
        self.session.workshop.to_plan.append(wanted)
        self.call_later(self.run_action, "app.show('downloads')")


def _weigh(session: Session) -> None:
    """Weigh every model, with the speeds that the gateway has measured here; those of the demo are made up."""
    speeds = {} if session.is_demo else measured_speeds(log_place(session.environ, proxy=session.config_path))
    session.workshop.judge(speeds)
