"""The presets themselves."""

from __future__ import annotations

from pathlib import Path

import pytest

from model_router.config.catalog_file import load_catalog
from model_router.config.files import configs_root
from model_router.config.proxy_file import check_proxy, load_proxy
from model_router.engine.routes import CostTier
from model_router.errors import SetupError, UsageError
from model_router.setup import presets

PORTS = {"lmstudio": 1234, "ollama": 11434, "llamacpp": 8080, "mlx-lm": 8080, "localai": 8080}


def test_the_six_presets_are_there() -> None:
    assert set(presets.preset_names()) == {*PORTS, "hosted-openai-compatible"}


@pytest.mark.parametrize("name", presets.preset_names())
def test_a_preset_is_complete_where_it_lies(name: str) -> None:
    checked = check_proxy(configs_root() / "presets" / f"{name}.yaml", {"OPENAI_API_KEY": "set"})
    assert (checked.problems, checked.warnings) == ((), ())
    assert checked.config is not None
    assert checked.config.proxy.port == 8082
    assert not checked.config.proxy.api_key
    engines = load_catalog().engines
    wanted = {name for name, engine in engines.items() if engine.enabled and name != "human_confirm"}
    assert set(checked.config.engine_backends) == wanted


@pytest.mark.parametrize("name", PORTS)
def test_local_presets_stay_on_this_machine(name: str) -> None:
    config = load_proxy(configs_root() / "presets" / f"{name}.yaml", {})
    addresses = [backend.base_url for backend in config.backends.values()]
    assert f"http://127.0.0.1:{PORTS[name]}/v1" in addresses
    assert all(address.startswith("http://127.0.0.1:") for address in addresses)


def test_the_hosted_preset_calls_nothing_local_that_is_not(tmp_path: Path) -> None:
    written = presets.write_preset("hosted-openai-compatible", tmp_path, environ={})
    engines = load_catalog(written.catalog).engines
    assert {name for name, engine in engines.items() if engine.local} == {"human_confirm", "intent_router"}
    assert engines["balanced_local"].cost_tier is CostTier.MEDIUM
    assert engines["human_confirm"].cost_tier is CostTier.FREE
    config = load_proxy(written.proxy, {})
    assert all(backend.base_url.startswith("https://") for backend in config.backends.values())
    assert all(backend.api_key_env and not backend.api_key for backend in config.backends.values())


def test_editors_find_the_installed_schema(tmp_path: Path) -> None:
    written = presets.write_preset("ollama", tmp_path, environ={})
    for path in (written.catalog, written.proxy):
        address = path.read_text().splitlines()[0].partition("$schema=")[2]
        assert address.startswith("file:///")
        assert Path(address.removeprefix("file://")).is_file()


def test_a_file_that_appears_meanwhile_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "model_router.yaml").write_text("mine\n")
    monkeypatch.setattr(presets, "existing_files", lambda folder: ())
    with pytest.raises(UsageError, match="appeared meanwhile"):
        presets.write_preset("ollama", tmp_path, environ={})
    assert (tmp_path / "model_router.yaml").read_text() == "mine\n"
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".init-")]


def test_a_preset_that_does_not_read_back_is_not_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = {"model_router.yaml": "engines: {}\n", "routing_proxy.yaml": "backends: {}\n"}
    monkeypatch.setattr(presets, "preset_files", lambda name, port: broken)
    (tmp_path / "routing_proxy.yaml").write_text("mine\n")
    with pytest.raises(SetupError, match="not valid"):
        presets.write_preset("ollama", tmp_path, force=True, environ={})
    assert [path.name for path in tmp_path.iterdir()] == ["routing_proxy.yaml"]
    assert (tmp_path / "routing_proxy.yaml").read_text() == "mine\n"
