"""What the application remembers from one run to the next: theme, screen, filters, and the order of the models.

Kept in ``state.json`` in the person's folder. Deleting the file is safe, and a file that cannot be read is as good as
none.
"""

from __future__ import annotations

import json
import os
import tempfile
from dataclasses import asdict, dataclass, fields
from pathlib import Path


@dataclass(frozen=True, slots=True)
class State:
    """Empty values mean the usual."""

    theme: str = ""
    screen: str = ""
    filter: str = ""
    models_sort: str = ""
    models_filter: str = ""


def load_state(path: Path) -> State:
    """What was saved; the usual when there is nothing usable."""
    try:
        raw = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        return State()
    if not isinstance(raw, dict):
        return State()
    known = {field.name for field in fields(State)}
    return State(**{key: value for key, value in raw.items() if key in known and isinstance(value, str)})


def save_state(path: Path, state: State) -> None:
    """Write ``state`` in one step, so that a crash leaves the old file or the new one.

    Raises:
        OSError: the folder cannot be written.
    """
    descriptor, temporary = tempfile.mkstemp(prefix=".state-", dir=path.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(asdict(state), file, indent=2)
            file.write("\n")
        os.replace(temporary, path)
    except OSError:
        Path(temporary).unlink(missing_ok=True)
        raise
