"""Where programs keep their models, and the variables and settings that move those folders."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from model_router.config.files import expand, home_folder, user_folder
from model_router.setup.machine import System
from model_router.setup.stores.model import Layout, Place

_MOST_SETTINGS = 1 << 20
_GPT4ALL_PATH = re.compile(r"(?m)^modelPath=(.+)$")


def usual_places(environ: Mapping[str, str], system: System, more: Sequence[Path] = ()) -> tuple[Place, ...]:
    """The folders of all known programs, whether they exist or not, and ``more``, which a person named.

    What a person named comes first: a model is listed where it is met first.
    """
    home = home_folder(environ)
    found = [
        *(Place("folder", folder) for folder in more),
        Place("model-router", user_folder(environ) / "models"),
        *_ollama(environ, home, system),
        *_lm_studio(environ, home),
        *_hub(environ, home),
        *_llama_cpp(environ, home, system),
        *_jan(environ, home, system),
        *_gpt4all(environ, home, system),
        *(Place("text-generation-webui", home / "text-generation-webui" / part) for part in _WEBUI),
    ]
    return tuple(dict.fromkeys(found))


_WEBUI = ("user_data/models", "models")


def _moved(environ: Mapping[str, str], name: str) -> Path | None:
    told = environ.get(name, "").strip()
    return expand(told, environ) if told else None


def _data_folder(environ: Mapping[str, str], home: Path, system: System, local: bool = False) -> Path:
    """Where programs keep data of theirs; on Windows the roaming folder unless ``local``."""
    if system == "windows":
        name, usual = ("LOCALAPPDATA", "Local") if local else ("APPDATA", "Roaming")
        return _moved(environ, name) or home / "AppData" / usual
    if system == "macos":
        return home / "Library" / "Application Support"
    return _moved(environ, "XDG_DATA_HOME") or home / ".local" / "share"


def _ollama(environ: Mapping[str, str], home: Path, system: System) -> Iterator[Place]:
    moved = _moved(environ, "OLLAMA_MODELS")
    if moved:
        yield Place("ollama", moved, Layout.OLLAMA)
    yield Place("ollama", home / ".ollama" / "models", Layout.OLLAMA)
    if system in {"linux", "wsl"}:  # as a service it has a user of its own
        yield Place("ollama", Path("/usr/share/ollama/.ollama/models"), Layout.OLLAMA)


def lm_studio_home(environ: Mapping[str, str]) -> Path:
    """LM Studio's folder: where its pointer leads, else the old one where it exists, else the usual one."""
    home = home_folder(environ)
    told = _text(home / ".lmstudio-home-pointer").strip()
    if told and "\n" not in told:
        return expand(told, environ)
    old = home / ".cache" / "lm-studio"
    return old if old.is_dir() else home / ".lmstudio"


def _lm_studio(environ: Mapping[str, str], home: Path) -> Iterator[Place]:
    own = lm_studio_home(environ)
    told = _setting(own / "settings.json", "downloadsFolder")
    if told:
        yield Place("lmstudio", expand(told, environ, own))
    yield Place("lmstudio", own / "models")
    yield Place("lmstudio", own / "hub" / "models", Layout.NAMES)


def _hub(environ: Mapping[str, str], home: Path) -> Iterator[Place]:
    """The cache of the Hub's client, which llama.cpp shares since 2026; a variable of its own moves it for that."""
    own = _moved(environ, "LLAMA_CACHE")
    if own:
        yield Place("llama.cpp", own, Layout.HUB)
    moved = _moved(environ, "HF_HUB_CACHE") or _moved(environ, "HUGGINGFACE_HUB_CACHE")
    base = _moved(environ, "HF_HOME")
    caches = _moved(environ, "XDG_CACHE_HOME") or home / ".cache"
    yield Place("huggingface", moved or (base or caches / "huggingface") / "hub", Layout.HUB)


def _llama_cpp(environ: Mapping[str, str], home: Path, system: System) -> Iterator[Place]:
    """The flat cache that llama.cpp had before it took that of the Hub's client."""
    own = _moved(environ, "LLAMA_CACHE")
    if own:
        yield Place("llama.cpp", own)
    if system == "windows":
        yield Place("llama.cpp", _data_folder(environ, home, system, local=True) / "llama.cpp")
    elif system == "macos":
        yield Place("llama.cpp", home / "Library" / "Caches" / "llama.cpp")
    else:
        yield Place("llama.cpp", (_moved(environ, "XDG_CACHE_HOME") or home / ".cache") / "llama.cpp")


def _jan(environ: Mapping[str, str], home: Path, system: System) -> Iterator[Place]:
    data = _data_folder(environ, home, system) / "Jan"
    settings = home / ".config" / "Jan" if system in {"linux", "wsl"} else data
    told = _setting(settings / "settings.json", "data_folder")
    for folder in ([expand(told, environ)] if told else []) + [data / "data", home / "jan"]:
        for part in ("llamacpp/models", "mlx/models", "models"):
            yield Place("jan", folder / part, Layout.POINTERS)


def _gpt4all(environ: Mapping[str, str], home: Path, system: System) -> Iterator[Place]:
    settings = home / ".config" / "nomic.ai" / "GPT4All.ini"
    told = _GPT4ALL_PATH.search(_text(settings))
    if told:
        yield Place("gpt4all", expand(told.group(1).strip(), environ))
    yield Place("gpt4all", _data_folder(environ, home, system, local=True) / "nomic.ai" / "GPT4All")
    yield Place("gpt4all", home / ".cache" / "gpt4all")


def _text(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            return stream.read(_MOST_SETTINGS).decode("utf-8", "replace")
    except (OSError, ValueError):
        return ""


def _setting(path: Path, key: str) -> str:
    try:
        value = json.loads(_text(path) or "{}")
    except (ValueError, RecursionError):
        return ""
    told = value.get(key) if isinstance(value, dict) else None
    return told if isinstance(told, str) else ""
