"""From an ask to an engine: the router's decision, and the cases that need none."""

from __future__ import annotations

from dataclasses import replace

from model_router.engine.routes import HUMAN_CONFIRM
from model_router.server.ask import Ask, CallKind
from model_router.server.ask_route import Pick, pick_engine
from model_router.server.backends import Choice, chain_of, choose
from model_router.server.confirmations import confirmation_refusal
from model_router.server.gateway import Gateway
from model_router.server.naming import Wanted
from model_router.server.record import Record


def decide(gateway: Gateway, ask: Ask, wanted: Wanted, record: Record) -> Choice:
    """The engine for a request and its backends; the record keeps what the receipt is written from.

    Housekeeping goes to the small engine and never meets the confirmation: it carries nothing out. An agent's step
    stays where its wish went. A name that the client asked for counts, but never against the confirmation. Everything
    else is the router's decision.

    Raises:
        Refusal: the request waits for a person, or no backend is there for it.
    """
    conversation = gateway.sessions.of_session(ask.session) if ask.task == "compact" else None
    hints = gateway.hints if wanted.engine is None else replace(gateway.hints, force_engine=wanted.engine)
    pick = pick_engine(gateway.router, ask, hints, conversation=conversation)
    record.pick = pick
    engine = pick.engine if wanted.engine is not None else _engine(gateway, ask, pick)
    record.engine = engine
    if engine == HUMAN_CONFIRM and (wanted.backend is None or _is_risky(pick)):
        _refuse(gateway, ask, record, pick)
    tokens = ask.estimated_tokens
    if wanted.backend is not None:
        chain = chain_of(wanted.backend, gateway.config, gateway.backends, tokens)
        return Choice(gateway.engine_of(wanted.backend) or engine, chain, chain[0].name != wanted.backend)
    if ask.kind is CallKind.MAIN:
        gateway.sessions.remember(ask.digest(), ask.session, engine)
    return choose(engine, gateway.config, gateway.router.catalog, gateway.backends, tokens)


def _is_risky(pick: Pick) -> bool:
    """A person is needed for what is asked, and not only because no engine was left."""
    if not pick.router.config_valid:
        return True
    receipt = pick.receipt()
    return receipt.risk_class is not None or receipt.requires_confirmation


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
