"""A file that is on its way: ``NAME.part`` beside its target, and ``NAME.part.json`` with what it is a part of.

After a kill the part is as long as it is, and the small file says of which file, so the rest can be asked for. The part
is locked while somebody writes to it; the lock ends with the process.
"""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from model_router.setup.download import failure
from model_router.setup.download.disk import Disk, sync_folder, try_lock
from model_router.setup.download.hub import Digest, DigestKind

if TYPE_CHECKING:
    from hashlib import _Hash

_BLOCK = 1024 * 1024


@dataclass(frozen=True, slots=True)
class PartState:
    """What a part belongs to.

    ``etag`` is of the server that sent the bytes; ``verified`` is the file's time of change when it was checked as a
    whole, 0 before that.
    """

    repository: str
    commit: str
    name: str
    size: int
    digest: Digest
    etag: str = ""
    verified: int = 0


def part_path(target: Path) -> Path:
    """Where the unfinished file lies."""
    return target.with_name(f"{target.name}.part")


def state_path(target: Path) -> Path:
    """Where it is said what the unfinished file is of."""
    return target.with_name(f"{target.name}.part.json")


def new_hash(digest: Digest, size: int) -> _Hash:
    """A hash that has seen what comes before the first byte."""
    if digest.kind is DigestKind.SHA256:
        return hashlib.sha256()
    return hashlib.sha1(b"blob %d\0" % size, usedforsecurity=False)


def hash_file(path: Path, running: _Hash, seen: Callable[[int], None], stop: threading.Event) -> None:
    """Feed a file to a hash, block by block; ends early when ``stop`` is set."""
    done = 0
    with path.open("rb", buffering=0) as stream:
        while not stop.is_set() and (block := stream.read(_BLOCK)):
            running.update(block)
            done += len(block)
            seen(done)


def sync_file(path: Path) -> None:
    """Make the bytes of a file last."""
    with path.open("rb+", buffering=0) as stream:
        os.fsync(stream.fileno())


class Part:
    """One unfinished file, open and locked. ``size`` counts the bytes that are there and hashed."""

    def __init__(self, target: Path, state: PartState, disk: Disk) -> None:
        self.target = target
        self.path = part_path(target)
        self.size = 0
        self._disk = disk
        self._state = state
        target.parent.mkdir(parents=True, exist_ok=True)
        self._descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o666)
        if not try_lock(self._descriptor):
            os.close(self._descriptor)
            raise failure.busy(target.name)
        self._hash = new_hash(state.digest, state.size)
        try:
            self._take_over()
        except BaseException:
            self.close()
            raise

    @property
    def on_disk(self) -> int:
        """Bytes that an earlier run has left."""
        return os.fstat(self._descriptor).st_size

    @property
    def etag(self) -> str:
        """The validator of what is here, for ``If-Range``; may be empty."""
        return self._state.etag

    @property
    def is_verified(self) -> bool:
        """Whether an earlier run has checked the whole file, and it has not been touched since."""
        told = os.fstat(self._descriptor)
        untouched = self._state.verified == told.st_mtime_ns and told.st_size == self._state.size
        return untouched and self._state.verified != 0

    def continue_with(self, running: _Hash) -> None:
        """Go on behind what is there; ``running`` has seen it."""
        self._hash = running
        self.size = self.on_disk
        os.lseek(self._descriptor, self.size, os.SEEK_SET)

    def restart(self) -> None:
        """Forget what is there."""
        os.ftruncate(self._descriptor, 0)
        os.lseek(self._descriptor, 0, os.SEEK_SET)
        self._hash = new_hash(self._state.digest, self._state.size)
        self.size = 0

    def append(self, data: bytes) -> None:
        """Write and hash. After an ``OSError`` only what ``size`` counts is there."""
        try:
            self._disk.write(self._descriptor, data)
        except OSError:
            with suppress(OSError):
                os.ftruncate(self._descriptor, self.size)
                os.lseek(self._descriptor, self.size, os.SEEK_SET)
            raise
        self._hash.update(data)
        self.size += len(data)

    def remember(self, etag: str) -> None:
        """Keep the validator of what is being written."""
        if etag != self._state.etag or not state_path(self.target).exists():
            self._state = replace(self._state, etag=etag, verified=0)
            self._write_state()

    def found(self) -> str:
        """The digest of what is there, in hex."""
        return self._hash.hexdigest()

    def mark_verified(self) -> None:
        """Keep that the whole file was checked."""
        self._state = replace(self._state, verified=os.fstat(self._descriptor).st_mtime_ns)
        self._write_state()

    def close(self) -> None:
        """Give the file free; it stays where it is."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def discard(self) -> None:
        """Throw it away."""
        self.close()
        remove_part(self.target)

    def _take_over(self) -> None:
        """Keep what is there only if it is part of the same file; a commit with the same file in it will do."""
        try:
            told = msgspec.json.decode(state_path(self.target).read_bytes(), type=PartState)
        except (OSError, msgspec.MsgspecError):
            told = None
        same = told is not None and (told.digest, told.size) == (self._state.digest, self._state.size)
        if told is not None and same and self.on_disk <= self._state.size:
            self._state = replace(self._state, etag=told.etag, verified=told.verified)
        else:
            self.restart()
            self._write_state()

    def _write_state(self) -> None:
        path = state_path(self.target)
        draft = path.with_name(f"{path.name}.draft")
        draft.write_bytes(msgspec.json.encode(self._state))
        draft.replace(path)


def place(target: Path) -> None:
    """Move a checked part to its target: the last step of a download."""
    part_path(target).replace(target)
    state_path(target).unlink(missing_ok=True)
    sync_folder(target.parent)


def remove_part(target: Path) -> None:
    """Leave nothing half-written behind."""
    part_path(target).unlink(missing_ok=True)
    state_path(target).unlink(missing_ok=True)
