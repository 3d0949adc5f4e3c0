"""Feedback: which engine a request should have had, one JSON object a line, in a file of the person's own."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import msgspec

from model_router.config.files import user_folder
from model_router.config.wording import nearest
from model_router.engine.catalog import Catalog
from model_router.errors import ServerError, UsageError
from model_router.hindsight.reading import blocks
from model_router.server.redaction import redact

FILE_NAME = "routing-feedback.jsonl"
_LONGEST_NOTE = 2_000


class Label(msgspec.Struct, frozen=True, kw_only=True):
    """One word of a person about one request. ``time`` is unix seconds; hash and version are those of the decision."""

    time: float
    request_id: str
    engine: str
    config_hash: str = ""
    ruleset_version: str = ""
    notes: str = ""


_LABEL = msgspec.json.Decoder(Label)


def label_file(environ: Mapping[str, str]) -> Path:
    """Where a person's labels are."""
    return user_folder(environ) / FILE_NAME


def check_engine(engine: str, catalog: Catalog) -> str:
    """The engine, as the catalog knows it.

    Raises:
        UsageError: it does not; the hint names the nearest.
    """
    name = engine.strip()
    if name in catalog.engines:
        return name
    near = nearest(name, catalog.engines)
    guess = f"did you mean {near!r}? " if near else ""
    raise UsageError(f"no engine is called {name[:80]!r}", f"{guess}known: {' '.join(sorted(catalog.engines))}")


def append_label(path: Path, label: Label) -> Label:
    """Write one label, whole or not at all, mode 0600, with the secrets taken out of its note; says what was kept.

    Raises:
        UsageError: the note is too long.
        ServerError: the file cannot be written.
    """
    if len(label.notes) > _LONGEST_NOTE:
        raise UsageError(f"a note has at most {_LONGEST_NOTE:,} characters", "Shorten it.")
    label = msgspec.structs.replace(label, notes=redact(label.notes))
    line = msgspec.json.encode(label) + b"\n"
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o600)
        try:
            if hasattr(os, "fchmod"):
                os.fchmod(file, 0o600)
            size = os.fstat(file).st_size
            if size:
                os.lseek(file, size - 1, os.SEEK_SET)
                if os.read(file, 1) != b"\n":
                    line = b"\n" + line  # a line that somebody left without its end
            written = os.write(file, line)
            if written < len(line):
                os.ftruncate(file, size)
                raise OSError("the disk is full")
        finally:
            os.close(file)
    except OSError as error:
        raise ServerError(
            f"{path} cannot be written: {error.strerror or error}",
            "The label was not kept; mend that and say it again.",
        ) from None
    return label


def read_labels(path: Path) -> tuple[dict[str, Label], int]:
    """The newest label of each request, and how many lines could not be read. No file is no labels."""
    labels: dict[str, Label] = {}
    broken = 0
    for block in blocks(path):
        for raw in block.split(b"\n"):
            if not raw.strip():
                continue
            try:
                label = _LABEL.decode(raw)
            except (ValueError, RecursionError):
                broken += 1
            else:
                labels[label.request_id] = label
    return labels, broken
