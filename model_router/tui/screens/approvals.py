"""Requests that wait for a person, above any screen: look at one, approve it, deny it, say why."""

from __future__ import annotations

import asyncio
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.geometry import Region
from textual.widgets import Input

from model_router.errors import ModelRouterError
from model_router.server.approvals import Approval, Standing
from model_router.tui.approval_lines import detail_lines, empty_lines, in_order, is_open, list_lines
from model_router.tui.keys import MOVES
from model_router.tui.lines import CursorScroll, Lines
from model_router.tui.screens.base import ScreenAbove
from model_router.tui.session import Session
from model_router.tui.tasks import begin
from model_router.tui.text import clean, error_words

_LOOK_SECONDS = 0.5


class ApprovalList(Lines):
    """The requests. The cursor keeps to its request, wherever that moves in the list."""

    DEFAULT_CSS = "ApprovalList { padding: 0 1; }"

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self.rows: list[Approval] = []
        self.chosen = ""

    @property
    def selected(self) -> Approval | None:
        """The request under the cursor."""
        return next((one for one in self.rows if one.request_id == self.chosen), None)

    def look(self) -> None:
        """Take up what the queue holds. A request that went takes the cursor with it: nothing slips under it."""
        gateway = self._session.gateway
        nothing_before = not self.rows
        self.rows = in_order(gateway.approvals.list()) if gateway is not None else []
        if self.selected is None:
            self.chosen = self.rows[0].request_id if self.rows and nothing_before else ""

    def move(self, step: int) -> None:
        """Put the cursor on another request."""
        if not self.rows:
            return
        names = [one.request_id for one in self.rows]
        at = names.index(self.chosen) + step if self.chosen in names else (0 if step > 0 else len(names) - 1)
        self.chosen = names[min(max(0, at), len(names) - 1)]

    def move_on(self) -> None:
        """Go to the next one that waits, after a decision; stay where none does."""
        waiting = [one for one in self.rows if one.standing is Standing.WAITING]
        if waiting:
            self.chosen = waiting[0].request_id

    def lines(self, width: int) -> list[Content]:
        """The list, or what to do while it is empty."""
        if self.rows:
            return list_lines(self.rows, self.chosen, width)[0]
        gateway = self._session.gateway
        return empty_lines(gateway.approvals.settings if gateway is not None else None, width)

    def chosen_line(self) -> int:
        """Where the cursor stands, or -1."""
        return list_lines(self.rows, self.chosen, max(20, self.content_size.width))[1]

    def on_click(self, event: events.Click) -> None:
        """Put the cursor on the request that was clicked."""
        for one in self.rows:
            if list_lines(self.rows, one.request_id, max(20, self.content_size.width))[1] == event.y:
                self.chosen = one.request_id
                self.screen.query_one(ApprovalDetail).refresh(layout=True)
                self.refresh(layout=True)


class ApprovalDetail(Lines):
    """What is known of the request under the cursor."""

    DEFAULT_CSS = "ApprovalDetail { padding: 0 1; margin-top: 1; }"

    def __init__(self, rows: ApprovalList) -> None:
        super().__init__()
        self._rows = rows
        self.note = ""

    def lines(self, width: int) -> list[Content]:
        """Its facts, or how to choose one."""
        one = self._rows.selected
        if one is not None:
            return detail_lines(one, self.note, width)
        return [Content.styled("Choose a request with ↑ and ↓.", "$quiet")] if self._rows.rows else []


class NoteField(Input):
    """Where a note is written."""

    BINDING_GROUP_TITLE = "Note"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "submit", "Keep", tooltip="Keep the note for the decision that follows"),
        Binding("escape", "screen.leave_note", "Back", tooltip="Leave the note as it was"),
    ]


class ApprovalsScreen(ScreenAbove[None]):
    """Nothing is decided by moving, scrolling or leaving; each decision is one key, and is told."""

    BINDING_GROUP_TITLE = "Approvals"
    AUTO_FOCUS = "VerticalScroll"
    CSS = """
    ApprovalsScreen VerticalScroll { background: $surface; height: 1fr; padding: 1 1 0 1; scrollbar-size-vertical: 1; }
    ApprovalsScreen.-low VerticalScroll, ApprovalsScreen.-flat VerticalScroll { padding: 0; }
    ApprovalsScreen.-widest VerticalScroll { padding: 1 2 0 2; }
    ApprovalsScreen.-low ApprovalDetail, ApprovalsScreen.-flat ApprovalDetail { margin-top: 0; }
    ApprovalsScreen NoteField { height: 1; border: none; display: none; background: $panel; padding: 0 1; }
    ApprovalsScreen.-note NoteField { display: block; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "y", "decide('approve')", "Approve once", id="approvals.approve", tooltip="Let this request pass, once"
        ),
        Binding(
            "s",
            "decide('session')",
            "Session",
            id="approvals.session",
            tooltip="Let requests of this class in the same conversation pass, for four hours at most",
        ),
        Binding("n", "decide('deny')", "Deny", id="approvals.deny", tooltip="Refuse it; the client reads your note"),
        Binding("t", "note", "Note", id="approvals.note", tooltip="Write a note for the decision that follows"),
        Binding("up,k", "move(-1)", "Request up", show=False),
        Binding("down,j", "move(1)", "Request down", show=False),
        Binding("home", "move(-10000)", "First request", show=False),
        Binding("end", "move(10000)", "Last request", show=False),
        Binding("escape", "dismiss", "Back"),
        *(move for move in MOVES if move.action != "app.approvals"),
        Binding("a", "dismiss", "Back", show=False),
    ]

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.rows = ApprovalList(session)
        self.detail = ApprovalDetail(self.rows)

    def body(self) -> ComposeResult:
        """The list, the request under the cursor, the field for a note."""
        with CursorScroll():
            yield self.rows
            yield self.detail
        yield NoteField(placeholder="a note for the record; with a denial the client reads it", compact=True)

    def on_mount(self) -> None:
        """Look at once, and twice a second."""
        self.query_one(NoteField).cursor_blink = False
        self.look()
        self.set_interval(_LOOK_SECONDS, self.look)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Without a request there is nothing to decide."""
        return bool(self.rows.rows) if action in {"decide", "note"} else True

    def look(self) -> None:
        """Show what the queue holds."""
        before, were = self.rows.chosen, bool(self.rows.rows)
        self.rows.look()
        if were != bool(self.rows.rows):
            self.refresh_bindings()
        if self.rows.chosen != before:
            self.detail.note = ""
        self._redraw()

    def _redraw(self) -> None:
        self.rows.refresh(layout=True)
        self.detail.refresh(layout=True)

    def action_move(self, step: int) -> None:
        """Put the cursor on another request; a note belongs to the one before."""
        self.rows.move(step)
        self.detail.note = ""
        self._redraw()
        line = self.rows.chosen_line()
        if line >= 0:
            # The heading above it, too.
            region = Region(0, max(0, line - 1), 1, 3)
            self.query_one(VerticalScroll).scroll_to_region(region, animate=False, force=True)

    def action_note(self) -> None:
        """Write a note."""
        if self._open_request() is None or not self._may_decide():
            return
        self.add_class("-note")
        field = self.query_one(NoteField)
        field.value = self.detail.note
        field.focus()

    def action_leave_note(self) -> None:
        """Back to the list."""
        self.remove_class("-note")
        self.query_one(VerticalScroll).focus()

    @on(Input.Submitted)
    def _note_kept(self, event: Input.Submitted) -> None:
        self.detail.note = " ".join(event.value.split())
        self.action_leave_note()
        self._redraw()

    def action_decide(self, decision: str) -> None:
        """Approve or deny the request under the cursor."""
        one = self._open_request()
        if one is not None and self._may_decide():
            begin(self, "decide", self._decide, one, decision, self.detail.note)

    def _may_decide(self) -> bool:
        if self.session.read_only:
            self.app.notify("Opened with --read-only, so it decides nothing.", severity="warning", markup=False)
        return not self.session.read_only

    def _open_request(self) -> Approval | None:
        """The request under the cursor, if something can still be decided about it; told when not."""
        one = self.rows.selected
        if one is None:
            words = "Choose a request with ↑ and ↓ first." if self.rows.rows else "No request waits."
        elif not is_open(one):
            words = f"{clean(one.request_id, 60)} was {one.standing} already."
        else:
            return one
        self.app.notify(words, severity="warning", markup=False)
        return None

    async def _decide(self, one: Approval, decision: str, note: str) -> None:
        """In a thread: the gateway may be in another process."""
        gateway = self.session.gateway
        if gateway is None:
            return
        queue, name = gateway.approvals, one.request_id
        try:
            if decision == "deny":
                done = await asyncio.to_thread(queue.deny, name, "screen", note=note)
            else:
                session = decision == "session"
                done = await asyncio.to_thread(queue.approve, name, "screen", session=session, note=note)
        except ModelRouterError as error:
            words = clean(error_words(error), 400)
            self.app.notify(words, severity="error", markup=False)
        else:
            self.app.notify(clean(_told(done, decision, queue.settings.retry_window_seconds), 400), markup=False)
        self.detail.note = ""
        self.rows.look()
        self.rows.move_on()
        self._redraw()


def _told(done: Approval, decision: str, window: float) -> str:
    """What was decided, and what follows."""
    word = {"approve": "approved", "session": "approved for the session", "deny": "denied"}[decision]
    if done.waiting:
        follows = "its client is told" if decision == "deny" else "it goes on"
    else:
        follows = f"it is {'refused' if decision == 'deny' else 'let pass'} when it is sent again within {window:.0f} s"
    return f"{done.request_id} ({done.wish.risk_class}) is {word}: {follows}."
