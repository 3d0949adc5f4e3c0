"""What a client's ``model`` means: the router itself, an engine, a backend, or nothing that is known here."""

from __future__ import annotations

from dataclasses import dataclass

from model_router.config.proxy import RoutingMode
from model_router.engine.routes import HUMAN_CONFIRM
from model_router.server.gateway import Gateway
from model_router.server.health import same_model
from model_router.server.refusal import Refusal

OWN_PREFIX = "model-router/"


@dataclass(frozen=True, slots=True)
class Wanted:
    """``engine`` is forced within the safety rules; ``backend`` is asked instead of any engine's own.

    Both None: the router decides. ``keeps_model``: the name goes to the backend as it came.
    """

    engine: str | None = None
    backend: str | None = None
    keeps_model: bool = False

    @property
    def label(self) -> str:
        """What was asked for, for the event: ``engine:NAME``, ``backend:NAME`` or nothing."""
        if self.engine is not None:
            return f"engine:{self.engine}"
        return f"backend:{self.backend}" if self.backend is not None else ""


_NOTHING = Wanted()


def read_name(gateway: Gateway, model: str) -> Wanted:
    """Read the ``model`` of a request.

    Raises:
        Refusal: 404, for a name that nobody has, where the configuration leaves the choice to the client.
    """
    config = gateway.config
    mode = config.proxy.routing_mode
    if mode is RoutingMode.DECISION and not model.startswith(OWN_PREFIX) and model not in config.proxy.aliases:
        return _NOTHING
    name = config.proxy.aliases.get(model, model).removeprefix(OWN_PREFIX)
    if name in gateway.router.catalog.engines and name != HUMAN_CONFIRM:
        return Wanted(engine=name)
    if name in gateway.backends and (mode is not RoutingMode.DECISION or model in config.proxy.aliases):
        return Wanted(backend=name)
    if mode is RoutingMode.PASSTHROUGH:
        having = (one.name for one in gateway.backends.values() if same_model(one.model, name))
        return Wanted(backend=next(having, None), keeps_model=True)
    if model in config.proxy.model_ids or not model:
        return _NOTHING
    known = ", ".join(dict.fromkeys([*listed_names(gateway), *engine_names(gateway)]))
    raise Refusal(404, f"Model '{model[:200]}' is not known here; known: {known}.", code="model_not_found")


def listed_names(gateway: Gateway) -> list[str]:
    """The names that clients are shown: engines and backends only where the configuration leaves the choice to them."""
    config = gateway.config
    names = [*config.proxy.model_ids, *config.proxy.aliases]
    if config.proxy.routing_mode is not RoutingMode.DECISION:
        names += [*engine_names(gateway), *gateway.backends]
    return list(dict.fromkeys(names))


def engine_names(gateway: Gateway) -> list[str]:
    """The engines as names of models; a client may always send these."""
    catalog, mapped = gateway.router.catalog, gateway.config.engine_backends
    usable = [name for name, spec in catalog.engines.items() if spec.enabled and name in mapped]
    return [OWN_PREFIX + name for name in usable]
