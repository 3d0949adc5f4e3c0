"""From an ask to an engine: the router's decision, and where the conversation is already."""

from __future__ import annotations

from model_router.engine.hints import RoutingHints
from model_router.engine.routes import HUMAN_CONFIRM
from model_router.server.ask import Ask, CallKind
from model_router.server.ask_route import Pick, pick_engine
from model_router.server.confirmations import confirmation_refusal
from model_router.server.gateway import Gateway
from model_router.server.record import Record
from model_router.server.stickiness import Move, Stay, Stickiness, Turn

_STEP = ("stayed: a step within the agent's work", "session.stayed.tool_turn")
_CONTINUED = ("stayed: the conversation goes on from its own summary", "session.stayed.continued")


def decide(gateway: Gateway, ask: Ask, record: Record) -> str:
    """The engine for a request; the record keeps what the receipt is written from when the answer is out.

    Housekeeping goes to the small engine and never meets the confirmation: it carries nothing out. An agent's step
    stays where its wish went. A person's new turn is the router's decision, weighed against what leaving the present
    engine costs. Neither housekeeping nor a turn that waits for a person changes where the conversation is.

    Raises:
        Refusal: the request waits for a person.
    """
    conversation = gateway.sessions.of_session(ask.session) if ask.task == "compact" else None
    hints = RoutingHints(profile=gateway.config.proxy.routing_profile)
    pick = pick_engine(gateway.router, ask, hints, conversation=conversation)
    record.pick = pick
    engine = _engine(gateway, ask, pick, record)
    record.engine = engine
    if engine == HUMAN_CONFIRM:
        _refuse(gateway, ask, record, pick)
    return engine


def _engine(gateway: Gateway, ask: Ask, pick: Pick, record: Record) -> str:
    if not pick.router.config_valid:
        return HUMAN_CONFIRM
    if ask.kind is CallKind.UTILITY or not ask.readable:
        return pick.engine
    if ask.kind is CallKind.TOOL_TURN or (ask.continued and not ask.text):
        return _same_work(gateway, ask, pick, record)
    return pick.engine if pick.engine == HUMAN_CONFIRM else _new_turn(gateway, ask, pick, record)


def _same_work(gateway: Gateway, ask: Ask, pick: Pick, record: Record) -> str:
    """What belongs to a wish stays where that went, as long as the engine there can take it at all.

    A wish that was let through before is not stopped in the middle. One that never was is stopped, whatever else the
    conversation has been about; so is one that brings a picture, which was not there when it was let through.
    """
    sessions, digest, step = gateway.sessions, ask.digest(), ask.kind is CallKind.TOOL_TURN
    engine = sessions.of_wish(digest) if step else None
    blocked = pick.engine == HUMAN_CONFIRM
    if step and blocked and (engine is None or ask.pictures):
        return HUMAN_CONFIRM
    engine = engine or sessions.of_session(ask.session)
    turn = _turn(ask, pick)
    if engine is not None:
        refusal = None if blocked else Stickiness(pick.router, gateway.config).refusal(engine, turn)
        if refusal is None:
            return _note(record, Stay(engine, *(_STEP if step else _CONTINUED)))
        reason = f"moved: {engine} cannot take this step ({refusal})"
        _note(record, Move(pick.engine, reason, "session.moved.ability", turn.tokens))
    if not blocked:
        sessions.remember(digest, ask.session, pick.engine)
    return pick.engine


def _new_turn(gateway: Gateway, ask: Ask, pick: Pick, record: Record) -> str:
    sessions, digest = gateway.sessions, ask.digest()
    present = sessions.find(ask.session)
    if present is None:
        sessions.remember(digest, ask.session, pick.engine)
        return pick.engine
    turn = _turn(ask, pick, repeated=sessions.of_wish(digest) == present.engine)
    outcome = Stickiness(pick.router, gateway.config).judge(present, turn)
    sessions.remember(digest, ask.session, outcome.engine, outcome.falls)
    return _note(record, outcome)


def _turn(ask: Ask, pick: Pick, *, repeated: bool = False) -> Turn:
    return Turn(
        decided=pick.engine,
        route=pick.route,
        tokens=ask.estimated_tokens,
        hints=pick.hints,
        tools=ask.has_tools,
        forced=pick.hints.force_engine is not None,
        repeated=repeated,
    )


def _note(record: Record, outcome: Stay | Move) -> str:
    record.session_reason, record.session_code = outcome.reason, outcome.reason_code
    record.prefill_tokens = outcome.prefill_tokens
    return outcome.engine


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
