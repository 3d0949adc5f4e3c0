"""``validate-config`` and ``validate-proxy-config``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.cli.conftest import Ended

Command = Callable[..., Ended]
PROXY = """\
backends:
  one: {base_url: "http://127.0.0.1:1/v1", model: m}
engine_backends: {fast_local: one}
"""


def test_the_packaged_catalog_is_valid(command: Command) -> None:
    ended = command("validate-config")
    assert ended.code == 0
    assert "is valid: 11 engines, 8 of them enabled" in ended.out


def test_every_mistake_of_a_catalog_has_its_line_and_its_fix(command: Command, tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text("safety:\n  require_human_confirmaton: true\nengines:\n  fast_local: {max_context: many}\n")
    ended = command("validate-config", "--config", str(path))
    assert ended.code == 1
    assert f"{path}:2: safety.require_human_confirmaton" in ended.out
    assert "did you mean 'require_human_confirmation'?" in ended.out
    assert f"{path}:4: engines.fast_local.max_context: must be a whole number; found 'many'" in ended.out
    assert "3 mistakes" in ended.out  # and the routes that have no target
    report = command("validate-config", "--json", "--config", str(path)).json
    assert report["valid"] is False
    assert [problem["line"] for problem in report["problems"]] == [2, 3, 4] or len(report["problems"]) == 3


def test_engines_that_cannot_be_used_here_are_noted(command: Command, tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text(
        "routing_targets: {simple: a, balanced: a, reasoning: a, coding: a, research: a, vision: a,"
        " image_generation: a}\n"
        "engines: {a: {availability: {required_env: [NOT_SET_ANYWHERE]}}}\n"
    )
    ended = command("validate-config", "--config", str(path))
    assert ended.code == 0
    assert "a cannot be used here: the environment variable NOT_SET_ANYWHERE is not set" in ended.out
    assert command("validate-config", "--json", "--config", str(path)).json["unavailable_engines"].keys() == {"a"}


def test_a_proxy_file_is_checked_with_its_catalog(command: Command, tmp_path: Path) -> None:
    path = tmp_path / "routing_proxy.yaml"
    path.write_text(PROXY)
    assert command("validate-proxy-config", "--config", str(path)).code == 0
    (tmp_path / "c.yaml").write_text("engines: {a: {cost: 101}}\n")
    path.write_text(PROXY + "router_config: c.yaml\nproxy: {prot: 1}\n")
    ended = command("validate-proxy-config", "--config", str(path))
    assert ended.code == 1
    assert "did you mean 'port'?" in ended.out
    assert "engines.a.cost: this number is out of range" in ended.out
    report = command("validate-proxy-config", "--json", "--config", str(path)).json
    assert report["valid"] is False
    assert report["router_config"] == str(tmp_path / "c.yaml")


def test_without_a_file_the_next_step_is_named(command: Command) -> None:
    ended = command("validate-proxy-config")
    assert ended.code == 1
    assert "no such file" in ended.out
    assert "model-router init --preset NAME" in ended.err
