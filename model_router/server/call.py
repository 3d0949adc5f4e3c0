"""One request on its way to a backend."""

from __future__ import annotations

import msgspec

from model_router.server.ask import CallKind
from model_router.server.headers import RawHeaders
from model_router.server.outlet import Outlet
from model_router.server.record import Record
from model_router.server.wire.request import Request


class Call(msgspec.Struct, frozen=True):
    """One request on its way. ``headers`` are those that backends may see; ``keeps_model``: so is the model's name."""

    request: Request
    headers: RawHeaders
    keeps_model: bool
    record: Record
    outlet: Outlet

    @property
    def is_utility(self) -> bool:
        """A client's housekeeping, which lets people pass."""
        return self.record.ask is not None and self.record.ask.kind is CallKind.UTILITY
