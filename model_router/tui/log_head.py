"""What stands above and below the rows of the log: how it stands, and the titles of the columns."""

from __future__ import annotations

from textual.content import Content

from model_router.tui.history import History
from model_router.tui.history_view import HistoryView
from model_router.tui.lines import Lines, paragraph
from model_router.tui.log_view import LogView, state_words
from model_router.tui.screens.home import empty_lines
from model_router.tui.session import Session
from model_router.tui.text import clean, counted


class LogStatus(Lines):
    """Following, paused or history, how many rows, what the filter says, and what is under way."""

    DEFAULT_CSS = "LogStatus { height: 1; background: $surface; padding: 0 1; }"

    def __init__(self, session: Session, view: LogView, history: HistoryView) -> None:
        super().__init__()
        self._session = session
        self._view = view
        self._history = history
        self.complaint = ""
        self.exported: int | None = None

    def lines(self, width: int) -> list[Content]:
        """One line."""
        if self.complaint:
            return [Content.styled(f"✗ {clean(self.complaint, 300)}", "$text-error")]
        if self.exported is not None:
            words = f"EXPORTING  {self.exported:,} rows written · esc stops it"
            return [Content.styled(words, "$text-warning bold")]
        if self._history.history is not None:
            return [self._past(self._history.history)]
        view, feed = self._view, self._session.feed
        state = Content.styled(state_words(view), "$text-success" if view.follow else "$text-warning bold")
        if view.filter:
            shown = f"  {view.count:,} of {feed.kept:,} rows · filter: {clean(view.filter.text, 120)}"
        else:
            shown = f"  {counted(view.count, 'row')}"
        return [Content.assemble(state, (shown, "$quiet"))]

    def _past(self, history: History) -> Content:
        progress = history.progress
        under_way = f" · {progress.word} {progress.share:.0%}" if progress.word else ""
        if history.filter:
            shown = f"  {history.count:,} of {history.total:,} rows{under_way} · filter: {history.filter.text}"
        else:
            shown = f"  {counted(history.count, 'row')}, newest first{under_way}"
        day = f"  {self._history.day}" if self._history.day else ""
        return Content.assemble(("HISTORY", "$primary bold"), day, (clean(shown, 300), "$quiet"))


class LogTitles(Lines):
    """The titles above the rows, and what to do while there are none."""

    DEFAULT_CSS = "LogTitles { color: $quiet; }"

    def __init__(self, session: Session, view: LogView, history: HistoryView) -> None:
        super().__init__()
        self._session = session
        self._view = view
        self._history = history

    def lines(self, width: int) -> list[Content]:
        """The titles, or a sentence."""
        if self._history.history is not None:
            return self._past(self._history.history, width)
        if self._session.feed.kept:
            titles = [Content.styled(self._view.titles(), "$quiet")]
            if self._view.count:
                return titles
            words = (
                "No row matches; esc clears the filter. Rows that come later and match appear here; H looks through "
                "the log of days."
            )
            return [*titles, Content(), *paragraph(words, width, "$quiet", first=" ", indent=" ")]
        return [Content(), *(Content.assemble(" ", line) for line in empty_lines(self._session, width - 2))]

    def _past(self, history: History, width: int) -> list[Content]:
        titles = [Content.styled(self._history.titles(), "$quiet")]
        if history.count or history.progress.word:
            return titles
        if history.total:
            words = "No row of the log matches; esc clears the filter."
        else:
            words = f"{clean(str(history.path), 300)} holds no row yet. H goes back to the live log."
        return [*titles, Content(), *paragraph(words, width, "$quiet", first=" ", indent=" ")]
