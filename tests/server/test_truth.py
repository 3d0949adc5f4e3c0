"""A gateway knows from the start what the doctor found out, as long as it is about the same model."""

from __future__ import annotations

import json
from pathlib import Path
from types import MappingProxyType

from model_router.config.proxy import BackendConfig, ProxyConfig
from model_router.config.truth_card import TruthCard, encode_truth_cards, truth_cards_path
from model_router.server.ask import read_ask
from model_router.server.backends import Choice
from model_router.server.listing import model_entry
from model_router.server.naming import Wanted
from model_router.server.opening import open_gateway
from model_router.server.record import new_record
from model_router.server.routing import decide
from model_router.server.wire.body import read_object

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


NAMES = ("eyes", "more", "plain", "spare")
CATALOG = """
engines:
  multimodal_vision: {modalities: [image]}
  codex: {modalities: [image]}
  balanced_local: {}
routing_targets:
  {simple: balanced_local, balanced: balanced_local, reasoning: balanced_local, coding: balanced_local,
   research: balanced_local, vision: multimodal_vision, image_generation: human_confirm, confirmation: human_confirm}
"""


class Sight:
    """A gateway with a vision engine and a second engine that takes pictures, each with its backend and its card."""

    def __init__(self, home: Path, **seen: bool | None) -> None:
        (home / "catalog.yaml").write_text(CATALOG)
        engines = {"multimodal_vision": "eyes", "codex": "more", "balanced_local": "plain"}
        backends = {
            name: BackendConfig(f"http://127.0.0.1:1/{name}", name) for name in ("eyes", "more", "plain", "spare")
        }
        cards = [
            TruthCard(name, backends[name].base_url, name, CARD.checked_at, pictures=told)
            for name, told in seen.items()
        ]
        (home / "truth_cards.json").write_bytes(encode_truth_cards(cards))
        config = ProxyConfig(
            backends=backends,
            engine_backends=engines,
            fallback_backends={"eyes": ("spare",)},
            router_config=str(home / "catalog.yaml"),
        )
        self.gateway = open_gateway(config, {"MODEL_ROUTER_HOME": str(home)})

    def way_of_a_picture(self, engine: str | None = None) -> tuple[str, list[str]]:
        """Engine and backends of a request with a picture."""
        picture = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
        turn = {"role": "user", "content": [{"type": "text", "text": "What is in this picture?"}, picture]}
        ask = read_ask(read_object(json.dumps({"messages": [turn]}).encode(), 200), {})
        record = new_record(1, "/v1/chat/completions", "tests/1.0", self.gateway.config.proxy)
        choice = decide(self.gateway, ask, Wanted(engine=engine), record)
        assert isinstance(choice, Choice)
        return choice.engine, [backend.name for backend in choice.backends]

    def vision(self, name: str) -> bool:
        """What ``/v1/models`` says."""
        told: bool = model_entry(self.gateway, name)["capabilities"]["vision"]
        return told


def test_a_picture_goes_past_a_backend_that_took_none_when_the_doctor_asked(tmp_path: Path) -> None:
    assert Sight(tmp_path).way_of_a_picture() == ("multimodal_vision", ["eyes", "spare"])
    assert Sight(tmp_path, eyes=False).way_of_a_picture() == ("multimodal_vision", ["spare"])


def test_a_picture_goes_to_another_engine_when_no_backend_of_the_first_takes_it(tmp_path: Path) -> None:
    assert Sight(tmp_path, eyes=False, spare=False).way_of_a_picture() == ("codex", ["more"])
    # by name it goes where it was sent, and when nobody takes pictures the server's own refusal says more than ours
    named = Sight(tmp_path, eyes=False, spare=False).way_of_a_picture("multimodal_vision")
    assert named[0] == "multimodal_vision"
    assert Sight(tmp_path, eyes=False, spare=False, more=False).way_of_a_picture()[0] == "multimodal_vision"


def test_the_list_of_models_says_what_the_doctor_saw(tmp_path: Path) -> None:
    sight = Sight(tmp_path)
    assert [sight.vision(name) for name in ("model-router", "eyes", "plain")] == [True, True, False]
    sight = Sight(tmp_path, eyes=False, plain=True)
    assert [sight.vision(name) for name in ("model-router", "eyes", "plain")] == [True, False, True]
    sight = Sight(tmp_path, eyes=False, more=False)
    assert not sight.vision("model-router")
