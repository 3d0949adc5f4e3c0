"""From an ask to an engine: the router's decision, and the two cases that need none."""

from __future__ import annotations

import time
from dataclasses import replace

from model_router.engine.decision import RoutingDecision
from model_router.engine.hints import RoutingHints
from model_router.engine.routes import HUMAN_CONFIRM, Route
from model_router.server.ask import Ask, CallKind
from model_router.server.confirmations import confirmation_refusal
from model_router.server.gateway import Gateway
from model_router.server.record import Record


def decide(gateway: Gateway, ask: Ask, record: Record) -> str:
    """The engine for a request; the record learns what there is to know about the decision.

    Housekeeping goes to the small engine and never meets the confirmation: it carries nothing out. An agent's step
    stays where its wish went. Everything else is the router's decision.

    Raises:
        Refusal: the request waits for a person.
    """
    started = time.perf_counter()
    try:
        engine = _engine(gateway, ask, record)
    finally:
        record.route_us = (time.perf_counter() - started) * 1e6
    record.engine = engine
    if engine == HUMAN_CONFIRM:
        _refuse(gateway, ask, record)
    if ask.kind is CallKind.MAIN:
        gateway.sessions.remember(ask.digest(), ask.session, engine)
    return engine


def _engine(gateway: Gateway, ask: Ask, record: Record) -> str:
    decision = _route(gateway, ask)
    record.decision = decision
    if not decision.config_valid or not ask.readable:
        return HUMAN_CONFIRM
    if ask.kind is CallKind.UTILITY:
        return _housekeeper(gateway, ask)
    if ask.pictures:
        return decision.selected_engine  # what is remembered may be from before the picture
    if ask.continued and not ask.text:
        return gateway.sessions.of_session(ask.session) or decision.selected_engine
    if ask.kind is CallKind.TOOL_TURN:
        return gateway.sessions.of_wish(ask.digest()) or decision.selected_engine
    return decision.selected_engine


def _housekeeper(gateway: Gateway, ask: Ask) -> str:
    """A conversation that is to be summed up stays with the engine that can hold it; one with pictures must be seen."""
    if ask.pictures:
        return gateway.router.catalog.routing_targets[Route.VISION]
    if ask.task == "compact":
        balanced = gateway.router.catalog.routing_targets[Route.BALANCED]
        return gateway.sessions.of_session(ask.session) or balanced
    return gateway.simple_engine


def _route(gateway: Gateway, ask: Ask) -> RoutingDecision:
    """One decision. When nobody is left though nothing risky is asked, what only narrows is taken back, one by one.

    First the catalog's context lengths: the backends know their own better, and the pick among them looks at it. Then
    pictures of older turns: a server that cannot see says so itself, and a person could not help.
    """
    hints = RoutingHints(
        attachments=ask.attachments,
        required_modalities=("image",) if ask.pictures else (),
        context_tokens=ask.estimated_tokens,
        profile=gateway.config.proxy.routing_profile,
    )
    decision = gateway.router.route(ask.text, hints)
    for wider in (replace(hints, context_tokens=None), replace(hints, context_tokens=None, required_modalities=())):
        if decision.selected_engine != HUMAN_CONFIRM or not decision.config_valid or decision.risk_class is not None:
            break
        decision = gateway.router.route(ask.text, wider)
    return decision


def _refuse(gateway: Gateway, ask: Ask, record: Record) -> None:
    if record.decision is None:
        raise RuntimeError("a request is blocked by a decision only")
    entry = gateway.confirmations.enter(ask.digest(), record.request_id)
    record.folded = entry.request_id != record.request_id
    refusal = confirmation_refusal(
        ask, record.decision, entry.request_id, gateway.config.safety.confirm_status, gateway.catalog_file
    )
    record.request_id = entry.request_id
    record.end("confirm", refusal.status, "")
    raise refusal
