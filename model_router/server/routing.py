"""From an ask to an engine: the router's decision, and the two cases that need none."""

from __future__ import annotations

from model_router.engine.hints import RoutingHints
from model_router.engine.routes import HUMAN_CONFIRM
from model_router.server.ask import Ask, CallKind
from model_router.server.ask_route import Pick, pick_engine
from model_router.server.confirmations import confirmation_refusal
from model_router.server.gateway import Gateway
from model_router.server.record import Record


def decide(gateway: Gateway, ask: Ask, record: Record) -> str:
    """The engine for a request; the record keeps what the receipt is written from when the answer is out.

    Housekeeping goes to the small engine and never meets the confirmation: it carries nothing out. An agent's step
    stays where its wish went. Everything else is the router's decision.

    Raises:
        Refusal: the request waits for a person.
    """
    conversation = gateway.sessions.of_session(ask.session) if ask.task == "compact" else None
    hints = RoutingHints(profile=gateway.config.proxy.routing_profile)
    pick = pick_engine(gateway.router, ask, hints, conversation=conversation)
    record.pick = pick
    engine = _engine(gateway, ask, pick)
    record.engine = engine
    if engine == HUMAN_CONFIRM:
        _refuse(gateway, ask, record, pick)
    if ask.kind is CallKind.MAIN:
        gateway.sessions.remember(ask.digest(), ask.session, engine)
    return engine


def _engine(gateway: Gateway, ask: Ask, pick: Pick) -> str:
    if not pick.router.config_valid:
        return HUMAN_CONFIRM
    if ask.kind is CallKind.UTILITY or ask.pictures or not ask.readable:
        return pick.engine  # what is remembered may be from before the picture
    if ask.continued and not ask.text:
        return gateway.sessions.of_session(ask.session) or pick.engine
    if ask.kind is CallKind.TOOL_TURN:
        return gateway.sessions.of_wish(ask.digest()) or pick.engine
    return pick.engine


def _refuse(gateway: Gateway, ask: Ask, record: Record, pick: Pick) -> None:
    record.decision = pick.receipt()
    entry = gateway.confirmations.enter(ask.digest(), record.request_id)
    record.folded = entry.request_id != record.request_id
    refusal = confirmation_refusal(
        ask, record.decision, entry.request_id, gateway.config.safety.confirm_status, gateway.catalog_file
    )
    record.request_id = entry.request_id
    record.end("confirm", refusal.status, "")
    raise refusal
