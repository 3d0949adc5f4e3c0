"""An event as an event file holds it: written by this version, an older one or a newer one."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from model_router.engine.routes import HUMAN_CONFIRM
from model_router.server.events import RequestEvent

APPROVED = "approval.approved"
"""The reason code of a request that a person let pass."""


class PastEvent(RequestEvent, frozen=True, kw_only=True):
    """A :class:`RequestEvent` in which any field may be missing; fields that are not known are passed over.

    ``event`` is empty for a request; lines of other kinds (a reload, an approval) name their kind there.
    """

    time: float = 0.0
    request_id: str = ""
    protocol: str = ""
    kind: str = ""
    client: str = ""
    route: str = ""
    engine: str = ""
    backend: str = ""
    model: str = ""
    status: int = 0
    outcome: str = ""
    stream: bool = False
    profile: str = ""
    event: str = ""

    @property
    def is_request(self) -> bool:
        """Whether the line tells of a request; every request has a name and a path."""
        return bool(self.request_id and self.protocol and not self.event)

    @property
    def approved(self) -> bool:
        """Whether a person let it pass."""
        return self.requires_confirmation and APPROVED in self.reason_codes

    @property
    def picked(self) -> str:
        """The engine that the router picked by itself: ``human_confirm`` for what a person let pass afterwards.

        ``decided`` says where such a request went then; empty where the event does not say what was decided.
        """
        return HUMAN_CONFIRM if self.approved else self.decided


_EVENT = msgspec.json.Decoder(PastEvent)
_OBJECT = msgspec.json.Decoder(dict[str, msgspec.Raw])
_MARKS = frozenset({"request_id", "protocol", "status"})


@dataclass(frozen=True, slots=True)
class OtherLine:
    """A line that is no request: an object of another kind."""

    raw: bytes


@dataclass(frozen=True, slots=True)
class BrokenLine:
    """A line that cannot be read, and why."""

    reason: str


def read_line(raw: bytes) -> PastEvent | OtherLine | BrokenLine:
    """What one line holds. Never raises, whatever its bytes are."""
    try:
        event = _EVENT.decode(raw)
    except (ValueError, RecursionError) as error:
        return _no_request(raw, _reason(error))
    return event if event.is_request else OtherLine(raw)


def _no_request(raw: bytes, reason: str) -> OtherLine | BrokenLine:
    try:
        value = _OBJECT.decode(raw)
    except (ValueError, RecursionError) as error:
        return BrokenLine(_reason(error))
    return OtherLine(raw) if "event" in value or not value.keys() >= _MARKS else BrokenLine(reason)


def _reason(error: Exception) -> str:
    """The decoder's sentence, short; it names fields and types and quotes nothing."""
    return (str(error) or type(error).__name__)[:200]
