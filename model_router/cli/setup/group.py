"""``model-router setup``: the group; each command lives in its own module."""

from __future__ import annotations

import click

from model_router.cli.lazy import LazyGroup

_TABLE = {
    "scan": ("setup.scan", "What this machine has: memory, graphics, servers, models."),
    "recommend": ("setup.recommend", "For each route the model that serves it best on this machine."),
    "fit": ("setup.fit", "Whether a model fits, where, and how fast it would be."),
    "download": ("setup.download", "Plan a model's download, and fetch it once you approve."),
    "write": ("setup.write", "Write a configuration for the models you pick."),
}


@click.group(cls=LazyGroup, table=_TABLE, context_settings={"help_option_names": ["-h", "--help"]})
def command() -> None:
    """Find out what this machine can run, fetch models, write a configuration."""
