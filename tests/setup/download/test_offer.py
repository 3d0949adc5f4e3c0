"""A finished model becomes a backend's model by one line, and only when somebody says so."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from model_router.config.proxy_file import load_proxy
from model_router.errors import SetupError, UsageError
from model_router.setup.download.managed import has_own_server, propose_runtime
from model_router.setup.download.offer import (
    backend_of_route,
    propose_model,
    propose_settings,
    served_name,
    server_hint,
    write_change,
)
from model_router.setup.download.plan import Adapter, DownloadPlan
from model_router.setup.presets import write_preset

Planned = Callable[..., DownloadPlan]
NOW = datetime(2026, 1, 31, 23, 59, 59, tzinfo=UTC)


@pytest.fixture
def proxy_file(tmp_path: Path) -> Path:
    return write_preset("llamacpp", tmp_path / "configured").proxy


def test_one_line_changes_and_the_file_as_it_was_is_kept(proxy_file: Path) -> None:
    before = proxy_file.read_text()
    change = propose_model(proxy_file, "code", "Qwen3-Coder-30B-A3B-Q4_K_M", {})
    assert proxy_file.read_text() == before
    changed = [line for line in change.diff().split("\n") if line[0] in "+-" and line[:3] not in {"+++", "---"}]
    assert changed == ["-    model: code", "+    model: Qwen3-Coder-30B-A3B-Q4_K_M"]
    copy = write_change(change, NOW)
    assert copy.name == "routing_proxy.yaml.20260131-235959.bak"
    assert copy.read_text() == before
    assert load_proxy(proxy_file, {}).backends["code"].model == "Qwen3-Coder-30B-A3B-Q4_K_M"
    assert proxy_file.stat().st_mode & 0o777 == 0o600
    assert write_change(propose_model(proxy_file, "code", "other", {}), NOW).name.endswith("235959-2.bak")


@pytest.mark.parametrize("model", ["yes", "8b: q4", "a #b", "\u00fcber", "123"])
def test_any_name_is_written_so_that_it_reads_back(proxy_file: Path, model: str) -> None:
    write_change(propose_model(proxy_file, "fast", model, {}), NOW)
    assert load_proxy(proxy_file, {}).backends["fast"].model == model


def test_several_settings_change_at_once_and_nothing_else_does(proxy_file: Path) -> None:
    before = proxy_file.read_text()
    there = "http://127.0.0.1:11434/v1"
    change = propose_settings(proxy_file, "code", {"model": "a-much-longer-name", "base_url": there}, {})
    changed = [line for line in change.diff().split("\n") if line[0] in "+-" and line[:3] not in {"+++", "---"}]
    assert [line.split(":")[0] for line in changed].count("+    base_url") == 1
    assert len(changed) == 4
    write_change(change, NOW)
    backends = load_proxy(proxy_file, {}).backends
    assert (backends["code"].model, backends["code"].base_url) == ("a-much-longer-name", there)
    assert len(proxy_file.read_text().splitlines()) == len(before.splitlines())


def test_a_setting_that_does_not_stand_in_the_file_is_left_to_the_person(proxy_file: Path) -> None:
    with pytest.raises(SetupError, match="max_context stands in no place"):
        propose_settings(proxy_file, "code", {"max_context": 4096}, {})


def test_a_value_in_braces_is_found_too(proxy_file: Path) -> None:
    text = proxy_file.read_text()
    block = text[text.index("  vision:\n") : text.index("# engine: backend")]
    flow = '  vision: {base_url: "http://127.0.0.1:8080/v1", model: "vision"}  # mine\n\n'
    proxy_file.write_text(text.replace(block, flow))
    change = propose_model(proxy_file, "vision", "tiny", {})
    assert "model: tiny}  # mine" in change.after


def test_what_two_backends_share_is_left_to_the_person(proxy_file: Path) -> None:
    text = proxy_file.read_text().replace("    model: fast\n", "    model: &shared fast\n")
    proxy_file.write_text(text.replace("    model: vision\n", "    model: *shared\n"))
    with pytest.raises(SetupError, match="cannot keep"):
        propose_model(proxy_file, "vision", "tiny", {})
    assert [path.name for path in proxy_file.parent.iterdir() if "proposed" in path.name] == []


def test_a_file_that_has_changed_meanwhile_is_left_alone(proxy_file: Path) -> None:
    change = propose_model(proxy_file, "code", "tiny", {})
    proxy_file.write_text(proxy_file.read_text() + "# mine\n")
    with pytest.raises(SetupError, match="changed meanwhile"):
        write_change(change, NOW)
    assert proxy_file.read_text().endswith("# mine\n")


def test_an_unknown_backend_is_named_with_its_neighbour(proxy_file: Path) -> None:
    with pytest.raises(UsageError) as caught:
        propose_model(proxy_file, "coder", "tiny", {})
    assert caught.value.hint.startswith("did you mean 'code'?")


def test_a_route_leads_to_the_backend_of_its_engine(proxy_file: Path) -> None:
    config = load_proxy(proxy_file, {})
    assert [backend_of_route(config, route) for route in ("simple", "coding", "vision")] == ["fast", "code", "vision"]


def test_each_server_knows_the_model_by_its_own_name(planned: Planned) -> None:
    names = {adapter: served_name(planned(adapter=adapter)) for adapter in Adapter}
    assert names[Adapter.LLAMACPP] == "tiny-Q4_K_M"
    assert names[Adapter.LMSTUDIO] == "tiny"
    plan = planned()
    assert str(Path(plan.folder).parent) in server_hint(plan)


OWN = """proxy: {port: 8082}
backends:
  code:
    base_url: http://127.0.0.1:8091/v1
    model: old  # the model
    parallel: 2
  fast: {base_url: "http://127.0.0.1:8092/v1", model: small}
engine_backends: {code_agent: code}
"""


@pytest.fixture
def own_ports(tmp_path: Path) -> Path:
    """Two backends, each with a port of its own."""
    path = tmp_path / "routing_proxy.yaml"
    path.write_text(OWN)
    return path


def test_the_gateway_can_be_told_to_start_a_server_with_the_model(own_ports: Path, planned: Planned) -> None:
    plan = planned(route="coding", projector=True)
    change = propose_runtime(own_ports, "code", plan, {})
    write_change(change, NOW)
    code = load_proxy(own_ports, {}).backends["code"]
    assert code.runtime is not None
    assert (code.model, code.parallel, code.runtime.template) == ("tiny-Q4_K_M", 2, "llama-server")
    assert code.runtime.model == plan.weights[0].target
    assert plan.projector is not None
    assert code.runtime.arguments == ("--jinja", "-c", "32768", "--mmproj", plan.projector.target)
    added = [line for line in change.diff().split("\n") if line.startswith("+ ")]
    assert len(added) == 5, "the model, and four lines of the runtime"
    assert propose_runtime(own_ports, "code", plan, {}).diff() == ""


def test_a_server_that_the_gateway_starts_already_gets_the_new_file(own_ports: Path, planned: Planned) -> None:
    write_change(propose_runtime(own_ports, "code", planned(route="coding", projector=True), {}), NOW)
    text = own_ports.read_text().replace(
        "      template: llama-server\n", "      idle_seconds: 60\n      template: llama-server\n"
    )
    own_ports.write_text(text.replace('"32768"', '"8192"'))
    other = planned(quant="Q8_0")
    assert has_own_server(load_proxy(own_ports, {}), "code")
    write_change(propose_runtime(own_ports, "code", other, {}), NOW)
    runtime = load_proxy(own_ports, {}).backends["code"].runtime
    assert runtime is not None
    assert (runtime.model, runtime.idle_seconds) == (other.weights[0].target, 60)
    assert runtime.arguments == ("--jinja", "-c", "8192"), "a projector belongs to its own model"


def test_no_server_is_started_where_others_are(proxy_file: Path, own_ports: Path, planned: Planned) -> None:
    with pytest.raises(UsageError, match="managed server needs an address of its own") as caught:
        propose_runtime(proxy_file, "code", planned(), {})
    assert "8091" in caught.value.hint
    own_ports.write_text(OWN.replace("http://127.0.0.1:8091", "https://models.example"))
    with pytest.raises(UsageError, match="no server can be started"):
        propose_runtime(own_ports, "code", planned(), {})
    with pytest.raises(UsageError, match="models only"):
        propose_runtime(own_ports, "code", planned(adapter=Adapter.OLLAMA), {})
    with pytest.raises(SetupError, match="in braces"):
        propose_runtime(own_ports, "fast", planned(), {})
