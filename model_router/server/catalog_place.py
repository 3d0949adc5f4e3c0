"""Which catalog a proxy configuration means."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from model_router.config.files import catalog_path, expand, stands
from model_router.config.proxy import ProxyConfig


def catalog_place(config: ProxyConfig, environ: Mapping[str, str], *, even_if_missing: bool = False) -> Path | None:
    """The file that ``router_config`` names, counted from the proxy file; else the person's own when there is one.

    None means the packaged catalog. ``even_if_missing`` gives the person's own place also while nothing is there yet.
    """
    if config.router_config is not None:
        base = Path(config.source).parent if config.source else None
        return expand(config.router_config, environ, base)
    own = catalog_path(environ)
    return own if even_if_missing or stands(own) else None
