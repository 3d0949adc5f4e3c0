"""Options that several commands share."""

from __future__ import annotations

import os
from collections.abc import Callable
from enum import StrEnum
from functools import wraps
from pathlib import Path
from typing import Any

import click

from model_router.config.files import catalog_path, stands
from model_router.config.token_count import token_count
from model_router.config.wording import nearest
from model_router.engine.hints import RoutingHints
from model_router.engine.routes import Attachment, CostTier, LatencyTier, Profile


class NearestChoice(click.Choice[str]):
    """A closed set that names the nearest member when something else is given."""

    def __init__(self, kind: type[StrEnum]) -> None:
        super().__init__([member.value for member in kind])

    def get_invalid_choice_message(self, value: Any, ctx: click.Context | None) -> str:
        """One sentence."""
        known = [str(choice) for choice in self.choices]
        near = nearest(str(value), known)
        guess = f" (did you mean {near!r}?)" if near else ""
        return f"{value!r} is not one of: {' '.join(known)}{guess}"


class TokenCount(click.ParamType[int]):
    """A length of context: ``32768``, ``32k`` or ``1M``, between two bounds."""

    name = "tokens"

    def __init__(self, least: int, most: int) -> None:
        self._least, self._most = least, most

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Tokens; k is 1024."""
        count = value if isinstance(value, int) else token_count(str(value))
        if count is None:
            self.fail(f"{value!r} is no number of tokens, like 32768 or 32k", param, ctx)
        if not self._least <= count <= self._most:
            self.fail(f"{value!r} is not in the range {self._least} to {self._most}", param, ctx)
        return count


config_option = click.option(
    "--config",
    type=click.Path(path_type=Path),
    help="The catalog; without it ~/.model-router/model_router.yaml, or the packaged one.",
)

port_option = click.option(
    "--port", type=click.IntRange(1, 65535), help="The gateway on this port, when several of yours run."
)

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def hint_options(function: Callable[..., int]) -> Callable[..., int]:
    """The options that narrow a decision; the command gets them as ``hints``."""
    options = [
        click.option("--force-engine", metavar="ENGINE", help="Use this engine; never against safety or policy."),
        click.option(
            "--attachment", "attachments", multiple=True, type=NearestChoice(Attachment), help="What comes with it."
        ),
        click.option("--max-cost-tier", type=NearestChoice(CostTier), help="The dearest tier allowed."),
        click.option("--max-latency-tier", type=NearestChoice(LatencyTier), help="The slowest tier allowed."),
        click.option("--latency-sensitive", is_flag=True, help="Somebody is waiting."),
        click.option("--profile", type=NearestChoice(Profile), help="How engines are weighed."),
    ]

    @wraps(function)
    def command(
        *,
        force_engine: str | None,
        attachments: tuple[str, ...],
        max_cost_tier: str | None,
        max_latency_tier: str | None,
        latency_sensitive: bool,
        profile: str | None,
        **others: Any,
    ) -> int:
        hints = RoutingHints(
            attachments=tuple(Attachment(name) for name in attachments),
            force_engine=force_engine,
            max_cost_tier=CostTier(max_cost_tier) if max_cost_tier else None,
            max_latency_tier=LatencyTier(max_latency_tier) if max_latency_tier else None,
            latency_sensitive=latency_sensitive,
            profile=Profile(profile) if profile else None,
        )
        return function(hints=hints, **others)

    for option in reversed(options):
        command = option(command)
    return command


def check_command(config: Path | None) -> str:
    """The command that names every mistake of the catalog in use."""
    if config is None:
        return "model-router validate-config"
    from shlex import quote

    return f"model-router validate-config --config {quote(str(config))}"


def catalog_file(config: Path | None) -> Path | None:
    """The catalog to use: the one named, else the person's own, else ``None`` for the packaged one."""
    if config is not None:
        return config
    own = catalog_path(os.environ)
    return own if stands(own) else None
