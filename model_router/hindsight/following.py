"""Following a log as it grows: what is added comes once and in order, over rotation, truncation and removal."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import BinaryIO

from model_router.hindsight.event_files import event_files
from model_router.hindsight.reading import LONGEST_LINE, Mark

_PIECE = 4_194_304
_LOOKS = 5


class Follower:
    """Reads whole lines that were added since the last call; ``missed`` counts the times that some may have gone.

    Begins at the end of the file as it is when this is made, or with the first file that appears.
    """

    def __init__(self, path: Path) -> None:
        self.missed = 0
        self._path = path
        self._file: BinaryIO | None = None
        self._rest = b""
        if self._open(path):
            self._seek_to_end()

    @property
    def mark(self) -> Mark | None:
        """The place up to which lines were read or passed over; None while there is no file."""
        if self._file is None:
            return None
        return Mark(os.fstat(self._file.fileno()), self._file.tell() - len(self._rest))

    def close(self) -> None:
        """Let the file go."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def poll(self) -> list[bytes]:
        """The lines that came, without their ends. Does not wait."""
        lines: list[bytes] = []
        if self._file is None and not self._open(self._path):
            return lines
        self._take(lines)
        while (newer := self._next_file()) is not None:
            self._take(lines)  # what was added between the last look and the rotation
            self.close()
            self._file, self._rest = newer, b""
            self._take(lines)
        return lines

    def _open(self, path: Path) -> bool:
        try:
            self._file = path.open("rb")
        except OSError:
            self._file = None
        return self._file is not None

    def _seek_to_end(self) -> None:
        """Behind the last whole line; half a line that is just being written comes whole later."""
        file = self._file
        if file is None:
            return
        size = file.seek(0, os.SEEK_END)
        start = max(0, size - _PIECE)
        file.seek(start)
        tail = file.read(size - start)
        self._rest = tail[tail.rfind(b"\n") + 1 :]

    def _next_file(self) -> BinaryIO | None:
        """The file that was begun after the open one, opened; None while the open one is the log.

        Files may be renamed between the look and the opening, so what was opened has to be what was seen; else the
        next call looks again.
        """
        if self._file is None:
            return None
        mine = os.fstat(self._file.fileno())
        for _ in range(_LOOKS):
            files = self._settled_files()
            place = next((number for number, (_, seen) in enumerate(files) if os.path.samestat(seen, mine)), None)
            if place is None:  # somebody removed it: on with the first that was written to after it
                newer = [each for each in files if each[1].st_mtime_ns >= mine.st_mtime_ns]
            else:
                newer = files[place + 1 :]
            if not newer:
                return None
            path, seen = newer[0]
            with contextlib.suppress(OSError):
                file = path.open("rb")
                if os.path.samestat(seen, os.fstat(file.fileno())):
                    self.missed += place is None
                    return file
                file.close()
        return None

    def _settled_files(self) -> list[tuple[Path, os.stat_result]]:
        """The files of the log, oldest first, as two looks in a row saw them; none when they change all the time.

        One look may fall into a rotation, in which files change their names one by one, and miss some.
        """
        before = _stand(self._path)
        for _ in range(_LOOKS):
            files = _stand(self._path)
            if [(path, seen.st_ino) for path, seen in files] == [(path, seen.st_ino) for path, seen in before]:
                return files
            before = files
        return []

    def _take(self, lines: list[bytes]) -> None:
        file = self._file
        if file is None:
            return
        if os.fstat(file.fileno()).st_size < file.tell():
            file.seek(0)
            self._rest = b""
            self.missed += 1
        while data := file.read(_PIECE):
            pieces = (self._rest + data).split(b"\n")
            self._rest = pieces[-1] if len(pieces[-1]) < LONGEST_LINE else b""
            lines.extend(piece for piece in pieces[:-1] if piece)


def _stand(log: Path) -> list[tuple[Path, os.stat_result]]:
    files: list[tuple[Path, os.stat_result]] = []
    for path in event_files(log):
        with contextlib.suppress(OSError):
            files.append((path, path.stat()))
    return files
