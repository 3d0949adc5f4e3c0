"""Help, serve, the application, bench and completion, as far as no server has to run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from inspect import signature
from itertools import count
from pathlib import Path

import pytest

from model_router.cli import bench
from model_router.cli.main import _serve_flag, cli, proxy_command
from model_router.cli.running import run
from model_router.server.headless import serve
from tests.cli.conftest import Ended

Command = Callable[..., Ended]


def test_help_lists_every_command(command: Command) -> None:
    ended = command("--help")
    assert ended.code == 0
    for name in cli.list_commands(None):  # type: ignore[arg-type]  # the table needs no context
        assert f"\n  {name} " in ended.out


NAMES = ["tui", "serve", "demo", "init", "decide", "dispatch-plan", "validate-config", "validate-proxy-config", "bench"]


@pytest.mark.parametrize("name", [*NAMES, "completion"])
def test_every_command_has_help(command: Command, name: str) -> None:
    for option in ("--help", "-h"):
        ended = command(name, option)
        assert ended.code == 0
        assert ended.out.startswith(f"Usage: model-router {name}")


def test_a_mistyped_command_is_guessed(command: Command) -> None:
    ended = command("decid", "x")
    assert ended.code == 2
    assert "did you mean 'decide'?" in ended.err
    assert command("qqqq").code == 2


def test_the_version_is_the_package_s(command: Command) -> None:
    from model_router import __version__

    assert __version__ in command("--version").out


def test_the_proxy_program_has_its_version_too(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(proxy_command(), ["--version"], "model-router-proxy") == 0
    assert capsys.readouterr().out.startswith("model-router-proxy, version ")


def test_serve_as_an_option_is_the_command() -> None:
    assert _serve_flag(["--serve"]) == ["serve"]
    assert _serve_flag(["--serve", "--port", "1"]) == ["serve", "--port", "1"]
    assert _serve_flag(["--config", "f", "--serve"]) == ["serve", "--config", "f"]
    assert _serve_flag(["decide", "--serve"]) == ["decide", "--serve"]
    assert _serve_flag([]) == []


def test_serve_without_a_configuration_names_the_next_step(command: Command) -> None:
    ended = command("serve")
    assert (ended.code, ended.out) == (1, "")
    assert len(ended.err.splitlines()) == 2
    assert "model-router init" in ended.err
    assert "model-router demo" in ended.err


def test_serve_says_why_the_folder_cannot_be_read(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODEL_ROUTER_HOME", "/" + "x" * 300)
    ended = command("serve")
    assert (ended.code, ended.out) == (1, "")
    assert "the file cannot be read" in ended.err
    assert "hint: Check its permissions." in ended.err


def test_serve_says_how_it_ends(command: Command) -> None:
    words = " ".join(command("serve", "--help").out.split())
    (drain,) = (p.default for p in signature(serve).parameters.values() if p.name == "drain_seconds")
    assert f"requests under way get {drain:.0f} seconds" in words


def test_serve_names_every_mistake(command: Command, tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    path.write_text("proxy: {prot: 1}\nbackend: {}\n")
    ended = command("serve", "--config", str(path))
    assert ended.code == 1
    assert "3 mistakes" in ended.err
    assert "did you mean 'port'?" in ended.err
    assert "did you mean 'backends'?" in ended.err


def test_serve_beyond_loopback_needs_a_key(command: Command, home: Path) -> None:
    assert command("init", "--preset", "ollama").code == 0
    ended = command("serve", "--host", "0.0.0.0")
    assert ended.code == 1
    assert "a key is needed" in ended.err


@pytest.mark.parametrize("arguments", [(), ("tui",), ("tui", "log"), ("demo",)])
def test_the_application_says_that_it_needs_a_terminal(command: Command, arguments: tuple[str, ...]) -> None:
    ended = command(*arguments)
    assert (ended.code, ended.out) == (2, "")
    assert "needs a terminal" in ended.err
    # There is no demo without a screen, so nothing else is advised for it.
    assert ("model-router serve" in ended.err) == (arguments != ("demo",))


def test_a_mistyped_screen_is_guessed(command: Command) -> None:
    assert "did you mean 'home'?" in command("tui", "hom").err


def test_the_bench_asks_the_readme_s_prompts(command: Command) -> None:
    ended = command("bench", "--json", "--rounds", "3")
    report = ended.json
    assert [row["prompt"] for row in report["prompts"]] == list(bench.PROMPTS)
    assert all(0 < row["best_us"] <= row["mean_us"] for row in report["prompts"])
    assert report["inside_budget"] is (ended.code == 0)
    assert "budget of 50 us mean and 25 us best" in command("bench", "--rounds", "3").out


def test_the_bench_says_no_outside_its_budget(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench, "BEST_BUDGET_US", 0.0)
    ended = command("bench", "--rounds", "1")
    assert ended.code == 1
    assert "outside the budget" in ended.out


def test_mean_and_best_are_of_one_call_in_microseconds() -> None:
    ticks: Iterator[int] = iter([0, 1_000_000, 5_000_000, 8_000_000])
    calls = count()
    mean, best = bench.measure(lambda prompt: str(next(calls)), "x", 2, calls=100, clock=lambda: next(ticks))
    assert (mean, best) == (20.0, 10.0)
    assert next(calls) == 300  # one round to warm up


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_gets_its_script(command: Command, shell: str) -> None:
    ended = command("completion", shell)
    assert ended.code == 0
    assert "_MODEL_ROUTER_COMPLETE" in ended.out
    assert "newer is needed" not in ended.err


def test_other_shells_are_refused(command: Command) -> None:
    ended = command("completion", "basch")
    assert ended.code == 2
    assert "did you mean 'bash'?" in ended.err
