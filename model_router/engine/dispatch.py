"""What an adapter would do with a decision. A plan is only ever written down, never carried out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from model_router.engine.catalog import Catalog
from model_router.engine.decision import Alternative, RoutingDecision
from model_router.engine.routes import HUMAN_CONFIRM, Route


@dataclass(frozen=True, slots=True)
class DispatchPlan:
    """A dry run. ``blocked`` means that a person has to say yes before anything is done."""

    engine: str
    route: Route
    provider: str
    model: str
    adapter: str
    blocked: bool
    steps: tuple[str, ...]
    summary: str
    alternatives: tuple[Alternative, ...]
    dry_run: bool = True

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types, in field order."""
        plain = {name: getattr(self, name) for name in self.__slots__}
        plain["route"] = str(self.route)
        plain["steps"] = list(self.steps)
        plain["alternatives"] = [
            {name: getattr(item, name) for name in item.__slots__} | {"reasons": list(item.reasons)}
            for item in self.alternatives
        ]
        return plain


def plan(decision: RoutingDecision, catalog: Catalog) -> DispatchPlan:
    """The plan for a decision that was made with ``catalog``."""
    engine = decision.selected_engine
    spec = catalog.engines.get(engine)
    blocked = engine == HUMAN_CONFIRM
    if blocked:
        steps = ("show the request and its reasons to a person", "go on only when that person approves")
    else:
        adapter = spec.adapter if spec else "unknown"
        steps = (
            f"hand the request to adapter {adapter}",
            f"on failure, try {decision.fallback_engine}" if decision.fallback_engine else "on failure, report it",
        )
    return DispatchPlan(
        engine=engine,
        route=decision.route,
        provider=spec.provider if spec else "human",
        model=spec.model if spec else "",
        adapter=spec.adapter if spec else "human",
        blocked=blocked,
        steps=steps,
        summary=decision.summary,
        alternatives=decision.alternatives,
    )
