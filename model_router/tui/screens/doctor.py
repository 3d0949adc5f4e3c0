"""Doctor."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import VerticalScroll

from model_router.tui.screens.base import MainScreen


class DoctorScreen(MainScreen):
    """The seventh screen."""

    mode = "doctor"
    BINDING_GROUP_TITLE = "Doctor"

    def body(self) -> ComposeResult:
        """Nothing yet."""
        yield VerticalScroll(can_focus=True)
