"""Where files live: the person's folder, and what came with the package."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

CATALOG_NAME = "model_router.yaml"
PROXY_NAME = "routing_proxy.yaml"


def user_folder(environ: Mapping[str, str]) -> Path:
    """``~/.model-router``; ``MODEL_ROUTER_HOME`` moves it. The folder may not exist yet."""
    moved = environ.get("MODEL_ROUTER_HOME", "")
    return expand(moved, environ) if moved else home_folder(environ) / ".model-router"


def home_folder(environ: Mapping[str, str]) -> Path:
    """The person's home, as ``environ`` tells it."""
    told = environ.get("HOME") or environ.get("USERPROFILE")
    return Path(told) if told else Path.home()


def has_home(environ: Mapping[str, str]) -> bool:
    """Whether ``environ`` tells where the person's files are; without, nothing is put or looked for there."""
    return any(environ.get(name) for name in ("MODEL_ROUTER_HOME", "HOME", "USERPROFILE"))


def catalog_path(environ: Mapping[str, str]) -> Path:
    """The person's catalog, whether it exists or not."""
    return user_folder(environ) / CATALOG_NAME


def proxy_path(environ: Mapping[str, str]) -> Path:
    """The person's proxy file, whether it exists or not."""
    return user_folder(environ) / PROXY_NAME


def event_log_path(environ: Mapping[str, str]) -> Path:
    """Where events go unless the proxy file says otherwise."""
    return user_folder(environ) / "logs" / "routing-events.jsonl"


def configs_root() -> Path:
    """The folder of packaged files: inside the package in a wheel, beside it in a checkout."""
    package = Path(__file__).resolve().parent.parent
    inside = package / "configs"
    return inside if inside.is_dir() else package.parent / "configs"


def packaged_catalog() -> Path:
    """The catalog that is used when the person has none."""
    return configs_root() / CATALOG_NAME


def expand(text: str, environ: Mapping[str, str], base: Path | None = None) -> Path:
    """A path as a person writes it: ``~`` is the home folder, and a relative path counts from ``base``."""
    if text == "~" or text.startswith(("~/", "~\\")):
        return home_folder(environ) / text[2:]
    path = Path(text)
    return path if path.is_absolute() or base is None else base / path


def stands(path: Path) -> bool:
    """Whether something is at this place, or may be: where that cannot be told, reading it will say why."""
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except (OSError, ValueError):
        return True
    return True
