"""Where prompts are kept in full, every place that can says so."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from model_router.config.capture import CAPTURE_WARNING, keeps_all
from model_router.config.proxy_file import check_proxy
from model_router.router import ModelRouter
from model_router.server.demo import demo_config
from model_router.server.gateway import Gateway
from model_router.tui.app import ModelRouterApp
from tests.cli.conftest import command as command  # noqa: PLC0414 - a fixture is taken over by its name
from tests.cli.test_log import Command
from tests.faults.test_process import proxy_file
from tests.hindsight.past import past_event, write_log
from tests.support.gateway_process import serving
from tests.tui.staging import screen_text, standing_session

FULL = "schema_version: 1\nobservability: {prompt_capture: full}\n"


@pytest.mark.parametrize(
    ("text", "environ", "kept"),
    [
        ("schema_version: 1\n", {}, False),
        (FULL, {}, True),
        ("schema_version: 1\nobservability: {prompt_capture: redacted_preview}\n", {}, False),
        ("schema_version: 1\n", {"MODEL_ROUTER_LOG_PROMPTS": "yes"}, True),
        (FULL, {"MODEL_ROUTER_LOG_PROMPTS": "no"}, True),
    ],
)
def test_file_and_environment_say_it(tmp_path: Path, text: str, environ: dict[str, str], kept: bool) -> None:
    (tmp_path / "p.yaml").write_text(text)
    config = check_proxy(tmp_path / "p.yaml", environ).config
    assert config is not None
    assert keeps_all(config, environ) is kept
    gateway = Gateway(config, ModelRouter.from_config(), environ=environ)
    assert (str(gateway.capture) == "full") is kept, "the gateway sees it the same way"


def test_the_check_of_the_file_notes_it_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "p.yaml").write_text(FULL)
    (warning,) = (one for one in check_proxy(tmp_path / "p.yaml", {}).warnings if "prompts" in one.message)
    assert (warning.line, warning.path) == (2, "observability.prompt_capture")


def test_serve_says_it_at_its_start(tmp_path: Path, free_port: int) -> None:
    file = proxy_file(tmp_path, "http://127.0.0.1:9/v1", free_port)
    with serving(file, free_port) as quiet:
        quiet.interrupt(signal.SIGTERM)  # it answers before it has said everything
        assert CAPTURE_WARNING not in quiet.output.read_text()
    file.write_text(file.read_text().replace("observability:\n", "observability:\n  prompt_capture: full\n"))
    with serving(file, free_port) as loud:
        loud.interrupt(signal.SIGTERM)
        assert CAPTURE_WARNING in loud.output.read_text()
        assert loud.output.read_text().lower().count("prompt") == CAPTURE_WARNING.lower().count("prompt"), "once"


def test_commands_that_read_the_log_say_it(command: Command, home: Path) -> None:
    write_log(home / "logs" / "routing-events.jsonl", [past_event(1)])
    assert CAPTURE_WARNING not in command("log").err
    (home / "routing_proxy.yaml").write_text(FULL)
    assert CAPTURE_WARNING in command("log").err
    assert CAPTURE_WARNING in command("telemetry", "summary").err


@pytest.mark.parametrize(("size", "words"), [((120, 30), "PROMPTS KEPT"), ((40, 15), " ! ")])
async def test_the_screen_shows_it_on_every_page(size: tuple[int, int], words: str) -> None:
    session = standing_session(fixed=3, demo=False)
    async with ModelRouterApp(session).run_test(size=size) as pilot:
        assert words not in screen_text(pilot.app).splitlines()[0]
    session = standing_session(fixed=3, demo=False)
    session.gateway = Gateway(
        demo_config(9, Path("/nowhere")), ModelRouter.from_config(), environ={"MODEL_ROUTER_LOG_PROMPTS": "1"}
    )
    async with ModelRouterApp(session).run_test(size=size) as pilot:
        for key in ("1", "3"):
            await pilot.press(key)
            await pilot.pause()
            assert words in screen_text(pilot.app).splitlines()[0]
