"""Config."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import VerticalScroll

from model_router.tui.screens.base import MainScreen


class ConfigScreen(MainScreen):
    """The sixth screen."""

    mode = "config"
    BINDING_GROUP_TITLE = "Config"

    def body(self) -> ComposeResult:
        """Nothing yet."""
        yield VerticalScroll(can_focus=True)
