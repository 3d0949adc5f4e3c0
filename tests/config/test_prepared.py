"""The packaged catalog is known without being read, and nothing else is taken for it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from model_router.config import prepared_catalog
from model_router.config.catalog_file import load_catalog
from model_router.config.digest import config_hash
from model_router.config.files import packaged_catalog
from model_router.config.preparation import render
from model_router.config.prepared import known_catalog
from model_router.router import ModelRouter
from model_router.setup.presets import write_preset

PACKAGED = packaged_catalog().read_bytes()


def test_the_prepared_values_are_what_the_reader_reads() -> None:
    assert Path(str(prepared_catalog.__file__)).read_text(encoding="utf-8") == render()
    read = load_catalog()
    assert known_catalog() == (read, config_hash(read))
    assert list(prepared_catalog.CATALOG.engines) == list(read.engines)


def test_the_copy_that_init_writes_is_known(tmp_path: Path) -> None:
    written = write_preset("ollama", tmp_path / "a folder with ü", environ={}).catalog
    assert written.read_bytes() != PACKAGED
    assert known_catalog(written) == known_catalog()


@pytest.mark.parametrize(
    "data",
    [
        PACKAGED.replace(b"trust: 90", b"trust: 91", 1),
        PACKAGED.replace(b"enabled: true", b"enabled: fals", 1),
        PACKAGED + b"nope: 1\n",
        PACKAGED[:-1],
        b"\n" + PACKAGED,
        PACKAGED.replace(b"$schema=", b"$schema=\x07", 1),
        PACKAGED.replace(b"$schema=", b"$schema=\r", 1),
        PACKAGED.replace(b"$schema=", b"$schema=\xff", 1),
        PACKAGED.partition(b"\n")[2].partition(b"\n")[2],
        b"",
    ],
)
def test_a_changed_file_is_read(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "model_router.yaml"
    path.write_bytes(data)
    assert known_catalog(path) is None


def test_a_change_of_one_figure_counts(tmp_path: Path) -> None:
    path = tmp_path / "model_router.yaml"
    path.write_bytes(PACKAGED.replace(b"trust: 90", b"trust: 91", 1))
    changed, usual = ModelRouter.from_config(path, lazily=True), ModelRouter.from_config(lazily=True)
    assert changed.catalog.engines["intent_router"].trust == 91
    assert changed.config_hash != usual.config_hash
    assert usual.config_hash == config_hash(load_catalog())


def test_what_is_no_file_is_left_to_the_reader(tmp_path: Path) -> None:
    assert known_catalog(tmp_path) is None
    assert known_catalog(tmp_path / "absent") is None
    assert known_catalog(tmp_path / ("x" * 300)) is None
    assert known_catalog(Path("a\0b")) is None
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe")
        assert known_catalog(tmp_path / "pipe") is None  # whoever opens it would wait for ever


def test_only_a_catalog_of_one_s_own_needs_the_yaml_library(tmp_path: Path) -> None:
    path = tmp_path / "model_router.yaml"
    path.write_bytes(PACKAGED + b"# mine\n")
    script = (
        "import sys; from model_router.router import ModelRouter\n"
        "router = ModelRouter.from_config(*sys.argv[1:], lazily=True)\n"
        "print(router.route_fast('fix the repo and run tests'), 'yaml' in sys.modules)"
    )
    for arguments, loaded in ((), "False"), ((str(path),), "True"):
        ended = subprocess.run(
            [sys.executable, "-c", script, *arguments], capture_output=True, text=True, timeout=60, check=True
        )
        assert ended.stdout.split() == ["code_agent", loaded]
