"""One thing that the doctor has to say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Level(StrEnum):
    """``problem`` makes the examination end badly, ``warning`` costs something, ``fine`` needs nothing."""

    FINE = "fine"
    WARNING = "warning"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class Finding:
    """``code`` is stable; ``subject`` is a backend or a file. ``fix`` says what to do, empty when nothing is wrong.

    ``settings`` are values of the backend's settings that would put it right, where a change of the file alone does.
    """

    code: str
    subject: str
    level: Level
    message: str
    fix: str = ""
    settings: Mapping[str, str | int] = field(default_factory=dict)


def fine(code: str, subject: str, message: str) -> Finding:
    """Nothing to do."""
    return Finding(code, subject, Level.FINE, message)


def warning(code: str, subject: str, message: str, fix: str, **settings: str | int) -> Finding:
    """It works, and could be better."""
    return Finding(code, subject, Level.WARNING, message, fix, settings)


def problem(code: str, subject: str, message: str, fix: str, **settings: str | int) -> Finding:
    """Requests will fail."""
    return Finding(code, subject, Level.PROBLEM, message, fix, settings)
