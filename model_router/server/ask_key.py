"""The key of the hashes that name asks in the event log. A plain hash of a short prompt could be guessed."""

from __future__ import annotations

import os
from pathlib import Path

_NAME = ".ask-hash-key"
_LENGTH = 32


def load_ask_key(folder: Path) -> bytes | None:
    """The key of this installation, made on first use, mode 0600; None when the folder cannot be used."""
    path = folder / _NAME
    try:
        try:
            file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            key = path.read_bytes()
            return key if len(key) == _LENGTH else None
        key = os.urandom(_LENGTH)
        with os.fdopen(file, "wb") as handle:
            handle.write(key)
        return key
    except OSError:
        return None  # the event log in the same folder says what is wrong with it
