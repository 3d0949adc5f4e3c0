"""How good the rules are on asks they were not learned from: the held-back groups of our own corpus."""

from __future__ import annotations

import collections
from collections.abc import Sequence
from dataclasses import dataclass

from model_router.engine.catalog import Catalog
from model_router.engine.engine import DecisionEngine
from model_router.engine.hints import NO_HINTS, RoutingHints
from model_router.engine.lexicon import Lexicon
from model_router.engine.routes import Attachment, Route
from training import corpus, fit, table

WITH_IMAGE = RoutingHints(attachments=(Attachment.IMAGE,))


@dataclass(frozen=True, slots=True)
class Figures:
    """Shares of rows, 0-1. ``false_confirmations`` is over the rows that are no confirmations."""

    rows: int
    strict: float
    accepted: float
    macro_f1: float
    confirmation_recall: float
    false_confirmations: float

    def line(self, name: str) -> str:
        """One line of the report."""
        return (
            f"{name:10} {self.rows:6d} {self.strict:8.1%} {self.accepted:9.1%} {self.macro_f1:9.1%} "
            f"{self.confirmation_recall:9.1%} {self.false_confirmations:9.1%}"
        )


def figures(rows: Sequence[corpus.Row], predicted: Sequence[str]) -> Figures:
    """The five figures that the project is judged by."""
    expected = [row.route for row in rows]
    pairs = list(zip(rows, predicted, strict=True))
    scores = []
    for route in sorted(set(expected)):
        hits = sum(row.route == guess == route for row, guess in pairs)
        scores.append(2 * hits / (expected.count(route) + list(predicted).count(route)))
    risky = [guess for row, guess in pairs if row.route == Route.CONFIRMATION]
    harmless = [g for row, g in pairs if row.route != Route.CONFIRMATION and Route.CONFIRMATION not in row.accept]
    return Figures(
        rows=len(rows),
        strict=sum(row.route == guess for row, guess in pairs) / len(rows),
        accepted=sum(row.route == guess or guess in row.accept for row, guess in pairs) / len(rows),
        macro_f1=sum(scores) / len(scores),
        confirmation_recall=risky.count(Route.CONFIRMATION) / max(1, len(risky)),
        false_confirmations=harmless.count(Route.CONFIRMATION) / max(1, len(harmless)),
    )


def predict(lexicon: Lexicon, rows: Sequence[corpus.Row]) -> list[str]:
    """The route that the real engine gives each row."""
    engine = DecisionEngine(Catalog(), lexicon, unavailable={}, config_hash="report")
    return [str(engine.decide(r.text, WITH_IMAGE if r.image else NO_HINTS).route) for r in rows]


def held_back_part(rows: Sequence[corpus.Row]) -> tuple[list[corpus.Row], list[str]]:
    """The held-back rows, and what a router that never saw their groups makes of them."""
    train, held = corpus.split(rows)
    lexicon = Lexicon.from_text(table.render(*fit.fit(train, fit.Settings())))
    return held, predict(lexicon, held)


def held_back(rows: Sequence[corpus.Row]) -> str:
    """The report on the held-back part as text."""
    return render(*held_back_part(rows))


def render(held: Sequence[corpus.Row], predicted: Sequence[str]) -> str:
    """All, not English, each language, and the confusion matrix."""
    lines = [f"{'':10} {'rows':>6} {'strict':>8} {'accepted':>9} {'macro-F1':>9} {'confirm':>9} {'false':>9}"]
    parts: dict[str, list[int]] = collections.defaultdict(list)
    for index, row in enumerate(held):
        parts["all"].append(index)
        if row.lang != "en":
            parts["not en"].append(index)
        parts[row.lang].append(index)
    for name in ["all", "not en", *sorted(set(parts) - {"all", "not en"})]:
        chosen = parts[name]
        lines.append(figures([held[i] for i in chosen], [predicted[i] for i in chosen]).line(name))
    routes = [str(route) for route in Route]
    counts = collections.Counter(zip((row.route for row in held), predicted, strict=True))
    lines += ["", "expected \\ routed " + " ".join(f"{route[:9]:>9}" for route in routes)]
    lines += [f"{a:17} " + " ".join(f"{counts[a, b]:9d}" for b in routes) for a in routes]
    return "\n".join(lines)
