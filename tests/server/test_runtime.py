"""Servers that the gateway starts and stops: real processes, real ports."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from model_router.config.proxy import BackendConfig, RuntimeConfig, RuntimeTemplate
from model_router.errors import ServerError
from model_router.server.control.client import ControlClient
from model_router.server.happenings import RuntimeEvent
from model_router.server.opening import open_gateway
from model_router.server.runtime.launch import child_environment, launch_of, shown_command
from model_router.server.runtime.left_behind import end_left_behind
from model_router.server.runtime.runtime import RuntimeState
from tests.faults.gateways import config_for, serving
from tests.server.managing import Managed, process_of, runtime_of, server, states, until
from tests.support.gateway_process import is_alive, wait_for
from tests.support.ports import free_ports


def test_the_first_requests_start_one_server_and_its_end_is_the_gateways(managed: Managed) -> None:
    running = managed(server("slow"))
    assert runtime_of(running).snapshot().pid == 0
    with ThreadPoolExecutor(4) as beside:
        answers = list(beside.map(lambda _: running.ask(), range(4)))
    (pid,) = {process_of(answer) for answer in answers}
    assert states(running) == ["starting", "ready"]
    assert runtime_of(running).snapshot().pid == pid
    running.thread.stop(1)
    assert not psutil.pid_exists(pid)
    assert states(running)[2:] == ["stopping", "stopped"]


def test_a_stream_gets_signs_of_life_while_its_server_starts(managed: Managed) -> None:
    running = managed(server("slow"), proxy={"keepalive_seconds": 0.1})
    assert running.ask(stream=True).text.startswith(": starting the server of 'one'\n\n")


def test_one_that_nobody_uses_is_stopped_and_started_again(managed: Managed) -> None:
    running = managed(server(idle_seconds=0.2))
    first = process_of(running.ask())
    until(running, RuntimeState.STOPPED)
    assert not psutil.pid_exists(first)
    assert "nobody has used it" in runtime_of(running).snapshot().reason
    assert process_of(running.ask()) != first


def test_one_that_is_used_is_not_idle(managed: Managed) -> None:
    running = managed(server(idle_seconds=0.2))
    first = process_of(running.ask())
    assert process_of(running.ask("take long")) == first


def test_one_that_was_killed_is_started_again(managed: Managed) -> None:
    running = managed(server())
    first = process_of(running.ask())
    os.kill(first, signal.SIGKILL)
    until(running, RuntimeState.STOPPED)
    assert "signal 9" in runtime_of(running).snapshot().reason
    assert process_of(running.ask()) != first


def test_one_that_ends_in_the_middle_is_an_error_and_the_next_request_is_served(managed: Managed) -> None:
    running = managed(server())
    assert running.ask("how does the story end now?").status_code == 502
    until(running, RuntimeState.STOPPED)
    assert running.ask().status_code == 200


def test_a_crash_loop_is_stopped(managed: Managed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("model_router.server.runtime.runtime._LONGEST_PAUSE", 0.0)
    running = managed(server("crash"))
    answer = running.ask()
    assert answer.status_code == 503
    assert "exit code 7" in answer.json()["error"]["message"]
    assert str(runtime_of(running).launch.log) in answer.json()["error"]["message"]
    for _ in range(4):
        running.ask()
    assert runtime_of(running).state is RuntimeState.FAILED
    began = states(running).count("starting")
    last = running.ask()
    assert "model-router runtime start one" in last.json()["error"]["message"]
    assert last.headers["x-should-retry"] == "false", "only a person can help"
    assert "retry-after" not in last.headers
    assert states(running).count("starting") == began == 5
    with ControlClient.find(os.environ) as control, pytest.raises(ServerError, match="exit code 7"):
        control.act("one", "start")
    assert states(running).count("starting") == 6, "a person may try again"


def test_a_second_start_waits_after_a_second_crash(managed: Managed) -> None:
    running = managed(server("crash"))
    running.ask()
    running.ask()
    answer = running.ask()
    assert answer.status_code == 503
    assert "rests" in answer.json()["error"]["message"]
    assert int(answer.headers["retry-after"]) >= 1


def test_one_that_is_never_ready_is_given_up_and_killed(managed: Managed) -> None:
    running = managed(server("deaf", ready_seconds=0.8))
    assert "not ready within 0.8 s" in running.ask().json()["error"]["message"]
    pid = int(runtime_of(running).launch.log.read_text().split()[1])
    wait_for(lambda: not psutil.pid_exists(pid), within=5, what="its end, though it is deaf")


def test_a_port_that_is_taken_is_named(managed: Managed) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        message = managed(server(), port=port).ask().json()["error"]["message"]
    assert f"port {port} is used by" in message
    assert f"process {os.getpid()}" in message


def test_what_nobody_thought_of_is_a_failed_start_too(managed: Managed) -> None:
    running = managed(server(log_path="no\0file"))
    assert "could not be started" in running.ask().json()["error"]["message"]
    assert states(running) == ["starting", "stopped"]


def test_a_program_that_is_not_there_is_named(managed: Managed) -> None:
    running = managed(RuntimeConfig(command=("no-such-server", "--port", "{port}")))
    assert "'no-such-server': No such file" in running.ask().json()["error"]["message"]


def test_what_a_server_has_started_ends_with_it(managed: Managed) -> None:
    running = managed(server("child"))
    running.ask()
    child = int(re.findall(r"child (\d+)", runtime_of(running).launch.log.read_text())[0])
    assert psutil.pid_exists(child)
    with ControlClient.find(os.environ) as control:
        assert control.act("one", "stop")["state"] == "stopped"
    wait_for(lambda: not is_alive(child), within=5, what="the end of the child")


def test_the_commands_start_stop_and_show_it(managed: Managed) -> None:
    running = managed(server())
    with ControlClient.find(os.environ) as control:
        assert [(one["backend"], one["state"]) for one in control.runtimes()] == [("one", "stopped")]
        first = control.act("one", "start")
        assert first["state"] == "ready"
        assert process_of(running.ask()) == first["pid"]
        second = control.act("one", "restart")
        assert second["pid"] not in (0, first["pid"])
        assert control.logs("one", 1)["lines"] == [f"process {second['pid']} "]
        assert control.act("one", "stop")["pid"] == 0
        with pytest.raises(ServerError, match="No backend 'two' has a runtime; known: one"):
            control.act("two", "start")
    assert running.ask().status_code == 200, "the next request starts it again"
    happened = [one for one in running.gateway.happenings if isinstance(one, RuntimeEvent)]
    assert [one.reason for one in happened if one.after == "starting"] == [
        *["a person has said so (cli)"] * 2,
        "a request needs it",
    ]


def test_backends_may_share_a_server_that_has_many_models(tmp_path: Path, home: Path) -> None:
    url = f"http://127.0.0.1:{free_ports(1)[0]}/v1"
    engines = {"fast_local": "one", "code_agent": "two"}
    config = config_for({"one": url, "two": url}, tmp_path, backend={"runtime": server()}, engine_backends=engines)
    with serving(config) as running, ControlClient.find(os.environ) as control:
        pid = process_of(running.ask())
        answer = running.ask("fix the repo and run tests")
        assert (answer.headers["x-modelrouter-backend"], process_of(answer)) == ("two", pid)
        assert [(row["backend"], row["pid"]) for row in control.runtimes()] == [("one", pid), ("two", pid)]
        assert control.act("two", "stop")["backend"] == "two"
        assert states(running) == ["starting", "ready", "stopping", "stopped"]
        assert process_of(running.ask("fix the repo and run tests")) != pid


def test_health_does_not_start_it_and_does_not_miss_it(managed: Managed) -> None:
    running = managed(server())
    report = running.client.get("/health").json()
    assert report["status"] == "ok"
    assert "its first request starts it" in report["backends"][0]["detail"]
    assert states(running) == []


def test_a_client_that_leaves_does_not_stop_the_start(managed: Managed) -> None:
    running = managed(server("slow"))
    running.leave_after(0.2)
    until(running, RuntimeState.READY)
    assert running.ask().status_code == 200
    assert states(running) == ["starting", "ready"]


def test_one_that_nobody_waits_for_any_more_is_idle_from_its_start(managed: Managed) -> None:
    running = managed(server("slow", idle_seconds=0.1))
    running.leave_after(0.2)
    wait_for(lambda: states(running)[1:], within=10, what="its start")
    until(running, RuntimeState.STOPPED)
    assert states(running) == ["starting", "ready", "stopping", "stopped"]


def has_ended(child: int) -> bool:
    """Whether a child can be waited for, which is left to others: a moment after its main thread is gone."""
    return os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT | os.WNOHANG) is not None


def test_a_request_right_behind_its_death_is_served(managed: Managed, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether or not the watch has noticed."""
    monkeypatch.setattr("model_router.server.runtime.runtime._WATCH_SECONDS", 600.0)
    running = managed(server())
    first = process_of(running.ask())
    os.kill(first, signal.SIGKILL)
    wait_for(lambda: has_ended(first), within=5, what="its death")
    second = process_of(running.ask())
    assert second != first
    os.kill(second, signal.SIGKILL)
    wait_for(lambda: has_ended(second), within=5, what="its death")
    with ControlClient.find(os.environ) as control:
        assert control.act("one", "start")["pid"] not in {first, second, 0}


def test_a_port_that_is_free_again_is_taken_however_often_it_was_not(
    managed: Managed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing has crashed, so nothing is given up."""
    monkeypatch.setattr("model_router.server.runtime.runtime._LONGEST_PAUSE", 0.0)
    with socket.create_server(("127.0.0.1", 0)) as other:
        running = managed(server(), port=other.getsockname()[1])
        for _ in range(7):
            assert running.ask().status_code == 503
        assert runtime_of(running).snapshot().crashes
    assert running.ask().status_code == 200


def test_a_stop_in_the_middle_of_a_start_leaves_nothing(managed: Managed) -> None:
    running = managed(server("slow"))
    running.leave_after(0.15)
    running.thread.stop(1)
    log = runtime_of(running).launch.log
    pids = [int(pid) for pid in re.findall(r"process (\d+)", log.read_text() if log.exists() else "")]
    assert not any(map(is_alive, pids))


def test_what_a_killed_gateway_left_is_ended_and_nothing_else(managed: Managed, tmp_path: Path) -> None:
    """It is known by its mark; not while its gateway lives, and not by a number that another process has now."""
    running = managed(server())
    pid = process_of(running.ask())
    mark = runtime_of(running)._mark
    end_left_behind(mark)
    assert is_alive(pid), "its gateway lives"
    token = json.loads(mark.read_text().splitlines()[0])["token"]
    other = tmp_path / "mark.json"
    other.write_text(json.dumps({"token": "another", "gateway": 1}) + "\n" + json.dumps({"pid": pid, "created": 1.0}))
    end_left_behind(other)
    assert is_alive(pid), "another process of the same number"
    other.write_text(json.dumps({"token": token, "gateway": 1}) + '\n{"pid": 12')  # as a kill may tear it
    end_left_behind(other)
    assert not is_alive(pid)
    assert not other.exists()
    until(running, RuntimeState.STOPPED)


def test_a_server_gets_its_own_key_though_another_has_the_same(tmp_path: Path) -> None:
    runtime = RuntimeConfig(command=("serve",))
    key = {"api_key_env": "SHARED_KEY", "runtime": runtime}
    config = config_for({"one": "http://127.0.0.1:1/v1", "two": "http://127.0.0.1:2/v1"}, tmp_path, each={"one": key})
    gateway = open_gateway(config, {"SHARED_KEY": "a", "HOME": str(tmp_path)})
    assert gateway.runtimes()["one"].launch.environ["SHARED_KEY"] == "a"
    both = config_for({"one": "http://127.0.0.1:1/v1", "two": "http://127.0.0.1:2/v1"}, tmp_path, backend=key)
    gateway = open_gateway(both, {"SHARED_KEY": "a", "HOME": str(tmp_path)})
    assert [one.launch.environ["SHARED_KEY"] for one in gateway.runtimes().values()] == ["a", "a"]


def test_keys_for_others_are_not_in_its_environment() -> None:
    environ = {"PATH": "/bin", "OPENAI_API_KEY": "secret", "OWN": "x"}
    assert child_environment(environ, frozenset({"OPENAI_API_KEY"})) == {"PATH": "/bin", "OWN": "x"}


@pytest.mark.parametrize(
    ("template", "expected", "ready"),
    [
        (
            RuntimeTemplate.LLAMA_SERVER,
            (
                "llama-server",
                "--host",
                "127.0.0.1",
                "--port",
                "8091",
                "--alias",
                "coder",
                "-m",
                "/m.gguf",
                "-c",
                "8192",
            ),
            "http://127.0.0.1:8091/health",
        ),
        (
            RuntimeTemplate.LLAMA_ROUTER,
            ("llama-server", "--host", "127.0.0.1", "--port", "8091", "--models-dir", "/m.gguf", "-c", "8192"),
            "http://127.0.0.1:8091/health",
        ),
        (
            RuntimeTemplate.MLX_LM,
            ("mlx_lm.server", "--host", "127.0.0.1", "--port", "8091", "--model", "/m.gguf", "-c", "8192"),
            "http://127.0.0.1:8091/v1/models",
        ),
    ],
)
def test_templates_know_the_arguments(template: RuntimeTemplate, expected: tuple[str, ...], ready: str) -> None:
    runtime = RuntimeConfig(template=template, model="/m.gguf", arguments=("-c", "8192"))
    launch = launch_of("code", BackendConfig("http://127.0.0.1:8091/v1", "coder", runtime=runtime), {}, None)
    assert launch is not None
    assert (launch.argv, launch.ready_url) == (expected, ready)


@pytest.mark.parametrize(
    ("argv", "shown"),
    [
        (("s", "--api-key", "abc", "-c", "8"), ("s", "--api-key", "[hidden]", "-c", "8")),
        (("s", "--api-key=abc"), ("s", "--api-key=[hidden]")),
        (("s", "--hf-token", "abc", "-hft", "abc"), ("s", "--hf-token", "[hidden]", "-hft", "[hidden]")),
        (("env", "SOME_TOKEN=abc", "s"), ("env", "SOME_TOKEN=[hidden]", "s")),
        (
            ("s", "--max-tokens", "100", "--ssl-key-file", "/k.pem"),
            ("s", "--max-tokens", "100", "--ssl-key-file", "/k.pem"),
        ),
        (("s", "--cache-type-k", "q8_0", "--keep", "5"), ("s", "--cache-type-k", "q8_0", "--keep", "5")),
        (("sh", "-c", "s --key sk-ant-api03-aaaaaaaaaaaaaaaaaaaa"), ("sh", "-c", "s --key [redacted: key]")),
        (("s", "--api-key"), ("s", "--api-key")),
    ],
)
def test_a_command_is_shown_without_its_keys(argv: tuple[str, ...], shown: tuple[str, ...]) -> None:
    assert shown_command(argv) == shown


def test_the_key_of_a_server_is_on_no_screen(managed: Managed) -> None:
    runtime = server()
    running = managed(replace(runtime, command=(*(runtime.command or ()), "--api-key", "canary-key")))
    (one,) = running.gateway.runtimes().values()
    assert one.snapshot().command[-2:] == ("--api-key", "[hidden]")
    assert "canary-key" not in repr((one.launch, one.snapshot(), running.gateway.config))


def test_no_shell_reads_an_argument(managed: Managed, tmp_path: Path) -> None:
    trap = tmp_path / "trap"
    runtime = server()
    command = (*(runtime.command or ()), f"; touch {trap}", f"$(touch {trap})")
    running = managed(replace(runtime, command=command))
    assert running.ask().status_code == 503, "two arguments too many"
    assert not trap.exists()
