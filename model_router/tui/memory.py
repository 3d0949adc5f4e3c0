"""What one run tells the next, kept as it changes; the demo and ``--read-only`` keep nothing."""

from __future__ import annotations

import logging
from dataclasses import replace

from model_router.config.files import user_folder
from model_router.errors import ModelRouterError
from model_router.hindsight.filter import parse_filter
from model_router.tui.session import Session
from model_router.tui.state import State, load_state, save_state

_log = logging.getLogger(__name__)


class Memory:
    """The state of the last run, and then of this one."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._path = user_folder(session.environ) / "state.json"
        self.state = State() if session.is_demo else load_state(self._path)

    @property
    def filter(self) -> str:
        """The filter of the log, when it can still be read."""
        try:
            return parse_filter(self.state.filter).text
        except ModelRouterError:
            return ""

    def keep(self, **changed: str) -> None:
        """Write what has changed; a folder that cannot be written is logged."""
        state = replace(self.state, **changed)
        if state == self.state:
            return
        self.state = state
        if self._session.is_demo or self._session.read_only or not self._path.parent.is_dir():
            return
        try:
            save_state(self._path, state)
        except OSError as error:
            _log.warning("cannot write %s: %s", self._path, error)
