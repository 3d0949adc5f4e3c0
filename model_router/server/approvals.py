"""Requests that wait for a person, and what the person said.

One queue a gateway. Requests enter and wait on the server's loop; lists are read and decisions made from any thread.
A decision comes from a person alone: the screen, or the control surface, which asks for a token that no client has.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

from model_router.config.proxy import ApprovalMode, ApprovalsConfig
from model_router.errors import ServerError
from model_router.server.happenings import ApprovalEvent
from model_router.server.redaction import redact

_REMEMBERED = 1024
_LONGEST_NOTE = 500
_LONGEST_SESSION_SECONDS = 14_400.0


class Standing(StrEnum):
    """Where a wish stands. All but ``waiting`` are remembered for ``approvals.retry_window_seconds``."""

    WAITING = "waiting"
    REFUSED = "refused"
    APPROVED = "approved"
    DENIED = "denied"
    EXPIRED = "expired"
    LEFT = "left"


@dataclass(frozen=True, slots=True)
class Wish:
    """What a person is asked about. ``preview`` and ``cues`` are the client's words with secrets taken out: for the
    person's eyes, never for a log. ``session`` names the conversation, ``digest`` this wish in it. An empty
    ``risk_class`` marks what is refused for another reason and cannot be approved. ``attachments`` are the kinds of
    what was sent with the words, which nobody sees here.
    """

    digest: str
    session: str
    client: str
    risk_class: str
    preview: str = field(repr=False)
    cues: tuple[str, ...] = field(repr=False)
    attachments: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Approval:
    """How one wish stands. ``arrived`` is unix seconds; ``ttl_seconds`` what is left of the waiting, None when nobody
    waits. ``requests`` counts all that have asked for it, ``waiting`` those that do now.
    """

    request_id: str
    wish: Wish
    standing: Standing
    requests: int
    waiting: int
    arrived: float
    age_seconds: float
    ttl_seconds: float | None
    who: str
    note: str


@dataclass(slots=True, eq=False)
class Entry:
    """One wish in the queue; changed by the queue alone. ``until`` is when its waiting ends."""

    request_id: str
    wish: Wish
    standing: Standing
    arrived: float
    since: float
    last_at: float
    until: float = 0.0
    requests: int = 1
    who: str = ""
    note: str = ""
    waiters: dict[asyncio.Future[None], asyncio.AbstractEventLoop] = field(default_factory=dict)


class ApprovalQueue:
    """Wishes by their digest. ``settings`` may be replaced at any time.

    ``repeats`` counts requests for a wish that was there already. ``tell`` hears of each decision, from whatever
    thread it is made on. ``clock`` gives seconds that never go back.
    """

    def __init__(
        self,
        settings: ApprovalsConfig,
        tell: Callable[[ApprovalEvent], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.settings = settings
        self.closed = False
        self.repeats = 0
        self._tell = tell
        self._clock = clock
        self._lock = threading.Lock()
        self._entries: OrderedDict[str, Entry] = OrderedDict()
        self._sessions: OrderedDict[tuple[str, str], tuple[float, str]] = OrderedDict()

    # On the server's loop

    def enter(self, wish: Wish, request_id: str) -> Entry:
        """The entry of a blocked wish; ``standing`` says what becomes of the request.

        It waits only in mode ``hold``, and while there is room: then :meth:`wait` has to follow at once.
        """
        now = self._clock()
        with self._lock:
            self._forget(now)
            entry = self._entries.get(wish.digest)
            if entry is None:
                entry = self._entries[wish.digest] = Entry(request_id, wish, Standing.REFUSED, time.time(), now, now)
                if len(self._entries) > _REMEMBERED:
                    self._drop_oldest()
            else:
                entry.requests += 1
                entry.last_at = now
                self.repeats += 1
                self._entries.move_to_end(wish.digest)
            if entry.standing not in (Standing.APPROVED, Standing.DENIED):
                self._queue(entry, now)
            return entry

    def _queue(self, entry: Entry, now: float) -> None:
        if not entry.wish.risk_class:
            return
        who = self._session_approval(entry.wish, now)
        if who:
            entry.standing, entry.who, entry.since = Standing.APPROVED, who, now
        elif entry.standing is not Standing.WAITING:
            waiting = sum(one.standing is Standing.WAITING for one in self._entries.values())
            holds = self.settings.mode is ApprovalMode.HOLD and waiting < self.settings.max_waiting
            entry.standing, entry.since = (Standing.WAITING if holds else Standing.REFUSED), now
            entry.who, entry.until = "", now + self.settings.ttl_seconds

    async def wait(self, entry: Entry) -> Standing:
        """Wait for the decision about an entry; ``waiting`` comes back when the gateway stops meanwhile."""
        loop = asyncio.get_running_loop()
        decided = loop.create_future()
        with self._lock:
            if entry.standing is not Standing.WAITING or self.closed:
                return entry.standing
            entry.waiters[decided] = loop
            left = entry.until - self._clock()
        try:
            async with asyncio.timeout(max(0.0, left)):
                await decided
        except TimeoutError:
            self._end(entry, Standing.EXPIRED, "clock")
        finally:
            with self._lock:
                entry.waiters.pop(decided, None)
                alone = not entry.waiters
            if alone and not self.closed:
                self._end(entry, Standing.LEFT, "client")
        return entry.standing

    def close(self) -> None:
        """Nobody waits any longer: the gateway stops."""
        with self._lock:
            self.closed = True
            for entry in self._entries.values():
                self._wake(entry)

    # From any thread

    def list(self) -> tuple[Approval, ...]:
        """How all wishes stand that are remembered, those that wait first, oldest first."""
        now = self._clock()
        with self._lock:
            self._forget(now)
            found = [self._snapshot(entry, now) for entry in self._entries.values() if entry.wish.risk_class]
        return tuple(sorted(found, key=lambda one: (one.standing is not Standing.WAITING, one.arrived)))

    def approve(self, request_id: str, who: str, *, session: bool = False, note: str = "") -> Approval:
        """Let a wish pass; with ``session`` all of its class in that conversation, for four hours at most.

        A wish that nobody waits with any more passes when it comes again within the retry window.

        Raises:
            ServerError: it is not known, or was decided already.
        """
        return self._decide(request_id, Standing.APPROVED, who, note, session=session)

    def deny(self, request_id: str, who: str, *, note: str = "") -> Approval:
        """Refuse a wish; the client reads the ``note``.

        Raises:
            ServerError: it is not known, or was decided already.
        """
        return self._decide(request_id, Standing.DENIED, who, note)

    def _decide(self, request_id: str, standing: Standing, who: str, note: str, *, session: bool = False) -> Approval:
        now = self._clock()
        with self._lock:
            self._forget(now)
            entry = next((one for one in self._entries.values() if one.request_id == request_id), None)
            if entry is None or not entry.wish.risk_class:
                hint = "`model-router approvals list` shows those that wait."
                raise ServerError(f"no request {request_id!r} waits for a person", hint)
            if entry.standing in (Standing.APPROVED, Standing.DENIED):
                raise ServerError(f"{request_id} was {entry.standing} already, by {entry.who}", "")
            waited = now - entry.since if entry.standing is Standing.WAITING else 0.0
            clean = " ".join("".join(char if char.isprintable() else " " for char in note).split())
            entry.standing, entry.who, entry.note = standing, who, redact(clean[:_LONGEST_NOTE])
            entry.since = entry.last_at = now
            if session:
                self._sessions[entry.wish.session, entry.wish.risk_class] = (now, who)
                if len(self._sessions) > _REMEMBERED:
                    self._sessions.popitem(last=False)
            self._wake(entry)
            found = self._snapshot(entry, now)
        self._say(found, "approved_session" if session else standing.value, waited)
        return found

    # Inside

    def _end(self, entry: Entry, standing: Standing, who: str) -> None:
        """The waiting is over without a person; nothing happens when it was over before."""
        now = self._clock()
        with self._lock:
            if entry.standing is not Standing.WAITING:
                return
            waited = now - entry.since
            entry.standing, entry.who, entry.since, entry.last_at = standing, who, now, now
            self._wake(entry)
            found = self._snapshot(entry, now)
        self._say(found, standing.value, waited)

    def _say(self, found: Approval, decision: str, waited: float) -> None:
        self._tell(
            ApprovalEvent(
                time=time.time(),
                request_id=found.request_id,
                decision=decision,
                who=found.who,
                risk_class=found.wish.risk_class,
                client=found.wish.client,
                waited_ms=round(waited * 1000, 3),
                note=found.note,
            )
        )

    def _wake(self, entry: Entry) -> None:
        for future, loop in entry.waiters.items():
            loop.call_soon_threadsafe(_set, future)

    def _session_approval(self, wish: Wish, now: float) -> str:
        """Who has let this class pass in this conversation; empty when nobody has."""
        at, who = self._sessions.get((wish.session, wish.risk_class), (-_LONGEST_SESSION_SECONDS, ""))
        return who if now - at < _LONGEST_SESSION_SECONDS else ""

    def _forget(self, now: float) -> None:
        """Drop what has not been asked for within the window; an approval and a denial count from their decision."""
        window = self.settings.retry_window_seconds
        decided = (Standing.APPROVED, Standing.DENIED)
        for digest, entry in list(self._entries.items()):
            since = entry.since if entry.standing in decided else entry.last_at
            if entry.standing is not Standing.WAITING and now - since > window:
                del self._entries[digest]

    def _drop_oldest(self) -> None:
        oldest = next(digest for digest, one in self._entries.items() if one.standing is not Standing.WAITING)
        del self._entries[oldest]

    def _snapshot(self, entry: Entry, now: float) -> Approval:
        waits = entry.standing is Standing.WAITING
        return Approval(
            request_id=entry.request_id,
            wish=entry.wish,
            standing=entry.standing,
            requests=entry.requests,
            waiting=len(entry.waiters),
            arrived=entry.arrived,
            age_seconds=max(0.0, time.time() - entry.arrived),
            ttl_seconds=max(0.0, entry.until - now) if waits else None,
            who=entry.who,
            note=entry.note,
        )


def _set(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
