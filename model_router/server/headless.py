"""The gateway without a screen: runs until it is told to end."""

from __future__ import annotations

import gc
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Mapping
from types import FrameType

from model_router.config.capture import CAPTURE_WARNING
from model_router.config.proxy import PromptCapture
from model_router.errors import ServerError
from model_router.server.events import EventRing
from model_router.server.gateway import Gateway
from model_router.server.memory import give_back
from model_router.server.thread import ServerThread

_LOOK_SECONDS = 0.5
_HURRIED_SECONDS = 3.0
"""For clients to be told, events to be written and managed servers to end, when nothing is waited for any more."""
_Handler = Callable[[int, FrameType | None], object] | int | None


def serve(gateway: Gateway, *, drain_seconds: float = 10.0) -> int:
    """Serve until SIGINT or SIGTERM, then drain; a second signal ends at once. SIGHUP reads the files again.

    Called on the main thread.

    Answers under way may take ``drain_seconds`` more; a stream that is longer ends with an error event that says so.

    Returns:
        The exit code: 0 after a signal, 1 when the server ended by itself.

    Raises:
        ServerError: it cannot start.
    """
    logging.getLogger("httpx").setLevel(logging.WARNING)  # at INFO it writes a line for each request
    gateway.ring = EventRing(0)  # nobody looks
    server = ServerThread(gateway)
    told = threading.Event()
    asked = threading.Event()
    hurried = threading.Event()

    def hear(number: int, frame: FrameType | None) -> None:
        if told.is_set():
            hurried.set()
        told.set()

    terminal = sys.stdin is not None and sys.stdin.isatty()

    def ask(number: int, frame: FrameType | None) -> None:
        if terminal and _terminal_is_gone():
            hear(number, frame)
        asked.set()

    before = {number: signal.signal(number, hear) for number in (signal.SIGINT, signal.SIGTERM)}
    if sys.platform != "win32":
        before[signal.SIGHUP] = signal.signal(signal.SIGHUP, ask)
    try:
        server.start()
    except ServerError:
        _restore(before)
        raise
    _announce(gateway)
    server.submit(
        gateway.check_health()
    )  # nobody waits for it; from then on /v1/models tells the servers' own contexts
    _quiet_collector()
    try:
        while not told.wait(_LOOK_SECONDS) and server.running:
            if asked.is_set():
                asked.clear()
                _reload(gateway)
        if not told.is_set():
            _say("The server ended by itself; its log says more.")
            return 1
        _say(f"Stopping: requests under way have {drain_seconds:g} s to end (signal again to end at once).")
        stopping = threading.Thread(target=server.stop, args=(drain_seconds,), daemon=True)
        stopping.start()
        while stopping.is_alive() and not hurried.is_set():
            stopping.join(_LOOK_SECONDS)
        if stopping.is_alive():
            server.hurry()
            stopping.join(_HURRIED_SECONDS)
        return 0
    finally:
        _restore(before)


def _terminal_is_gone() -> bool:
    """Whether SIGHUP means what it once meant: the terminal that the gateway was started on has been closed."""
    try:
        os.tcgetpgrp(sys.stdin.fileno())
    except (OSError, ValueError):
        return True
    return False


def _reload(gateway: Gateway) -> None:
    """SIGHUP: read the files again, and say what came of it."""
    if gateway.reloader is None:
        return
    event = gateway.reloader.reload("signal")
    _say(event.summary)
    for problem in event.problems:
        _say(problem)


def _announce(gateway: Gateway) -> None:
    _say(f"ModelRouter listens on {gateway.address}")
    problem = gateway.writer.problem if gateway.writer is not None else ""
    if gateway.writer is not None and not problem:
        _say(f"Events go to {gateway.writer.path}")
    elif problem and not logging.getLogger(__name__).isEnabledFor(logging.WARNING):  # else it was said already
        _say(problem[:1].upper() + problem[1:])
    if gateway.capture is PromptCapture.FULL:
        _say(f"Warning: {CAPTURE_WARNING}")
    for error in gateway.router.config_errors:
        _say(f"The router is closed, every request waits for a person: {error}")


def _quiet_collector() -> None:
    """What is loaded now stays: full collections over it would only stop the server for milliseconds."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 50, 1_000)
    give_back()


def _restore(before: Mapping[signal.Signals, _Handler]) -> None:
    for number, handler in before.items():
        signal.signal(number, handler)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
