"""Requests that wait for a person, and the answer that says so.

Clients retry what they do not understand, up to eighteen times: the repeats of one blocked wish within two minutes
are one entry, under the id of the first.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from model_router.engine.decision import RoutingDecision
from model_router.engine.routes import RiskClass
from model_router.server.ask import Ask
from model_router.server.refusal import Refusal

REPEAT_SECONDS = 120.0

_OVERRIDES = {
    RiskClass.DESTRUCTIVE: "allow_destructive_actions",
    RiskClass.SEND: "allow_send_actions",
    RiskClass.PURCHASE: "allow_purchase_actions",
    RiskClass.EXTERNAL: "allow_high_impact_external_actions",
    RiskClass.AMBIGUOUS: "allow_ambiguous_high_impact",
}


@dataclass(slots=True)
class Confirmation:
    """One blocked wish. ``seen`` counts its requests, the first included; times are seconds of the given clock."""

    request_id: str
    first_at: float
    last_at: float
    seen: int = 1


class ConfirmationLedger:
    """The blocked wishes of the last two minutes, bounded. Used on the server's loop only."""

    def __init__(self, clock: Callable[[], float], capacity: int = 1024) -> None:
        self._clock = clock
        self._capacity = capacity
        self._entries: OrderedDict[str, Confirmation] = OrderedDict()
        self.repeats = 0

    def enter(self, digest: str, request_id: str) -> Confirmation:
        """The entry of a blocked wish: the one that is there already, or a new one under this id."""
        now = self._clock()
        entry = self._entries.get(digest)
        if entry is not None and now - entry.last_at <= REPEAT_SECONDS:
            entry.seen += 1
            entry.last_at = now
            self.repeats += 1
            return entry
        entry = Confirmation(request_id, now, now)
        self._entries[digest] = entry
        self._entries.move_to_end(digest)
        if len(self._entries) > self._capacity:
            self._entries.popitem(last=False)
        return entry


def confirmation_refusal(
    ask: Ask, decision: RoutingDecision, request_id: str, status: int, catalog_file: str
) -> Refusal:
    """The answer to a blocked request. Most clients show ``error.message`` and nothing else, so all stands in it."""
    return Refusal(
        status,
        _sentence(ask, decision, request_id, catalog_file),
        kind="confirmation_required",
        code=str(decision.risk_class) if decision.risk_class else "confirmation_required",
        headers={"x-should-retry": "false"},
    )


def _sentence(ask: Ask, decision: RoutingDecision, request_id: str, catalog_file: str) -> str:
    stopped = f"ModelRouter stopped request {request_id} and sent it to no model"
    if not decision.config_valid:
        reason = "; ".join(decision.errors[:1]) or "the catalog has mistakes"
        return (
            f"{stopped}: its configuration cannot be used, so every request waits for a person ({reason}). "
            "Run `model-router validate-config` to see each mistake."
        )
    if not ask.readable:
        return (
            f"{stopped}: the newest message holds no text that can be read, so nobody can say what it asks for. "
            "Send its content as a text or as a list of parts."
        )
    if decision.risk_class is None:
        return (
            f"{stopped}: no engine may take it ({decision.summary.rstrip('.')}). "
            f"Run `model-router decide --explain` with the prompt to see why, and check the engines in {catalog_file}."
        )
    return (
        f"{stopped}: it asks for an action that a person has to confirm (class: {decision.risk_class}). "
        "Reword the request if nothing of the kind is meant; to let this class pass without asking, set "
        f"safety.confirmation_overrides.{_OVERRIDES[decision.risk_class]}: true in {catalog_file}."
    )
