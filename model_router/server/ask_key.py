"""The key of the hashes that name asks in the event log. A plain hash of a short prompt could be guessed."""

from __future__ import annotations

import os
import threading
from pathlib import Path

_NAME = ".ask-hash-key"
_LENGTH = 32


def load_ask_key(folder: Path) -> bytes | None:
    """The key of this installation, made on first use, mode 0600; None when the folder cannot be used.

    A file that holds no whole key, as a disk that was full at that time leaves, is replaced. Gateways that begin at the
    same time agree on one key.
    """
    path = folder / _NAME
    try:
        return _read(path) or _make(path)
    except OSError:
        return None  # the event log in the same folder says what is wrong with it


def _read(path: Path) -> bytes | None:
    try:
        key = path.read_bytes()
    except FileNotFoundError:
        return None
    return key if len(key) == _LENGTH else None


def _make(path: Path) -> bytes | None:
    """Written aside and put into its place whole; what is there by then is taken instead, if it is a key."""
    aside = path.with_name(f"{_NAME}.{os.getpid()}.{threading.get_ident()}")
    file = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(file, "wb") as handle:
            handle.write(os.urandom(_LENGTH))
        if path.exists() and _read(path) is None:
            path.unlink(missing_ok=True)
        try:
            os.link(aside, path)
        except FileExistsError:
            pass  # another gateway was quicker
        except OSError:  # a file system without second names
            aside.replace(path)
        return _read(path)
    finally:
        aside.unlink(missing_ok=True)
