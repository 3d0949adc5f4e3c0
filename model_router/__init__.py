"""A deterministic model router: ``from model_router import ModelRouter``.

Names load on first use (PEP 562), so that importing the package costs nothing and needs no third-party package.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from model_router.version import __version__

if TYPE_CHECKING:
    from model_router.engine.decision import Rejection, RoutingDecision
    from model_router.engine.dispatch import DispatchPlan
    from model_router.engine.hints import RoutingHints
    from model_router.errors import ConfigError, ModelRouterError, UsageError
    from model_router.router import ModelRouter, build_dispatch_plan, route_prompt, score_prompt

_HOME = {
    "ConfigError": "model_router.errors",
    "DispatchPlan": "model_router.engine.dispatch",
    "ModelRouter": "model_router.router",
    "ModelRouterError": "model_router.errors",
    "Rejection": "model_router.engine.decision",
    "RoutingDecision": "model_router.engine.decision",
    "RoutingHints": "model_router.engine.hints",
    "UsageError": "model_router.errors",
    "build_dispatch_plan": "model_router.router",
    "route_prompt": "model_router.router",
    "score_prompt": "model_router.router",
}

__all__ = [
    "ConfigError",
    "DispatchPlan",
    "ModelRouter",
    "ModelRouterError",
    "Rejection",
    "RoutingDecision",
    "RoutingHints",
    "UsageError",
    "__version__",
    "build_dispatch_plan",
    "route_prompt",
    "score_prompt",
]


def __getattr__(name: str) -> Any:
    home = _HOME.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
