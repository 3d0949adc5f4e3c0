"""``model-router demo``: the application with built-in backends."""

from __future__ import annotations

import click

from model_router.cli.tui import open_application


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
def command() -> int:
    """Open the application with built-in demo backends.

    No model is needed, and no file is written outside a temporary folder.
    """
    return open_application(demo=True)
