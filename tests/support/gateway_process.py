"""``model-router serve`` as a process of its own, as a service manager would run it."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import httpx
import psutil

from tests.support.clock import now

_T = TypeVar("_T")

START_TIMEOUT = 60.0
"""Seconds until ``serve`` must answer; one is usual."""


@dataclass(frozen=True, slots=True)
class GatewayProcess:
    """A running gateway. ``address`` has no ``/v1``; ``output`` is the file with all it printed."""

    address: str
    process: subprocess.Popen[bytes]
    events_file: Path
    output: Path

    @property
    def base_url(self) -> str:
        """What a client's configuration has."""
        return f"{self.address}/v1"

    def events(self) -> list[dict[str, Any]]:
        """Every event written so far."""
        return read_events(self.events_file)

    def interrupt(self, number: signal.Signals, timeout: float = 15) -> int:
        """Send a signal and give the exit code."""
        self.process.send_signal(number)
        return self.process.wait(timeout)


def read_events(file: Path) -> list[dict[str, Any]]:
    """The objects of a JSON lines file.

    A write that crosses a page of the file can be seen in two halves, so a line without its end is read again; one
    that stays unfinished for a second is an error.
    """
    if not file.exists():
        return []
    deadline = time.monotonic() + 1
    while (text := file.read_text()) and not text.endswith("\n"):
        assert time.monotonic() < deadline, "the event file ends within a line"
        time.sleep(0.01)
    return [json.loads(line) for line in text.splitlines()]


def wait_for(probe: Callable[[], _T | None], *, within: float, what: str) -> _T:
    """Ask ``probe`` until it gives something true, and return that.

    Raises:
        AssertionError: nothing within so many seconds.
    """
    deadline = now() + within
    while True:
        found = probe()
        if found:
            return found
        assert now() < deadline, f"not within {within} s: {what}"
        time.sleep(0.005)


def is_alive(pid: int) -> bool:
    """Whether a process runs."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def connections_to(port: int, process: int | None = None) -> int:
    """Open connections from a process (this one without a number) to a port on loopback."""
    found = psutil.Process(process).net_connections(kind="tcp")
    return sum(1 for one in found if tuple(one.raddr)[1:] == (port,) and one.status != psutil.CONN_CLOSE)


def command(*arguments: str) -> list[str]:
    """The command line of this checkout or installation."""
    return [sys.executable, "-m", "model_router", *arguments]


@contextlib.contextmanager
def serving(config: Path, port: int) -> Iterator[GatewayProcess]:
    """Run ``model-router serve --config`` and give it once it answers. ``port`` is the one that the file names.

    Raises:
        RuntimeError: it ended, or did not answer in time; the message has what it printed.
    """
    output = config.with_suffix(".output")
    with output.open("wb") as stream:
        process = subprocess.Popen(
            command("serve", "--config", str(config)),
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT,
            env=os.environ | {"MODEL_ROUTER_HOME": str(config.parent / "home")},
        )
    try:
        gateway = GatewayProcess(
            f"http://127.0.0.1:{port}", process, config.parent / "logs" / "routing-events.jsonl", output
        )
        _wait_until_it_answers(gateway)
        yield gateway
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(5)


def _wait_until_it_answers(gateway: GatewayProcess) -> None:
    deadline = time.monotonic() + START_TIMEOUT
    with httpx.Client(trust_env=False, timeout=5) as client:
        while True:
            if gateway.process.poll() is not None:
                raise RuntimeError(f"serve ended with {gateway.process.returncode}: {gateway.output.read_text()}")
            with contextlib.suppress(httpx.TransportError):
                client.get(f"{gateway.base_url}/models")
                return
            if time.monotonic() > deadline:
                raise RuntimeError(f"serve does not answer after {START_TIMEOUT} s: {gateway.output.read_text()}")
            time.sleep(0.02)
