"""What is sent to the terminal's clipboard (OSC 52). Whether it arrives there, only the terminal knows."""

from __future__ import annotations

from typing import Any

from textual.app import App
from textual.screen import Screen


def send(app: App[object], text: str, what: str) -> None:
    """Send ``text`` and tell it; ``what`` has its verb, like ``The row was``."""
    app.copy_to_clipboard(text)
    app.notify(f"{what} sent to the terminal's clipboard.", markup=False)


def send_selection(screen: Screen[Any]) -> bool:
    """Send the text that is selected with the mouse; says whether there was any."""
    text = screen.get_selected_text()
    if not text:
        return False
    lines = text.count("\n") + 1
    send(screen.app, text, "The selected text was" if lines == 1 else f"{lines} lines were")
    return True
