"""Models."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import VerticalScroll

from model_router.tui.screens.base import MainScreen


class ModelsScreen(MainScreen):
    """The fourth screen."""

    mode = "models"
    BINDING_GROUP_TITLE = "Models"

    def body(self) -> ComposeResult:
        """Nothing yet."""
        yield VerticalScroll(can_focus=True)
