"""Servers that a killed gateway has left behind: known by a mark on disk, and by the same mark in their environment."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import secrets
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from model_router.server.file_lock import hold, is_held

if TYPE_CHECKING:
    import psutil

logger = logging.getLogger(__name__)

MARK_VARIABLE = "MODEL_ROUTER_SERVER"
"""In the environment of a managed server, and so of all that it starts."""
_SAME_SECONDS = 2.0
"""When a process began is told by a clock that may have been set since."""
_LARGEST = 4_096
_KILL_SECONDS = 5.0
_LOOK_SECONDS = 0.02


@dataclass(slots=True)
class Mark:
    """One server's. ``file`` is held open while gateway and server live; -1 afterwards, or where none is written."""

    path: Path
    token: str
    file: int

    def name_process(self, pid: int) -> None:
        """Add which process it became, for systems that do not let its environment be read."""
        import psutil

        with contextlib.suppress(OSError, psutil.Error):
            _append(self.file, {"pid": pid, "created": psutil.Process(pid).create_time()})

    def remove(self) -> None:
        """The server has ended."""
        file, self.file = self.file, -1
        if file >= 0 or sys.platform == "win32":
            with contextlib.suppress(OSError):
                self.path.unlink(missing_ok=True)
        if file >= 0:
            os.close(file)


def leave_mark(path: Path) -> Mark:
    """Leave a mark before a server is started, so that not even a kill in the same moment loses it."""
    token = secrets.token_hex(16)
    half = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        half.unlink(missing_ok=True)
        file = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0), 0o600)
    except OSError as error:
        logger.warning("%s cannot be written (%s); a killed gateway would leave the server", path, error.strerror)
        return Mark(path, token, -1)
    with contextlib.suppress(OSError):
        _append(file, {"token": token, "gateway": os.getpid()})
    file = hold(file)
    with contextlib.suppress(OSError):
        half.replace(path)
    return Mark(path, token, file)


def marked(token: str) -> list[psutil.Process]:
    """The processes that have a mark in their environment: a server, and whatever it has started."""
    import psutil

    found = []
    for process in psutil.process_iter() if token else ():
        with contextlib.suppress(psutil.Error, OSError):
            if process.environ().get(MARK_VARIABLE) == token:
                found.append(process)
    return found


def runs(process: psutil.Process) -> bool:
    """Whether it is there, and more than a number that nobody has asked how it ended."""
    import psutil

    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def end_left_behind(path: Path) -> None:
    """End the server that a killed gateway has left, with all it has started; no other process, whatever its number."""
    try:
        file = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
    except OSError:
        return
    try:
        told = _read(file)
        if is_held(file, int(told.get("gateway", 0))):
            return
        left = _left(told)
        if left:
            logger.info("ending what a killed gateway has left: %s", ", ".join(str(one.pid) for one in left))
        _kill(left)
        if os.path.samestat(os.fstat(file), path.stat()):
            path.unlink()
    except (OSError, ValueError, TypeError):
        return
    finally:
        os.close(file)


def end_all_left_behind(folder: Path) -> None:
    """End each server of the marks in a folder whose gateway was killed, wanted again or not."""
    for path in sorted(folder.glob("*.json")):
        end_left_behind(path)


def _left(told: dict[str, Any]) -> list[psutil.Process]:
    import psutil

    found = {one.pid: one for one in marked(str(told.get("token", "")))}
    with contextlib.suppress(psutil.Error, KeyError):
        leader = psutil.Process(int(told["pid"]))
        if abs(leader.create_time() - float(told["created"])) < _SAME_SECONDS:
            found |= {one.pid: one for one in (leader, *leader.children(recursive=True))}
    return list(found.values())


def _kill(processes: list[psutil.Process]) -> None:
    import psutil

    for one in processes:
        with contextlib.suppress(psutil.Error):
            one.kill()
    ends = time.monotonic() + _KILL_SECONDS
    while any(map(runs, processes)) and time.monotonic() < ends:
        time.sleep(_LOOK_SECONDS)


def _append(file: int, content: dict[str, Any]) -> None:
    if file >= 0:
        os.write(file, json.dumps(content).encode() + b"\n")


def _read(file: int) -> dict[str, Any]:
    told: dict[str, Any] = {}
    for line in os.read(file, _LARGEST).splitlines():
        with contextlib.suppress(ValueError, TypeError):  # a line that a kill tore
            told |= json.loads(line)
    return told
