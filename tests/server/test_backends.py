"""Which backends are tried, in which order."""

from __future__ import annotations

import pytest

from model_router.config.proxy import BackendConfig, ProxyConfig
from model_router.engine.catalog import Catalog, EngineSpec
from model_router.server.backends import Backend, Choice, choose
from model_router.server.refusal import Refusal

CATALOG = Catalog(
    engines={
        "code_agent": EngineSpec(fallback="reasoning_local"),
        "reasoning_local": EngineSpec(fallback="code_agent"),
        "image_generation": EngineSpec(fallback="human_confirm"),
    }
)


def pick(
    engine: str,
    engines: dict[str, str],
    fallbacks: dict[str, tuple[str, ...]] | None = None,
    tokens: int = 0,
    **sizes: int,
) -> Choice:
    names = {"a", "b", "c"}
    configs = {name: BackendConfig("http://x/v1", name, max_context=sizes.get(name)) for name in sorted(names)}
    config = ProxyConfig(
        backends=configs, engine_backends=engines, fallback_backends=fallbacks or {}, source="proxy.yaml"
    )
    backends = {name: Backend(name, value, None) for name, value in configs.items()}
    return choose(engine, config, CATALOG, backends, tokens)


def order(choice: Choice) -> str:
    return "".join(backend.name for backend in choice.backends)


def test_the_engines_own_backend_comes_first() -> None:
    choice = pick("code_agent", {"code_agent": "a"}, {"a": ("b",)})
    assert (order(choice), choice.engine, choice.moved) == ("ab", "code_agent", False)


def test_fallbacks_of_fallbacks_count_and_loops_do_not() -> None:
    assert order(pick("code_agent", {"code_agent": "a"}, {"a": ("b", "a"), "b": ("c", "a"), "c": ("b",)})) == "abc"


def test_an_engine_without_a_backend_uses_that_of_its_fallback() -> None:
    choice = pick("code_agent", {"reasoning_local": "b"})
    assert (order(choice), choice.engine, choice.moved) == ("b", "reasoning_local", True)


def test_nobody_is_a_sentence_that_names_the_missing_key() -> None:
    for engine in ("code_agent", "image_generation", "unknown"):
        with pytest.raises(Refusal) as caught:
            pick(engine, {})
        assert caught.value.status == 503
        assert f"engine_backends.{engine} to proxy.yaml" in caught.value.message


def test_a_context_that_is_too_small_is_passed_over() -> None:
    choice = pick("code_agent", {"code_agent": "a"}, {"a": ("b", "c")}, tokens=5000, a=4096, b=8192)
    assert (order(choice), choice.moved) == ("bc", True)


def test_when_all_are_too_small_the_largest_is_asked() -> None:
    assert order(pick("code_agent", {"code_agent": "a"}, {"a": ("b",)}, tokens=50_000, a=4096, b=8192)) == "b"


def test_a_key_never_shows() -> None:
    assert "secret" not in repr(Backend("a", BackendConfig("http://x/v1", "m", api_key="secret"), "secret"))
