"""Every error that a person can cause or has to know about.

ModelRouterError            message, hint, exit_code
├── UsageError              wrong arguments, hints or input (exit code 2)
├── ConfigError             a configuration file with mistakes; carries all of them
├── BackendError            a model server refused, hung, or answered nonsense
├── ServerError             the gateway cannot start or stop (port in use, unreadable folder)
└── SetupError              scanning, planning or downloading went wrong
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


class ModelRouterError(Exception):
    """One sentence that says what is wrong, and one that says what to do next.

    ``str(error)`` is the message alone; ``hint`` may be empty. ``exit_code`` is what the command line ends with:
    1 the answer is no, 2 wrong use.
    """

    exit_code: int = 1

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(ModelRouterError):
    """The caller gave an argument, a hint or an input that cannot be meant."""

    exit_code = 2


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake in a configuration file.

    ``line`` and ``column`` count from 1; 0 means that the place is unknown. ``path`` is the key path, ``a.b[2].c``.
    ``allowed`` and ``nearest`` are empty when there is nothing to say.
    """

    file: str
    line: int
    column: int
    path: str
    message: str
    found: str = ""
    allowed: str = ""
    nearest: str = ""

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        text = f"{place}: {self.path}: {self.message}" if self.path else f"{place}: {self.message}"
        if self.found:
            text += f"; found {self.found}"
        if self.allowed:
            text += f"; allowed: {self.allowed}"
        if self.nearest:
            text += f"; did you mean {self.nearest!r}?"
        return text


class ConfigError(ModelRouterError):
    """A configuration file that cannot be used; ``problems`` holds every mistake, in file order."""

    def __init__(self, message: str, hint: str = "", problems: Sequence[Problem] = ()) -> None:
        super().__init__(message, hint)
        self.problems = tuple(problems)


class BackendError(ModelRouterError):
    """A model server could not be reached or did not answer as its protocol says."""


class ServerError(ModelRouterError):
    """The gateway could not start or stop."""


class SetupError(ModelRouterError):
    """A scan, a plan or a download went wrong."""
