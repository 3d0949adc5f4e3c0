"""Warnings of the other rooms, for the screen: a line on standard error would be drawn across it."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

_KEPT = 100


class Notices(logging.Handler):
    """Keeps warnings until they are taken; each sentence once, however often it is logged."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._waiting: deque[str] = deque(maxlen=_KEPT)
        self._seen: deque[str] = deque(maxlen=_KEPT)

    def emit(self, record: logging.LogRecord) -> None:
        """Called by whatever thread logs."""
        sentence = record.getMessage()
        if sentence not in self._seen:
            self._seen.append(sentence)
            self._waiting.append(sentence)

    def take(self, limit: int = 3) -> list[str]:
        """At most ``limit`` sentences that were not taken yet, oldest first; called by the screen's thread."""
        return [self._waiting.popleft() for _ in range(min(limit, len(self._waiting)))]


@contextmanager
def noticing() -> Iterator[Notices]:
    """Give the warnings of this package to the screen and nowhere else, until the end of the block."""
    logger = logging.getLogger("model_router")
    notices, propagated = Notices(), logger.propagate
    logger.addHandler(notices)
    logger.propagate = False
    try:
        yield notices
    finally:
        logger.removeHandler(notices)
        logger.propagate = propagated
