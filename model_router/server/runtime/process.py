"""One server process: started in a group of its own, watched, ended with all that it has started. Nothing here waits
on an event loop; every function may block and belongs into a thread.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from model_router.server.runtime.launch import Launch

if TYPE_CHECKING:
    import psutil

_LARGEST_LOG = 10_485_760
_NEW_GROUP = getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)


class RuntimeFailed(Exception):
    """A server could not be started. ``str`` is half a sentence behind its name; ``retry_after`` are seconds."""

    def __init__(self, sentence: str, retry_after: float = 1.0) -> None:
        super().__init__(sentence)
        self.retry_after = retry_after


def start_process(launch: Launch, environ: Mapping[str, str], mark: Path) -> subprocess.Popen[bytes]:
    """Start it, and leave a mark by which a later gateway knows it if this one is killed.

    Raises:
        RuntimeFailed: the port is taken, the program is not there, or the log cannot be written.
    """
    end_left_behind(mark)
    if is_taken(launch.host, launch.port):
        raise RuntimeFailed(f"cannot start: port {launch.port} is used by {_owner(launch.port)}")
    try:
        log = _open_log(launch.log)
    except OSError as error:
        raise RuntimeFailed(f"cannot start: its log {launch.log} cannot be written ({error.strerror})") from None
    try:
        process = subprocess.Popen(  # noqa: S603 - argv from the configuration alone, no shell
            launch.argv,
            cwd=launch.folder,
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=sys.platform != "win32",
            creationflags=_NEW_GROUP,
        )
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise RuntimeFailed(f"cannot start: {launch.argv[0]!r}: {reason}") from None
    finally:
        os.close(log)
    _leave_mark(mark, process.pid)
    return process


def end_process(process: subprocess.Popen[bytes], seconds: float, mark: Path | None = None) -> None:
    """Ask the whole group to end, and kill what is left of it after so many seconds."""
    import psutil

    children = _descendants(process.pid)
    _signal_group(process.pid, hard=False)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(seconds)
    _signal_group(process.pid, hard=True)
    for child in children:
        with contextlib.suppress(psutil.Error):
            child.kill()
    process.wait(5)
    if mark is not None:
        with contextlib.suppress(OSError):
            mark.unlink(missing_ok=True)


def is_ready(url: str, key: str | None) -> bool:
    """Whether the server says that it is."""
    request = urllib.request.Request(url)  # noqa: S310 - from the configuration
    if key:
        request.add_header("authorization", f"Bearer {key}")
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=2) as answer:
            return 200 <= int(answer.status) < 300
    except (OSError, ValueError, urllib.error.URLError):
        return False


def is_taken(host: str, port: int) -> bool:
    """Whether somebody listens there."""
    with contextlib.suppress(OSError), socket.create_connection((host, port), timeout=0.5):
        return True
    return False


def end_left_behind(mark: Path) -> None:
    """End the server that a killed gateway has left: the same process, started when the mark says, and no other."""
    import psutil

    try:
        told = json.loads(mark.read_text())
        found = psutil.Process(int(told["pid"]))
        same = abs(found.create_time() - float(told["created"])) < 0.01
        gateway_lives = psutil.pid_exists(int(told["gateway"]))
    except (OSError, ValueError, KeyError, TypeError, psutil.Error):
        return
    if not same or (gateway_lives and int(told["gateway"]) != os.getpid()):
        return
    for child in _descendants(found.pid):
        with contextlib.suppress(psutil.Error):
            child.kill()
    with contextlib.suppress(psutil.Error):
        found.kill()
        found.wait(5)


def tail(path: Path, lines: int) -> list[str]:
    """The last lines of a log."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - 262_144))
            text = file.read().decode("utf-8", "replace")
    except OSError:
        return []
    return text.splitlines()[-lines:]


def _open_log(path: Path) -> int:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with contextlib.suppress(FileNotFoundError):
        if path.stat().st_size > _LARGEST_LOG:
            path.replace(path.with_name(f"{path.name}.1"))
    return os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)


def _leave_mark(mark: Path, pid: int) -> None:
    import psutil

    with contextlib.suppress(OSError, psutil.Error):
        mark.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        content = {"pid": pid, "created": psutil.Process(pid).create_time(), "gateway": os.getpid()}
        mark.write_text(json.dumps(content))


def _signal_group(pid: int, *, hard: bool) -> None:
    import psutil

    with contextlib.suppress(OSError, psutil.Error):
        if sys.platform == "win32":
            process = psutil.Process(pid)
            process.kill() if hard else process.terminate()
        else:
            os.killpg(pid, signal.SIGKILL if hard else signal.SIGTERM)


def _descendants(pid: int) -> list[psutil.Process]:
    import psutil

    with contextlib.suppress(psutil.Error):
        return list(psutil.Process(pid).children(recursive=True))
    return []


def _owner(port: int) -> str:
    """Who listens at a port, as far as this user may know."""
    import psutil

    with contextlib.suppress(psutil.Error, OSError):
        for one in psutil.net_connections(kind="tcp"):
            if one.status == psutil.CONN_LISTEN and one.laddr and one.laddr[1] == port and one.pid:
                return f"'{psutil.Process(one.pid).name()}' (process {one.pid})"
    return "another program"
