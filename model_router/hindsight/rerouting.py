"""One past request decided again: by its text where the event holds it whole, else by its stored scores.

Only what the router decides is made again. Where a conversation was at that time, which backends rested and how full
their lines were is not in the log, so staying, moving and falling back are left out on both sides of a comparison.
"""

from __future__ import annotations

import sys
from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass, replace

from model_router.engine.decision import PastReading, RoutingDecision
from model_router.engine.hints import NO_HINTS, RoutingHints
from model_router.engine.lexicon import ANSWERS
from model_router.engine.routes import HUMAN_CONFIRM, Attachment, RiskClass, Route
from model_router.hindsight.past_event import PastEvent
from model_router.router import CLOSED_VERSION, ModelRouter
from model_router.server.ask import Ask, CallKind
from model_router.server.ask_route import pick_engine

REDACTED = "[redacted:"
_KEPT = 10_000


@dataclass(frozen=True, slots=True)
class Rerouted:
    """Where a past request would go. ``basis`` is ``text``, ``scores`` or ``kind`` (housekeeping has no wish)."""

    decision: RoutingDecision
    basis: str

    @property
    def engine(self) -> str:
        """The engine."""
        return self.decision.selected_engine


@dataclass(frozen=True, slots=True)
class NotRerouted:
    """A past request that cannot be decided again, and why; ``code`` is stable."""

    code: str
    reason: str


NOT_DECIDED = NotRerouted("not_decided", "it was refused before it was routed")
CLOSED = NotRerouted("closed", "no catalog could be used at that time")
UNREADABLE = NotRerouted("unreadable", "its event names routes or kinds that are not known here")
RULES_CHANGED = NotRerouted("rules_changed", "its text is not kept, and the rules have changed since")


def reroute(router: ModelRouter, event: PastEvent) -> Rerouted | NotRerouted:
    """Decide a past request again with an open router."""
    if not event.route:
        return NOT_DECIDED
    if event.ruleset_version == CLOSED_VERSION:
        return CLOSED
    try:
        return _reroute(router, event)
    except (ValueError, KeyError):
        return UNREADABLE


def _reroute(router: ModelRouter, event: PastEvent) -> Rerouted | NotRerouted:
    text = whole_text(event)
    ask = _ask(event, text or "")
    if ask.kind is CallKind.UTILITY:
        return Rerouted(_by_text(router, ask, event), "kind")
    if text is not None or not ask.readable:
        return Rerouted(_by_text(router, ask, event), "text")
    if event.ruleset_version != router.ruleset_version:
        return RULES_CHANGED
    return Rerouted(_by_scores(router, ask, event), "scores")


def whole_text(event: PastEvent) -> str | None:
    """The ask as it was, if the event holds all of it: kept in full, or short, with nothing taken out."""
    text = event.preview
    return text if text and len(text) == event.prompt_chars and REDACTED not in text else None


def _hints(router: ModelRouter, event: PastEvent) -> RoutingHints:
    """What the client asked for. An engine that is gone counts as not asked for."""
    kind, _, name = event.asked.partition(":")
    if kind == "engine" and name in router.catalog.engines and name != HUMAN_CONFIRM:
        return RoutingHints(force_engine=name)
    return NO_HINTS


def _by_text(router: ModelRouter, ask: Ask, event: PastEvent) -> RoutingDecision:
    """As the gateway does it."""
    before = event.decided if event.decided in router.catalog.engines else None
    conversation = before if ask.task == "compact" else None
    return pick_engine(router, ask, _hints(router, event), conversation=conversation).receipt()


def _by_scores(router: ModelRouter, ask: Ask, event: PastEvent) -> RoutingDecision:
    """As :func:`pick_engine` does it, with what was read then: what only narrows is taken back when nobody is left."""
    past, hints = _reading(event), _hints(router, event)
    if ask.attachments or ask.pictures or ask.estimated_tokens > router.least_context:
        hints = replace(
            hints,
            attachments=ask.attachments,
            required_modalities=("image",) if ask.pictures else (),
            context_tokens=ask.estimated_tokens,
        )
    decision = router.route_again(past, hints)
    if decision.selected_engine != HUMAN_CONFIRM or past.risk is not None:
        return decision
    for wider in (replace(hints, context_tokens=None), replace(hints, context_tokens=None, required_modalities=())):
        decision = router.route_again(past, wider)
        if decision.selected_engine != HUMAN_CONFIRM:
            break
    return decision


def _ask(event: PastEvent, text: str) -> Ask:
    """The ask, as far as the decision looks at it.

    Raises:
        ValueError: a kind or an attachment that is not known.
    """
    kind, _, task = event.kind.partition(":")
    found = event.structure
    return Ask(
        text=text,
        kind=CallKind(kind),
        task=task,
        attachments=tuple(Attachment(name) for name in event.attachments),
        session="",
        estimated_tokens=event.estimated_tokens,
        has_tools="tools" in found,
        readable="unreadable" not in found,
        continued="continued" in found,
        pictures="pictures" in found,
    )


def _reading(event: PastEvent) -> PastReading:
    """What was read then.

    Raises:
        ValueError, KeyError: it is not whole, or speaks of other routes.
    """
    scores = {route: event.scores[route] for route in Route}
    risk = RiskClass(event.risk_class) if event.risk_class else None
    return PastReading(Route(event.route), scores, risk, event.prompt_chars)


class Rerouter:
    """:func:`reroute` for many events: what was worked out for one holds for all that differ in nothing that counts."""

    def __init__(self, router: ModelRouter) -> None:
        self.router = router
        self._contexts = sorted({spec.max_context for spec in router.catalog.engines.values()})
        self._known: dict[tuple[object, ...], Rerouted | NotRerouted] = {}

    def __call__(self, event: PastEvent) -> Rerouted | NotRerouted:
        """The same as :func:`reroute`."""
        key = self._key(event)
        if key is None:
            return reroute(self.router, event)
        found = self._known.get(key)
        if found is None:
            if len(self._known) >= _KEPT:
                self._known.clear()
            found = self._known[key] = reroute(self.router, event)
        return found

    def _key(self, event: PastEvent) -> tuple[object, ...] | None:
        """All that the engine and the route depend on when the text is gone; None where the text is there.

        Of the size only that counts which engines' contexts are too small for it.
        """
        if event.preview:
            return None
        return (
            bisect_left(self._contexts, event.estimated_tokens),
            event.estimated_tokens > self.router.least_context,
            event.decided if event.kind == "utility:compact" else "",
            event.route,
            event.risk_class,
            _likeliest(event.scores) if event.risk_class else "",
            event.kind,
            event.asked,
            event.attachments,
            event.structure,
            event.ruleset_version,
            len(event.scores),
        )


def _likeliest(scores: Mapping[str, int]) -> str:
    return max(ANSWERS, key=lambda answer: scores.get(answer, -sys.maxsize))
