"""Downloads."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import VerticalScroll

from model_router.tui.screens.base import MainScreen


class DownloadsScreen(MainScreen):
    """The fifth screen."""

    mode = "downloads"
    BINDING_GROUP_TITLE = "Downloads"

    def body(self) -> ComposeResult:
        """Nothing yet."""
        yield VerticalScroll(can_focus=True)
