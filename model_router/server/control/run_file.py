"""Where a running gateway says how it is reached: ``~/.model-router/run/PORT.json``, readable by its own user alone."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from model_router.config.files import has_home, user_folder
from model_router.errors import ServerError
from model_router.server.file_lock import hold, is_held
from model_router.version import __version__

logger = logging.getLogger(__name__)

_LARGEST = 65_536


@dataclass(frozen=True, slots=True)
class RunFile:
    """A gateway, ``held`` while it lives. ``address`` has no ``/v1``; ``token`` opens its control surface and hides."""

    path: Path
    address: str
    port: int
    pid: int
    started: float
    held: bool
    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class OwnRunFile:
    """This gateway's own. ``file`` stays open, so that others see whether the gateway lives."""

    path: Path
    file: int
    token: str = field(repr=False)

    def remove(self) -> None:
        """Remove it at the end, unless another gateway has written its own there since."""
        found = _read(self.path)
        if found is not None and found.token == self.token:
            with contextlib.suppress(OSError):
                self.path.unlink(missing_ok=True)
        if self.file >= 0:
            os.close(self.file)


def run_folder(environ: Mapping[str, str]) -> Path:
    """The folder of all of them; it may not exist yet."""
    return user_folder(environ) / "run"


def write_run_file(environ: Mapping[str, str], address: str, port: int, token: str) -> OwnRunFile | None:
    """Write it, mode 0600; None when there is no place for it, and then nobody controls the gateway from outside.

    What killed gateways have left there is removed.
    """
    if not has_home(environ):
        return None
    folder = run_folder(environ)
    path, half = folder / f"{port}.json", folder / f".{port}.{os.getpid()}"
    content = {
        "address": address,
        "port": port,
        "pid": os.getpid(),
        "started": time.time(),
        "version": __version__,
        "token": token,
    }
    file = -1
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _remove_left_behind(folder)
        half.unlink(missing_ok=True)
        file = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0), 0o600)
        os.write(file, json.dumps(content).encode())
        file = hold(file)
        half.replace(path)
    except OSError as error:
        reason = error.strerror or str(error)
        logger.warning("%s cannot be written (%s); this gateway takes no commands from outside", path, reason)
        with contextlib.suppress(OSError):
            half.unlink(missing_ok=True)
        if file >= 0:
            os.close(file)
        return None
    return OwnRunFile(path, file, token)


def running_gateways(environ: Mapping[str, str]) -> tuple[RunFile, ...]:
    """Those that live, newest first; what a killed one has left behind is passed over."""
    try:
        paths = sorted(run_folder(environ).glob("*.json"))
    except OSError:
        return ()
    found = [one for one in map(_read, paths) if one is not None and one.held]
    return tuple(sorted(found, key=lambda one: -one.started))


def _remove_left_behind(folder: Path) -> None:
    for path in folder.glob("*.json"):
        found = _read(path)
        if found is not None and not found.held:
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)


def find_gateway(environ: Mapping[str, str], port: int | None = None) -> RunFile:
    """The gateway on a port, or the only one that runs.

    Raises:
        ServerError: there is none, or there are several.
    """
    found = running_gateways(environ)
    if port is not None:
        found = tuple(one for one in found if one.port == port)
    if not found:
        where = f" on port {port}" if port is not None else ""
        hint = "Start one with `model-router serve`, or open the application; MODEL_ROUTER_HOME has to be the same."
        raise ServerError(f"no gateway of yours runs{where}", hint)
    if len(found) > 1:
        ports = ", ".join(str(one.port) for one in found)
        raise ServerError(f"{len(found)} gateways run (ports {ports})", f"Say which: --port {found[0].port}")
    return found[0]


def _read(path: Path) -> RunFile | None:
    """None for what is no such file, or for one that others may have written."""
    try:
        file = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
        with os.fdopen(file, "rb") as handle:
            if hasattr(os, "getuid") and os.fstat(file).st_uid != os.getuid():
                return None
            value = json.loads(handle.read(_LARGEST))
            return RunFile(
                path=path,
                address=str(value["address"]),
                port=int(value["port"]),
                pid=int(value["pid"]),
                started=float(value["started"]),
                held=is_held(file, int(value["pid"])),
                token=value["token"],
            )
    except (OSError, ValueError, KeyError, TypeError):
        return None
