"""The wizard in the terminal: answers become a configuration, and nothing is written before the last yes."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import pytest

from model_router.config.proxy_file import load_proxy
from model_router.server.control.run_file import write_run_file
from model_router.setup.header import ModelHeader
from model_router.setup.machine import Machine
from model_router.setup.running import RunningServer, ServedModel
from model_router.setup.stores import FoundModels, LocalModel
from model_router.setup.survey import Survey
from tests.cli.conftest import Ended

Answer = Callable[..., Ended]
SERVER = RunningServer(
    "ollama",
    "http://127.0.0.1:11434",
    models=tuple(ServedModel(name) for name in ("small:2b", "large:30b", "seeing-vl:8b")),
)


@pytest.fixture
def answer(command: Callable[..., Ended], monkeypatch: pytest.MonkeyPatch) -> Answer:
    """Run the wizard with these lines typed, on a machine where one server runs and one key is set."""

    def run(lines: str, *arguments: str, found: Survey | None = None, taken: tuple[int, ...] = ()) -> Ended:
        usual = Survey(Machine(), {}, {"OPENAI_API_KEY": True}, (SERVER,), FoundModels())
        monkeypatch.setattr("model_router.setup.survey.survey", lambda *_: found or usual)
        monkeypatch.setattr("model_router.server.thread.can_listen", lambda port: port not in taken)
        for module in ("wizard", "writing"):
            monkeypatch.setattr(f"model_router.cli.setup.{module}.person_is_there", lambda: True)
        monkeypatch.setattr("sys.stdin", io.StringIO(lines))
        return command("setup", "wizard", *arguments)

    return run


def models(home: Path) -> dict[str, str]:
    config = load_proxy(home / "routing_proxy.yaml", {"OPENAI_API_KEY": "x"})
    return {engine: config.backends[backend].model for engine, backend in config.engine_backends.items()}


def test_the_suggestions_are_one_return_away(answer: Answer, home: Path) -> None:
    ended = answer("\n" * 8)
    assert ended.code == 0, ended.err
    assert models(home) == {
        "fast_local": "small:2b",
        "balanced_local": "seeing-vl:8b",
        "reasoning_local": "large:30b",
        "code_agent": "large:30b",
        "web_research": "seeing-vl:8b",
        "multimodal_vision": "seeing-vl:8b",
        "image_generation": "seeing-vl:8b",
    }
    assert "Write this and the catalog into" in ended.err


def test_answers_are_taken_and_wrong_ones_asked_again(answer: Answer, home: Path) -> None:
    ended = answer("0\n2\n4\nbig-hosted\n9\n0\n0\n0\ny\n", "--where", "mix")
    assert ended.code == 0, ended.err
    found = models(home)
    assert (found["fast_local"], found["balanced_local"]) == ("large:30b", "large:30b")
    assert found["reasoning_local"] == "big-hosted"
    assert "multimodal_vision" not in found
    config = load_proxy(home / "routing_proxy.yaml", {"OPENAI_API_KEY": "x"})
    assert config.backends["reasoning"].api_key_env == "OPENAI_API_KEY"
    assert dict(config.fallback_backends) == {"reasoning": ("balanced",)}


def test_two_models_in_files_are_two_servers(answer: Answer, home: Path) -> None:
    header = ModelHeader("gguf", "llama", 4_000_000_000)
    files = tuple(
        LocalModel(name, "folder", Path(f"/models/{name}.gguf"), header, header.size) for name in ("one-Q4", "two-Q4")
    )
    machine = Machine("linux", "x86_64")
    ended = answer("1\n2\n0\n0\n0\n\ny\n", "--where", "local", found=Survey(machine, {}, {}, (), FoundModels(files)))
    assert ended.code == 0, ended.err
    config = load_proxy(home / "routing_proxy.yaml", {})
    addresses = {backend.model: backend.base_url for backend in config.backends.values()}
    assert addresses == {"one-Q4": "http://127.0.0.1:8080/v1", "two-Q4": "http://127.0.0.1:8081/v1"}
    assert "--alias one-Q4 --jinja`" in ended.err
    assert "--alias two-Q4 --jinja --port 8081`" in ended.err


def test_a_server_to_be_started_gets_no_port_that_another_program_has(answer: Answer, home: Path) -> None:
    header = ModelHeader("gguf", "llama", 4_000_000_000)
    files = (LocalModel("one-Q4", "folder", Path("/models/one-Q4.gguf"), header, header.size),)
    found = Survey(Machine("linux", "x86_64"), {}, {}, (), FoundModels(files))
    ended = answer("1\n0\n0\n0\n0\n\ny\n", "--where", "local", found=found, taken=(8080, 8081))
    assert ended.code == 0, ended.err
    config = load_proxy(home / "routing_proxy.yaml", {})
    # 8082 is the proxy's own
    assert {backend.base_url for backend in config.backends.values()} == {"http://127.0.0.1:8083/v1"}
    assert "--alias one-Q4 --jinja --port 8083`" in ended.err


@pytest.mark.parametrize(
    ("arguments", "taken", "port"), [((), (8082, 8083), 8084), (("--proxy-port", "9000"), (9000,), 9001)]
)
def test_the_gateway_gets_no_port_that_another_program_has(
    answer: Answer, home: Path, arguments: tuple[str, ...], taken: tuple[int, ...], port: int
) -> None:
    ended = answer("\n" * 8, *arguments, taken=taken)
    assert ended.code == 0, ended.err
    assert load_proxy(home / "routing_proxy.yaml", {}).proxy.port == port
    assert f"Port {taken[0]} is taken by another program, so the file will say {port}, which is free." in ended.err


def test_ones_own_running_gateway_keeps_its_port(answer: Answer, home: Path) -> None:
    environ = {"MODEL_ROUTER_HOME": str(home)}
    assert write_run_file(environ, "http://127.0.0.1:8082", 8082, "token") is not None
    ended = answer("\n" * 8, taken=(8082,))
    assert ended.code == 0, ended.err
    assert load_proxy(home / "routing_proxy.yaml", {}).proxy.port == 8082
    assert "is taken" not in ended.err


def test_a_no_at_the_end_writes_nothing(answer: Answer, home: Path) -> None:
    assert answer("\n" * 6 + "n\n", "--where", "local").code == 1
    assert list(home.iterdir()) == []


def test_nothing_to_choose_from_is_said_with_a_way_on(answer: Answer, home: Path) -> None:
    empty = Survey(Machine(), {}, {}, (), FoundModels())
    ended = answer("", "--where", "local", found=empty)
    assert ended.code == 1
    assert "there is nothing to choose from" in ended.err


def test_nobody_there_and_files_in_the_way_are_wrong_use(
    command: Callable[..., Ended], answer: Answer, home: Path
) -> None:
    assert command("setup", "wizard").code == 2
    (home / "routing_proxy.yaml").write_text("mine\n")
    ended = answer("\n" * 8)
    assert ended.code == 2
    assert "--force" in ended.err
