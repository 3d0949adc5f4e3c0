"""One receipt above the log, for terminals that have no room for it beside the rows."""

from __future__ import annotations

import json
from typing import ClassVar

import msgspec
from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from model_router.hindsight.past_event import OtherLine
from model_router.server.events import LiveEvent
from model_router.tui.keys import MOVES
from model_router.tui.receipt import ReceiptPane
from model_router.tui.screens.base import ScreenAbove
from model_router.tui.session import Session


class ReceiptScreen(ScreenAbove[None]):
    """Reasons, scores, cues and rejected engines of one request."""

    BINDING_GROUP_TITLE = "Receipt"
    AUTO_FOCUS = "ReceiptPane"
    CSS = """
    ReceiptScreen { background: $background 60%; }
    ReceiptScreen ReceiptPane { background: $surface; height: 1fr; padding: 1 1 0 1; }
    ReceiptScreen.-low ReceiptPane { padding: 0; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss", "Back"),
        Binding("enter", "dismiss", "Back", show=False),
        Binding("y", "copy", "Copy as JSON"),
        *MOVES,
    ]

    def __init__(self, session: Session, live: LiveEvent | None, other: OtherLine | None = None) -> None:
        super().__init__(session)
        self._live = live
        self._other = other

    def body(self) -> ComposeResult:
        """The receipt."""
        yield ReceiptPane(self.session.labels)

    def on_mount(self) -> None:
        """Fill it."""
        self.query_one(ReceiptPane).show(self._live, self._other)

    def action_copy(self) -> None:
        """Send event and receipt as JSON to the terminal's clipboard."""
        if self._live is not None:
            self.app.copy_to_clipboard(receipt_json(self._live))
            self.app.notify("The receipt was sent to the terminal's clipboard as JSON.", markup=False)


def receipt_json(live: LiveEvent) -> str:
    """Event and receipt, indented."""
    receipt = live.receipt
    written = receipt.to_dict() if receipt is not None else None
    return json.dumps({"event": msgspec.to_builtins(live.event), "receipt": written}, indent=2, ensure_ascii=False)
