"""Questions about a port: whether a server answers there, and whose it is."""

from __future__ import annotations

import contextlib
import socket
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

from model_router.server.runtime.left_behind import MARK_VARIABLE

READY_SECONDS = 2.0
"""For one answer: a server that is loading may take its time."""


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A server that points elsewhere is not ready, and the key is for itself alone."""

    def redirect_request(self, *_: Any) -> None:
        """Follow none."""


def is_ready(url: str, key: str | None, seconds: float = READY_SECONDS) -> bool:
    """Whether the server says that it is, within so many seconds."""
    request = urllib.request.Request(url)  # noqa: S310 - from the configuration
    if key:
        request.add_header("authorization", f"Bearer {key}")
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _NoRedirect)
    try:
        with opener.open(request, timeout=seconds) as answer:
            return 200 <= int(answer.status) < 300
    except (OSError, ValueError, urllib.error.URLError):
        return False


def is_taken(host: str, port: int) -> bool:
    """Whether somebody listens there."""
    with contextlib.suppress(OSError), socket.create_connection((host, port), timeout=0.5):
        return True
    return False


def owner_of(port: int) -> str:
    """Who listens at a port, as far as this user may know."""
    import psutil

    for pid in _listeners(port):
        with contextlib.suppress(psutil.Error, OSError):
            process = psutil.Process(pid)
            name = f"'{process.name()}' (process {pid})"
            with contextlib.suppress(psutil.Error, OSError):
                if MARK_VARIABLE in process.environ():
                    return f"{name}, which another gateway has started"
            return name
    return "another program"


def _listeners(port: int) -> Iterator[int]:
    import psutil

    def listens(one: Any) -> bool:
        return one.status == psutil.CONN_LISTEN and bool(one.laddr) and one.laddr[1] == port

    try:
        yield from (one.pid for one in psutil.net_connections(kind="tcp") if listens(one) and one.pid)
    except (psutil.Error, OSError):  # macOS shows those of one's own processes alone, and one by one
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error, OSError):
                if any(map(listens, process.net_connections(kind="tcp"))):
                    yield process.pid
