"""The proxy file: what it becomes, and every way to get it wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from model_router.config.proxy import BackendConfig, PromptCapture, RuntimeConfig
from model_router.config.proxy_file import check_proxy, is_loopback, load_proxy
from model_router.errors import ConfigError, Problem

SMALL = """\
backends:
  one: {base_url: "http://127.0.0.1:1/v1", model: m}
engine_backends: {fast_local: one}
"""
ENVIRONMENT = {"HOME": "/home/ada", "SET": "value"}


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "routing_proxy.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def problems_of(tmp_path: Path, text: str) -> tuple[Problem, ...]:
    return check_proxy(written(tmp_path, text), ENVIRONMENT).problems


def test_a_small_file_is_enough(tmp_path: Path) -> None:
    path = written(tmp_path, SMALL)
    config = load_proxy(path, ENVIRONMENT)
    assert config.proxy.port == 8082
    assert config.backends == {"one": BackendConfig("http://127.0.0.1:1/v1", "m")}
    assert config.router_config is None
    assert config.source == str(path)
    assert Path(config.observability.log_path) == Path("/home/ada/.model-router/logs/routing-events.jsonl")


def test_the_log_follows_the_person_s_folder_unless_the_file_says_otherwise(tmp_path: Path) -> None:
    moved = {**ENVIRONMENT, "MODEL_ROUTER_HOME": "/srv/router"}
    path = written(tmp_path, SMALL)
    assert load_proxy(path, moved).observability.log_path == "/srv/router/logs/routing-events.jsonl"
    path = written(tmp_path, SMALL + "observability: {log_path: ~/my.jsonl}\n")
    assert load_proxy(path, moved).observability.log_path == "/home/ada/my.jsonl"
    path = written(tmp_path, SMALL + "observability: {log_path: logs/my.jsonl, prompt_capture: off}\n")
    config = load_proxy(path, moved)
    assert config.observability.log_path == str(tmp_path / "logs" / "my.jsonl")
    assert config.observability.prompt_capture is PromptCapture.OFF


def test_the_catalog_counts_from_the_file_s_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "c.yaml").write_text("engines: {}\n")
    monkeypatch.chdir("/")
    checked = check_proxy(written(tmp_path, SMALL + "router_config: c.yaml\n"), ENVIRONMENT)
    assert checked.config is not None
    assert checked.config.router_config == str(tmp_path / "c.yaml")
    assert checked.problems == ()
    assert checked.catalog is not None
    assert checked.catalog.problems
    assert any("every request would wait" in warning.message for warning in checked.warnings)


def test_every_mistake_is_named_at_once(tmp_path: Path) -> None:
    text = """\
proxy:
  host: 0.0.0.0
  prot: 80
  port: 99999
safety: {confirm_status: 500}
backends:
  fast:
    base_url: ftp://x
    model: a
  big:
    base_url: http://127.0.0.1:2/v1
  keys: {base_url: "http://127.0.0.1:1/v1", model: m, api_key: k, api_key_env: SET}
engine_backends:
  fast_locl: fast
  human_confirm: fast
  code_agent: bgi
fallback_backends:
  fast: [fast, big, nope]
  none: []
"""
    assert [(problem.line, problem.path, problem.nearest) for problem in problems_of(tmp_path, text)] == [
        (2, "proxy.host", ""),
        (3, "proxy.prot", "port"),
        (4, "proxy.port", ""),
        (5, "safety.confirm_status", ""),
        (8, "backends.fast.base_url", ""),
        (10, "backends.big.model", ""),
        (12, "backends.keys.api_key_env", ""),
        (14, "engine_backends.fast_locl", "fast_local"),
        (15, "engine_backends.human_confirm", ""),
        (16, "engine_backends.code_agent", "big"),
        (18, "fallback_backends.fast[0]", ""),
        (18, "fallback_backends.fast[2]", ""),
        (19, "fallback_backends.none", ""),
    ]


@pytest.mark.parametrize("text", ["backends: {}\n", "proxy: {port: 1}\n", "backends:\n"])
def test_at_least_one_backend_is_needed(tmp_path: Path, text: str) -> None:
    (problem,) = problems_of(tmp_path, text)
    assert (problem.path, problem.message) == ("backends", "at least one backend is needed")


def test_backends_that_no_engine_uses_are_a_mistake(tmp_path: Path) -> None:
    (problem,) = problems_of(tmp_path, SMALL.partition("engine_backends")[0])
    assert problem.path == "engine_backends"


@pytest.mark.parametrize(
    ("host", "fine"),
    [("127.0.0.1", True), ("127.9.9.9", True), ("::1", True), ("localhost", True), ("0.0.0.0", False), ("box", False)],
)
def test_a_key_is_needed_beyond_loopback(tmp_path: Path, host: str, fine: bool) -> None:
    assert is_loopback(host) is fine
    assert bool(problems_of(tmp_path, f"{SMALL}proxy: {{host: '{host}'}}\n")) is not fine
    assert problems_of(tmp_path, f"{SMALL}proxy: {{host: '{host}', api_key_env: SET}}\n") == ()


def test_a_variable_that_is_not_set_is_worth_a_word(tmp_path: Path) -> None:
    checked = check_proxy(written(tmp_path, SMALL + "proxy: {api_key_env: UNSET}\n"), ENVIRONMENT)
    assert checked.problems == ()
    assert any("UNSET is not set" in warning.message for warning in checked.warnings)


def test_keys_do_not_show(tmp_path: Path) -> None:
    config = load_proxy(written(tmp_path, SMALL + "proxy: {api_key: sk-secret}\n"), ENVIRONMENT)
    assert config.proxy.api_key == "sk-secret"
    assert "sk-secret" not in repr(config)


@pytest.mark.parametrize(
    "keys", ["{laptop: sk-secret}", "{sk-secret: laptop}", "sk-secret", "[sk-secret]", "{laptop: {key: [sk-secret]}}"]
)
def test_a_key_that_stands_where_none_can_is_not_repeated(tmp_path: Path, keys: str) -> None:
    checked = check_proxy(written(tmp_path, f"{SMALL}proxy: {{api_keys: {keys}}}\n"), ENVIRONMENT)
    assert checked.problems
    assert "sk-secret" not in " ".join(map(str, checked.problems))


def test_what_a_server_is_started_with_does_not_show() -> None:
    """Many model servers take their key as an argument."""
    config = RuntimeConfig(command=("server", "--api-key", "sk-secret"), arguments=("--api-key", "sk-secret"))
    assert "sk-secret" not in repr(config)


def test_one_error_carries_all_mistakes(tmp_path: Path) -> None:
    path = written(tmp_path, "proxy: {port: x}\nbackend: {}\n")
    with pytest.raises(ConfigError) as caught:
        load_proxy(path, ENVIRONMENT)
    assert len(caught.value.problems) == 3
    assert "validate-proxy-config" in caught.value.hint
    with pytest.raises(ConfigError, match="no such file"):
        load_proxy(tmp_path / "absent.yaml", ENVIRONMENT)


def test_aliases_mean_engines_or_backends(tmp_path: Path) -> None:
    config = load_proxy(
        written(tmp_path, SMALL + "proxy: {aliases: {gpt-4.1: fast_local, my/model: one}}\n"), ENVIRONMENT
    )
    assert dict(config.proxy.aliases) == {"gpt-4.1": "fast_local", "my/model": "one"}


def test_every_mistake_in_aliases_is_named_with_its_line(tmp_path: Path) -> None:
    text = """\
backends:
  one: {base_url: "http://127.0.0.1:1/v1", model: m}
engine_backends: {fast_local: one}
proxy:
  routing_mode: manuel
  aliases:
    gpt-4.1: fast_locl
    a person: human_confirm
    "two": on
    numbered: 7
    fine: one
"""
    problems = problems_of(tmp_path, text)
    assert [(problem.line, problem.path, problem.nearest) for problem in problems] == [
        (5, "proxy.routing_mode", "manual"),
        (7, "proxy.aliases.gpt-4.1", "fast_local"),
        (8, "proxy.aliases.a person", ""),
        (9, "proxy.aliases.two", ""),
        (10, "proxy.aliases.numbered", ""),
    ]


def test_every_mistake_in_overrides_is_named_with_its_line(tmp_path: Path) -> None:
    text = """\
backends:
  one:
    base_url: http://127.0.0.1:1/v1
    model: m
    overrides:
      set:
        temperature: 0.2
        messages: []
      default: {model: x}
      remove:
        - logit_bias
        - stream
      max_tokens_cap: 0
      sets: {}
  two:
    base_url: http://127.0.0.1:2/v1
    model: m
    overrides: {set: [temperature], remove: stop}
  three:
    base_url: http://127.0.0.1:3/v1
    model: m
    overrides:
      set: {top_p: 1}
      default: {seed: 1}
      remove: [top_p, seed]
engine_backends: {fast_local: one}
"""
    problems = problems_of(tmp_path, text)
    assert [(problem.line, problem.path) for problem in problems] == [
        (8, "backends.one.overrides.set.messages"),
        (9, "backends.one.overrides.default.model"),
        (12, "backends.one.overrides.remove[1]"),
        (13, "backends.one.overrides.max_tokens_cap"),
        (14, "backends.one.overrides.sets"),
        (18, "backends.two.overrides.set"),
        (18, "backends.two.overrides.remove"),
        (25, "backends.three.overrides.remove[0]"),
        (25, "backends.three.overrides.remove[1]"),
    ]


def test_named_keys_are_one_of_two_things(tmp_path: Path) -> None:
    path = tmp_path / "routing_proxy.yaml"
    path.write_text(
        "proxy:\n  host: 0.0.0.0\n  api_keys:\n    good: {key: k}\n    both: {key: k, env: K}\n    none: {}\n"
        "backends: {one: {base_url: http://127.0.0.1:1/v1, model: m}}\nengine_backends: {fast_local: one}\n"
    )
    checked = check_proxy(path, {})
    assert [(one.line, one.path) for one in checked.problems] == [
        (5, "proxy.api_keys.both"),
        (6, "proxy.api_keys.none"),
    ]
    assert checked.config is not None
    assert "key='k'" not in repr(checked.config)


@pytest.mark.parametrize(
    ("started_with", "asked_for", "told"),
    [
        ("org/name-4bit", "org/name-4bit", False),
        ("org/name-4bit", "name", True),
        ("~/models/name", "default_model", False),
        ("~/models/name", "~/models/name", True),
        ("/models/name", "/models/name", False),
    ],
)
def test_a_name_that_makes_mlx_load_a_second_model_is_warned_of(
    tmp_path: Path, started_with: str, asked_for: str, told: bool
) -> None:
    path = tmp_path / "routing_proxy.yaml"
    runtime = f"{{template: mlx-lm, model: '{started_with}'}}"
    path.write_text(
        f"backends: {{one: {{base_url: 'http://127.0.0.1:8091/v1', model: '{asked_for}', runtime: {runtime}}}}}\n"
        "engine_backends: {fast_local: one}\n"
    )
    checked = check_proxy(path, {})
    assert checked.problems == ()
    assert ("backends.one.model" in [one.path for one in checked.warnings]) is told


@pytest.mark.parametrize(
    ("one", "two", "shared"),
    [
        ("{template: llama-router, model: ~/m}", "{template: llama-router, model: ~/m}", True),
        ("{command: [a, '{port}']}", "{command: [a, '{port}']}", True),
        ("{command: [a, '{port}']}", "{command: [b, '{port}']}", False),
        ("{command: [a, '{model}']}", "{command: [a, '{model}']}", False),
        ("{template: llama-server, model: m.gguf}", "{template: llama-server, model: m.gguf}", False),
    ],
)
def test_backends_share_one_server_of_many_models_and_no_other(
    tmp_path: Path, one: str, two: str, shared: bool
) -> None:
    path = tmp_path / "routing_proxy.yaml"
    path.write_text(
        f"backends:\n  one: {{base_url: 'http://127.0.0.1:8091/v1', model: a, runtime: {one}}}\n"
        f"  two: {{base_url: 'http://127.0.0.1:8091/v1', model: b, runtime: {two}}}\n"
        "engine_backends: {fast_local: one}\n"
    )
    assert [one.path for one in check_proxy(path, {}).problems] == ["backends.two.base_url"] * (not shared)


def test_a_runtime_has_to_be_one_that_can_be_started_here(tmp_path: Path) -> None:
    def problems(base_url: str, runtime: str) -> list[str]:
        path = tmp_path / "routing_proxy.yaml"
        path.write_text(
            f"backends: {{one: {{base_url: '{base_url}', model: m, runtime: {runtime}}}}}\n"
            "engine_backends: {fast_local: one}\n"
        )
        return [one.path for one in check_proxy(path, {}).problems]

    here = "http://127.0.0.1:8091/v1"
    assert problems(here, "{command: [llama-server]}") == []
    assert problems(here, "{template: llama-server, model: ~/m.gguf, arguments: [-c, '8192']}") == []
    for elsewhere in ("https://127.0.0.1:8091/v1", "http://10.0.0.9:8091/v1", "http://127.0.0.1/v1"):
        assert problems(elsewhere, "{command: [llama-server]}") == ["backends.one.base_url"]
    assert problems("http://127.0.0.1:8082/v1", "{command: [a]}") == ["backends.one.base_url"], "the gateway's own port"
    for wrong in ("{}", "{command: [a], template: mlx-lm, model: m}", "{template: mlx-lm}", "{command: [a], model: m}"):
        assert problems(here, wrong) == ["backends.one.runtime"], wrong
    assert problems(here, "{command: [a], ready_url: 'file:///etc/hosts'}") == ["backends.one.runtime.ready_url"]
    assert problems(here, "{command: llama-server -m x}") == ["backends.one.runtime.command"], "no shell"
