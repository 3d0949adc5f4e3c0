"""``downloads.json`` in the user folder: the plans and how far their life has come, for the next start.

Several processes may keep downloads in it; each changes only entries of its own, under a lock, and replaces the file in
one step. Which process is at a download is told by a lock too, so it ends with that process.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec

from model_router.setup.download.disk import try_lock
from model_router.setup.download.plan import DownloadPlan
from model_router.setup.download.progress import DownloadState, Failure
from model_router.setup.whole_file import write_private

FILE_NAME = "downloads.json"
_VERSION = 1


@dataclass(frozen=True, slots=True)
class Record:
    """One download as it is kept."""

    plan: DownloadPlan
    state: DownloadState
    failure: Failure | None = None


class DownloadStore:
    """The file, and the locks beside it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.path = folder / FILE_NAME
        self._seen: tuple[int, int] | None = None

    def read(self) -> dict[str, Record]:
        """All records by identity. A file that cannot be read is moved aside and counts as empty."""
        try:
            data = self.path.read_bytes()
        except FileNotFoundError:
            return {}
        try:
            return _records(msgspec.json.decode(data))
        except (msgspec.MsgspecError, TypeError, KeyError):
            with suppress(OSError):
                self.path.replace(self.path.with_name(f"{FILE_NAME}.damaged"))
            return {}

    def recognised(self, plan: DownloadPlan) -> DownloadPlan:
        """The plan, without doubts about files that were fetched here and verified then."""
        record = self.read().get(plan.identity)
        return replace(plan, unverified=()) if record is not None and record.state is DownloadState.DONE else plan

    def changed_records(self) -> dict[str, Record] | None:
        """All records when the file is another than the one last seen here, else ``None``."""
        with suppress(OSError):
            told = self.path.stat()
            stamp = (told.st_mtime_ns, told.st_ino)
            if stamp != self._seen:
                self._seen = stamp
                return self.read()
        return None

    def write(self, identity: str, record: Record | None) -> None:
        """Keep one record, or drop it; others stay as they are in the file."""
        with self._exclusive():
            records = self.read()
            if record is None:
                records.pop(identity, None)
            else:
                records[identity] = record
            write_private(self.path, _encoded(records))

    def take(self, identity: str) -> int | None:
        """The lock of one download as an open descriptor, or ``None`` while another process has it."""
        locks = self._folder / "run"
        locks.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(locks / f"download-{identity}.lock", os.O_RDWR | os.O_CREAT, 0o600)
        if try_lock(descriptor):
            return descriptor
        os.close(descriptor)
        return None

    def is_taken(self, identity: str) -> bool:
        """Whether another process is at it. Asked only for downloads that this process is not at."""
        if not (self._folder / "run" / f"download-{identity}.lock").exists():
            return False
        descriptor = self.take(identity)
        if descriptor is not None:
            os.close(descriptor)
        return descriptor is None

    @contextmanager
    def _exclusive(self) -> Iterator[None]:
        """One writer at a time. A writer holds it for milliseconds; after two seconds it is taken for dead wood."""
        import time

        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(self._folder / f".{FILE_NAME}.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            for _ in range(200):
                if try_lock(descriptor):
                    break
                time.sleep(0.01)
            yield
        finally:
            os.close(descriptor)


def _records(value: Mapping[str, Any]) -> dict[str, Record]:
    if value["version"] != _VERSION:
        raise KeyError("version")
    return {record.plan.identity: record for record in msgspec.convert(value["downloads"], list[Record])}


def _encoded(records: Mapping[str, Record]) -> bytes:
    value = {"version": _VERSION, "downloads": [msgspec.to_builtins(record) for record in records.values()]}
    return msgspec.json.format(msgspec.json.encode(value), indent=2)
