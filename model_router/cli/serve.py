"""``model-router serve`` and ``model-router-proxy``: the proxy without a screen."""

from __future__ import annotations

import logging
import os
from dataclasses import replace
from pathlib import Path

import click

from model_router.cli.options import check_command
from model_router.cli.output import complain
from model_router.config.files import proxy_path, stands
from model_router.config.proxy import ProxyConfig
from model_router.config.proxy_file import is_loopback, load_proxy
from model_router.errors import ConfigError, ServerError


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--config",
    type=click.Path(path_type=Path),
    help="The proxy file; without it ~/.model-router/routing_proxy.yaml.",
)
@click.option("--host", help="Listen on this address instead of the file's.")
@click.option("--port", type=click.IntRange(0, 65535), help="Listen on this port instead of the file's.")
@click.option(
    "--log-level",
    type=click.Choice(["debug", "info", "warning", "error"]),
    default="warning",
    show_default=True,
    help="How much to say on standard error.",
)
def command(config: Path | None, host: str | None, port: int | None, log_level: str) -> int:
    """Run the proxy without a screen, until it is interrupted or terminated (SIGINT, SIGTERM).

    Then requests under way get 10 seconds to finish; a stream that is longer ends with an error event. A second signal
    ends at once. A changed file is taken within two seconds, or at once on SIGHUP or `model-router reload`; one with
    mistakes changes nothing.
    """
    settings = with_address(load_settings(config), host, port)
    logging.basicConfig(level=log_level.upper(), format="%(levelname)s %(name)s: %(message)s")
    from model_router.server.headless import serve
    from model_router.server.opening import open_gateway

    given = frozenset(name for name, value in (("host", host), ("port", port)) if value is not None)
    gateway = open_gateway(settings, given=given)
    if not gateway.router.config_valid:
        catalog = Path(settings.router_config) if settings.router_config else None
        complain("the catalog cannot be used, so every request waits for a person", "", label="warning")
        for error in gateway.router.config_errors:
            complain(error, "", label="")
        complain("", f"`{check_command(catalog)}` checks it.")
    return serve(gateway)


def load_settings(config: Path | None) -> ProxyConfig:
    """The proxy file that was named, or the person's own.

    Raises:
        ConfigError: it has mistakes, or there is none yet.
    """
    path = config or proxy_path(os.environ)
    if config is None and not stands(path):
        raise ConfigError(
            f"there is no configuration yet ({path})",
            "`model-router init --preset NAME` writes one; `model-router demo` shows it all without any.",
        )
    return load_proxy(path, os.environ)


def with_address(settings: ProxyConfig, host: str | None, port: int | None) -> ProxyConfig:
    """The same with another address to listen on.

    Raises:
        ServerError: other machines could reach it and no key is asked for.
    """
    listen = settings.proxy
    listen = replace(listen, host=host or listen.host, port=listen.port if port is None else port)
    if not is_loopback(listen.host) and not listen.asks_for_key:
        raise ServerError(
            f"other machines can reach {listen.host}, so a key is needed",
            "Set proxy.api_key_env in the proxy file, or listen on 127.0.0.1.",
        )
    return replace(settings, proxy=listen)
