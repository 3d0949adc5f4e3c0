"""What runs here becomes a first configuration: small models for small work, none for pictures that does not see."""

from __future__ import annotations

import random

import pytest

from model_router.engine.routes import Route
from model_router.setup.running import RunningServer, ServedModel
from model_router.setup.served import served_models, suggest_picks

OLLAMA = "http://127.0.0.1:11434"


def picked(*names: str, kind: str = "ollama") -> dict[str, str]:
    server = RunningServer(kind, OLLAMA, models=tuple(ServedModel(name) for name in names))
    return {route.value: pick.model for route, pick in suggest_picks(served_models([server])).items()}


def test_each_route_gets_what_suits_it() -> None:
    assert picked(
        "qwen3:30b-a3b", "qwen3:0.6b", "qwen3:4b", "gpt-oss:20b", "qwen3-coder:30b", "qwen3-vl:8b", "gemma3:12b"
    ) == {
        "simple": "qwen3:4b",
        "balanced": "gemma3:12b",
        "reasoning": "qwen3:30b-a3b",
        "coding": "qwen3-coder:30b",
        "vision": "qwen3-vl:8b",
    }


def test_one_model_serves_every_route_but_pictures() -> None:
    assert picked("mistral-small") == dict.fromkeys(("simple", "balanced", "reasoning", "coding"), "mistral-small")
    assert picked("nomic-embed-text", "bge-m3", "whisper-large") == {}


def test_the_order_in_which_servers_answer_does_not_matter() -> None:
    names = ["llama3.1:8b", "phi4:14b", "codestral:22b", "llava:7b", "deepseek-r1:70b"]
    expected = picked(*names)
    for seed in range(5):
        random.Random(seed).shuffle(names)
        assert picked(*names) == expected
    assert expected["vision"] == "llava:7b"
    assert expected["reasoning"] == "deepseek-r1:70b"


def test_addresses_and_contexts_come_along() -> None:
    studio = RunningServer(
        "lmstudio",
        "http://127.0.0.1:1234",
        models=(
            ServedModel("qwen3-8b", loaded=True, context=8192),
            ServedModel("a-seeing-model", kind="vlm", size=6_000_000_000),
            ServedModel("text-embedding", kind="embeddings"),
        ),
    )
    picks = suggest_picks(served_models([studio]))
    assert (picks[Route.SIMPLE].base_url, picks[Route.SIMPLE].max_context) == ("http://127.0.0.1:1234/v1", 8192)
    assert picks[Route.VISION].model == "a-seeing-model"
    assert picks[Route.REASONING].model == "a-seeing-model"


@pytest.mark.parametrize(
    ("name", "billions"), [("qwen3:30b-a3b", 30), ("gemma3n:e4b", 4), ("Llama-3.2-1.5B-Q4", 1.5), ("v2-base", 0)]
)
def test_a_size_is_read_from_a_name(name: str, billions: float) -> None:
    (served,) = served_models([RunningServer("openai", OLLAMA, models=(ServedModel(name),))])
    assert served.billions == billions
