"""What an edit of the configuration would change: the newest requests under the files of now, and under the draft."""

from __future__ import annotations

import os
import tempfile
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from model_router.engine.lexicon import Lexicon
from model_router.engine.routes import Profile
from model_router.hindsight.event_files import event_files
from model_router.hindsight.labels import Label
from model_router.hindsight.reading import newest_first
from model_router.hindsight.replay import Change, Replay, preview
from model_router.router import ModelRouter


@dataclass(frozen=True, slots=True)
class Moved:
    """One request that the edit sends elsewhere. ``label`` is what the person said it should have had, or empty."""

    request_id: str
    time: float
    now: str
    then: str
    route_now: str
    route_then: str
    label: str

    @property
    def verdict(self) -> str:
        """``fixed`` meets its label with the edit, ``broken`` met it before, ``moved`` says nothing of one."""
        if self.label and self.then == self.label:
            return "fixed"
        return "broken" if self.label and self.now == self.label else "moved"


@dataclass(frozen=True, slots=True)
class DraftPreview:
    """``read`` requests were looked at and ``replayed`` of them decided again; ``skipped`` says why not the others.

    ``rows`` go elsewhere, newest first. ``backends`` counts by engine, backend of now and backend of the draft the
    requests whose engine gets another backend.
    """

    read: int
    replayed: int
    rows: tuple[Moved, ...]
    skipped: Mapping[str, int]
    backends: Mapping[tuple[str, str, str], int]


def router_of(text: str, profile: Profile, lexicon: Lexicon | None) -> ModelRouter:
    """The router that a catalog of this text would make; closed when it has mistakes. The text lies in a private file
    for a moment."""
    descriptor, name = tempfile.mkstemp(prefix="model-router-draft-", suffix=".yaml")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="replace", newline="") as file:
            file.write(text)
        return ModelRouter.from_config(name, profile=profile, lexicon=lexicon)
    finally:
        Path(name).unlink(missing_ok=True)


def preview_edit(
    log: Path,
    now: ModelRouter,
    then: ModelRouter,
    *,
    labels: Mapping[str, Label],
    backends: tuple[Mapping[str, str], Mapping[str, str]],
    count: int = 500,
) -> DraftPreview:
    """The newest ``count`` requests of a log; ``backends`` are ``engine_backends`` of now and of the draft."""
    first, second = preview(log, now, labels, count), preview(log, then, labels, count)
    moved: Counter[tuple[str, str, str]] = Counter()
    before, after = backends
    for event in islice(newest_first(event_files(log)), count):
        one, other = before.get(event.engine, ""), after.get(event.engine, "")
        if event.backend and one != other:
            moved[event.engine, one, other] += 1
    skipped = {second.reasons[code]: number for code, number in second.skipped.most_common()}
    return DraftPreview(second.read, second.replayed, _moved(first, second), skipped, moved)


def _moved(first: Replay, second: Replay) -> tuple[Moved, ...]:
    """Where the two differ: a row that is in neither stays where it went in both."""
    ones = {row.request_id: row for row in first.rows}
    others = {row.request_id: row for row in second.rows}
    found = []
    for name in dict.fromkeys((*others, *ones)):
        one, other = ones.get(name), others.get(name)
        known = other or one
        if known is None:
            continue
        now, route_now = (one.after, one.route_after) if one else (known.before, known.route_before)
        then, route_then = (other.after, other.route_after) if other else (known.before, known.route_before)
        if now != then:
            found.append(Moved(name, known.time, now, then, route_now, route_then, _label(one, other)))
    return tuple(sorted(found, key=lambda row: -row.time))


def _label(one: Change | None, other: Change | None) -> str:
    return (other.label if other else "") or (one.label if one else "")
