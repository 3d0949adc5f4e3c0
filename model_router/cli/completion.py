"""``model-router completion``: the completion script of a shell."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from model_router.config.wording import nearest
from model_router.errors import UsageError

SHELLS = ("bash", "zsh", "fish")


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("shell", metavar="bash|zsh|fish")
@click.pass_context
def command(ctx: click.Context, shell: str) -> int:
    """Print the completion script of a shell.

    \b
    bash:  model-router completion bash > ~/.local/share/bash-completion/completions/model-router
    zsh:   model-router completion zsh > "${fpath[1]}/_model-router"
    fish:  model-router completion fish > ~/.config/fish/completions/model-router.fish
    """
    kind = get_completion_class(shell) if shell in SHELLS else None
    if kind is None:
        near = nearest(shell, SHELLS)
        guess = f"did you mean {near!r}? " if near else ""
        raise UsageError(f"no completion for {shell!r}", f"{guess}known: {' '.join(SHELLS)}")
    root = ctx.find_root()
    name = root.info_name or "model-router"
    variable = f"_{name}_COMPLETE".replace("-", "_").upper()
    if shell == "bash":
        click.echo("# For bash 4.4 or newer.")
    click.echo(kind(root.command, {}, name, variable).source())
    return 0
