"""Catalogs that need no reading, because what they say is known: the packaged one, and the copy that ``init`` writes.

Loading the YAML library and checking a file takes longer than everything else that ``decide`` does. A file whose text
has the digest of the packaged one is taken as read (:mod:`model_router.config.prepared_catalog` holds the values); one
that somebody has changed is read and checked as ever.
"""

from __future__ import annotations

import hashlib
import stat
from pathlib import Path

from model_router.config import prepared_catalog
from model_router.config.files import packaged_catalog
from model_router.engine.catalog import Catalog

_SCHEMA_LINE = b"# yaml-language-server: $schema="
_LONGEST_LINE = 4_096


def known_catalog(path: Path | None = None) -> tuple[Catalog, str] | None:
    """The catalog of a file and its ``config_hash``, or ``None`` when it has to be read; no path: the packaged one."""
    place = packaged_catalog() if path is None else path
    try:
        found = place.stat()
        # A pipe can be read but once, and not by us.
        if not stat.S_ISREG(found.st_mode) or not 0 <= found.st_size - prepared_catalog.SIZE <= _LONGEST_LINE:
            return None
        text = text_that_counts(place.read_bytes())
    except (OSError, ValueError):
        return None
    if hashlib.sha256(text).hexdigest() != prepared_catalog.DIGEST:
        return None
    return prepared_catalog.CATALOG, prepared_catalog.CONFIG_HASH


def text_that_counts(data: bytes) -> bytes:
    """All of a file but a first line that tells editors where the schema is: ``init`` writes its own."""
    line, _, rest = data.partition(b"\n")
    return rest if line.startswith(_SCHEMA_LINE) and line.isascii() and line.decode().isprintable() else data
