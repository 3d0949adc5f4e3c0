"""Reads the learned table that ships with the package."""

from __future__ import annotations

from pathlib import Path

from model_router.config.files import configs_root
from model_router.engine.lexicon import LazyLexicon, Lexicon
from model_router.errors import ConfigError


def lexicon_path() -> Path:
    """Where the table lies, in a checkout or in an installed package."""
    return configs_root() / "lexicon" / "cues.tsv"


def load_lexicon(path: Path | None = None, *, lazily: bool = False) -> Lexicon:
    """Read the table; ``lazily`` only the lines that an ask touches, for a process that decides once.

    Raises:
        ConfigError: it is missing or damaged, which only a broken installation brings about.
    """
    path = path or lexicon_path()
    try:
        data = path.read_bytes()
        if b"\r" in data:  # a checkout on Windows
            data = data.replace(b"\r\n", b"\n")
        if lazily:
            return LazyLexicon(data)
        from msgspec import json  # three times as quick for the whole table, and slow to import for a part of it

        return Lexicon.from_text(data.decode(), decode=json.decode)
    except (OSError, ValueError) as error:
        raise ConfigError(f"the lexicon {path} cannot be read: {error}", "install the package again") from error
