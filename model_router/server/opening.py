"""From a proxy configuration to a gateway that can be started."""

from __future__ import annotations

import os
from collections.abc import Mapping

from model_router.config.proxy import ProxyConfig
from model_router.config.truth_card import truth_cards_path
from model_router.router import ModelRouter
from model_router.server.catalog_place import catalog_place
from model_router.server.gateway import Gateway
from model_router.server.truth import learn_cards


def open_gateway(
    config: ProxyConfig, environ: Mapping[str, str] | None = None, *, given: frozenset[str] = frozenset()
) -> Gateway:
    """Build the router that the configuration names, and the gateway around it.

    A relative ``router_config`` counts from the proxy file. Without one, the person's own catalog is used when it
    exists, else the packaged one. A bad catalog gives a closed router: every request waits for a person.
    ``given`` names settings of ``proxy`` that are not the file's but the command line's.
    """
    environ = os.environ if environ is None else environ
    router = ModelRouter.from_config(catalog_place(config, environ), profile=config.proxy.routing_profile)
    gateway = Gateway(config, router, environ=environ, given=given)
    learn_cards(gateway.backends, truth_cards_path(environ))
    return gateway
