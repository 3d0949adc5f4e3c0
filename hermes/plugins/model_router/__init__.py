"""The import path that users of earlier releases know; everything lives in :mod:`model_router`."""

from model_router import (
    ModelRouter,
    RoutingDecision,
    RoutingHints,
    build_dispatch_plan,
    route_prompt,
    score_prompt,
)

__all__ = [
    "ModelRouter",
    "RoutingDecision",
    "RoutingHints",
    "build_dispatch_plan",
    "route_prompt",
    "score_prompt",
]
