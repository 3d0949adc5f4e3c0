"""Which engines cannot be used on this machine, and why. Looks at files and variables; starts nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from model_router.config.files import expand
from model_router.engine.catalog import Availability, Catalog
from model_router.engine.routes import AvailabilityStatus


def availability_reasons(
    catalog: Catalog,
    environ: Mapping[str, str],
    *,
    find_command: Callable[[str], str | None] | None = None,
    path_exists: Callable[[Path], bool] | None = None,
) -> Mapping[str, str]:
    """Engine: one sentence, for each enabled engine that cannot be used. Values of variables are never shown.

    ``find_command`` gives the path of a program or nothing; the default searches the PATH of ``environ``.
    """
    search = find_command or partial(_on_path, environ)
    exists = path_exists or _exists
    reasons: dict[str, str] = {}
    for name, engine in catalog.engines.items():
        if engine.enabled:
            lacking = _lacking(engine.availability, environ, search, exists)
            if lacking:
                reasons[name] = lacking
    return reasons


def _lacking(
    availability: Availability,
    environ: Mapping[str, str],
    search: Callable[[str], str | None],
    exists: Callable[[Path], bool],
) -> str:
    if availability.status is AvailabilityStatus.AVAILABLE:
        return ""
    if availability.status is AvailabilityStatus.UNAVAILABLE:
        return "the configuration says that it is unavailable"
    variables = [name for name in availability.required_env if not environ.get(name)]
    commands = [name for name in availability.required_commands if not search(name)]
    paths = [path for path in availability.required_paths if not exists(expand(path, environ))]
    parts = [f"the environment variable {name} is not set" for name in variables]
    parts += [f"the program {name} is not on the PATH" for name in commands]
    parts += [f"the path {path} does not exist" for path in paths]
    return "; ".join(parts)


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):
        return False


def _on_path(environ: Mapping[str, str], name: str) -> str | None:
    import shutil

    return shutil.which(name, path=environ.get("PATH", ""))
