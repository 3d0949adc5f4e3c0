"""What happened to one request, as a value; and the ring through which the screen hears of it."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from typing import Protocol

import msgspec

from model_router.engine.decision import RoutingDecision


class RequestEvent(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=False):
    """One finished request. Times: ``time`` is unix seconds at arrival, ``*_us`` microseconds, ``*_ms`` milliseconds.

    ``outcome`` is ``ok``, ``confirm`` (waits for a person), ``error`` (answered with an error), ``broken`` (failed, or
    was ended by a stop, after the first byte) or ``cancelled`` (the client left). ``failures`` tells of each backend
    that gave no answer, ``breakers`` of those that came to rest or to work again since the event before; ``dropped``
    names fields of the client's that the backend's protocol has no place for, or that ``strip_tools`` takes off.
    ``key_name`` is the name in ``proxy.api_keys`` of the key that the client sent.
    ``session`` stands for the conversation as ``ask_hash`` does for the ask: a keyed hash, sixteen hex digits.
    ``preview`` is empty and ``reasons`` quote nothing of the prompt unless the configuration asks for text.
    ``session_reason`` and ``session_code`` say why the conversation stayed with its engine or moved,
    ``prefill_tokens`` what a move reads, or would have read, again. ``decided`` is the engine that the router picked,
    before the conversation was looked at. ``asked`` is what the client named, ``engine:NAME`` or ``backend:NAME``;
    ``attachments`` and ``structure`` (``tools``, ``pictures``, ``continued``, ``unreadable``) are what else the
    decision looked at, so that it can be made again from the event.
    """

    time: float
    request_id: str
    protocol: str
    kind: str
    client: str
    route: str
    engine: str
    backend: str
    model: str
    status: int
    outcome: str
    stream: bool
    profile: str
    fallback: bool = False
    attempts: int = 0
    requires_confirmation: bool = False
    risk_class: str = ""
    reasons: tuple[str, ...] = ()
    reason_codes: tuple[str, ...] = ()
    scores: Mapping[str, int] = {}
    confidence: int = 0
    flags: tuple[str, ...] = ()
    prompt_chars: int = 0
    estimated_tokens: int = 0
    session_reason: str = ""
    session_code: str = ""
    prefill_tokens: int = 0
    ask_hash: str = ""
    session: str = ""
    route_us: float = 0.0
    first_byte_ms: float | None = None
    total_ms: float = 0.0
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    error: str = ""
    failures: tuple[str, ...] = ()
    breakers: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()
    key_name: str = ""
    preview: str = ""
    config_hash: str = ""
    ruleset_version: str = ""
    decided: str = ""
    asked: str = ""
    attachments: tuple[str, ...] = ()
    structure: tuple[str, ...] = ()


class UnwrittenReceipt(Protocol):
    """What a receipt can be written from, always the same."""

    def write(self) -> RoutingDecision:
        """The receipt; in any thread."""


class LiveEvent(msgspec.Struct, frozen=True):
    """An event with the receipt behind it, for the screen; the receipt is never written to disk.

    ``source`` is the receipt, or what it is written from when somebody opens it: most are never looked at.
    """

    event: RequestEvent
    source: RoutingDecision | UnwrittenReceipt | None = None

    @property
    def receipt(self) -> RoutingDecision | None:
        """The receipt, written now if it has not been."""
        source = self.source
        return source if source is None or isinstance(source, RoutingDecision) else source.write()

    def __repr__(self) -> str:
        """Without the receipt, which may quote the prompt."""
        return f"LiveEvent({self.event.request_id!r})"


class EventRing:
    """A bounded queue from the server's thread to one reader. Appending never waits and takes well under a microsecond.

    When the reader is too slow the oldest events go, and ``dropped`` says how many. ``wanted`` is false for a ring of
    capacity 0, which has no reader at all.
    """

    def __init__(self, capacity: int = 50_000) -> None:
        self.wanted = capacity > 0
        self._queue: deque[LiveEvent] = deque(maxlen=capacity)
        self._appended = 0
        self._taken = 0

    def append(self, event: LiveEvent) -> None:
        """Add one event; called from the server's thread only."""
        self._queue.append(event)
        self._appended += 1

    def lose(self, count: int) -> None:
        """Count events that were lost before they came here."""
        self._appended += count

    def drain(self, limit: int = 5_000) -> list[LiveEvent]:
        """Take up to ``limit`` events, oldest first; called from the reader's thread only."""
        taken: list[LiveEvent] = []
        try:
            while len(taken) < limit:
                taken.append(self._queue.popleft())
        except IndexError:
            pass
        self._taken += len(taken)
        return taken

    @property
    def dropped(self) -> int:
        """Events that the reader never saw."""
        return max(0, self._appended - self._taken - len(self._queue))

    def extend(self, events: Iterable[LiveEvent]) -> None:
        """Add several events."""
        for event in events:
            self.append(event)
