"""A gateway knows from the start what the doctor found out, as long as it is about the same model."""

from __future__ import annotations

from pathlib import Path
from types import MappingProxyType

from model_router.config.proxy import BackendConfig, ProxyConfig
from model_router.config.truth_card import TruthCard, encode_truth_cards, truth_cards_path
from model_router.server.opening import open_gateway

CARD = TruthCard("one", "http://127.0.0.1:1/v1", "m", "2026-01-31T23:59:59+00:00", context=4096)


def contexts(home: Path, **backend: int) -> int | None:
    one = BackendConfig("http://127.0.0.1:1/v1", "m", **backend)
    config = ProxyConfig(backends=MappingProxyType({"one": one}))
    return open_gateway(config, {"MODEL_ROUTER_HOME": str(home)}).backends["one"].context


def test_the_context_of_a_card_counts_until_the_configuration_says_more(tmp_path: Path) -> None:
    assert contexts(tmp_path) is None
    truth_cards_path({"MODEL_ROUTER_HOME": str(tmp_path)}).write_bytes(encode_truth_cards([CARD]))
    assert contexts(tmp_path) == 4096
    assert contexts(tmp_path, max_context=2048) == 2048


def test_a_card_of_another_model_does_not_count(tmp_path: Path) -> None:
    other = TruthCard("one", CARD.base_url, "another", CARD.checked_at, context=4096)
    (tmp_path / "truth_cards.json").write_bytes(encode_truth_cards([other]))
    assert contexts(tmp_path) is None
