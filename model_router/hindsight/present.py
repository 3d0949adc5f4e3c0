"""The router as it would decide now, or under a draft of the catalog."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from model_router.config.proxy import ProxyConfig
from model_router.engine.routes import Profile
from model_router.errors import ConfigError
from model_router.router import ModelRouter
from model_router.server.catalog_place import catalog_place


def present_router(
    config: ProxyConfig | None, environ: Mapping[str, str], draft: Path | None = None, *, open_only: bool = True
) -> ModelRouter:
    """The router of the proxy file's catalog and profile, or of ``draft``.

    Raises:
        ConfigError: the catalog cannot be used, and ``open_only`` asks for one that can.
    """
    profile = config.proxy.routing_profile if config is not None else Profile.BALANCED
    path = draft or catalog_place(config or ProxyConfig(), environ)
    router = ModelRouter.from_config(path, profile=profile)
    if open_only and not router.config_valid:
        where = f"--config {path}" if draft else ""
        raise ConfigError(
            f"the catalog cannot be used: {router.config_errors[0]}",
            f"`model-router validate-config {where}".rstrip() + "` names every mistake.",
        )
    return router
