"""From an ask to a decision, without a gateway: what needs no memory of earlier requests."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import cast

import msgspec

from model_router.engine.decision import RoutingDecision
from model_router.engine.engine import Weighed
from model_router.engine.features import clip
from model_router.engine.hints import NO_HINTS, RoutingHints
from model_router.engine.receipt import Digest, shorten
from model_router.engine.routes import HUMAN_CONFIRM, RiskClass, Route
from model_router.router import ModelRouter
from model_router.server.ask import Ask, CallKind
from model_router.server.briefing import own_words


class Pick(msgspec.Struct, frozen=True):
    """An engine, and all that its receipt can be written from later; ``route_us`` is what picking took, microseconds.

    ``prompt`` and ``hints`` are what the router was given in the end. ``weighed`` is None when only the router can say
    why it waits for a person.
    """

    engine: str
    route_us: float
    router: ModelRouter
    prompt: str
    hints: RoutingHints
    route: Route
    weighed: Weighed | None

    def receipt(self) -> RoutingDecision:
        """The receipt, the same whenever it is written.

        Its engine is always this one, unless a person has approved what it would stop.
        """
        if self.weighed is None:
            return self.router.route(self.prompt, self.hints)
        return self.router.explain(self.weighed, self.prompt, self.hints)

    def digest(self) -> Digest:
        """What the receipt says in short; nothing of the prompt."""
        if self.weighed is None:
            return shorten(self.router.route(self.prompt, self.hints))
        return self.router.digest(self.weighed, self.hints)

    @property
    def risk(self) -> RiskClass | None:
        """What harm the wish could do when carried out."""
        return self.receipt().risk_class if self.weighed is None else self.weighed.risk

    def shortened(self) -> Pick:
        """The same with no more of the prompt than its receipt needs: a few hundred characters."""
        if self.weighed is None or self.prompt is (short := clip(self.prompt)):
            return self
        return msgspec.structs.replace(self, prompt=short)

    def __repr__(self) -> str:
        """Without the prompt."""
        return f"Pick({self.engine!r}, route={self.route!r})"


def route_ask(
    router: ModelRouter, ask: Ask, hints: RoutingHints = NO_HINTS, *, conversation: str | None = None
) -> RoutingDecision:
    """The decision for an ask with its receipt; see :func:`pick_engine`."""
    return pick_engine(router, ask, hints, conversation=conversation).receipt()


def pick_engine(
    router: ModelRouter,
    ask: Ask,
    hints: RoutingHints = NO_HINTS,
    *,
    conversation: str | None = None,
    approved: bool = False,
) -> Pick:
    """The engine for an ask; ``conversation`` names the engine that the conversation is with, if that is known.

    ``hints`` are the caller's own; what the request itself says is added. Housekeeping never meets the confirmation:
    it carries nothing out. An ask that cannot be read waits for a person. ``approved``: a person has let it pass.
    """
    if ask.kind is CallKind.UTILITY:
        return _housekeeping(router, ask, hints, conversation)
    if not ask.readable:
        return _pick(router, cast(str, None), hints)  # what is no text is refused there, with a receipt that says so
    return _main(router, ask, hints, approved=approved)


def _housekeeping(router: ModelRouter, ask: Ask, hints: RoutingHints, conversation: str | None) -> Pick:
    """To the small engine. A conversation that is to be summed up stays with the engine that can hold it; one with
    pictures must be seen. The words are not read: a title for a risky wish is no risky wish.
    """
    targets = router.catalog.routing_targets
    plain = replace(hints, force_engine=hints.force_engine or targets.get(Route.SIMPLE))
    engine = plain.force_engine
    if ask.pictures:
        engine = hints.force_engine or targets.get(Route.VISION)
        hints = replace(hints, required_modalities=("image",))
    elif ask.task == "compact":
        engine = hints.force_engine or conversation or targets.get(Route.BALANCED)
        hints = replace(hints, context_tokens=ask.estimated_tokens)
    pick = _pick(router, "", replace(hints, force_engine=engine))
    if pick.engine == HUMAN_CONFIRM and router.config_valid:
        pick = _pick(router, "", plain, pick.route_us)
    return pick


def _main(router: ModelRouter, ask: Ask, hints: RoutingHints, *, approved: bool) -> Pick:
    """One decision. When nobody is left though nothing risky is asked, what only narrows is taken back, one by one.

    First the catalog's context lengths: the backends know their own better, and the pick among them looks at it. Then
    pictures of older turns: a server that cannot see says so itself, and a person could not help.
    """
    if ask.attachments or ask.pictures or ask.estimated_tokens > router.least_context:
        hints = replace(
            hints,
            attachments=tuple(dict.fromkeys((*hints.attachments, *ask.attachments))),
            required_modalities=("image",) if ask.pictures else hints.required_modalities,
            context_tokens=ask.estimated_tokens,
        )
    pick = _pick(router, ask.text, hints, approved=approved)
    if pick.engine == HUMAN_CONFIRM:
        if not router.config_valid or (pick.risk is not None and not approved):
            return pick
        without_length = replace(hints, context_tokens=None)
        for wider in (without_length, replace(without_length, required_modalities=())):
            pick = _pick(router, ask.text, wider, pick.route_us, approved=approved)
            if pick.engine != HUMAN_CONFIRM:
                break
    return pick if approved else _heard_alone(router, ask.text, pick)


def _heard_alone(router: ModelRouter, text: str, pick: Pick) -> Pick:
    """What was picked for a text, unless the words that are the person's own wait when nothing is said around them."""
    for own in own_words(text, coding=pick.route is Route.CODING):
        alone = _pick(router, own, pick.hints, pick.route_us)
        if alone.engine == HUMAN_CONFIRM and alone.risk is not None:
            return alone
    return pick


def _pick(
    router: ModelRouter, prompt: str, hints: RoutingHints, before_us: float = 0.0, *, approved: bool = False
) -> Pick:
    started = time.perf_counter()
    weighed = router.weigh(prompt, hints)
    if weighed is None:
        engine, route = HUMAN_CONFIRM, Route.CONFIRMATION
    elif approved:
        engine, route = router.pick_approved(prompt, hints)
    else:
        engine, route = weighed.engine, weighed.route
    return Pick(engine, before_us + (time.perf_counter() - started) * 1e6, router, prompt, hints, route, weighed)
