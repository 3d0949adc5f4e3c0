"""Whether a conversation stays with its engine when a person's new turn is decided for another.

A move is not free: the other server has to read the whole conversation again (prefill), which takes longer the longer
it is. So a conversation stays, unless the present engine cannot do what is asked, the new turn asks for more than it
can, the turns ask for less for long, or the move costs nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from model_router.config.proxy import BackendConfig, ProxyConfig
from model_router.engine.hints import NO_HINTS, RoutingHints
from model_router.engine.routes import HUMAN_CONFIRM, Route
from model_router.router import ModelRouter
from model_router.server.sessions import Session


@dataclass(frozen=True, slots=True)
class StickinessPolicy:
    """Below ``move_freely_tokens`` a conversation is so short that moving it costs nothing worth speaking of; after
    ``falls_after`` turns in a row for a less capable engine it moves there.
    """

    move_freely_tokens: int = 1_500
    falls_after: int = 3


@dataclass(frozen=True, slots=True)
class Turn:
    """A person's new turn and what was decided for it.

    ``tokens`` is the estimated size of the whole request. ``tools``: it brings tools. ``forced``: the engine was asked
    for by name. ``repeated``: the same words as before, such as a retry, which do not count as one turn more.
    """

    decided: str
    route: Route
    tokens: int
    hints: RoutingHints = NO_HINTS
    tools: bool = False
    forced: bool = False
    repeated: bool = False


@dataclass(frozen=True, slots=True)
class Stay:
    """The conversation stays with ``engine``. ``prefill_tokens`` is what a move would have had to read again.

    ``reason`` is a sentence for people, without a full stop, ``reason_code`` the stable word for programs. ``falls``
    is for the memory.
    """

    engine: str
    reason: str
    reason_code: str
    prefill_tokens: int = 0
    falls: int = 0


@dataclass(frozen=True, slots=True)
class Move:
    """The conversation goes to ``engine``, which has ``prefill_tokens`` to read. See :class:`Stay`."""

    engine: str
    reason: str
    reason_code: str
    prefill_tokens: int = 0
    falls: int = 0


@lru_cache(maxsize=256)
def still(engine: str) -> Stay:
    """What most turns come to: the engine is the one where the conversation is."""
    return Stay(engine, "stayed: the same engine was decided again", "session.stayed.same")


def _never(_: str) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Stickiness:
    """The policy over one router and one proxy configuration; made anew for each request, as it holds nothing itself.

    ``resting`` says whether a backend rests after failures.
    """

    router: ModelRouter
    config: ProxyConfig
    policy: StickinessPolicy = StickinessPolicy()
    resting: Callable[[str], bool] = _never

    def judge(self, present: Session, turn: Turn) -> Stay | Move:
        """Stay with the present engine, or move to the decided one."""
        engine, decided = present.engine, turn.decided
        if engine == decided:
            return still(engine)
        here, there = self._backend(engine), self._backend(decided)
        if here is not None and here == there:
            return Move(decided, "moved: both engines are served by the same backend", "session.moved.same_backend")
        why = next(self._needs(engine, here, there, turn), None)
        if why is not None:
            return Move(decided, f"moved: {why[0]}", f"session.moved.{why[1]}", turn.tokens)
        if turn.tokens < self.policy.move_freely_tokens:
            reason = f"moved: the conversation is short, about {in_words(turn.tokens)} tokens"
            return Move(decided, reason, "session.moved.short", turn.tokens)
        falls = self._falls(present, turn)
        if falls >= self.policy.falls_after:
            return Move(decided, f"moved: {falls} turns in a row asked for less", "session.moved.fell", turn.tokens)
        reason = f"stayed: moving would prefill about {in_words(turn.tokens)} tokens again"
        return Stay(engine, reason, "session.stayed.prefill", turn.tokens, falls)

    def refusal(self, engine: str, turn: Turn) -> str | None:
        """Why an engine may not or cannot take a turn at all, whatever a move costs; None when it can."""
        return self.router.refusal(engine, turn.route, turn.hints)

    def _needs(self, engine: str, here: str | None, there: str | None, turn: Turn) -> Iterator[tuple[str, str]]:
        """Why the present engine cannot keep the turn, most telling first; and the last word of the reason's code."""
        catalog = self.router.catalog
        spec, wanted = catalog.engines.get(engine), catalog.engines.get(turn.decided)
        if turn.forced:
            yield f"{turn.decided} was asked for by name", "forced"
        if here is None or spec is None or not spec.enabled:
            yield f"{engine} has no backend any more, or is disabled", "gone"
            return
        refusal = self.refusal(engine, turn)
        if refusal is not None:
            yield f"{engine} cannot take this turn ({refusal})", "ability"
        if turn.tools and not spec.supports_tools and wanted is not None and wanted.supports_tools:
            yield f"{engine} cannot take this turn (does not take tools)", "ability"
        if turn.route is not Route.IMAGE_GENERATION and "image_generation" in spec.modalities:
            yield f"{engine} only makes pictures", "ability"
        if self._outgrown(self.config.backends, here, there, turn.tokens):
            yield f"about {in_words(turn.tokens)} tokens are too many for the backend of {engine}", "context"
        if self.resting(here) and (there is None or not self.resting(there)):
            yield f"the backend of {engine} rests after failures", "resting"
        more = wanted is not None and wanted.capability > spec.capability
        if more or (turn.route is Route.RESEARCH and turn.decided == self._research_target(turn)):
            yield f"{turn.route} needs more than {engine} can do", "rose"

    def _outgrown(self, backends: Mapping[str, BackendConfig], here: str, there: str | None, tokens: int) -> bool:
        room = backends[here].max_context
        if room is None or tokens <= room or there is None:
            return False
        more = backends[there].max_context
        return more is None or more > room

    def _research_target(self, turn: Turn) -> str | None:
        """The engine that can look things up; no number of a catalog says so of an engine, only where research goes."""
        catalog = self.router.catalog
        profile = catalog.profiles.get(turn.hints.profile or self.config.proxy.routing_profile)
        special = profile.routing_targets.get(Route.RESEARCH) if profile is not None else None
        return special or catalog.routing_targets.get(Route.RESEARCH)

    def _falls(self, present: Session, turn: Turn) -> int:
        """The turns in a row for a less capable engine, this one included."""
        engines = self.router.catalog.engines
        wanted = engines.get(turn.decided)
        if wanted is None or wanted.capability >= engines[present.engine].capability:
            return 0
        return present.falls if turn.repeated else present.falls + 1

    def _backend(self, engine: str) -> str | None:
        """The first backend for an engine: its own, or that of the engines it falls back to."""
        engines, seen = self.router.catalog.engines, set[str]()
        current: str | None = engine
        while current is not None and current not in seen and current != HUMAN_CONFIRM:
            backend = self.config.engine_backends.get(current)
            if backend is not None and backend in self.config.backends:
                return backend
            seen.add(current)
            spec = engines.get(current)
            current = spec.fallback if spec is not None else None
        return None


def in_words(tokens: int) -> str:
    """A number of tokens as people say it: ``900``, ``1.8k``, ``18k``."""
    if tokens < 1_000:
        return str(tokens)
    return f"{tokens / 1_000:.1f}k" if tokens < 9_950 else f"{tokens / 1_000:.0f}k"
