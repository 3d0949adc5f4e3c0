"""Past requests through a router of today or a draft: what would go elsewhere, and which labels that meets."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from model_router.hindsight.event_files import event_files
from model_router.hindsight.labels import Label
from model_router.hindsight.past_event import PastEvent
from model_router.hindsight.reading import newest_first
from model_router.hindsight.rerouting import NotRerouted, Rerouter
from model_router.router import ModelRouter

_ROWS = 1_000
"""Rows that are kept of each kind, the newest; the counts go on."""

UNKNOWN_DECISION = NotRerouted("decision_unknown", "its event does not say what the router had picked")


@dataclass(frozen=True, slots=True)
class Change:
    """One request that would go elsewhere, or that misses its label. ``label`` is empty without one.

    ``verdict`` is ``moved`` (no label), ``fixed`` (meets its label now), ``broken`` (met it before) or ``wrong``
    (missed it before, and misses it now).
    """

    request_id: str
    time: float
    verdict: str
    before: str
    after: str
    route_before: str
    route_after: str
    basis: str
    label: str = ""
    summary: str = ""


@dataclass(slots=True)
class Replay:
    """What a replay found. ``rows`` are the newest changes, oldest first; ``skipped`` counts by reason's code."""

    config_hash: str
    ruleset_version: str
    read: int = 0
    replayed: int = 0
    moved: int = 0
    verdicts: Counter[str] = field(default_factory=Counter)
    bases: Counter[str] = field(default_factory=Counter)
    moves: Counter[tuple[str, str]] = field(default_factory=Counter)
    skipped: Counter[str] = field(default_factory=Counter)
    reasons: dict[str, str] = field(default_factory=dict)
    labels_met: int = 0
    labels_unused: int = 0
    rows: deque[Change] = field(default_factory=lambda: deque(maxlen=_ROWS))

    @property
    def regressed(self) -> bool:
        """Whether a label that was met is not met any more."""
        return self.verdicts["broken"] > 0

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types."""
        return {
            "config_hash": self.config_hash,
            "ruleset_version": self.ruleset_version,
            "read": self.read,
            "replayed": self.replayed,
            "by_basis": dict(self.bases),
            "moved": self.moved,
            "moves": [{"from": a, "to": b, "count": count} for (a, b), count in self.moves.most_common()],
            "labels": {
                "met": self.labels_met,
                "fixed": self.verdicts["fixed"],
                "broken": self.verdicts["broken"],
                "still_wrong": self.verdicts["wrong"],
                "not_in_log": self.labels_unused,
            },
            "skipped": [
                {"code": code, "count": count, "reason": self.reasons[code]}
                for code, count in self.skipped.most_common()
            ],
            "regressed": self.regressed,
            "rows": [{name: getattr(row, name) for name in row.__slots__} for row in self.rows],
        }


def replay(events: Iterable[PastEvent], router: ModelRouter, labels: Mapping[str, Label] | None = None) -> Replay:
    """Route every event again with an open router; ``events`` come in any order, rows in the same."""
    labels = labels or {}
    found = Replay(router.config_hash, router.ruleset_version)
    reroute = Rerouter(router)
    used: set[str] = set()
    for event in events:
        found.read += 1
        now = reroute(event)
        before = event.picked or ("" if event.session_code or event.fallback else event.engine)
        if not before and not isinstance(now, NotRerouted):
            now = UNKNOWN_DECISION
        label = labels.get(event.request_id)
        if label is not None:
            used.add(event.request_id)
        if isinstance(now, NotRerouted):
            found.skipped[now.code] += 1
            found.reasons[now.code] = now.reason
            continue
        found.replayed += 1
        found.bases[now.basis] += 1
        after = now.engine
        if after != before:
            found.moved += 1
            found.moves[before, after] += 1
        verdict = _verdict(before, after, label.engine if label is not None else "")
        if verdict == "met":
            found.labels_met += 1
        elif verdict:
            found.verdicts[verdict] += 1
            found.rows.append(
                Change(
                    request_id=event.request_id,
                    time=event.time,
                    verdict=verdict,
                    before=before,
                    after=after,
                    route_before=event.route,
                    route_after=str(now.decision.route),
                    basis=now.basis,
                    label=label.engine if label is not None else "",
                    summary=now.decision.summary,
                )
            )
    found.labels_unused = len(labels.keys() - used)
    return found


def preview(path: Path, router: ModelRouter, labels: Mapping[str, Label] | None = None, count: int = 500) -> Replay:
    """The newest ``count`` requests of a log against a router, for an edit that is not saved yet: some milliseconds.

    Rows are newest first. No log gives a replay of nothing.
    """
    return replay(islice(newest_first(event_files(path)), count), router, labels)


def _verdict(before: str, after: str, label: str) -> str:
    """Empty for a request without a label that stays where it went."""
    if not label:
        return "moved" if after != before else ""
    if after == label:
        return "met" if before == label else "fixed"
    return "broken" if before == label else "wrong"
