"""From an ask to an engine: the router's decision, and the two cases that need none."""

from __future__ import annotations

import time

from model_router.engine.hints import RoutingHints
from model_router.engine.routes import HUMAN_CONFIRM
from model_router.server.ask import Ask, CallKind
from model_router.server.ask_route import route_ask
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
    conversation = gateway.sessions.of_session(ask.session) if ask.task == "compact" else None
    hints = RoutingHints(profile=gateway.config.proxy.routing_profile)
    decision = route_ask(gateway.router, ask, hints, conversation=conversation)
    record.decision = decision
    if not decision.config_valid:
        return HUMAN_CONFIRM
    if ask.kind is CallKind.UTILITY or ask.pictures or not ask.readable:
        return decision.selected_engine  # what is remembered may be from before the picture
    if ask.continued and not ask.text:
        return gateway.sessions.of_session(ask.session) or decision.selected_engine
    if ask.kind is CallKind.TOOL_TURN:
        return gateway.sessions.of_wish(ask.digest()) or decision.selected_engine
    return decision.selected_engine


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
