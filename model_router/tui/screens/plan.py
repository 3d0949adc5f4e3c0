"""The whole plan of a download, and whether it is to be fetched."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content

from model_router.setup.download.plan import DownloadPlan
from model_router.tui.download_lines import plan_lines
from model_router.tui.lines import Lines
from model_router.tui.screens.base import Sheet
from model_router.tui.session import Session


class PlanLines(Lines):
    """The whole plan."""

    DEFAULT_CSS = "PlanLines { padding: 0 1; }"

    def __init__(self, plan: DownloadPlan) -> None:
        super().__init__()
        self._plan = plan

    def lines(self, width: int) -> list[Content]:
        """All of it."""
        return plan_lines(self._plan, width)


class PlanScreen(Sheet[bool]):
    """Ends with yes or no to one download."""

    BINDING_GROUP_TITLE = "Plan"
    AUTO_FOCUS = "VerticalScroll"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "answer(True)", "Yes, fetch it"),
        Binding("n,escape", "answer(False)", "Not now"),
        Binding("f1", "app.help", "Help", show=False, tooltip="Show what the keys do here"),
        Binding("ctrl+q", "answer(False)", "No", show=False, priority=True),
    ]

    def __init__(self, session: Session, plan: DownloadPlan) -> None:
        super().__init__(session)
        self._plan = plan

    def body(self) -> ComposeResult:
        """The plan."""
        with VerticalScroll():
            yield PlanLines(self._plan)

    def action_answer(self, answer: bool) -> None:
        """Give it."""
        self.dismiss(answer)
