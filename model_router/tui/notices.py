"""Warnings of the other rooms, for the screen: a line on standard error would be drawn across it."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from model_router.tui.failures import FAILURE_LOG

_KEPT = 100


class Notices(logging.Handler):
    """Keeps warnings until they are taken; each sentence once, however often it is logged."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._waiting: deque[str] = deque(maxlen=_KEPT)
        self._seen: deque[str] = deque(maxlen=_KEPT)

    def emit(self, record: logging.LogRecord) -> None:
        """Called by whatever thread logs."""
        if record.name == FAILURE_LOG:
            return  # it has the last line already
        sentence = record.getMessage()
        if sentence not in self._seen:
            self._seen.append(sentence)
            self._waiting.append(sentence)

    def take(self) -> list[str]:
        """The sentences that were not taken yet, oldest first; called by the screen's thread."""
        return [self._waiting.popleft() for _ in range(len(self._waiting))]


def in_one(sentences: Sequence[str], shown: int = 3) -> str:
    """Several warnings as one text. Those that say the same of several things (``backend fast: ...``) are one line."""
    said: dict[str, list[str]] = {}
    for sentence in sentences:
        about, colon, rest = sentence.partition(": ")
        said.setdefault(rest if colon else sentence, []).append(about if colon else "")
    lines = []
    for words, names in list(said.items())[:shown]:
        others = f" and {len(names) - 1} more" if len(names) > 1 else ""
        lines.append(f"{names[0]}{others}: {words}" if names[0] else words)
    if len(said) > shown:
        lines.append(f"and {len(said) - shown} more warnings")
    return "; ".join(lines)


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
