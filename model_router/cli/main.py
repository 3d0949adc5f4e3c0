"""``model-router``, ``hermes-router`` and ``model-router-proxy``: dispatch and nothing else."""

from __future__ import annotations

import gc
import sys
from pathlib import Path

import click

from model_router.cli.lazy import LazyGroup
from model_router.cli.running import run
from model_router.version import __version__

_TABLE = {
    "tui": ("tui", "Open the application at a screen."),
    "serve": ("serve", "Run the proxy without a screen."),
    "demo": ("demo", "Open the application with built-in demo backends."),
    "init": ("init", "Write a first configuration."),
    "doctor": ("doctor", "Check configuration and servers, and say how to put things right."),
    "setup": ("setup.group", "Find out what this machine can run, and set it up."),
    "decide": ("decide", "Show which engine a prompt goes to."),
    "dispatch-plan": ("dispatch_plan", "Show what an adapter would do with a prompt."),
    "validate-config": ("validate_config", "Check a catalog and name every mistake."),
    "validate-proxy-config": ("validate_proxy_config", "Check a proxy file and name every mistake."),
    "bench": ("bench", "Measure how fast decisions are on this machine."),
    "completion": ("completion", "Print the completion script of a shell."),
}

_BRIEF = frozenset({"decide", "dispatch-plan"})
"""Commands that end before collecting garbage could pay: without it they start a tenth sooner."""


@click.group(
    cls=LazyGroup,
    table=_TABLE,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(__version__, prog_name="model-router")
@click.pass_context
def cli(ctx: click.Context) -> int | None:
    """Route requests to the right model server, and watch every decision.

    Without a command the application opens. `--serve` in place of a command is `serve`.
    """
    if ctx.invoked_subcommand is not None:
        return None
    from model_router.cli.tui import open_application

    return open_application()


def main() -> None:
    """The entry point of ``model-router`` and ``hermes-router``."""
    name = Path(sys.argv[0]).name
    known = name in {"model-router", "hermes-router"}
    arguments = _serve_flag(sys.argv[1:])
    if arguments[:1] and arguments[0] in _BRIEF:
        gc.disable()
    code = run(cli, arguments, name if known else "model-router")
    gc.freeze()
    sys.exit(code)


def proxy_main() -> None:
    """The entry point of ``model-router-proxy``: headless serve."""
    sys.exit(run(proxy_command(), sys.argv[1:], "model-router-proxy"))


def proxy_command() -> click.Command:
    """``serve`` with ``--version``, which ``model-router`` has at its head."""
    from copy import copy

    from model_router.cli.serve import command

    own = copy(command)
    own.params = [*command.params]
    return click.version_option(__version__, prog_name="model-router-proxy")(own)


def _serve_flag(arguments: list[str]) -> list[str]:
    """``--serve`` among leading options stands for the command of that name."""
    if arguments and arguments[0].startswith("-") and "--serve" in arguments:
        rest = list(arguments)
        rest.remove("--serve")
        return ["serve", *rest]
    return arguments
