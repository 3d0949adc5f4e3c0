"""Picks become two valid files in which each route goes where it was told to."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from model_router.config.catalog_file import load_catalog
from model_router.config.proxy import ProxyConfig
from model_router.config.proxy_file import load_proxy
from model_router.engine.routes import Route
from model_router.errors import UsageError
from model_router.router import ModelRouter
from model_router.setup.configuration import PICKABLE, Pick, read_pick, write_configuration

NOW = datetime(2026, 1, 31, 23, 59, 59, tzinfo=UTC)
LOCAL = "http://127.0.0.1:8080/v1"
HOSTED = "https://api.example/v1"


def write(folder: Path, picks: dict[Route, Pick], *, force: bool = False) -> ProxyConfig:
    write_configuration(picks, folder, now=NOW, port=9123, force=force, environ={})
    return load_proxy(folder / "routing_proxy.yaml", {})


def models(config: ProxyConfig) -> dict[str, str]:
    return {engine: config.backends[backend].model for engine, backend in config.engine_backends.items()}


def test_each_route_gets_the_model_that_was_picked_for_it(tmp_path: Path) -> None:
    config = write(tmp_path, {route: Pick(f"model-{route}", LOCAL, 32768) for route in PICKABLE})
    catalog = load_catalog(tmp_path / "model_router.yaml")
    for route in PICKABLE:
        engine = catalog.routing_targets[route]
        assert models(config)[engine] == f"model-{route}"
        assert catalog.engines[engine].model == f"model-{route}"
        assert catalog.engines[engine].max_context == 32768
    assert (config.proxy.port, config.router_config) == (9123, str(tmp_path / "model_router.yaml"))


def test_one_model_serves_all_and_makes_one_backend(tmp_path: Path) -> None:
    config = write(tmp_path, {Route.CODING: Pick("coder", LOCAL)})
    assert list(config.backends) == ["balanced"]
    assert set(models(config).values()) == {"coder"}
    assert dict(config.fallback_backends) == {}


def test_pictures_do_not_go_to_a_model_that_was_not_picked_for_them(tmp_path: Path) -> None:
    config = write(tmp_path, {Route.BALANCED: Pick("text", LOCAL)})
    assert "multimodal_vision" not in config.engine_backends
    router = ModelRouter.from_config(tmp_path / "model_router.yaml")
    assert (
        router.route("extract text from this screenshot", {"attachments": ["image"]}).selected_engine
        != "multimodal_vision"
    )
    assert router.route_fast("fix the repo and run tests") == "code_agent"


def test_prompts_of_local_models_never_fall_back_to_hosted_ones(tmp_path: Path) -> None:
    config = write(
        tmp_path,
        {
            Route.SIMPLE: Pick("small", LOCAL),
            Route.BALANCED: Pick("middle", LOCAL),
            Route.REASONING: Pick("big", HOSTED, api_key_env="BIG_KEY"),
        },
    )
    assert dict(config.fallback_backends) == {
        "fast": ("balanced",),
        "balanced": ("fast",),
        "reasoning": ("balanced", "fast"),
    }
    assert config.backends["reasoning"].api_key_env == "BIG_KEY"
    catalog = load_catalog(tmp_path / "model_router.yaml")
    assert (catalog.engines["reasoning_local"].provider, catalog.engines["fast_local"].provider) == ("hosted", "local")
    assert catalog.engines["reasoning_local"].cost_tier == "medium"


def test_what_stood_there_is_kept_with_its_time(tmp_path: Path) -> None:
    write(tmp_path, {Route.BALANCED: Pick("first", LOCAL)})
    with pytest.raises(UsageError, match="would be overwritten"):
        write(tmp_path, {Route.BALANCED: Pick("second", LOCAL)})
    assert set(models(write(tmp_path, {Route.BALANCED: Pick("second", LOCAL)}, force=True)).values()) == {"second"}
    kept = tmp_path / "routing_proxy.yaml.20260131-235959.bak"
    assert "first" in kept.read_text()
    assert kept.with_name("model_router.yaml.20260131-235959.bak").exists()


@pytest.mark.parametrize("model", ["qwen3:4b", "hf.co/org/a:Q4", 'odd "name" # 1', "yes"])
def test_any_name_of_a_model_reads_back(tmp_path: Path, model: str) -> None:
    assert set(models(write(tmp_path, {Route.SIMPLE: Pick(model, LOCAL)})).values()) == {model}


def test_a_pick_is_read_from_words() -> None:
    assert read_pick("coding=a:b", LOCAL, "KEY") == (Route.CODING, Pick("a:b", LOCAL))
    assert read_pick("vision=m@1@https://x.example/v1/", LOCAL, "KEY") == (
        Route.VISION,
        Pick("m@1", "https://x.example/v1", api_key_env="KEY"),
    )


@pytest.mark.parametrize("text", ["coding", "coding=", "=x", "confirmation=x", "codng=x", "coding=x@http://"])
def test_what_is_no_pick_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        read_pick(text, LOCAL)
