"""A bounded memory of what was decided for a person's wish, so that an agent's steps stay where the wish went."""

from __future__ import annotations

from collections import OrderedDict


class SessionMemory:
    """Engines by wish (:meth:`Ask.digest`) and by conversation. The least recently used entries go first.

    Only a memory: when it knows nothing, the wish is found again in the history that every request carries, and the
    same decision comes out. Used on the server's loop only.
    """

    def __init__(self, capacity: int = 4096) -> None:
        self._capacity = capacity
        self._wishes: OrderedDict[str, str] = OrderedDict()
        self._sessions: OrderedDict[str, str] = OrderedDict()

    def remember(self, digest: str, session: str, engine: str) -> None:
        """Keep the engine that took a person's wish."""
        self._keep(self._wishes, digest, engine)
        self._keep(self._sessions, session, engine)

    def of_wish(self, digest: str) -> str | None:
        """The engine that this very wish went to."""
        return self._recall(self._wishes, digest)

    def of_session(self, session: str) -> str | None:
        """The engine that the conversation's last wish went to."""
        return self._recall(self._sessions, session)

    def _keep(self, memory: OrderedDict[str, str], key: str, engine: str) -> None:
        memory[key] = engine
        memory.move_to_end(key)
        if len(memory) > self._capacity:
            memory.popitem(last=False)

    def _recall(self, memory: OrderedDict[str, str], key: str) -> str | None:
        engine = memory.get(key)
        if engine is not None:
            memory.move_to_end(key)
        return engine
