"""One receipt above the log, for terminals that have no room for it beside the rows."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import ClassVar

import msgspec
from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from model_router.hindsight.past_event import OtherLine
from model_router.server.events import LiveEvent
from model_router.tui.clipboard import send, send_selection
from model_router.tui.keys import MOVES
from model_router.tui.receipt import ReceiptPane
from model_router.tui.screens.base import Sheet
from model_router.tui.session import Session


class ReceiptScreen(Sheet[None]):
    """Reasons, scores, cues and rejected engines of one request. ``label`` is what the key for labels does."""

    BINDING_GROUP_TITLE = "Receipt"
    AUTO_FOCUS = "ReceiptPane"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss", "Back"),
        Binding("enter", "dismiss", "Back", show=False),
        Binding("y", "copy", "Copy as JSON"),
        Binding("w", "label", "Label", tooltip="Say which engine the request should have had"),
        *MOVES,
    ]

    def __init__(
        self,
        session: Session,
        live: LiveEvent | None,
        other: OtherLine | None = None,
        *,
        label: Callable[[], None] | None = None,
    ) -> None:
        super().__init__(session)
        self._live = live
        self._other = other
        self._label = label

    def body(self) -> ComposeResult:
        """The receipt."""
        yield ReceiptPane(self.session.labels)

    def on_mount(self) -> None:
        """Fill it."""
        self.query_one(ReceiptPane).show(self._live, self._other)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Only a request has a label, or a receipt to copy."""
        return self._live is not None if action in {"copy", "label"} else True

    def action_label(self) -> None:
        """Say which engine the request should have had."""
        if self._label is not None:
            self._label()

    def action_copy(self) -> None:
        """Send event and receipt as JSON to the terminal's clipboard."""
        if self._live is not None and not send_selection(self):
            send(self.app, receipt_json(self._live), "The receipt was, as JSON,")


def receipt_json(live: LiveEvent) -> str:
    """Event and receipt, indented."""
    receipt = live.receipt
    written = receipt.to_dict() if receipt is not None else None
    return json.dumps({"event": msgspec.to_builtins(live.event), "receipt": written}, indent=2, ensure_ascii=False)
