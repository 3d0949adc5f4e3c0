"""One server process: started in a group of its own, and ended with all that it has started. Nothing here waits on an
event loop; every function may block and belongs into a thread.
"""

from __future__ import annotations

import contextlib
import logging
import math
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from model_router.server.runtime.launch import Launch
from model_router.server.runtime.left_behind import MARK_VARIABLE, Mark, end_left_behind, leave_mark, marked, runs
from model_router.server.runtime.printed import open_log
from model_router.server.runtime.probe import is_taken, owner_of

if TYPE_CHECKING:
    import psutil

logger = logging.getLogger(__name__)

_LOOK_SECONDS = 0.02
_KILL_SECONDS = 5.0
_NEW_GROUP = getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)


class RuntimeFailed(Exception):
    """A server could not be started. ``str`` is half a sentence behind its name.

    ``retry_after`` are seconds; None when only a person can help.
    """

    def __init__(self, sentence: str, retry_after: float | None = 1.0) -> None:
        super().__init__(sentence)
        self.retry_after = retry_after


class NotStarted(RuntimeFailed):
    """There was no process that could have crashed."""


class ServerProcess:
    """A server that was started. :meth:`hurry` may be called from any thread."""

    def __init__(self, process: subprocess.Popen[bytes], mark: Mark) -> None:
        self._process = process
        self._mark = mark
        self._deadline = math.inf

    @property
    def pid(self) -> int:
        """Its number, which is that of its group."""
        return self._process.pid

    def poll(self) -> int | None:
        """How it ended; None while it runs. About a microsecond."""
        return self._process.poll()

    def has_left(self) -> bool:
        """Whether something that it has started runs on, though it has ended itself."""
        return self._process.poll() is not None and any(map(runs, self._others()))

    def hurry(self, seconds: float) -> None:
        """Let :meth:`end`, under way or to come, wait so many seconds from now and no longer."""
        self._deadline = min(self._deadline, time.monotonic() + seconds)

    def end(self, seconds: float) -> None:
        """Ask the whole group to end, and what has left it; kill what is left of them after so many seconds."""
        import psutil

        self.hurry(seconds)
        others = self._others()
        self._signal_group(hard=False)
        for one in others:
            with contextlib.suppress(psutil.Error, OSError):
                if sys.platform == "win32" or os.getpgid(one.pid) != self.pid:
                    one.terminate()
        while (self._process.poll() is None or any(map(runs, others))) and time.monotonic() < self._deadline:
            time.sleep(_LOOK_SECONDS)
        self._signal_group(hard=True)
        for one in others:
            with contextlib.suppress(psutil.Error):
                one.kill()
        try:
            self._process.wait(_KILL_SECONDS)
        except subprocess.TimeoutExpired:  # the system itself holds it; whoever starts next finds its port taken
            logger.warning("process %d was killed and does not end", self.pid)
        self._mark.remove()

    def _others(self) -> list[psutil.Process]:
        """What it has started and what runs still, whether in its group or not."""
        import psutil

        found = {one.pid: one for one in marked(self._mark.token)}
        with contextlib.suppress(psutil.Error):
            found |= {one.pid: one for one in psutil.Process(self.pid).children(recursive=True)}
        found.pop(self.pid, None)
        return list(found.values())

    def _signal_group(self, *, hard: bool) -> None:
        with contextlib.suppress(OSError):
            if sys.platform == "win32":
                self._process.kill() if hard else self._process.terminate()
            else:
                os.killpg(self.pid, signal.SIGKILL if hard else signal.SIGTERM)


def start_process(launch: Launch, mark: Path) -> ServerProcess:
    """Start it, and leave a mark by which a later gateway knows it if this one is killed.

    Raises:
        NotStarted: the port is taken, the program is not there, or the log cannot be written.
    """
    end_left_behind(mark)
    if is_taken(launch.host, launch.port):
        raise NotStarted(f"cannot start: port {launch.port} is used by {owner_of(launch.port)}")
    try:
        log = open_log(launch.log)
    except OSError as error:
        raise NotStarted(f"cannot start: its log {launch.log} cannot be written ({error.strerror})") from None
    left = leave_mark(mark)
    try:
        process = subprocess.Popen(  # noqa: S603 - argv from the configuration alone, no shell
            launch.argv,
            cwd=launch.folder,
            env={**launch.environ, MARK_VARIABLE: left.token},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=sys.platform != "win32",
            creationflags=_NEW_GROUP,
        )
    except (OSError, ValueError) as error:
        left.remove()
        reason = getattr(error, "strerror", None) or str(error)
        place = "" if launch.folder is None or launch.folder.is_dir() else f" (its folder {launch.folder} is not there)"
        raise NotStarted(f"cannot start: {launch.argv[0]!r}: {reason}{place}") from None
    finally:
        os.close(log)
    left.name_process(process.pid)
    return ServerProcess(process, left)
