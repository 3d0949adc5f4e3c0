"""Requests that were probably routed wrongly: worth a look, and a label."""

from __future__ import annotations

import heapq
from collections import Counter, OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from model_router.hindsight.labels import Label
from model_router.hindsight.past_event import PastEvent

LOW_CONFIDENCE = 60
"""Of 100; 50 is a tie of the two best routes."""

QUICK_SECONDS = 180.0
"""A person who asks the same again so soon was probably not served."""

_REMEMBERED = 20_000
_WEIGHTS: Mapping[str, int] = {"label": 100, "asked_again": 50, "low_margin": 30, "fallback": 20}


@dataclass(frozen=True, slots=True)
class Suspect:
    """One request. ``signs`` are codes, most telling first: ``label asked_again low_margin fallback``."""

    request_id: str
    time: float
    client: str
    route: str
    engine: str
    confidence: int
    signs: tuple[str, ...]
    second_route: str = ""
    label: str = ""

    @property
    def weight(self) -> int:
        """How likely it is that the route was wrong; for sorting only."""
        near = max(0, LOW_CONFIDENCE - self.confidence) if "low_margin" in self.signs else 0
        return sum(_WEIGHTS[sign] for sign in self.signs) + near


@dataclass(slots=True)
class Review:
    """``suspects`` are the likeliest, likeliest first; ``signs`` counts every request that has the sign."""

    read: int = 0
    signs: Counter[str] = field(default_factory=Counter)
    suspects: list[Suspect] = field(default_factory=list)
    order: Iterator[int] = field(default_factory=count)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types."""
        rows = [
            {**{name: getattr(one, name) for name in one.__slots__}, "signs": list(one.signs)} for one in self.suspects
        ]
        return {"read": self.read, "signs": dict(self.signs), "suspects": rows}


def review(events: Iterable[PastEvent], labels: Mapping[str, Label] | None = None, limit: int = 50) -> Review:
    """Look through events that come oldest first. Only requests of a person count: what an agent does within a wish
    goes where the wish went, and a client's own housekeeping is not routed by its words. Memory stays bounded.
    """
    labels = labels or {}
    found = Review()
    best: list[tuple[int, int, Suspect]] = []
    recent: OrderedDict[str, PastEvent] = OrderedDict()
    for event in events:
        found.read += 1
        if event.kind != "main" or not event.route:
            continue
        before = recent.pop(event.ask_hash, None) if event.ask_hash else None
        if event.ask_hash:
            recent[event.ask_hash] = event
            if len(recent) > _REMEMBERED:
                recent.popitem(last=False)
        if before is not None and _again(before, event):
            found.signs["asked_again"] += 1
            _keep(best, found, _suspect(before, _signs(before, labels, again=True), labels), limit)
        signs = _signs(event, labels, again=False)
        if signs:
            found.signs.update(signs)
            _keep(best, found, _suspect(event, signs, labels), limit)
    unique: dict[str, Suspect] = {}
    for _, _, suspect in sorted(best, key=lambda item: (-item[0], -item[1])):
        unique.setdefault(suspect.request_id, suspect)
    found.suspects = list(unique.values())[:limit]
    return found


def _again(before: PastEvent, event: PastEvent) -> bool:
    """An answered request, asked once more by the same client; what failed is asked again for another reason, and so is
    what a client no longer waited for before a person had decided.
    """
    if before.outcome == "cancelled" and before.requires_confirmation and not before.backend:
        return False
    soon = 0 <= event.time - before.time <= QUICK_SECONDS + before.total_ms / 1_000
    return soon and before.outcome in {"ok", "cancelled"} and before.client == event.client


def _signs(event: PastEvent, labels: Mapping[str, Label], *, again: bool) -> tuple[str, ...]:
    label = labels.get(event.request_id)
    named = {
        "label": label is not None and label.engine != (event.decided or event.engine),
        "asked_again": again,
        "low_margin": 0 < event.confidence < LOW_CONFIDENCE and not event.asked,
        "fallback": event.fallback,
    }
    return tuple(name for name, on in named.items() if on)


def _suspect(event: PastEvent, signs: tuple[str, ...], labels: Mapping[str, Label]) -> Suspect:
    label = labels.get(event.request_id)
    ordered = sorted(event.scores, key=lambda route: -event.scores[route])
    return Suspect(
        request_id=event.request_id,
        time=event.time,
        client=event.client,
        route=event.route,
        engine=event.engine,
        confidence=event.confidence,
        signs=signs,
        second_route=next((route for route in ordered if route != event.route), ""),
        label=label.engine if label is not None else "",
    )


def _keep(best: list[tuple[int, int, Suspect]], found: Review, suspect: Suspect, limit: int) -> None:
    """A request may be in twice, by itself and as asked again, so twice as many are kept as are shown."""
    item = (suspect.weight, next(found.order), suspect)
    if len(best) < 2 * limit:
        heapq.heappush(best, item)
    elif item[:2] > best[0][:2]:
        heapq.heapreplace(best, item)
