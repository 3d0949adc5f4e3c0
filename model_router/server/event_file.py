"""The event log: one JSON object a line, written by one thread in batches.

The server hands events over without waiting. A line is written whole or not at all; a crash loses what the last
fraction of a second brought. When the file cannot be written, requests go on and the events are counted as lost.
Several gateways may write the same file: whoever writes, rotates or mends it holds its lock meanwhile.
"""

from __future__ import annotations

import logging
import os
import queue
import stat
import sys
import threading
from pathlib import Path

import msgspec

from model_router.server.events import RequestEvent
from model_router.server.file_lock import LOCK_SECONDS, lock, unlock
from model_router.server.happenings import GatewayEvent

logger = logging.getLogger(__name__)

_BATCH_SECONDS = 0.2
_TAIL_BYTES = 1_048_576
_MOST_WAITING = 100_000
_LOOKS = 1_000


class EventWriter:
    """Appends events to a file of mode 0600 and rotates it by size: ``log``, ``log.1``, ``log.2``, ...

    ``max_bytes`` is the size at which a file is rotated; ``backups`` how many old ones are kept. ``problem`` is empty,
    or the sentence that says why nothing is written; ``lost`` counts the events that were not. At most
    ``most_waiting`` events wait for a slow disk, and ``lock_seconds`` is how long another gateway is waited for.
    """

    def __init__(
        self,
        path: Path,
        *,
        max_bytes: int,
        backups: int,
        batch_seconds: float = _BATCH_SECONDS,
        lock_seconds: float = LOCK_SECONDS,
        most_waiting: int = _MOST_WAITING,
    ) -> None:
        self.path = path
        self.problem = ""
        self._unwritten = 0
        self._refused = 0
        self._max_bytes = max_bytes
        self._backups = backups
        self._batch_seconds = batch_seconds
        self._lock_seconds = lock_seconds
        self._most_waiting = most_waiting
        self._queue: queue.SimpleQueue[RequestEvent | GatewayEvent | None] = queue.SimpleQueue()
        self._encoder = msgspec.json.Encoder()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="model-router-events", daemon=True)
        self._file = -1
        self._grows = False

    @property
    def lost(self) -> int:
        """Events that were not written."""
        return self._unwritten + self._refused

    def start(self) -> None:
        """Open the file, so that a problem is known at once, and start the thread."""
        if self._take():
            unlock(self._file)
        self._thread.start()

    def write(self, event: RequestEvent | GatewayEvent) -> None:
        """Hand one event over; never waits and never fails. What a disk that hangs leaves waiting is bounded."""
        if self._queue.qsize() >= self._most_waiting:
            self._refused += 1
        else:
            self._queue.put(event)

    def resize(self, max_bytes: int, backups: int) -> None:
        """Rotate by other bounds from now on."""
        self._max_bytes, self._backups = max_bytes, backups

    def close(self, timeout: float = 5.0) -> None:
        """Write what is waiting and end the thread."""
        self._closing.set()
        self._queue.put(None)
        if self._thread.is_alive():
            self._thread.join(timeout)

    def _run(self) -> None:
        while True:
            batch = self._next_batch()
            if batch:
                self._append(batch)
            if self._closing.is_set() and self._queue.empty():
                break
        self._close()

    def _next_batch(self) -> list[RequestEvent | GatewayEvent]:
        first = self._queue.get()
        self._closing.wait(self._batch_seconds)
        batch = [] if first is None else [first]
        while not self._queue.empty() and len(batch) < 10_000:
            event = self._queue.get()
            if event is not None:
                batch.append(event)
        return batch

    def _append(self, batch: list[RequestEvent | GatewayEvent]) -> None:
        lines = self._lines(batch)
        written = 0
        try:
            while written < len(lines) and self._take():
                try:
                    written += self._write_some(lines, written)
                finally:
                    if self._file >= 0:
                        unlock(self._file)
        except OSError as error:
            self._fail(error)
        self._unwritten += len(lines) - written

    def _lines(self, batch: list[RequestEvent | GatewayEvent]) -> list[bytes]:
        lines: list[bytes] = []
        for event in batch:
            try:
                lines.append(self._encoder.encode(event) + b"\n")
            except ValueError as error:  # half a surrogate pair in a text: one event, never the thread
                self._unwritten += 1
                logger.warning("an event could not be written down (%s)", type(error).__name__)
        return lines

    def _write_some(self, lines: list[bytes], start: int) -> int:
        """Write as many lines from ``start`` on as the file has room for, at least one where it has to take it; says
        how many: 0 when the file was rotated to make room.
        """
        size = os.fstat(self._file).st_size
        count = _fitting(lines, start, self._max_bytes - size)
        if count == 0 and size > 0 and self._rotate():
            return 0
        count = count or max(1, _fitting(lines, start, self._max_bytes))
        _write_whole(self._file, b"".join(lines[start : start + count]))
        if self.problem:
            logger.warning("the event log %s is written again; %d events were lost", self.path, self.lost)
            self.problem = ""
        return count

    def _take(self) -> bool:
        """Have the file that is at the path now open, with its lock; it may have been moved or removed by somebody."""
        for _ in range(_LOOKS):
            fresh = self._file < 0
            if fresh and not self._open():
                return False
            lock(self._file, self._lock_seconds)
            if self._is_there():
                if fresh:
                    _drop_torn_line(self._file)
                return True
            self._close()
        self._fail(OSError("somebody replaces it all the time"))
        return False

    def _is_there(self) -> bool:
        """Whether the open file is the one at the path."""
        try:
            return os.path.samestat(os.stat(self.path), os.fstat(self._file))
        except OSError:
            return False

    def _open(self) -> bool:
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)
            file = os.open(self.path, flags, 0o600)
        except OSError as error:
            self._fail(error)
            return False
        if not stat.S_ISREG(os.fstat(file).st_mode):
            os.close(file)
            self._fail(OSError(f"{self.path} is not a regular file"))
            return False
        if hasattr(os, "fchmod"):
            os.fchmod(file, 0o600)
        self._file = file
        return True

    def _close(self) -> None:
        """Let the file go, and its lock with it."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def _rotate(self) -> bool:
        """Move the file away, whose lock is held, so that a new one begins; says whether it was.

        Where none can be renamed, as in a folder that became read-only, the old one grows on.
        """
        if sys.platform == "win32":
            self._close()  # no open file can be renamed there
        try:
            self._shift()
        except OSError as error:
            if not self._grows:
                reason = error.strerror or str(error)
                logger.warning("the event log %s cannot be rotated (%s); it grows on", self.path, reason)
            self._grows = True
            if self._file < 0 and not self._open():
                raise OSError(self.problem) from None
            return False
        self._grows = False
        self._close()
        return True

    def _shift(self) -> None:
        if self._backups == 0:
            self.path.unlink(missing_ok=True)
        for number in range(self._backups, 0, -1):
            older = self.path.with_name(f"{self.path.name}.{number}")
            newer = self.path if number == 1 else self.path.with_name(f"{self.path.name}.{number - 1}")
            if newer.exists():
                newer.replace(older)

    def _fail(self, error: OSError) -> None:
        reason = error.strerror or str(error)
        if not self.problem:
            logger.warning("the event log %s cannot be written (%s); requests go on without it", self.path, reason)
        self.problem = f"the event log {self.path} cannot be written: {reason}"


def _fitting(lines: list[bytes], start: int, room: int) -> int:
    """How many lines from ``start`` on fit into ``room`` bytes."""
    count = 0
    for line in lines[start:]:
        room -= len(line)
        if room < 0:
            break
        count += 1
    return count


def _write_whole(file: int, data: bytes) -> None:
    """Write everything; take a half-written line back when the disk is full."""
    before = os.fstat(file).st_size
    view = memoryview(data)
    try:
        while view:
            view = view[os.write(file, view) :]
    except OSError:
        os.ftruncate(file, before)
        raise


def _drop_torn_line(file: int) -> None:
    """Cut off a last event that a crash left without its end; end a foreign last line instead of touching it."""
    size = os.fstat(file).st_size
    if size == 0:
        return
    start = max(0, size - _TAIL_BYTES)
    os.lseek(file, start, os.SEEK_SET)
    tail = os.read(file, size - start)
    if tail.endswith(b"\n"):
        return
    last = tail.rfind(b"\n") + 1
    if tail.startswith((b'{"time":', b'{"event":'), last):
        os.ftruncate(file, start + last)
    else:
        os.write(file, b"\n")
