"""Why a past request went where it went, from its event alone, and where it would go now."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec

from model_router.engine.receipt import RISK_WORDS, WHAT
from model_router.engine.routes import HUMAN_CONFIRM, RiskClass, Route
from model_router.hindsight.labels import Label
from model_router.hindsight.past_event import PastEvent
from model_router.hindsight.rerouting import NotRerouted, Rerouted, reroute
from model_router.router import ModelRouter


@dataclass(frozen=True, slots=True)
class Explanation:
    """``now`` is None where the present catalog cannot be used; ``label`` is what a person said of the request."""

    event: PastEvent
    config_hash_now: str
    ruleset_now: str
    now: Rerouted | NotRerouted | None
    label: Label | None = None

    @property
    def config_changed(self) -> bool:
        """Whether another catalog is in force than the one that decided."""
        return bool(self.event.config_hash) and self.event.config_hash != self.config_hash_now

    @property
    def rules_changed(self) -> bool:
        """Whether other rules are in force than those that decided."""
        return bool(self.event.ruleset_version) and self.event.ruleset_version != self.ruleset_now

    @property
    def would_differ(self) -> bool | None:
        """Whether the router would pick another engine now; None when that cannot be told."""
        if not isinstance(self.now, Rerouted):
            return None
        return self.now.engine != (self.event.picked or self.event.engine)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types."""
        now: dict[str, Any] | None = None
        if isinstance(self.now, Rerouted):
            receipt = self.now.decision
            now = {
                "engine": self.now.engine,
                "route": str(receipt.route),
                "basis": self.now.basis,
                "summary": receipt.summary,
                "reasons": list(receipt.reasons),
                "rejected_engines": [{"engine": one.engine, "reason": one.reason} for one in receipt.rejected_engines],
            }
        elif self.now is not None:
            now = {"engine": None, "code": self.now.code, "reason": self.now.reason}
        return {
            "request_id": self.event.request_id,
            "event": msgspec.to_builtins(self.event),
            "why": why(self.event),
            "config_hash_now": self.config_hash_now,
            "ruleset_version_now": self.ruleset_now,
            "config_changed": self.config_changed,
            "rules_changed": self.rules_changed,
            "now": now,
            "would_differ": self.would_differ,
            "label": msgspec.to_builtins(self.label) if self.label is not None else None,
        }


def explain(event: PastEvent, router: ModelRouter, label: Label | None = None) -> Explanation:
    """Everything there is to say about one request."""
    now = reroute(router, event) if router.config_valid else None
    return Explanation(event, router.config_hash, router.ruleset_version, now, label)


def why(event: PastEvent) -> list[str]:
    """Sentences without full stops, most telling first."""
    told: list[str] = []
    if not event.route:
        told.append(f"it was refused before it was routed{f': {event.error}' if event.error else ''}")
    kind, _, task = event.kind.partition(":")
    if kind == "utility":
        told.append(f"a call of the client's own ({task or 'housekeeping'}), which goes to a small engine unread")
    elif kind == "tool_turn":
        told.append("a step within an agent's work; what was read is the wish that the work began with")
    if event.asked:
        what, _, name = event.asked.partition(":")
        told.append(f"the client asked for the {what} {name}")
    told += event.reasons or ([_reads_as(event.route)] if event.route and kind != "utility" else [])
    if event.risk_class and not any(reason.startswith("risk ") for reason in event.reasons):
        told.append(f"risk {event.risk_class}: the order {_risk_words(event.risk_class)}")
    if kind != "utility":
        told += _margins(event)
    if event.session_reason and event.session_reason not in told:
        told.append(event.session_reason)
    if event.decided and event.engine and event.decided != event.engine:
        told.append(f"the router picked {event.decided}; it was served by {event.engine}")
    if event.fallback:
        told.append(f"the first backend could not be used, so {event.backend or 'another'} was asked")
    told += [f"tried without an answer: {failure}" for failure in event.failures]
    if event.engine == HUMAN_CONFIRM or event.requires_confirmation:
        if not event.backend:
            settled = any(code.startswith("approval.") for code in event.reason_codes)
            told.append("so it was sent nowhere" if settled else "so it waits for a person and was sent nowhere")
        elif not event.approved:  # whose approval is told already
            told.append("a person let it pass")
    return told


def _margins(event: PastEvent) -> list[str]:
    ordered = sorted(event.scores.items(), key=lambda item: -item[1])
    if len(ordered) < 2:
        return []
    (first, best), (second, next_best) = ordered[:2]
    close = " (close: a few words more could have turned it)" if event.confidence < 60 else ""
    return [f"{first} is {best - next_best} ahead of {second}, confidence {event.confidence} of 100{close}"]


def _reads_as(route: str) -> str:
    try:
        return f"reads as {WHAT[Route(route)]}"
    except ValueError:
        return f"read as {route}"


def _risk_words(risk: str) -> str:
    try:
        return RISK_WORDS[RiskClass(risk)]
    except ValueError:
        return "is of a class that is not known here"
