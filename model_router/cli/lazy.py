"""A group of commands that are imported when they are used, so that ``--help`` and ``decide`` start at once."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

import click

from model_router.config.wording import nearest


class LazyGroup(click.Group):
    """Commands by name; each lives in its own module of this package, as ``command``.

    ``table`` gives for each name the module and the line that ``--help`` shows.
    """

    def __init__(self, *args: Any, table: Mapping[str, tuple[str, str]] | None = None, **more: Any) -> None:
        super().__init__(*args, **more)
        self._table = dict(table or {})

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, in the order of the table."""
        return list(self._table)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the command's module."""
        row = self._table.get(cmd_name)
        if row is None:
            return None
        command = import_module(f"model_router.cli.{row[0]}").command
        if not isinstance(command, click.Command):
            raise TypeError(f"model_router.cli.{row[0]}.command is not a command")
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does it, but with the nearest name in the error."""
        name = args[0]
        command = self.get_command(ctx, name)
        if command is None and not name.startswith("-"):
            near = nearest(name, self._table)
            fix = f"did you mean {near!r}?" if near else f"`{ctx.command_path} --help` lists them"
            raise click.UsageError(f"no command is called {name!r}; {fix}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The table as it stands, without importing anything."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, words) for name, (_, words) in self._table.items()])
