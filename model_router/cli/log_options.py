"""Options of the commands that read the event log."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from model_router.cli.output import talk
from model_router.config.capture import CAPTURE_WARNING, keeps_all
from model_router.hindsight.event_files import LogPlace, log_place
from model_router.hindsight.period import parse_moment

F = TypeVar("F", bound=Callable[..., Any])

events_option = click.option(
    "--events",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The event log; without it the one that the proxy file names. Rotated files beside it are read too.",
)


def since_option(function: F) -> F:
    """Only what came after a moment."""
    return click.option("--since", metavar="TIME", help="From then on: 30m, 2h, 7d, or 2026-01-31[T10:00].")(function)


def until_option(function: F) -> F:
    """Only what came before a moment."""
    return click.option("--until", metavar="TIME", help="Up to then; written like --since.")(function)


def moment(text: str | None) -> float | None:
    """Unix seconds of an option.

    Raises:
        UsageError: it is no time.
    """
    return parse_moment(text, time.time()) if text is not None else None


def place(events: Path | None) -> LogPlace:
    """Where the log is. Where prompts are kept in full, that is said."""
    found = log_place(os.environ, events=events)
    if keeps_all(found.config, os.environ):
        talk(f"Warning: {CAPTURE_WARNING}")
    return found
