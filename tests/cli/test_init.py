"""``init``: a first configuration that is valid, private, and never takes anything away."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from model_router.config.catalog_file import load_catalog
from model_router.config.proxy_file import load_proxy
from model_router.setup.presets import preset_names
from tests.cli.conftest import Ended

Command = Callable[..., Ended]


@pytest.mark.parametrize("preset", preset_names())
def test_every_preset_gives_two_valid_files(command: Command, home: Path, preset: str) -> None:
    ended = command("init", "--preset", preset, "--proxy-port", "9123", "--json")
    assert ended.code == 0
    assert ended.json["address"] == "http://127.0.0.1:9123/v1"
    assert ended.json["written"] == [str(home / "model_router.yaml"), str(home / "routing_proxy.yaml")]
    config = load_proxy(home / "routing_proxy.yaml", {})
    assert config.proxy.port == 9123
    assert config.router_config == str(home / "model_router.yaml")
    load_catalog(home / "model_router.yaml")
    assert command("validate-proxy-config").code == 0
    assert sorted(path.name for path in home.iterdir()) == ["model_router.yaml", "routing_proxy.yaml"]


def test_nothing_is_overwritten_without_force(command: Command, home: Path) -> None:
    (home / "routing_proxy.yaml").write_text("mine\n")
    ended = command("init", "--preset", "ollama")
    assert ended.code == 2
    assert "routing_proxy.yaml would be overwritten" in ended.err
    assert (home / "routing_proxy.yaml").read_text() == "mine\n"
    assert not (home / "model_router.yaml").exists()


def test_force_keeps_a_copy_each_time(command: Command, home: Path) -> None:
    proxy = home / "routing_proxy.yaml"
    proxy.write_text("mine\n")
    assert command("init", "--preset", "ollama", "--force").code == 0
    proxy.write_text("mine again\n")
    ended = command("init", "--preset", "lmstudio", "--force", "--json")
    assert ended.json["backups"] == [str(home / "model_router.yaml.bak1"), str(home / "routing_proxy.yaml.bak2")]
    assert (home / "routing_proxy.yaml.bak1").read_text() == "mine\n"
    assert (home / "routing_proxy.yaml.bak2").read_text() == "mine again\n"
    assert "1234" in proxy.read_text()


def test_the_next_step_reads_what_was_written(command: Command, home: Path, tmp_path: Path) -> None:
    assert "start `model-router`," in command("init", "--preset", "ollama", "--config-dir", str(home)).err
    folder = tmp_path / "my router"
    ended = command("init", "--preset", "ollama", "--config-dir", str(folder))
    assert f"start `model-router tui --config '{folder}/routing_proxy.yaml'`" in ended.err


def test_the_files_belong_to_the_person_alone(command: Command, tmp_path: Path) -> None:
    folder = tmp_path / "new" / "deep"
    assert command("init", "--preset", "llamacpp", "--config-dir", str(folder)).code == 0
    assert folder.stat().st_mode & 0o777 == 0o700
    assert (folder / "routing_proxy.yaml").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--preset", "olama"), "did you mean 'ollama'?"),
        (("--preset", "../ollama"), "no preset is called"),
        ((), "a preset is needed"),
        (("--preset", "ollama", "--proxy-port", "0"), "1<=x<=65535"),
        (("--preset", "ollama", "--proxy-port", "http"), "not a valid integer"),
    ],
)
def test_wrong_use_writes_nothing(command: Command, home: Path, arguments: tuple[str, ...], words: str) -> None:
    ended = command("init", *arguments)
    assert ended.code == 2
    assert words in ended.err
    assert list(home.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_one_sentence(command: Command, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    ended = command("init", "--preset", "ollama", "--config-dir", str(tmp_path / "file" / "inside"))
    assert ended.code == 1
    assert "cannot be written" in ended.err
    assert "MODEL_ROUTER_HOME" in ended.err, "the application's wizard says the same, and has no --config-dir"


def test_a_person_is_asked_and_may_say_no(command: Command, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def answer(text: str, **_: object) -> bool:
        asked.append(text)
        return False

    monkeypatch.setattr("model_router.cli.init.person_is_there", lambda: True)
    monkeypatch.setattr("click.confirm", answer)
    assert command("init", "--preset", "ollama").code == 1
    assert str(home) in asked[0]
    assert list(home.iterdir()) == []
    assert command("init", "--preset", "ollama", "--yes").code == 0
    assert len(asked) == 1
