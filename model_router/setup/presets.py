"""The first configuration: a preset for a kind of model server, copied into the person's folder.

Both files are written into a temporary folder beside their place, read back with the real loaders, and only then
moved in. Nothing that exists is replaced unless asked for, and then a copy of it stays.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from model_router.config.catalog_file import load_catalog
from model_router.config.files import CATALOG_NAME, PROXY_NAME, configs_root
from model_router.config.proxy_file import load_proxy
from model_router.config.wording import nearest
from model_router.errors import ModelRouterError, SetupError, UsageError

HOSTED_PRESETS = frozenset({"hosted-openai-compatible"})
"""Presets whose engines run on somebody else's machine; their catalog must not call them local."""


@dataclass(frozen=True, slots=True)
class WrittenPreset:
    """What was written. ``backups`` are copies of the files that stood there before."""

    preset: str
    catalog: Path
    proxy: Path
    backups: tuple[Path, ...]
    address: str


def preset_names(folder: Path | None = None) -> tuple[str, ...]:
    """The presets that came with the package, sorted."""
    return tuple(sorted(path.stem for path in (folder or configs_root() / "presets").glob("*.yaml")))


def check_preset(name: str) -> None:
    """Raise ``UsageError`` when there is no such preset."""
    known = preset_names()
    if name not in known:
        near = nearest(name, known)
        hint = f"did you mean {near!r}? " if near else ""
        raise UsageError(f"no preset is called {name!r}", f"{hint}known: {' '.join(known)}")


def preset_files(name: str, port: int | None = None) -> Mapping[str, str]:
    """File name: text, as the preset would be written.

    Raises:
        UsageError: there is no such preset.
    """
    check_preset(name)
    root = configs_root()
    proxy = (root / "presets" / f"{name}.yaml").read_text(encoding="utf-8")
    proxy = proxy.replace("router_config: ../model_router.yaml", f"router_config: {CATALOG_NAME}")
    if port is not None:
        proxy = re.sub(r"(?m)^(  port:) 8082$", rf"\1 {port}", proxy)
        proxy = proxy.replace("http://127.0.0.1:8082/v1", f"http://127.0.0.1:{port}/v1")
    catalog = (root / CATALOG_NAME).read_text(encoding="utf-8")
    if name in HOSTED_PRESETS:
        catalog = re.sub(r"(?m)^(    provider:) local$", r"\1 hosted", catalog)
        catalog = re.sub(r"(?m)^(    cost_tier:) free$", r"\1 medium", catalog)
        catalog = _person_is_free(catalog)
    return {CATALOG_NAME: _with_schema(catalog), PROXY_NAME: _with_schema(proxy)}


def existing_files(folder: Path) -> tuple[Path, ...]:
    """Files that writing a preset into ``folder`` would replace."""
    return tuple(path for path in (folder / CATALOG_NAME, folder / PROXY_NAME) if os.path.lexists(path))


def write_preset(
    name: str, folder: Path, *, port: int | None = None, force: bool = False, environ: Mapping[str, str] | None = None
) -> WrittenPreset:
    """Write ``model_router.yaml`` and ``routing_proxy.yaml`` into ``folder``, both or none.

    Raises:
        UsageError: there is no such preset, or a file is in the way and ``force`` is not given.
        SetupError: the folder cannot be written, or what was written does not read back.
    """
    texts = preset_files(name, port)
    backups = place_files(texts, folder, force=force, environ=environ, back_up=_back_up)
    config = load_proxy(folder / PROXY_NAME, environ)
    address = f"http://{config.proxy.host}:{config.proxy.port}/v1"
    return WrittenPreset(name, folder / CATALOG_NAME, folder / PROXY_NAME, backups, address)


def place_files(
    texts: Mapping[str, str],
    folder: Path,
    *,
    force: bool,
    environ: Mapping[str, str] | None,
    back_up: Callable[[Path], Path],
) -> tuple[Path, ...]:
    """Write both files into ``folder``, both or none, after reading them back; returns the copies of older ones.

    Raises:
        UsageError: a file is in the way and ``force`` is not given.
        SetupError: the folder cannot be written, or what was written does not read back.
    """
    present = existing_files(folder)
    if present and not force:
        listed = " and ".join(str(path) for path in present)
        raise UsageError(
            f"{listed} would be overwritten",
            "Give --force to replace them (a copy is kept), or another --config-dir.",
        )
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".init-", dir=folder) as made:
            draft = Path(made)
            for file_name, text in texts.items():
                _write_private(draft / file_name, text)
            _read_back(draft, environ)
            backups = tuple(back_up(path) for path in present)
            for file_name in texts:
                _place(draft / file_name, folder / file_name, force)
    except OSError as error:
        reason = error.strerror or str(error)
        raise SetupError(
            f"{folder} cannot be written ({reason})", "Choose another folder, with --config-dir or MODEL_ROUTER_HOME."
        ) from None
    return backups


def _person_is_free(catalog: str) -> str:
    """Asking a person and the router itself cost nothing, wherever the models run."""
    lines = catalog.split("\n")
    engine = ""
    for number, line in enumerate(lines):
        heading = re.fullmatch(r"  ([a-z_]+):", line)
        engine = heading.group(1) if heading else engine
        if engine in {"human_confirm", "intent_router"}:
            lines[number] = line.replace("cost_tier: medium", "cost_tier: free").replace(
                "provider: hosted", "provider: local"
            )
    return "\n".join(lines)


def _with_schema(text: str) -> str:
    """The editor line with the place of the installed schema instead of one relative to the package."""
    folder = (configs_root() / "schemas").as_uri()
    return re.sub(r"(\A# yaml-language-server: \$schema=)(?:\.\./)?schemas", rf"\g<1>{folder}", text)


def _write_private(path: Path, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())


def _read_back(folder: Path, environ: Mapping[str, str] | None) -> None:
    try:
        load_catalog(folder / CATALOG_NAME)
        load_proxy(folder / PROXY_NAME, environ)
    except ModelRouterError as error:
        raise SetupError(f"the preset is not valid: {error.message}", "Please report this.") from error


def _back_up(path: Path) -> Path:
    """A copy that takes the place of no earlier copy."""
    number = 1
    while os.path.lexists(copy := path.with_name(f"{path.name}.bak{number}")):
        number += 1
    shutil.copy2(path, copy)
    return copy


def _place(draft: Path, target: Path, force: bool) -> None:
    """Move a finished file in; without ``force`` a file that has appeared meanwhile is left alone."""
    if force:
        draft.replace(target)
        return
    try:
        os.link(draft, target)
    except FileExistsError:
        raise UsageError(f"{target} has appeared meanwhile and was left alone", "Look at it, then try again.") from None
    except OSError:  # a file system without hard links
        if os.path.lexists(target):
            raise UsageError(f"{target} has appeared meanwhile and was left alone", "Try again.") from None
        draft.replace(target)
