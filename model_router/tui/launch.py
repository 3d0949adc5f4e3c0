"""Opens the application on this terminal, and puts the process into shape for serving beside a screen."""

from __future__ import annotations

import gc
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TextIO

from model_router.errors import UsageError

SCREENS = ("home", "try", "log", "models", "downloads", "config", "doctor", "wizard")

_SWITCH_SECONDS = 0.0001
"""How long the screen may hold the interpreter while a request waits; a request waits some five times."""
_STARTING_THRESHOLDS = (20_000, 50, 1_000)
_SERVING_THRESHOLDS = (2_000, 500, 1_000)
"""A collection holds the interpreter to its end: of 20,000 young objects that is 6 to 10 ms, of 2,000 less than one."""

LEAVE_ON: tuple[signal.Signals, ...] = () if sys.platform == "win32" else (signal.SIGHUP, signal.SIGTERM)
"""The terminal was closed, or somebody ends the process: the terminal is put right, requests are drained, and the
demo's folder goes."""


def run(
    config_path: Path | None,
    *,
    screen: str = "",
    demo: bool = False,
    attach: str | None = None,
    read_only: bool = False,
    mouse: bool = True,
) -> int:
    """Run the application until the person leaves; gives the exit code.

    ``config_path`` is a proxy file; none means the one in the person's folder, and if there is none, a welcome.

    Raises:
        UsageError: there is no terminal, or no such screen.
    """
    if screen and screen not in SCREENS:
        raise UsageError(f"there is no screen {screen!r}", f"screens: {' '.join(SCREENS)}")
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        if demo:
            raise UsageError("the demo needs a terminal", "run `model-router demo` in a terminal window")
        raise UsageError("the application needs a terminal", "without one, use: model-router serve")
    with in_shape():
        from model_router.tui.app import ModelRouterApp
        from model_router.tui.notices import noticing
        from model_router.tui.session import Session

        if attach is not None:
            from model_router.tui.attached import AttachedSession, port_of

            session: Session = AttachedSession(os.environ, port_of(attach), read_only=read_only)
        else:
            session = Session(os.environ, config_path=config_path, demo=demo, read_only=read_only)
        with noticing() as notices, lasting_output():
            try:
                app = ModelRouterApp(session, first=screen, opened=settle, notices=notices, leave_on=LEAVE_ON)
                return app.run(mouse=mouse) or app.return_code or 0  # the latter tells of a crash
            finally:
                session.close()


class _Output:
    """A terminal that may be closed at any time; what cannot be written then is dropped."""

    def __init__(self, file: TextIO) -> None:
        self._file = file

    def write(self, text: str) -> None:
        """Write, if it is still there."""
        with suppress(OSError):
            self._file.write(text)

    def flush(self) -> None:
        """Flush, if it is still there."""
        with suppress(OSError):
            self._file.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


@contextmanager
def lasting_output() -> Iterator[None]:
    """Draw on a terminal that may be closed.

    Textual writes in a thread with a bounded queue. A terminal that is gone would end the thread, and the application
    would wait for room in the queue for ever, deaf to the signal that says so.
    """
    file = sys.__stderr__
    if file is None:
        yield
        return
    vars(sys)["__stderr__"] = _Output(file)
    try:
        yield
    finally:
        vars(sys)["__stderr__"] = file


@contextmanager
def in_shape() -> Iterator[None]:
    """Collect garbage rarely, and let threads take turns often, until the end of the block.

    Imports and the first picture make objects that stay: looking through them takes a sixth of the start.
    """
    thresholds, interval = gc.get_threshold(), sys.getswitchinterval()
    gc.set_threshold(*_STARTING_THRESHOLDS)
    sys.setswitchinterval(_SWITCH_SECONDS)
    try:
        yield
    finally:
        gc.unfreeze()
        gc.set_threshold(*thresholds)
        sys.setswitchinterval(interval)


def settle() -> None:
    """Once everything is imported and drawn: take the screen's objects out of the garbage collector's sight, and have
    it look often and briefly at the others.

    Without this a full collection of the widgets stops every request for 35 to 100 ms.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_SERVING_THRESHOLDS)
