"""The configuration files as drafts: what stands on disk, what the person has made of it, and what is wrong with it.

Nothing here knows widgets. What reads or writes files is called from worker threads.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from model_router.config.catalog_file import check_catalog_text
from model_router.config.document import MAX_BYTES
from model_router.config.files import event_log_path, packaged_catalog
from model_router.config.proxy import ProxyConfig
from model_router.config.proxy_file import check_proxy_text
from model_router.config.settings import Setting, flat, settings
from model_router.engine.catalog import Catalog
from model_router.errors import ConfigError, Problem, SetupError, UsageError
from model_router.setup.whole_file import back_up, write_private


@dataclass(frozen=True, slots=True)
class Checked:
    """What there is to say about a text; ``proxy`` is its content, for a proxy file without mistakes."""

    problems: tuple[Problem, ...]
    warnings: tuple[Problem, ...]
    proxy: ProxyConfig | None = None


class Draft:
    """One file. ``saved`` is what stands on disk, ``text`` the draft; ``problem`` says why there is none to edit.

    ``packaged``: the catalog that came with the program stands in for one that the person does not have yet; applying
    an edit writes the person's own.
    """

    def __init__(self, path: Path, kind: type[ProxyConfig] | type[Catalog]) -> None:
        self.path = path
        self.kind = kind
        self.saved = ""
        self.text = ""
        self.problem = ""
        self.packaged = False
        self._marked = False  # begins with a byte order mark, which stays

    @property
    def changed(self) -> bool:
        """Whether there is anything to apply."""
        return self.text != self.saved

    @property
    def is_plain(self) -> bool:
        """Whether its lines end as an editor of text expects it; other files would come out changed."""
        return len(self.text.splitlines()) == len(self.text.removesuffix("\n").split("\n")) if self.text else True

    def load(self) -> None:
        """Read the file; an edit that was begun is given up. In a worker thread."""
        self.problem, self.packaged = "", False
        place = self.path
        if self.kind is Catalog and not place.exists():
            place, self.packaged = packaged_catalog(), True
        try:
            self.saved = self.text = self._read(place)
        except FileNotFoundError:
            self.saved = self.text = ""
            self.problem = f"There is no {self.path} yet; 1 shows how to begin."
        except (OSError, UnicodeDecodeError, ValueError) as error:
            self.saved = self.text = ""
            reason = "is not UTF-8" if isinstance(error, UnicodeDecodeError) else _why(error)
            self.problem = f"{place} cannot be edited here: {reason}."

    def _read(self, place: Path) -> str:
        data = place.read_bytes()
        if len(data) > MAX_BYTES:
            raise ValueError("it is larger than 1 MiB")
        self._marked = data.startswith(b"\xef\xbb\xbf")
        return data.decode("utf-8-sig")

    def check(self, environ: Mapping[str, str]) -> Checked:
        """Everything that is wrong with the draft, by line. In a worker thread."""
        if self.kind is ProxyConfig:
            proxy = check_proxy_text(self.text, self.path, environ)
            return Checked(proxy.problems, proxy.warnings, proxy.config)
        catalog = check_catalog_text(self.text, self.path)
        return Checked(catalog.problems, catalog.warnings)

    def settings(self, environ: Mapping[str, str]) -> tuple[Setting, ...]:
        """What the draft says or could say; the usual place of the log is where this person's log is.

        Raises:
            ConfigError: the text cannot be read at all.
        """
        log = str(event_log_path(environ))
        return tuple(
            replace(one, default=log) if one.name == "observability.log_path" else one
            for one in settings(self.text, self.kind)
        )

    def differences(self) -> list[tuple[str, str, str]]:
        """Settings that differ: name, before, now; keys stay hidden. Empty also when one of the two cannot be read."""
        try:
            before, now = flat(self.saved), flat(self.text)
        except ConfigError:
            return []
        names = sorted(name for name in before.keys() | now.keys() if before.get(name) != now.get(name))
        return [(name, before.get(name, ""), now.get(name, "")) for name in names]

    def diff(self) -> list[str]:
        """The unified difference, without its two head lines."""
        lines = difflib.unified_diff(self.saved.splitlines(), self.text.splitlines(), lineterm="", n=2)
        return list(lines)[2:]

    def backups(self) -> list[Path]:
        """Copies of earlier states beside the file, newest first. In a worker thread."""
        try:
            found = [one for one in self.path.parent.iterdir() if _is_backup(self.path, one)]
            return sorted(found, key=lambda one: one.name, reverse=True)
        except OSError:
            return []

    def take_backup(self, path: Path) -> None:
        """Make the draft of an earlier state. In a worker thread.

        Raises:
            SetupError: it cannot be read.
        """
        try:
            self.text = self._read(path)
        except (OSError, UnicodeDecodeError, ValueError) as error:
            raise SetupError(f"{path} cannot be read: {_why(error)}", "Choose another one.") from None

    def write(self, now: datetime) -> Path | None:
        """Put the draft in the file's place in one step; gives the copy of what stood there. In a worker thread.

        Raises:
            UsageError: the file is not any more what was read.
            SetupError: it cannot be written.
        """
        place = self.path.resolve()
        try:
            stands = place.exists()
            if stands and not self.packaged and self._read(place) != self.saved:
                hint = "u takes up what stands there; the draft is lost."
                raise UsageError(f"{self.path} has changed since it was read here", hint)
            copy = back_up(place, now) if stands else None
            data = self.text.encode("utf-8")
            write_private(place, b"\xef\xbb\xbf" + data if self._marked else data)
        except (OSError, ValueError) as error:
            raise SetupError(f"{self.path} cannot be written: {_why(error)}", "Nothing was changed.") from None
        self.saved, self.packaged = self.text, False
        return copy

    def put_back(self, copy: Path | None) -> None:
        """Undo :meth:`write`: what the gateway does not take must not stand there. The draft stays. In a thread."""
        place = self.path.resolve()
        if copy is None:
            place.unlink(missing_ok=True)
        else:
            write_private(place, copy.read_bytes())
            copy.unlink(missing_ok=True)
        text = self.text
        self.load()
        self.text = text


def _is_backup(path: Path, other: Path) -> bool:
    return other.name.startswith(f"{path.name}.") and other.name.endswith(".bak")


def _why(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
