"""Truth cards are read back as they were written, and a damaged file is as good as none."""

from __future__ import annotations

from pathlib import Path

import pytest

from model_router.config.proxy import BackendConfig
from model_router.config.truth_card import TruthCard, encode_truth_cards, read_truth_cards, truth_cards_path
from model_router.setup.doctor.examination import keep_cards

CARD = TruthCard("fast", "http://127.0.0.1:1/v1", "m", "2026-01-31T23:59:59+00:00", context=8192, pictures=False)


def test_cards_come_back(tmp_path: Path) -> None:
    path = truth_cards_path({"MODEL_ROUTER_HOME": str(tmp_path)})
    assert read_truth_cards(path) == {}
    keep_cards(path, (CARD,))
    other = TruthCard("code", "http://127.0.0.1:2/v1", "c", CARD.checked_at, tools=True)
    keep_cards(path, (other,))
    assert read_truth_cards(path) == {"fast": CARD, "code": other}
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b'{"version": 2, "cards": []}', b'{"version": 1, "cards": [{}]}'])
def test_a_damaged_file_is_no_card(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "cards.json").write_bytes(data)
    assert read_truth_cards(tmp_path / "cards.json") == {}


def test_a_card_tells_of_one_address_and_model_only(tmp_path: Path) -> None:
    assert CARD.is_of(BackendConfig("http://127.0.0.1:1/v1", "m"))
    assert not CARD.is_of(BackendConfig("http://127.0.0.1:1/v1", "n"))
    assert not CARD.is_of(BackendConfig("http://127.0.0.1:2/v1", "m"))
    assert encode_truth_cards([CARD]).endswith(b"}")
