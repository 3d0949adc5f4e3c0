"""One key for each installation, whole and private."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from model_router.server.ask_key import load_ask_key


def test_a_key_is_made_once_and_for_its_owner_alone(tmp_path: Path) -> None:
    key = load_ask_key(tmp_path)
    assert key is not None
    assert len(key) == 32
    assert load_ask_key(tmp_path) == key
    (file,) = tmp_path.iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


@pytest.mark.parametrize("left", [b"", b"short"])
def test_a_key_that_a_full_disk_cut_off_is_made_anew(tmp_path: Path, left: bytes) -> None:
    key = load_ask_key(tmp_path)
    (file,) = tmp_path.iterdir()
    file.write_bytes(left)
    again = load_ask_key(tmp_path)
    assert again is not None
    assert again != key
    assert load_ask_key(tmp_path) == again, "and stays"


def test_gateways_that_begin_at_once_have_the_same(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as threads:
        keys = set(threads.map(load_ask_key, [tmp_path] * 8))
    assert len(keys) == 1
    assert None not in keys


def test_without_a_folder_there_is_none(tmp_path: Path) -> None:
    assert load_ask_key(tmp_path / "nowhere") is None
