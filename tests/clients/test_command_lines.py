"""Real command-line agents through the real gateway, to a server that speaks nothing but chat completions.

``scripts/clients`` installs them; those that are not there are skipped. Each has a home of its own and no way out: the
only address it knows is the gateway's.
"""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from model_router.config.proxy import ApprovalMode, WireProtocol
from model_router.server.approvals import Approval, Standing
from tests.faults import servers
from tests.faults.gateways import ENGINES, Running, config_for, serving
from tests.support.gateway_process import command, wait_for

CLIENTS = Path(__file__).resolve().parents[2] / ".venv" / "clients"
SECONDS = 90
HELD_SECONDS = 3.0
RISKY = "drop the production database"


@dataclass(frozen=True, slots=True)
class Client:
    """A program and how it is told its address; ``{root}`` and ``{prompt}`` are filled in."""

    name: str
    program: str
    arguments: tuple[str, ...]
    environment: dict[str, str]
    protocol: str
    shows_errors: bool = True


CODEX_CONFIG = """\
model = "model-router"
model_provider = "router"

[model_providers.router]
name = "router"
base_url = "{root}/v1"
env_key = "ROUTER_KEY"
wire_api = "responses"
"""

COMMAND_LINES = (
    Client(
        "claude",
        "node_modules/.bin/claude",
        ("-p", "{prompt}"),
        {"ANTHROPIC_BASE_URL": "{root}", "ANTHROPIC_AUTH_TOKEN": "any"},
        "messages",
    ),
    Client(
        "codex",
        "node_modules/.bin/codex",
        ("exec", "--skip-git-repo-check", "{prompt}"),
        {"ROUTER_KEY": "any"},
        "responses",
    ),
    Client(
        "aider",
        "aider/bin/aider",
        ("--model", "openai/model-router", "--no-git", "--yes-always", "--no-check-update", "--message", "{prompt}"),
        {"OPENAI_API_BASE": "{root}/v1", "OPENAI_API_KEY": "any", "LITELLM_LOCAL_MODEL_COST_MAP": "True"},
        "chat/completions",
    ),
)


@pytest.fixture(params=COMMAND_LINES, ids=lambda client: client.name)
def client(request: pytest.FixtureRequest) -> Client:
    """One agent that is installed."""
    found: Client = request.param
    if not (CLIENTS / found.program).exists():
        pytest.skip(f"{found.name} is not installed; `scripts/clients {found.name}` does it")
    return found


@pytest.fixture
def running(tmp_path: Path, home: Path) -> Iterator[Running]:
    """A gateway whose backends are all one server with chat completions alone; the blocked answer is a 400."""
    with servers.running(servers.good) as backend:
        addresses = dict.fromkeys(ENGINES, backend.base_url)
        config = config_for(addresses, tmp_path, proxy={"keepalive_seconds": 1.0})
        config = replace(
            config,
            engine_backends={engine: engine for engine in ENGINES},
            fallback_backends={},
            backends={name: replace(one, protocols=(WireProtocol.CHAT,)) for name, one in config.backends.items()},
            safety=replace(config.safety, confirm_status=400),
        )
        with serving(config) as gateway:
            yield gateway


def ask(client: Client, running: Running, prompt: str, home: Path) -> str:
    """Run an agent once; all that it printed."""
    work = home / "work"
    work.mkdir(parents=True)
    (home / ".codex").mkdir()
    (home / ".codex" / "config.toml").write_text(CODEX_CONFIG.format(root=running.root))
    fill = {"root": running.root, "prompt": prompt}
    done = subprocess.run(
        [str(CLIENTS / client.program), *(argument.format(**fill) for argument in client.arguments)],
        cwd=work,
        env={
            "HOME": str(home),
            "PATH": os.environ["PATH"],
            "NO_PROXY": "*",
            **{name: value.format(**fill) for name, value in client.environment.items()},
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    return done.stdout + done.stderr


def test_an_agent_gets_its_answer(client: Client, running: Running, tmp_path: Path) -> None:
    printed = ask(client, running, "fix the repo and run tests", tmp_path / "agent")
    assert "one two" in printed
    events = [live.event for live in running.gateway.ring.drain()]
    main = [event for event in events if event.kind == "main"]
    assert {event.protocol for event in main} == {client.protocol}
    assert {event.engine for event in main} == {"code_agent"}
    assert all(event.outcome == "ok" for event in events), [event.error for event in events]


def test_an_agent_shows_why_an_order_waits_and_asks_once(client: Client, running: Running, tmp_path: Path) -> None:
    printed = ask(client, running, RISKY, tmp_path / "agent")
    assert "a person has to confirm" in " ".join(printed.split())
    events = [live.event for live in running.gateway.ring.drain()]
    assert [event.outcome for event in events if event.kind == "main"] == ["confirm"]
    assert running.gateway.approvals.repeats == 0


@pytest.mark.parametrize("decision", ["approve", "deny"])
def test_an_agent_waits_until_a_person_has_decided_elsewhere(
    client: Client, running: Running, tmp_path: Path, decision: str
) -> None:
    """With the command, in another process. Held longer than the signs of life are apart, so it has to live on them."""
    queue = running.gateway.approvals
    queue.settings = replace(queue.settings, mode=ApprovalMode.HOLD, ttl_seconds=SECONDS)

    def waits() -> Approval | None:
        return next((one for one in queue.list() if one.standing is Standing.WAITING), None)

    with ThreadPoolExecutor(1) as beside:
        printed = beside.submit(ask, client, running, RISKY, tmp_path / "agent")
        held = wait_for(waits, within=SECONDS, what="the agent's request")
        assert RISKY in held.wish.preview
        time.sleep(HELD_SECONDS)
        still = waits()
        assert still is not None, "the agent still waits"
        assert (still.request_id, still.requests) == (held.request_id, 1), "and has not sent it again"
        told = command("approvals", decision, held.request_id, "--note", "the staging one instead")
        done = subprocess.run(told, capture_output=True, text=True, timeout=60, check=False)
        assert (done.returncode, done.stderr) == (0, "")
        said = " ".join(printed.result(SECONDS).split())
    events = [live.event for live in running.gateway.ring.drain()]
    (main,) = [event for event in events if event.kind == "main"]
    assert main.request_id == held.request_id
    if decision == "approve":
        assert "one two" in said
        assert (main.outcome, "approval.approved" in main.reason_codes) == ("ok", True)
    else:
        assert "A person refused" in said
        assert "the staging one instead" in said
        assert (main.outcome, "approval.denied" in main.reason_codes) == ("confirm", True)
