"""A receipt as text for a person."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from model_router.cli.output import columns
from model_router.engine.decision import RoutingDecision


def explain(decision: RoutingDecision) -> Iterator[str]:
    """The receipt, line by line: the answer first, then what it is made of."""
    yield decision.selected_engine
    yield decision.summary
    yield ""
    yield from columns(_facts(decision))
    yield from _section("reasons", [(reason,) for reason in decision.reasons])
    yield from _section("scores", _scores(decision))
    yield from _section("cues", [(item.cue, str(item.route), f"{item.weight:+d}") for item in decision.evidence])
    yield from _section("passed over", [(item.engine, item.reason) for item in decision.rejected_engines])
    yield from _section(
        "alternatives",
        [(item.engine, f"rank {item.rank_score}", ", ".join(item.reasons)) for item in decision.alternatives],
    )
    yield from _section("availability", [(reason,) for reason in decision.availability_reasons])
    yield from _section("configuration errors", [(error,) for error in decision.errors])


def _facts(decision: RoutingDecision) -> list[tuple[str, str]]:
    needs = {
        "confirmation": decision.requires_confirmation,
        "tools": decision.requires_tools,
        "fresh facts": decision.requires_freshness,
        "code execution": decision.requires_code_execution,
        "vision": decision.requires_vision,
        "image generation": decision.requires_image_generation,
    }
    fallback = decision.fallback_engine or "none"
    return [
        ("route", str(decision.route)),
        ("profile", str(decision.profile)),
        ("confidence", f"{decision.confidence_score} of 100"),
        ("complexity", f"{decision.complexity_score} of 100"),
        ("risk", f"{decision.risk_score} of 100" + (f" ({decision.risk_class})" if decision.risk_class else "")),
        ("needs", ", ".join(name for name, needed in needs.items() if needed) or "nothing special"),
        ("fallback", f"{fallback} (in use)" if decision.fallback_used else fallback),
        ("reason codes", " ".join(decision.reason_codes)),
        ("config", f"{decision.config_hash}, rules {decision.ruleset_version}"),
    ]


def _scores(decision: RoutingDecision) -> list[tuple[str, str, str]]:
    """A bar for each route, longest for the highest score."""
    scores = decision.scores
    if not scores:
        return []
    low, high = min(0, *scores.values()), max(1, *scores.values())
    ordered = sorted(scores.items(), key=lambda item: -item[1])
    return [(str(route), f"{value:>7}", "#" * round(24 * (value - low) / (high - low))) for route, value in ordered]


def _section(title: str, rows: Sequence[tuple[str, ...]]) -> Iterator[str]:
    if rows:
        yield ""
        yield title
        yield from columns(rows)
