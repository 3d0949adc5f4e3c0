"""From an ask to an engine and its backends: the router's decision, and where the conversation is already."""

from __future__ import annotations

from model_router.engine.hints import NO_HINTS, RoutingHints
from model_router.engine.routes import HUMAN_CONFIRM, Route
from model_router.server.ask import Ask, CallKind
from model_router.server.ask_route import Pick, pick_engine
from model_router.server.backends import Choice, chain_of, choose
from model_router.server.gateway import Gateway
from model_router.server.naming import Wanted
from model_router.server.record import Record
from model_router.server.stickiness import Move, Stay, Turn, still

_STEP = ("stayed: a step within the agent's work", "session.stayed.tool_turn")
_CONTINUED = ("stayed: the conversation goes on from its own summary", "session.stayed.continued")


def decide(gateway: Gateway, ask: Ask, wanted: Wanted, record: Record, *, approved: bool = False) -> Choice | Pick:
    """Where a request goes; the record keeps what the receipt is written from when the answer is out.

    Housekeeping goes to the small engine and never meets the confirmation: it carries nothing out. An agent's step
    stays where its wish went. A person's new turn is the router's decision, weighed against what leaving the present
    engine costs. Neither housekeeping nor a turn that waits for a person changes where the conversation is. A name
    that the client asked for counts, but never against the confirmation. What needs a person comes back as its pick
    alone; once one has ``approved`` it, it goes where it would have gone without that.

    Raises:
        Refusal: no backend is there for it.
    """
    config = gateway.config
    conversation = gateway.sessions.of_session(ask.session) if ask.task == "compact" else None
    hints = NO_HINTS if wanted.engine is None else RoutingHints(force_engine=wanted.engine)
    pick = pick_engine(gateway.router, ask, hints, conversation=conversation, approved=approved)
    pinned = wanted.backend is not None or not config.sessions.enabled
    if pinned and (approved or pick.engine == HUMAN_CONFIRM):
        pick = _let_go_on(gateway, ask, pick, approved=approved)
    record.pick, record.asked = pick, wanted.label
    engine = pick.engine if pinned else _engine(gateway, ask, pick, record)
    record.engine = engine
    if engine == HUMAN_CONFIRM and (wanted.backend is None or _is_risky(pick)):
        return pick
    tokens, pictures = ask.estimated_tokens, ask.pictures
    if wanted.backend is not None:
        chain = chain_of(wanted.backend, config, gateway.backends, tokens, pictures=pictures)
        return Choice(gateway.engine_of(wanted.backend) or engine, chain, chain[0].name != wanted.backend)
    if pictures and wanted.engine is None:
        engine = _seeing(gateway, engine, pick)
    return choose(engine, config, gateway.router.catalog, gateway.backends, tokens, pictures=pictures)


def _let_go_on(gateway: Gateway, ask: Ask, pick: Pick, *, approved: bool) -> Pick:
    """What a person has approved is remembered even where no conversation is, for the steps of its work: a pick that
    would stop one of them is made anew without the gate."""
    sessions, digest = gateway.sessions, ask.digest()
    if approved:
        if pick.engine != HUMAN_CONFIRM:
            sessions.remember(digest, ask.session, pick.engine)
    elif ask.kind is CallKind.TOOL_TURN and not ask.pictures and sessions.of_wish(digest) is not None:
        return pick_engine(gateway.router, ask, pick.hints, approved=True)
    return pick


def _seeing(gateway: Gateway, engine: str, pick: Pick) -> str:
    """The engine itself, or one that may have the pictures instead when the doctor saw all its backends refuse them."""
    mapped, catalog = gateway.config.engine_backends, gateway.router.catalog
    if not _blind(gateway, engine):
        return engine
    for other in mapped:
        spec = catalog.engines.get(other)
        if spec is None or "image" not in spec.modalities or "image_generation" in spec.modalities:
            continue
        if not _blind(gateway, other) and gateway.router.refusal(other, pick.route, pick.hints) is None:
            return other
    return engine


def _blind(gateway: Gateway, engine: str) -> bool:
    first = gateway.config.engine_backends.get(engine)
    if first is None or first not in gateway.backends:
        return False
    chain = chain_of(first, gateway.config, gateway.backends, 0, pictures=True)
    return all(backend.abilities.pictures is False for backend in chain)


def _is_risky(pick: Pick) -> bool:
    """A person is needed for what is asked, and not only because no engine was left."""
    if not pick.router.config_valid:
        return True
    return pick.risk is not None or pick.route is Route.CONFIRMATION


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
        refusal = None if blocked else gateway.stickiness.refusal(engine, turn)
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
    if present.engine == pick.engine:
        sessions.remember(digest, ask.session, present.engine)
        return _note(record, still(present.engine))
    turn = _turn(ask, pick, repeated=sessions.of_wish(digest) == present.engine)
    outcome = gateway.stickiness.judge(present, turn)
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
