"""From an ask to a decision, without a gateway: what needs no memory of earlier requests."""

from __future__ import annotations

from dataclasses import replace
from typing import cast

from model_router.engine.decision import RoutingDecision
from model_router.engine.hints import NO_HINTS, RoutingHints
from model_router.engine.routes import HUMAN_CONFIRM, Route
from model_router.router import ModelRouter
from model_router.server.ask import Ask, CallKind


def route_ask(
    router: ModelRouter, ask: Ask, hints: RoutingHints = NO_HINTS, *, conversation: str | None = None
) -> RoutingDecision:
    """The decision for an ask; ``conversation`` names the engine that the conversation is with, if that is known.

    ``hints`` are the caller's own; what the request itself says is added. Housekeeping never meets the confirmation:
    it carries nothing out. An ask that cannot be read waits for a person.
    """
    if ask.kind is CallKind.UTILITY:
        return _housekeeping(router, ask, hints, conversation)
    if not ask.readable:
        return router.route(cast(str, None), hints)  # what is no text is refused there, with a receipt that says so
    return _main(router, ask, hints)


def _housekeeping(router: ModelRouter, ask: Ask, hints: RoutingHints, conversation: str | None) -> RoutingDecision:
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
    decision = router.route("", replace(hints, force_engine=engine))
    if decision.selected_engine == HUMAN_CONFIRM and decision.config_valid:
        decision = router.route("", plain)
    return decision


def _main(router: ModelRouter, ask: Ask, hints: RoutingHints) -> RoutingDecision:
    """One decision. When nobody is left though nothing risky is asked, what only narrows is taken back, one by one.

    First the catalog's context lengths: the backends know their own better, and the pick among them looks at it. Then
    pictures of older turns: a server that cannot see says so itself, and a person could not help.
    """
    hints = replace(
        hints,
        attachments=tuple(dict.fromkeys((*hints.attachments, *ask.attachments))),
        required_modalities=("image",) if ask.pictures else hints.required_modalities,
        context_tokens=ask.estimated_tokens,
    )
    decision = router.route(ask.text, hints)
    for wider in (replace(hints, context_tokens=None), replace(hints, context_tokens=None, required_modalities=())):
        if decision.selected_engine != HUMAN_CONFIRM or not decision.config_valid or decision.risk_class is not None:
            break
        decision = router.route(ask.text, wider)
    return decision
