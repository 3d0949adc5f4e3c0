"""The wizard: from what is here to a configuration that serves, page by page. Nothing is written before a last yes."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from model_router.config.files import PROXY_NAME
from model_router.errors import ModelRouterError, SetupError
from model_router.setup.configuration import configuration_files, write_configuration
from model_router.setup.download.plan import Adapter, default_root
from model_router.setup.inventory import Inventory
from model_router.setup.own_ports import PortChoice, ports_in_use
from model_router.setup.presets import existing_files
from model_router.setup.survey import Survey
from model_router.setup.wizard import Offer, Source, Where, questions, usual_answer
from model_router.tui.fields import Choices
from model_router.tui.lines import Lines, fact, paragraph, spaced, title
from model_router.tui.screens.base import MainScreen
from model_router.tui.screens.change import ChangeScreen
from model_router.tui.screens.connect import ConnectScreen
from model_router.tui.screens.one_line import LineScreen
from model_router.tui.screens.plan import PlanScreen
from model_router.tui.session import Phase, Session
from model_router.tui.text import clean, error_words, fit
from model_router.tui.top_bar import phase_words
from model_router.tui.wizard_flow import (
    Flow,
    Page,
    found_lines,
    route_page_lines,
    together_lines,
    wanted_downloads,
)
from model_router.tui.wizard_port import read_port, session_port

_SOURCES = {
    Source.RUNNING: "● ",
    Source.FILE: "○ ",
    Source.RECOMMENDED: "↓ ",
    Source.PROVIDER: "↗ ",
}


class WizardLines(Lines):
    """What the page says, above its choices."""

    def __init__(self, owner: WizardScreen) -> None:
        super().__init__()
        self._owner = owner

    def lines(self, width: int) -> list[Content]:
        """The page."""
        owner = self._owner
        workshop = owner.session.workshop
        if owner.problem is not None:
            return [
                *paragraph(owner.problem.message, width, "$text-error", first="✗ ", indent="  "),
                *paragraph(owner.problem.hint or "r looks again.", width, first="→ ", indent="  "),
            ]
        if owner.doing:
            return paragraph(f"{owner.doing} … esc drops it", width, "$quiet")
        found, stock = workshop.found, workshop.stock
        if found is None or stock is None:
            words = "Looking at this machine, the servers that run here and the models on its disks …"
            return paragraph(words, width, "$quiet")
        return self._page(found, stock, width)

    def _page(self, found: Survey, stock: Inventory, width: int) -> list[Content]:
        owner, flow, question = self._owner, self._owner.flow, self._owner.flow.question
        if flow.page is Page.WHERE:
            return [*found_lines(found, stock, width), Content(), title("Where may models run?", width)]
        if question is not None:
            return route_page_lines(question, stock, (flow.number + 1, len(flow.questions)), width)
        if flow.page is Page.TOGETHER:
            port = paragraph(owner.port.words, width, first="! ", indent="  ") if owner.port.taken else []
            return spaced([together_lines(flow, stock, width), port])
        return owner.done_lines(width)


class WizardScreen(MainScreen):
    """Has no digit: it is for the first run, and for beginning anew."""

    mode = "wizard"
    BINDING_GROUP_TITLE = "Wizard"
    AUTO_FOCUS = "OptionList"
    CSS = """
    WizardScreen #text { padding: 1 1 0 1; height: auto; max-height: 70%; scrollbar-size-vertical: 1; }
    WizardScreen OptionList { min-width: 10; border: none; background: $background; padding: 0 1; height: 1fr; }
    WizardScreen OptionList { margin-top: 1; }
    WizardScreen.-widest #text, WizardScreen.-widest OptionList { margin: 1 10 0 10; }
    WizardScreen.-low #text, WizardScreen.-flat #text { padding: 0 1; max-height: 50%; }
    WizardScreen.-low OptionList, WizardScreen.-flat OptionList { margin-top: 0; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "page_back", "Page before", show=False, id="wizard.back", tooltip="Go back to the page before"),
        Binding("escape", "app.back", "Back", tooltip="Go back to the page before, and from the first one home"),
        Binding("r", "look", "Look again", id="wizard.look", tooltip="Look at this machine again"),
    ]

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.flow = Flow()
        self.problem: ModelRouterError | None = None
        self.doing = ""
        self.written: tuple[Path, ...] = ()
        self.unplanned: list[str] = []
        self.port = PortChoice(0)

    def body(self) -> ComposeResult:
        """Text, then the choices."""
        with VerticalScroll(id="text", can_focus=True):
            yield WizardLines(self)
        yield Choices(id="choices", markup=False)

    def on_mount(self) -> None:
        """Begin to look."""
        self.query_one(OptionList).focus()
        self.action_look()

    def state_changed(self) -> None:
        """On the last page the state of the gateway is told."""
        super().state_changed()
        if self.flow.page is Page.DONE:
            self.query_one(WizardLines).refresh(layout=True)

    # What waits

    def action_look(self) -> None:
        """Look at this machine, and begin at the first page."""
        self.flow, self.problem, self.doing = Flow(), None, ""
        self._show()
        self.run_worker(self._looked(), group="wizard", exclusive=True)

    async def _looked(self) -> None:
        workshop = self.session.workshop
        try:
            await asyncio.to_thread(workshop.look)
            # A simulated machine would be set up for nobody.
            await asyncio.to_thread(workshop.simulate, "")
            await asyncio.to_thread(workshop.judge, {})
            self.port = await asyncio.to_thread(session_port, self.session)
        except ModelRouterError as error:
            self.problem = error
        else:
            self.flow.page = Page.WHERE
        self._show()

    # The pages

    def _show(self) -> None:
        """Write the page's choices anew."""
        choices = self.query_one(OptionList)
        choices.clear_options()
        options, at = self._options() if self.problem is None and not self.doing else ([], 0)
        choices.add_options(options)
        if options:
            choices.highlighted = at
        self.query_one(WizardLines).refresh(layout=True)
        self.query_one("#text", VerticalScroll).scroll_home(animate=False)

    def _options(self) -> tuple[list[Option], int]:
        flow = self.flow
        question = flow.question
        if flow.page is Page.WHERE:
            words = {
                Where.LOCAL: "on this machine alone; prompts never leave it",
                Where.HOSTED: "at providers whose key is set",
                Where.MIX: "both, route by route",
            }
            return [_option(where.value, where.value, words[where]) for where in Where], 0
        if question is not None:
            nothing = "no pictures" if question.route.value == "vision" else "the model of another route"
            width = max(20, self.size.width - (26 if self.size.width >= 120 else 6))
            offers = [_offer_option(n, offer, width) for n, offer in enumerate(question.offers)]
            place = usual_answer(question, flow.answers)
            usual = 0 if place is None else place + 1
            return [_option("none", "-", nothing), *offers], usual
        if flow.page is Page.TOGETHER:
            return [
                _option("write", "Show the file", "and write it after a yes"),
                _option("port", "Other port", f"than {self.port.port}, where clients will find it"),
                _option("again", "Begin again", "with where models may run"),
            ], 0
        if flow.page is Page.DONE:
            return [
                _option("connect", "Connect", "what to set in Claude Code, Codex, aider, Cline, opencode …"),
                _option("doctor", "Doctor", "check that every backend does what it should"),
                _option("home", "Home", "address, backends, routes"),
            ], 0
        return [], 0

    @on(OptionList.OptionSelected)
    async def _chosen(self, event: OptionList.OptionSelected) -> None:
        await self._take(event.option.id or "")

    async def _take(self, chosen: str) -> None:
        flow, question = self.flow, self.flow.question
        if flow.page is Page.WHERE:
            self._begin(Where(chosen))
        elif question is not None:
            offer = None if chosen == "none" else question.offers[int(chosen)]
            if offer is not None and offer.source is Source.PROVIDER:
                self.run_worker(self._ask_model(offer), group="wizard", exclusive=True)
                return
            flow.answer(offer)
        elif chosen == "again":
            flow.page = Page.WHERE
        elif chosen == "port":
            self.run_worker(self._ask_port(), group="wizard", exclusive=True)
            return
        elif chosen == "write":
            self.action_write()
            return
        elif chosen == "connect":
            self.app.push_screen(ConnectScreen(self.session))
            return
        elif chosen in {"home", "doctor"}:
            await self.run_action(f"app.show('{chosen}')")
            return
        self._show()

    def _begin(self, where: Where) -> None:
        found, stock = self.session.workshop.found, self.session.workshop.stock
        if found is None or stock is None:
            return
        asked = questions(
            found,
            stock.recommendation if where is not Where.HOSTED else None,
            where,
            models_folder=str(default_root(Adapter.LLAMACPP, self.session.environ)),
        )
        if not any(question.offers for question in asked):
            words = "No key of a provider is set; set one, like OPENAI_API_KEY, and start anew."
            if where is not Where.HOSTED:
                words = (
                    "Nothing here can be chosen: no server runs, no model lies in a file, and none fits to be fetched."
                )
            self.app.notify(words, severity="warning", markup=False)
            return
        self.flow.begin(where, asked)
        self._keep_free()
        while self.flow.question is not None and not self.flow.question.offers:
            self.flow.answer(None)

    def _keep_free(self) -> None:
        """The ports that no server to be started may take: those of others, and the gateway's own."""
        workshop = self.session.workshop
        others = ports_in_use(workshop.found, workshop.port_is_free) if workshop.found is not None else frozenset()
        self.flow.busy = others | {self.port.port}

    async def _ask_model(self, offer: Offer) -> None:
        words = f"{offer.note}. The name is the provider's own for it."
        screen = LineScreen(self.session, "Which model?", words, example="a model's name")
        name = await self.app.push_screen_wait(screen)
        if name:
            self.flow.answer(replace(offer, pick=replace(offer.pick, model=name)))
            self._show()

    async def _ask_port(self) -> None:
        """Until it is a free one, or esc."""
        words, port = "Clients will find the gateway at http://127.0.0.1:PORT/v1.", self.port.port
        while True:
            screen = LineScreen(self.session, "Which port?", words, start=str(port), example="1 to 65535")
            text = await self.app.push_screen_wait(screen)
            if text is None:
                return
            wanted = read_port(text)
            if not wanted:
                words = f"{clean(text, 40)!r} is no port: it takes a number from 1 to 65535."
                continue
            found = await asyncio.to_thread(session_port, self.session, wanted)
            if not found.taken:
                self.port = found
                self._keep_free()
                self._show()
                return
            words, port = f"Port {wanted} is taken by another program; {found.port} is free.", found.port

    def action_page_back(self) -> None:
        """The page before."""
        if not self.doing and self.flow.back():
            self._show()

    def go_back(self) -> bool:
        """Out of what waits, then a page back."""
        if self.doing:
            self.workers.cancel_group(self, "wizard")
            self.doing = ""
            self.flow.page = Page.DONE if self.written else Page.TOGETHER
            self._show()
            return True
        if self.flow.back():
            self._show()
            return True
        return False

    # Writing

    def action_write(self) -> None:
        """Show the file, write it after a yes, fetch what was approved, start."""
        if self.may_edit("write a configuration"):
            self.run_worker(self._write(), group="wizard", exclusive=True)

    async def _write(self) -> None:
        session, picks = self.session, self.flow.picks
        path = session.config_path
        try:
            if path.name != PROXY_NAME:
                raise SetupError(
                    f"the wizard writes {PROXY_NAME}, and this run was opened with {path.name}",
                    "Open it without --config, or with a file of that name.",
                )
            text = configuration_files(picks, self.port.port)[PROXY_NAME]
            there = await asyncio.to_thread(existing_files, path.parent)
            words = f"Two files go into {path.parent}: this one and model_router.yaml, the catalog of engines. "
            words += "Those that are there are kept as copies." if there else "Nothing else is changed."
            if not await self.app.push_screen_wait(ChangeScreen(session, f"Write {PROXY_NAME}?", words, text)):
                return
            now = datetime.now().astimezone()
            written = await asyncio.to_thread(
                write_configuration,
                picks,
                path.parent,
                now=now,
                port=self.port.port,
                force=bool(there),
                environ=session.environ,
            )
        except ModelRouterError as error:
            self.app.notify(clean(error_words(error), 600), severity="error", markup=False, timeout=10)
            return
        self.written = (written.proxy, written.catalog)
        self.app.notify(clean(f"Written: {written.proxy} and {written.catalog.name}"), markup=False)
        if session.phase is not Phase.SERVING:
            await self.run_action("app.again")
        await self._fetch()
        self.flow.page = Page.DONE
        self._show()

    async def _fetch(self) -> None:
        """Plan what has to be fetched, and ask about each."""
        workshop = self.session.workshop
        self.unplanned = []
        for wanted in wanted_downloads(self.flow, workshop.stock) if workshop.stock is not None else ():
            self.doing = f"Asking the hub about {wanted.repository}"
            self._show()
            try:
                queue = await asyncio.to_thread(workshop.open_queue)
                plan = await asyncio.to_thread(workshop.plan, wanted)
                snapshot = await asyncio.to_thread(queue.add, plan)
                if await self.app.push_screen_wait(PlanScreen(self.session, plan)):
                    await asyncio.to_thread(queue.approve, snapshot.identity)
            except ModelRouterError as error:
                self.unplanned.append(wanted.repository)
                words = error_words(error)
                self.app.notify(clean(words, 600), severity="warning", markup=False, timeout=10)
            finally:
                self.doing = ""

    def done_lines(self, width: int) -> list[Content]:
        """What was written, how it stands, and what is still to do by hand."""
        session, flow = self.session, self.flow
        facts = [title("Written", width)]
        for path in self.written:
            facts += fact("file", str(path), width)
        facts += fact("state", phase_words(session.phase), width)
        if session.address:
            facts += fact("address", Content.styled(clean(session.address), "bold"), width)
        steps: list[Content] = []
        if session.problem is not None:
            steps += paragraph(f"{session.problem.message} {session.problem.hint}", width, first="✗ ", indent="  ")
        if self.unplanned:
            words = f"Not fetched yet: {', '.join(self.unplanned)}. p in Models (4) asks the hub again."
            steps += paragraph(words, width, first="→ ", indent="  ")
        elif flow.to_fetch:
            steps += paragraph("Downloads (5) shows how far the models are.", width, first="→ ", indent="  ")
        for command in flow.to_start:
            steps += paragraph(f"Start its server: {command}", width, first="→ ", indent="  ")
        return spaced([facts, steps])


def _option(name: str, head: str, words: str) -> Option:
    return Option(Content.assemble((fit(head, 15), "bold"), words), id=name)


def _offer_option(number: int, offer: Offer, width: int) -> Option:
    name = clean(offer.pick.model, 120) or "a model of your choice"
    room = max(12, min(40, width // 2))
    note = clean(offer.note.partition(" with `")[0], 200)  # fetched from here, not by a command
    words = Content.assemble(
        _SOURCES[offer.source], (fit(name, room), "bold"), (fit(f" {note}", width - room - 2).rstrip(), "$quiet")
    )
    return Option(words, id=str(number))
