"""``setup write``: picks on the command line become files that the other commands accept."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.cli.conftest import Ended

Command = Callable[..., Ended]


def test_picks_become_a_configuration_that_validates(command: Command, home: Path) -> None:
    ended = command(
        "setup", "write", "--adapter", "ollama", "--pick", "simple=qwen3:4b", "--pick", "coding=coder", "--yes"
    )
    assert ended.code == 0
    assert ended.out.startswith(f"wrote {home / 'model_router.yaml'}\n")
    assert command("validate-config").code == 0
    assert command("validate-proxy-config").code == 0
    assert "http://127.0.0.1:11434/v1" in (home / "routing_proxy.yaml").read_text()


def test_showing_writes_nothing(command: Command, home: Path) -> None:
    ended = command("setup", "write", "--pick", "balanced=one", "--show")
    assert ended.code == 0
    assert 'model: "one"' in ended.out
    assert list(home.iterdir()) == []
    assert set(command("setup", "write", "--pick", "balanced=one", "--show", "--json").json["files"]) == {
        "model_router.yaml",
        "routing_proxy.yaml",
    }


def test_wrong_use_writes_nothing(command: Command, home: Path) -> None:
    assert command("setup", "write").code == 2
    assert command("setup", "write", "--pick", "balanced=a", "--pick", "balanced=b").code == 2
    assert "did you mean 'coding'?" in command("setup", "write", "--pick", "codng=a").err
    assert list(home.iterdir()) == []


def test_files_in_the_way_stay_unless_forced(command: Command, home: Path) -> None:
    (home / "routing_proxy.yaml").write_text("mine\n")
    assert command("setup", "write", "--pick", "balanced=one").code == 2
    assert (home / "routing_proxy.yaml").read_text() == "mine\n"
    ended = command("setup", "write", "--pick", "balanced=one", "--force", "--json")
    (backup,) = ended.json["backups"]
    assert Path(backup).read_text() == "mine\n"
