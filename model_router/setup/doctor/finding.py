"""One thing that the doctor has to say."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """``problem`` makes the examination end badly, ``warning`` costs something, ``fine`` needs nothing."""

    FINE = "fine"
    WARNING = "warning"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class Finding:
    """``code`` is stable; ``subject`` is a backend or a file. ``fix`` says what to do, empty when nothing is wrong."""

    code: str
    subject: str
    level: Level
    message: str
    fix: str = ""


def fine(code: str, subject: str, message: str) -> Finding:
    """Nothing to do."""
    return Finding(code, subject, Level.FINE, message)


def warning(code: str, subject: str, message: str, fix: str) -> Finding:
    """It works, and could be better."""
    return Finding(code, subject, Level.WARNING, message, fix)


def problem(code: str, subject: str, message: str, fix: str) -> Finding:
    """Requests will fail."""
    return Finding(code, subject, Level.PROBLEM, message, fix)
