"""A terminal that is watched: when which words first stood in what the program wrote."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import psutil

from benchmarks.systems import ending_with_us, installed

_KEPT = 262_144
_STOP_SECONDS = 10.0
_CONTROL = re.compile(rb"\x1b\[[0-9;?$<>=]*[ -/]*[@-~]|\x1b[PX^_\]].*?(?:\x07|\x1b\\)|\x1b.", re.DOTALL)


class Window:
    """One program in a pseudo-terminal of ``columns`` by ``rows``, started at ``began``, by ``perf_counter``.

    Words are looked for in what was written, without colours and movements of the cursor, so only where a widget
    writes them in one piece. With ``pass_fds`` the program inherits these.
    """

    def __init__(
        self,
        command: Sequence[str],
        folder: Path,
        *,
        columns: int = 120,
        rows: int = 40,
        environ: Mapping[str, str],
        pass_fds: Sequence[int] = (),
    ) -> None:
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self._changed = threading.Condition()
        self._written = b""
        self._over = False
        self.began = time.perf_counter()
        try:
            self.process = psutil.Popen(
                [*ending_with_us(), *command],
                cwd=folder,
                env=dict(environ),
                stdin=slave,
                stdout=slave,
                stderr=slave,
                pass_fds=pass_fds,
                start_new_session=True,
            )
        except BaseException:
            os.close(self._master)
            raise
        finally:
            os.close(slave)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        while True:
            written = b""
            with contextlib.suppress(OSError):  # how Linux says that nobody writes any more
                written = os.read(self._master, 65_536)
            with self._changed:
                self._written = (self._written + written)[-_KEPT:]
                self._over = not written
                self._changed.notify_all()
            if not written:
                return

    def text(self) -> str:
        """What was written since the last :meth:`forget`, the newest of it."""
        with self._changed:
            return _CONTROL.sub(b"", self._written).decode(errors="replace")

    def forget(self) -> None:
        """Look from here on only."""
        with self._changed:
            self._written = b""

    def wait(self, pattern: str, seconds: float = 60.0) -> float:
        """Until it has been written; gives the moment, by ``perf_counter``.

        Raises:
            RuntimeError: it was not, in time, or the program has ended.
        """
        wanted = re.compile(pattern, re.DOTALL)
        deadline = time.perf_counter() + seconds
        with self._changed:
            while not wanted.search(_CONTROL.sub(b"", self._written).decode(errors="replace")):
                left = deadline - time.perf_counter()
                if self._over or left <= 0 or not self._changed.wait(left):
                    raise RuntimeError(f"the terminal never showed {pattern!r}; the last it wrote: {self._last()}")
            return time.perf_counter()

    def _last(self) -> str:
        return _CONTROL.sub(b"", self._written).decode(errors="replace")[-800:]

    def send(self, keys: str) -> float:
        """Press keys; gives the moment."""
        os.write(self._master, keys.encode())
        return time.perf_counter()

    def processor(self) -> float:
        """Seconds of processor time that the program has used."""
        used = self.process.cpu_times()
        return float(used.user + used.system)

    def memory(self) -> float:
        """Megabytes that it holds."""
        return float(self.process.memory_info().rss) / 1_048_576

    def close(self) -> None:
        """Ask the program to end, and wait; one that does not is ended."""
        with contextlib.suppress(psutil.NoSuchProcess):
            self.process.terminate()
        try:
            self.process.wait(_STOP_SECONDS)
        except (psutil.TimeoutExpired, subprocess.TimeoutExpired):
            self.process.kill()
            self.process.wait()
        self._reader.join(_STOP_SECONDS)
        os.close(self._master)


def person(folder: Path) -> dict[str, str]:
    """The environment of somebody who has nothing yet."""
    kept = {name: value for name, value in installed().items() if name not in {"NO_COLOR", "COLUMNS", "LINES"}}
    home = {"HOME": str(folder), "MODEL_ROUTER_HOME": str(folder / "home")}
    root = str(Path(__file__).resolve().parent.parent)
    return kept | home | {"TERM": "xterm-256color", "PYTHONPATH": root, "PYTHON": sys.executable}
