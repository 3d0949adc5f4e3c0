"""The answer to a request that waits for a person, or about which one has decided."""

from __future__ import annotations

from model_router.engine.decision import RoutingDecision
from model_router.engine.routes import RiskClass
from model_router.server.approvals import Entry, Standing
from model_router.server.ask import Ask
from model_router.server.refusal import Refusal

_OVERRIDES = {
    RiskClass.DESTRUCTIVE: "allow_destructive_actions",
    RiskClass.SEND: "allow_send_actions",
    RiskClass.PURCHASE: "allow_purchase_actions",
    RiskClass.EXTERNAL: "allow_high_impact_external_actions",
    RiskClass.AMBIGUOUS: "allow_ambiguous_high_impact",
}


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


def decided_refusal(entry: Entry, status: int) -> Refusal:
    """The answer when a person has said no, or nobody came in time."""
    name, risk = entry.request_id, entry.wish.risk_class
    if entry.standing is Standing.DENIED:
        said = f": {entry.note.rstrip('.')}." if entry.note else "."
        message = f"A person refused request {name} (class: {risk}), and it was sent to no model{said}"
    else:
        message = (
            f"Request {name} waited for a person to approve it (class: {risk}), but nobody came; it was sent to no "
            "model. Send it again when somebody is there."
        )
    code = "denied" if entry.standing is Standing.DENIED else "expired"
    return Refusal(status, message, kind="confirmation_required", code=code, headers={"x-should-retry": "false"})


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
        "A person can approve it on ModelRouter's screen or command line (`approvals`); then send it again. "
        "Reword the request if nothing of the kind is meant; to let this class pass without asking, set "
        f"safety.confirmation_overrides.{_OVERRIDES[decision.risk_class]}: true in {catalog_file}."
    )
