"""``model-router tui``: the application at a screen."""

from __future__ import annotations

from pathlib import Path

import click

from model_router.config.wording import nearest
from model_router.errors import UsageError


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("screen", required=False, default="", metavar="[SCREEN]")
@click.option(
    "--config",
    type=click.Path(path_type=Path),
    help="The proxy file; without it ~/.model-router/routing_proxy.yaml.",
)
@click.option("--attach", metavar="URL", help="Show a gateway that runs already: its address, or its port.")
@click.option("--read-only", is_flag=True, help="Show everything, change nothing.")
@click.option("--no-mouse", is_flag=True, help="Leave the mouse to the terminal; every key works without it.")
def command(screen: str, config: Path | None, attach: str | None, read_only: bool, no_mouse: bool) -> int:
    """Open the application at SCREEN: home, try, log, models, downloads, config, doctor or wizard.

    Without SCREEN it opens where it was left.
    """
    from model_router.tui.launch import SCREENS

    if attach is not None and config is not None:
        raise UsageError("--attach and --config exclude each other", "an attached screen shows the gateway's own files")

    if screen and screen not in SCREENS:
        near = nearest(screen, SCREENS)
        guess = f"did you mean {near!r}? " if near else ""
        raise UsageError(f"no screen is called {screen!r}", f"{guess}known: {' '.join(SCREENS)}")
    return open_application(screen=screen, config=config, attach=attach, read_only=read_only, mouse=not no_mouse)


def open_application(
    *,
    screen: str = "",
    config: Path | None = None,
    demo: bool = False,
    attach: str | None = None,
    read_only: bool = False,
    mouse: bool = True,
) -> int:
    """Open the application; without a configuration it offers the next steps itself.

    Raises:
        UsageError: there is no terminal.
    """
    from model_router.tui.launch import run

    return run(config, screen=screen, demo=demo, attach=attach, read_only=read_only, mouse=mouse)
