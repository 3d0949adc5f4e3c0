"""The labels that a person has given: which engine a request should have had, in the file that `feedback` writes."""

from __future__ import annotations

import threading
import time
from pathlib import Path

from model_router.engine.catalog import Catalog
from model_router.hindsight.labels import Label, append_label, check_engine, read_labels
from model_router.server.events import RequestEvent


class Labels:
    """The newest label of each request. Without a ``path`` (in the demo) they last as long as the application."""

    def __init__(self, path: Path | None = None) -> None:
        self.path = path
        self._known: dict[str, Label] = {}
        self._seen: tuple[int, int] | None = None
        # The screen reads the file again when it comes back into sight, which is when a label is being written: a
        # reading begun before would take the new label out of what is known.
        self._lock = threading.Lock()

    def __contains__(self, request_id: object) -> bool:
        return request_id in self._known

    def get(self, request_id: str) -> Label | None:
        """The label of a request."""
        return self._known.get(request_id)

    def load(self) -> bool:
        """Read the file if it is new, in a worker thread; says whether it was."""
        if self.path is None:
            return False
        with self._lock:
            try:
                found = self.path.stat()
            except OSError:
                return False
            seen = found.st_mtime_ns, found.st_size
            if seen == self._seen:
                return False
            self._seen = seen
            self._known = read_labels(self.path)[0]
            return True

    def add(self, event: RequestEvent, engine: str, notes: str, catalog: Catalog) -> Label:
        """Write one label, in a worker thread.

        Raises:
            UsageError: the catalog has no such engine, or the note is too long.
            ServerError: the file cannot be written.
        """
        label = Label(
            time=time.time(),
            request_id=event.request_id,
            engine=check_engine(engine, catalog),
            config_hash=event.config_hash,
            ruleset_version=event.ruleset_version,
            notes=notes,
        )
        with self._lock:
            if self.path is not None:
                append_label(self.path, label)
            self._known = {**self._known, label.request_id: label}
        return label
