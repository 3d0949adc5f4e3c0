"""Which files hold the events: the log and what was rotated away from it, and where a person's log is."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from model_router.config.files import event_log_path, expand, proxy_path, stands
from model_router.config.proxy import ProxyConfig
from model_router.config.proxy_file import check_proxy
from model_router.errors import UsageError


@dataclass(frozen=True, slots=True)
class LogPlace:
    """Where the events are. ``config`` is the proxy file's content, if there is one that can be read."""

    path: Path
    config: ProxyConfig | None

    def files(self) -> list[Path]:
        """The files that exist, oldest first.

        Raises:
            UsageError: there are none.
        """
        return existing_files(self.path)


def log_place(environ: Mapping[str, str], *, events: Path | None = None, proxy: Path | None = None) -> LogPlace:
    """The log that was named, or the one that the proxy file names, or the usual one."""
    file = proxy or proxy_path(environ)
    config = check_proxy(file, environ).config if stands(file) else None
    if events is not None:
        return LogPlace(events, config)
    if config is None:
        return LogPlace(event_log_path(environ), None)
    base = Path(config.source).parent if config.source else None
    return LogPlace(expand(config.observability.log_path, environ, base), config)


def event_files(path: Path) -> list[Path]:
    """The files of a log that exist, oldest first: ``log.2``, ``log.1``, ``log``."""
    rotated: list[tuple[int, Path]] = []
    number = re.compile(re.escape(path.name) + r"\.(\d{1,6})")
    try:
        for other in path.parent.iterdir():
            match = number.fullmatch(other.name)
            if match is not None and other.is_file():
                rotated.append((int(match[1]), other))
    except OSError:
        pass  # no such folder: no such files
    own = [path] if path.is_file() else []
    return [file for _, file in sorted(rotated, reverse=True)] + own


def existing_files(path: Path) -> list[Path]:
    """The same, where there has to be one.

    Raises:
        UsageError: there is none.
    """
    files = event_files(path)
    if not files:
        raise UsageError(
            f"there is no event log at {path}",
            "`model-router serve` writes one as requests come; `--events FILE` names another.",
        )
    return files
