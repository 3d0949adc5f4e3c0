"""A bounded memory of where conversations are, so that an agent's steps stay where the person's wish went."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Container
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Session:
    """Where a conversation is. ``falls`` counts the person's turns in a row that asked for a less capable engine."""

    engine: str
    falls: int = 0


@dataclass(slots=True)
class _Entry:
    session: Session
    seen_at: float


class SessionMemory:
    """Engines by wish (:meth:`Ask.digest`) and by conversation, by name, so that they outlive a new configuration.

    The least recently used go first; what nobody asked for in ``ttl_seconds`` is forgotten. Only a memory: when it
    knows nothing, the wish is found again in the history that every request carries, and the same decision comes out.
    Used on the server's loop only. ``clock`` gives seconds that never go back.
    """

    def __init__(
        self, capacity: int = 4096, ttl_seconds: float = 14_400.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._capacity = capacity
        self._ttl = ttl_seconds
        self._clock = clock
        self._wishes: OrderedDict[str, _Entry] = OrderedDict()
        self._sessions: OrderedDict[str, _Entry] = OrderedDict()

    def __len__(self) -> int:
        return len(self._sessions)

    def remember(self, digest: str, session: str, engine: str, falls: int = 0) -> None:
        """Keep the engine that took a person's wish."""
        now = self._clock()
        self._keep(self._wishes, digest, engine, 0, now)
        self._keep(self._sessions, session, engine, falls, now)

    def find(self, session: str) -> Session | None:
        """Where the conversation is; None for a new one."""
        return self._recall(self._sessions, session)

    def of_wish(self, digest: str) -> str | None:
        """The engine that this very wish went to."""
        found = self._recall(self._wishes, digest)
        return found.engine if found is not None else None

    def of_session(self, session: str) -> str | None:
        """The engine that the conversation's last wish went to."""
        found = self._recall(self._sessions, session)
        return found.engine if found is not None else None

    def keep_engines(self, engines: Container[str]) -> None:
        """Forget what points to any other engine, as the configuration has changed."""
        for memory in (self._wishes, self._sessions):
            for key in [key for key, entry in memory.items() if entry.session.engine not in engines]:
                del memory[key]

    def list(self) -> tuple[dict[str, object], ...]:
        """The conversations, the one that spoke last first."""
        now = self._clock()
        return tuple(
            {
                "session": key,
                "engine": entry.session.engine,
                "falls": entry.session.falls,
                "idle_seconds": round(now - entry.seen_at, 1),
            }
            for key, entry in reversed(self._sessions.items())
        )

    def forget(self, session: str) -> bool:
        """Forget where a conversation is; its next turn is decided as a first one."""
        return self._sessions.pop(session, None) is not None

    def resize(self, capacity: int, ttl_seconds: float) -> None:
        """Take new bounds, as the configuration has changed."""
        self._capacity, self._ttl = capacity, ttl_seconds
        for memory in (self._wishes, self._sessions):
            while len(memory) > capacity:
                memory.popitem(last=False)

    def _keep(self, memory: OrderedDict[str, _Entry], key: str, engine: str, falls: int, now: float) -> None:
        entry = memory.get(key)
        if entry is None:
            memory[key] = _Entry(Session(engine, falls), now)
            if len(memory) > self._capacity:
                memory.popitem(last=False)
            return
        memory.move_to_end(key)
        entry.seen_at = now
        if entry.session.engine != engine or entry.session.falls != falls:
            entry.session = Session(engine, falls)

    def _recall(self, memory: OrderedDict[str, _Entry], key: str) -> Session | None:
        entry = memory.get(key)
        if entry is None:
            return None
        now = self._clock()
        if now - entry.seen_at > self._ttl:
            del memory[key]
            return None
        entry.seen_at = now
        memory.move_to_end(key)
        return entry.session
