"""Downloads: what was planned, approved, fetched; nothing is fetched without a yes for each."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import DataTable

from model_router.errors import ModelRouterError
from model_router.setup.download.offer import served_name, server_hint
from model_router.setup.download.progress import DownloadSnapshot, DownloadState
from model_router.setup.download.queue import DownloadQueue
from model_router.setup.download.sizes import size_words
from model_router.setup.download.wanted import Wanted
from model_router.tui.download_lines import download_lines
from model_router.tui.download_table import DownloadTable
from model_router.tui.lines import Lines, paragraph
from model_router.tui.screens.assignment import Assignable, assign
from model_router.tui.screens.base import MainScreen
from model_router.tui.screens.one_line import LineScreen
from model_router.tui.screens.plan import PlanScreen
from model_router.tui.screens.question import QuestionScreen
from model_router.tui.session import Session
from model_router.tui.text import clean, counted, error_words

_SIDE_BY_SIDE = 150
"""Width from which there is room beside the list without taking its rates away."""
_PANE = 56
_LOOK_SECONDS = 0.4
_TO_A_DOWNLOAD = frozenset({"next", "pause", "cancel", "use", "retry", "verify", "forget"})


class DownloadsHead(Lines):
    """What is being asked of the hub, what went wrong with that, or what to do first."""

    DEFAULT_CSS = "DownloadsHead { padding: 0 1; }"

    def __init__(self, owner: DownloadsScreen) -> None:
        super().__init__()
        self._owner = owner

    def lines(self, width: int) -> list[Content]:
        """A line or some sentences."""
        owner = self._owner
        lines: list[Content] = []
        if owner.asking:
            lines += paragraph(f"Asking the hub about {owner.asking} … esc drops it", width, "$quiet")
        if owner.problem is not None:
            lines += paragraph(owner.problem.message, width, "$text-error", first="✗ ", indent="  ")
            lines += paragraph(owner.problem.hint, width, first="→ ", indent="  ") if owner.problem.hint else []
        if owner.session.is_demo:
            words = "The demo downloads nothing. With a configuration of your own, this is where models are fetched."
            return [*lines, *paragraph(words, width, "$quiet")]
        if not owner.shown and not owner.asking:
            words = (
                "No downloads. p in Models (4) plans one for the model under the cursor; n takes a repository, like "
                "OWNER/NAME or OWNER/NAME:Q4_K_M. A plan is only a question: nothing is fetched before you say yes."
            )
            lines += paragraph(words, width, "$quiet")
        elif owner.shown:
            busy = sum(one.state in {DownloadState.RUNNING, DownloadState.VERIFYING} for one in owner.shown)
            rate = sum(one.rate or 0 for one in owner.shown)
            words = f"{counted(len(owner.shown), 'download')} · {busy} under way"
            lines.append(Content.styled(words + (f" · {size_words(rate)}/s" if rate else ""), "$quiet"))
        return lines


class DownloadLines(Lines):
    """The download under the cursor."""

    DEFAULT_CSS = "DownloadLines { padding: 0 1; }"

    def lines(self, width: int) -> list[Content]:
        """Its lines."""
        screen = self.screen
        if not isinstance(screen, DownloadsScreen) or screen.current is None:
            return []
        return download_lines(screen.current, width)


class DownloadsScreen(MainScreen):
    """The fifth screen."""

    mode = "downloads"
    BINDING_GROUP_TITLE = "Downloads"
    AUTO_FOCUS = "DataTable"
    CSS = """
    DownloadsScreen #list { height: 1fr; }
    DownloadsScreen DataTable { height: 1fr; background: $background; scrollbar-size-vertical: 1; overflow-x: hidden; }
    DownloadsScreen DataTable > .datatable--header { background: $background; color: $primary; text-style: none; }
    DownloadsScreen #pane { height: 40%; scrollbar-size-vertical: 1; }
    DownloadsScreen.-empty #pane { display: none; }
    DownloadsScreen.-empty DataTable { height: 1; }
    DownloadsScreen.-beside #list { layout: horizontal; }
    DownloadsScreen.-beside DataTable { width: 1fr; height: 1fr; }
    DownloadsScreen.-beside #pane { width: 56; height: 1fr; border-left: solid $rule; }
    DownloadsScreen.-low #pane, DownloadsScreen.-flat #pane { display: none; }
    DownloadsScreen.-flat DownloadsHead { display: none; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "pause", "Pause", id="downloads.pause", tooltip="Pause and keep what has arrived, or go on"),
        Binding("x", "cancel", "Cancel", id="downloads.cancel", tooltip="Stop it, and leave nothing half-written"),
        Binding("u", "use", "Use", id="downloads.use", tooltip="Give the finished model to a route"),
        Binding("n", "new", "New", id="downloads.new", tooltip="Plan the download of a repository"),
        Binding("t", "retry", "Try again", show=False, id="downloads.retry", tooltip="Try again after a failure"),
        Binding("v", "verify", "Verify", show=False, id="downloads.verify", tooltip="Hash the finished files again"),
        Binding("f", "forget", "Forget", show=False, id="downloads.forget", tooltip="Take it off the list"),
    ]

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.shown: tuple[DownloadSnapshot, ...] = ()
        self.asking = ""
        self.problem: ModelRouterError | None = None
        self._verified: set[str] = set()

    def body(self) -> ComposeResult:
        """Head, list, pane."""
        yield DownloadsHead(self)
        with Vertical(id="list"):
            yield DownloadTable()
            with VerticalScroll(id="pane", can_focus=False):
                yield DownloadLines()

    def on_mount(self) -> None:
        """Open the list, and look at it as long as the screen stands."""
        self.set_interval(_LOOK_SECONDS, self._look)
        self._fill()
        if not self.session.is_demo:
            self.run_worker(self._open(), group="open-downloads", exclusive=True)

    async def _open(self) -> None:
        try:
            await asyncio.to_thread(self.session.workshop.open_queue)
        except ModelRouterError as error:
            self.problem = error
        self._look()

    # What is shown

    @property
    def current(self) -> DownloadSnapshot | None:
        """The download under the cursor."""
        row = self.query_one(DataTable).cursor_row
        return self.shown[row] if 0 <= row < len(self.shown) else None

    def state_changed(self) -> None:
        """Another screen may want something planned."""
        super().state_changed()
        waiting = self.session.workshop.to_plan
        if waiting and not self.asking:
            wanted = waiting.pop(0)
            if self.may_write("download"):
                self._plan(wanted)

    def _look(self) -> None:
        """Show how far everything is; only while somebody looks."""
        queue = self.session.workshop.queue
        if queue is None or not self.is_current:
            return
        found = queue.snapshots()
        for one in found:
            if one.identity in self._verified and one.state is DownloadState.DONE:
                words = f"Every file of {clean(one.plan.model, 200)} is as it should be."
                self.app.notify(words, markup=False)
        self._verified &= {one.identity for one in found if one.state is DownloadState.VERIFYING}
        if found != self.shown:
            self.shown = found
            self._fill()

    def _fill(self) -> None:
        if self.has_class("-empty") != (not self.shown):
            self.set_class(not self.shown, "-empty")
            self.refresh_bindings()
        beside = _PANE if self.size.width >= _SIDE_BY_SIDE else 0
        self.query_one(DownloadTable).show(self.shown, self.size.width - beside - 1)
        self._describe()

    def _describe(self) -> None:
        for lines in self.query(Lines):
            lines.refresh(layout=True)

    def on_resize(self) -> None:
        """Other columns have room."""
        self.set_class(self.size.width >= _SIDE_BY_SIDE, "-beside")
        self._fill()

    @on(DataTable.RowHighlighted)
    def _moved(self) -> None:
        self._describe()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Without a download nothing can be done to one."""
        return bool(self.shown) if action in _TO_A_DOWNLOAD else True

    # Plans

    def _plan(self, wanted: Wanted) -> None:
        self.asking, self.problem = wanted.repository, None
        self._describe()
        self.run_worker(self._ask_hub(wanted), group="plan", exclusive=True)

    async def _ask_hub(self, wanted: Wanted) -> None:
        workshop = self.session.workshop
        try:
            queue = await asyncio.to_thread(workshop.open_queue)
            plan = await asyncio.to_thread(workshop.plan, wanted)
            await asyncio.to_thread(queue.add, plan)
        except ModelRouterError as error:
            self.problem = error
            return
        finally:
            self.asking = ""
            self._describe()
        self._look()
        place = next((n for n, one in enumerate(self.shown) if one.identity == plan.identity), 0)
        self.query_one(DataTable).move_cursor(row=place)
        if self.is_current and self.current is not None and self.current.state is DownloadState.PLANNED:
            self.action_next()

    def go_back(self) -> bool:
        """Out of a question to the hub, whose answer is then not wanted any more."""
        if self.asking:
            self.workers.cancel_group(self, "plan")
            self.asking = ""
            self._describe()
            return True
        if self.problem is not None:
            self.problem = None
            self._describe()
            return True
        return False

    def action_new(self) -> None:
        """Ask for a repository."""
        if self.may_write("download"):
            self.run_worker(self._ask_repository(), group="plan", exclusive=True)

    async def _ask_repository(self) -> None:
        words = "A repository of the hub, with a colon before the quantisation if it matters. Nothing is fetched yet."
        text = await self.app.push_screen_wait(
            LineScreen(self.session, "Download which model?", words, example="OWNER/NAME:Q4_K_M")
        )
        if text:
            repository, _, quant = text.partition(":")
            self.call_after_refresh(self._plan, Wanted("", repository.strip(), quant=quant.strip() or None))

    # Commands

    def action_next(self) -> None:
        """What comes next for the download under the cursor."""
        current = self.current
        if current is None:
            return
        match current.state:
            case DownloadState.PLANNED:
                self._approve(current)
            case DownloadState.PAUSED:
                self._tell_queue(lambda queue: queue.resume(current.identity), "go on with downloads")
            case DownloadState.FAILED | DownloadState.CANCELLED:
                self.action_retry()
            case DownloadState.DONE:
                self.action_use()
            case _:
                self.app.notify("It is under way; space pauses it, x cancels it.", markup=False)

    def _approve(self, snapshot: DownloadSnapshot) -> None:
        if not self.may_write("download"):
            return

        def answered(yes: bool | None) -> None:
            if yes:
                self._tell_queue(lambda queue: queue.approve(snapshot.identity), "download")

        self.app.push_screen(PlanScreen(self.session, snapshot.plan), answered)

    def action_pause(self) -> None:
        """Pause, or go on."""
        current = self.current
        if current is None:
            return
        if current.state is DownloadState.PAUSED:
            self._tell_queue(lambda queue: queue.resume(current.identity), "go on with downloads")
        else:
            self._tell_queue(lambda queue: queue.pause(current.identity), "pause downloads")

    def action_cancel(self) -> None:
        """Stop it; with bytes that would be lost only after a yes."""
        current = self.current
        if current is None or not self.may_write("cancel downloads"):
            return

        def answered(yes: bool | None) -> None:
            if yes:
                self._tell_queue(lambda queue: queue.cancel(current.identity), "cancel downloads")

        if current.done and current.state is not DownloadState.DONE:
            words = f"{size_words(current.done)} of {clean(current.plan.model, 200)} have arrived and would be dropped."
            self.app.push_screen(QuestionScreen(self.session, "Cancel the download?", words), answered)
        else:
            answered(yes=True)

    def action_retry(self) -> None:
        """Once more after a failure or a cancel."""
        current = self.current
        if current is not None:
            self._tell_queue(lambda queue: queue.retry(current.identity), "download")

    def action_verify(self) -> None:
        """Hash a finished download again."""
        current = self.current
        if current is not None:
            self._tell_queue(lambda queue: self._verify(queue, current.identity), "verify downloads")

    def _verify(self, queue: DownloadQueue, identity: str) -> None:
        queue.verify(identity)
        self._verified.add(identity)

    def action_forget(self) -> None:
        """Take it off the list; finished files stay."""
        current = self.current
        if current is not None:
            self._tell_queue(lambda queue: queue.forget(current.identity), "change the list of downloads")

    def action_use(self) -> None:
        """Give the finished model to a route."""
        current = self.current
        if current is None:
            return
        if current.state is not DownloadState.DONE:
            self.app.notify("It is not here yet, so no route can use it.", markup=False)
            return
        wanted = Assignable(served_name(current.plan), "", server_hint(current.plan))
        self.run_worker(assign(self, wanted), group="assign", exclusive=True)

    def _tell_queue(self, command: Callable[[DownloadQueue], object], what: str) -> None:
        queue = self.session.workshop.queue
        if queue is not None and self.may_write(what):
            self.run_worker(self._commanded(command, queue), group="command")

    async def _commanded(self, command: Callable[[DownloadQueue], object], queue: DownloadQueue) -> None:
        try:
            await asyncio.to_thread(command, queue)
        except ModelRouterError as error:
            self.app.notify(clean(error_words(error), 400), severity="warning", markup=False)
        self._look()
