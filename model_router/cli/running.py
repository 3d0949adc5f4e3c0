"""From arguments to an exit code: 0 fine, 1 the answer is no, 2 wrong use, 130 interrupted, 141 the reader left."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Sequence

import click

from model_router.cli.output import complain
from model_router.errors import ConfigError, ModelRouterError

INTERRUPTED = 130
READER_LEFT = 141


def run(command: click.Command, arguments: Sequence[str], name: str) -> int:
    """Run a command; a person's mistake ends in one sentence and a hint on standard error, never in a traceback."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    try:
        result = command.main(args=list(arguments), prog_name=name, standalone_mode=False)
        if sys.stdout is not None:
            sys.stdout.flush()
    except click.Abort:
        click.echo(err=True)
        return INTERRUPTED
    except click.ClickException as error:
        if isinstance(error, click.exceptions.NoArgsIsHelpError):  # the help of a group is no mistake's sentence
            click.echo(error.format_message(), err=True)
        else:
            complain(error.format_message(), _where_to_look(error, name))
        return 2
    except ModelRouterError as error:
        _complain_of(error)
        return error.exit_code
    except SystemExit as ended:  # click ends so when the reader has left (1), and after completing words (0)
        return READER_LEFT if ended.code else 0
    except OSError as error:
        return _output_failed(error)
    return result if isinstance(result, int) else 0


def _where_to_look(error: click.ClickException, name: str) -> str:
    context = error.ctx if isinstance(error, click.UsageError) else None
    return f"`{context.command_path if context else name} --help` shows what it takes."


def _complain_of(error: ModelRouterError) -> None:
    problems = error.problems if isinstance(error, ConfigError) else ()
    if len(problems) < 2:
        complain(error.message.removesuffix("."), error.hint)
        return
    complain(f"{problems[0].file} has {len(problems)} mistakes", "")
    for problem in problems:
        complain(str(problem), "", label="")
    complain("", error.hint)


def _output_failed(error: OSError) -> int:
    """What is still in the buffer would raise again when the interpreter ends, so it goes."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        devnull = os.open(os.devnull, os.O_WRONLY)
        os.dup2(devnull, sys.stdout.fileno())
        os.close(devnull)
    if isinstance(error, BrokenPipeError):
        return READER_LEFT
    place = f": {error.filename}" if error.filename else ""
    complain(f"{error.strerror or error}{place}", "")
    return 1
