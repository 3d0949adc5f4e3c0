"""Processes of managed servers: ended with all that they have started, known again after a kill, and kept quiet."""

from __future__ import annotations

import os
import re
import signal
import stat
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import psutil
import pytest

from model_router.config.proxy import BackendConfig, RuntimeConfig, RuntimeTemplate
from model_router.server.runtime import printed
from model_router.server.runtime.launch import Launch, launch_of
from model_router.server.runtime.left_behind import end_left_behind
from model_router.server.runtime.printed import open_log, shorten_log
from model_router.server.runtime.probe import is_ready, is_taken, owner_of
from model_router.server.runtime.process import ServerProcess, start_process
from tests.faults.gateways import config_for, serving
from tests.server.managing import server
from tests.support.gateway_process import is_alive, wait_for
from tests.support.ports import free_ports

Start = Callable[..., ServerProcess]


def launch_in(folder: Path, what: str) -> Launch:
    url = f"http://127.0.0.1:{free_ports(1)[0]}/v1"
    backend = BackendConfig(url, "m", runtime=server(what, log_path=str(folder / f"{what or 'plain'}.log")))
    launch = launch_of("one", backend, os.environ, None)
    assert launch is not None
    return launch


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start the small server as a gateway would, and wait until it answers."""
    started: list[ServerProcess] = []

    def begin(what: str, mark: Path | None = None) -> ServerProcess:
        launch = launch_in(tmp_path, what)
        started.append(start_process(launch, mark or tmp_path / "marks" / "one.json"))
        wait_for(lambda: is_ready(launch.ready_url, None), within=10, what="the server")
        return started[-1]

    yield begin
    for one in started:
        one.end(0.0)


def numbers(log: Path) -> list[int]:
    return [int(found) for found in re.findall(r"process (\d+)", log.read_text())]


def gateway_is_killed(process: ServerProcess) -> None:
    """Let go what the system would let go with it."""
    os.close(process._mark.file)
    process._mark.file = -1


def test_what_a_wrapper_has_started_has_time_to_end(start: Start, tmp_path: Path) -> None:
    """The wrapper itself ends at once when it is told to."""
    process = start("wrapper")
    process.end(10)
    log = tmp_path / "wrapper.log"
    assert log.read_text().endswith("farewell\n")
    assert not any(map(is_alive, numbers(log)))
    assert not (tmp_path / "marks" / "one.json").exists()


def test_what_a_killed_gateway_left_ends_with_all_it_has_started(start: Start, tmp_path: Path) -> None:
    """Its own leader has gone as well, so nobody is the parent of what has the port."""
    process = start("wrapper")
    _, child = numbers(tmp_path / "wrapper.log")
    mark = tmp_path / "marks" / "one.json"
    os.kill(process.pid, signal.SIGKILL)
    end_left_behind(mark)
    assert is_alive(child), "its gateway lives"
    gateway_is_killed(process)
    end_left_behind(mark)
    assert not is_alive(child)
    assert not mark.exists()


def test_a_gateway_that_comes_ends_what_another_left_wanted_or_not(start: Start, home: Path, tmp_path: Path) -> None:
    process = start("", home / "run" / "servers" / "renamed-8099.json")
    gateway_is_killed(process)
    with serving(config_for({"one": "http://127.0.0.1:9/v1"}, tmp_path)):
        wait_for(lambda: process.poll() is not None, within=5, what="its end")


def test_a_server_that_goes_into_the_background_is_told_and_ended(tmp_path: Path) -> None:
    launch = launch_in(tmp_path, "background")
    process = start_process(launch, tmp_path / "one.json")
    wait_for(lambda: is_ready(launch.ready_url, None), within=10, what="the server")
    wait_for(lambda: process.poll() is not None, within=5, what="the end of its leader")
    assert process.has_left()
    _, behind = numbers(launch.log)
    assert os.getpgid(behind) != process.pid
    process.end(1.0)
    assert not is_alive(behind)
    assert not process.has_left()


def test_a_mark_is_written_before_the_server_and_says_no_secret(start: Start, tmp_path: Path) -> None:
    process = start("")
    (mark,) = (tmp_path / "marks").iterdir()
    assert stat.S_IMODE(mark.stat().st_mode) == 0o600
    token = psutil.Process(process.pid).environ()["MODEL_ROUTER_SERVER"]
    first, second = mark.read_text().splitlines()
    assert token in first
    assert f'"pid": {process.pid}' in second


def test_a_port_that_another_gateways_server_has_is_told_so(start: Start) -> None:
    process = start("")
    (line,) = [one for one in psutil.Process(process.pid).net_connections() if one.status == psutil.CONN_LISTEN]
    assert is_taken("127.0.0.1", line.laddr.port)
    assert owner_of(line.laddr.port).endswith(f"(process {process.pid}), which another gateway has started")


# Its readiness


class _Elsewhere(BaseHTTPRequestHandler):
    """Points from ``/models`` to ``/other``, and keeps the keys that it is told."""

    told: list[tuple[str, str | None]]

    def do_GET(self) -> None:
        self.told.append((self.path, self.headers["authorization"]))
        self.send_response(302 if self.path == "/models" else 200)
        self.send_header("location", "/other")
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


def test_the_key_does_not_follow_a_server_that_points_elsewhere() -> None:
    told: list[tuple[str, str | None]] = []
    handler = type("Handler", (_Elsewhere,), {"told": told})
    with HTTPServer(("127.0.0.1", 0), handler) as answering:
        thread = threading.Thread(target=answering.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        root = f"http://127.0.0.1:{answering.server_port}"
        assert not is_ready(f"{root}/models", "secret")
        assert is_ready(f"{root}/there", None)
        answering.shutdown()
        thread.join()
    assert told == [("/models", "Bearer secret"), ("/there", None)]


# Its log


def test_a_log_is_its_users_alone_even_when_it_was_open_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "new" / "server.log"
    os.close(open_log(path))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.chmod(0o644)
    path.write_text("old words")
    monkeypatch.setattr(printed, "_LARGEST", 4)
    os.close(open_log(path))
    older = path.with_name("server.log.1")
    assert (path.read_text(), older.read_text()) == ("", "old words")
    assert {stat.S_IMODE(one.stat().st_mode) for one in (path, older)} == {0o600}


def test_a_log_that_grows_too_long_is_put_aside_while_it_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "server.log"
    file = open_log(path)
    monkeypatch.setattr(printed, "_LARGEST", 8)
    os.write(file, b"eight...")
    shorten_log(path)
    assert path.read_text() == "eight..."
    for words in (b" more", b"again and again"):
        os.write(file, words)
        shorten_log(path)
        os.write(file, b"<")
    os.close(file)
    assert path.read_text() == "<"
    older = path.with_name("server.log.1")
    assert older.read_text() == "<again and again"
    assert stat.S_IMODE(older.stat().st_mode) == 0o600


def test_a_log_that_would_block_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="No such device"):
        open_log(tmp_path / "pipe")


# Its command


@pytest.mark.parametrize(
    ("runtime", "first", "last"),
    [
        (RuntimeConfig(command=("./serve", "x")), "/etc/router/serve", "x"),
        (RuntimeConfig(command=("bin/serve", "./x")), "/etc/router/bin/serve", "./x"),
        (RuntimeConfig(command=("~/serve", "~/x")), "/home/somebody/serve", "~/x"),
        (RuntimeConfig(command=("serve", "x")), "serve", "x"),
        (RuntimeConfig(template=RuntimeTemplate.LLAMA_SERVER, model="m.gguf"), "llama-server", "/etc/router/m.gguf"),
        (RuntimeConfig(template=RuntimeTemplate.LLAMA_ROUTER, model="~/m"), "llama-server", "/home/somebody/m"),
        (RuntimeConfig(template=RuntimeTemplate.MLX_LM, model="org/name-4bit"), "mlx_lm.server", "org/name-4bit"),
        (RuntimeConfig(template=RuntimeTemplate.MLX_LM, model="./name"), "mlx_lm.server", "/etc/router/name"),
    ],
)
def test_paths_count_from_the_proxy_file_wherever_the_gateway_stands(
    runtime: RuntimeConfig, first: str, last: str
) -> None:
    backend = BackendConfig("http://127.0.0.1:8091/v1", "m", runtime=runtime)
    launch = launch_of("one", backend, {"HOME": "/home/somebody"}, Path("/etc/router"))
    assert launch is not None
    assert (launch.argv[0], launch.argv[-1]) == (first, last)


def test_a_program_beside_the_gateway_keeps_its_dot_where_no_file_says_more() -> None:
    """Without it a program of the same name would be looked for in PATH."""
    backend = BackendConfig("http://127.0.0.1:8091/v1", "m", runtime=RuntimeConfig(command=("./serve",)))
    launch = launch_of("one", backend, {}, None)
    assert launch is not None
    assert launch.argv == ("./serve",)
