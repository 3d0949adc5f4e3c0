"""Going through folders: every folder once, however many links lead to it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from model_router.setup.gguf import Families

_DEEPEST = 8
_MOST_ENTRIES = 200_000

# A folder of the Hub's client (``models--``) among others is left to the reader of that layout.
_SKIPPED = frozenset({"node_modules", "__pycache__", "venv", "site-packages"})


@dataclass(slots=True)
class Folder:
    """A folder and the files in it, by name. Links to files that are gone are not among them."""

    path: Path
    files: dict[str, int] = field(default_factory=dict)


class Walker:
    """Walks trees below several roots; what one of them has shown is not shown again.

    ``families`` is for whoever reads the models that are found.
    """

    def __init__(self) -> None:
        self._seen: set[tuple[int, int]] = set()
        self._left = _MOST_ENTRIES
        self.families = Families()

    @property
    def cut(self) -> bool:
        """Whether there was more than it is willing to look at."""
        return self._left < 0

    def walk(self, root: Path) -> Iterator[Folder]:
        """``root`` and what is below it, sorted by name. Hidden folders below it are left out, as are unreadable ones.

        ``files`` has the size of each file.
        """
        stack: list[tuple[Path, int]] = [(root, 0)]
        while stack:
            path, depth = stack.pop()
            if not self._is_new(path):
                continue
            folder = Folder(path)
            below: list[Path] = []
            try:
                with os.scandir(path) as entries:
                    for entry in sorted(entries, key=lambda entry: entry.name):
                        self._left -= 1
                        if self._left < 0:
                            break
                        self._sort_in(entry, folder, below)
            except OSError:
                continue
            if folder.files:
                yield folder
            if depth < _DEEPEST:
                stack.extend((child, depth + 1) for child in reversed(below))

    def _sort_in(self, entry: os.DirEntry[str], folder: Folder, below: list[Path]) -> None:
        try:
            if entry.is_dir():
                if entry.name not in _SKIPPED and not entry.name.startswith((".", "models--")):
                    below.append(folder.path / entry.name)
            elif entry.is_file():
                folder.files[entry.name] = entry.stat().st_size
        except OSError:
            return

    def _is_new(self, path: Path) -> bool:
        try:
            status = path.stat()
        except (OSError, ValueError):
            return False
        identity = (status.st_dev, status.st_ino)
        if status.st_ino and identity in self._seen:
            return False
        self._seen.add(identity)
        return True
