"""Writes rows of the log to a file of the person's: CSV or JSON, as its name says."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from model_router.errors import SetupError, UsageError
from model_router.hindsight.export import export_csv, export_json
from model_router.hindsight.past_event import PastEvent


class Counted:
    """Counts what goes through, for whom it is told while a thread takes it."""

    def __init__(self, rows: Iterable[PastEvent]) -> None:
        self._rows = rows
        self.count = 0

    def __iter__(self) -> Counted:
        self._iterator = iter(self._rows)
        return self

    def __next__(self) -> PastEvent:
        row = next(self._iterator)
        self.count += 1
        return row


def export_rows(events: Iterable[PastEvent], path: Path) -> int:
    """Write them, mode 0600, and say how many; a file that is there already stays as it is.

    Raises:
        UsageError: the name says neither kind, or a file is in the way.
        SetupError: it cannot be written; what was begun is removed.
    """
    write = {".csv": export_csv, ".json": export_json}.get(path.suffix.lower())
    if write is None:
        raise UsageError(f"{path.name} is neither .csv nor .json", "The end of the name says which it is to be.")
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise UsageError(f"{path} is there already", "Choose another name; nothing is overwritten.") from None
    except (OSError, ValueError) as error:
        raise SetupError(f"{path} cannot be written: {_why(error)}", "Choose another place.") from None
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="replace", newline="") as target:
            return write(events, target)
    except OSError as error:
        path.unlink(missing_ok=True)
        raise SetupError(f"{path} cannot be written: {_why(error)}", "What was begun is removed.") from None
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def _why(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)
