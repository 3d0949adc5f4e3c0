"""What only a process of its own can show: start-up time, what is imported, pipes, signals of the shell."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tests.cli.conftest import Ended
from tests.support.ports import free_ports

Process = Callable[..., Ended]

PROXY = """\
proxy: {port: 0}
observability: {enabled: false}
backends:
  one: {base_url: "http://127.0.0.1:9/v1", model: m}
engine_backends: {fast_local: one}
"""

LOOK = """
import sys
from model_router.cli.main import cli
from model_router.cli.running import run
code = run(cli, sys.argv[1:], "model-router")
heavy = {"textual", "quart", "hypercorn", "httpx", "huggingface_hub", "rich", "psutil", "msgspec", "asyncio", "sklearn"}
print(code, *sorted(heavy & set(sys.modules)), file=sys.stderr)
"""

IN_A_TERMINAL = """
import os, pty, struct, sys, termios
from fcntl import ioctl
child, terminal = pty.fork()
if not child:
    ioctl(1, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 60, 0, 0))
    os.environ.pop("COLUMNS", None)
    os.execv(sys.executable, [sys.executable, "-m", "model_router", *sys.argv[1:]])
shown = b""
try:
    while more := os.read(terminal, 65536):
        shown += more
except OSError:  # how Linux tells that the other side has gone
    pass
os.waitpid(child, 0)
sys.stdout.buffer.write(shown)
"""

END_SOON = """
import os, signal, threading, time

def end():
    while signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:  # until then nobody would hear it
        time.sleep(0.05)
    os.kill(os.getpid(), signal.SIGTERM)

threading.Thread(target=end, daemon=True).start()
"""


ASK = """
import http.client, json, os, signal, socket, sys, threading, time
from model_router.cli.main import cli
from model_router.cli.running import run

def ask(path):
    connection = http.client.HTTPConnection("127.0.0.1", int(os.environ["PORT"]), timeout=30)
    connection.request("GET", path)
    status = connection.getresponse().status
    connection.close()
    return [status, sorted({"quart", "rich", "psutil"} & set(sys.modules))]

def end():
    while True:
        try:
            socket.create_connection(("127.0.0.1", int(os.environ["PORT"])), 1).close()
            break
        except OSError:
            time.sleep(0.02)
    paths = ("/", "/health", "/v1/models", "/v1/models/model-router", "/v1/models/other", "/metrics")
    print(json.dumps({path: ask(path) for path in paths}), file=sys.stderr, flush=True)
    os.kill(os.getpid(), signal.SIGTERM)

threading.Thread(target=end, daemon=True).start()
sys.exit(run(cli, sys.argv[1:], "model-router"))
"""


def imported(*arguments: str, script: str = LOOK) -> list[str]:
    ended = subprocess.run(
        [sys.executable, "-c", script, *arguments], capture_output=True, text=True, timeout=60, check=True
    )
    code, *modules = ended.stderr.splitlines()[-1].split()
    assert code == "0", ended.stderr
    return modules


@pytest.mark.parametrize(
    "arguments",
    [("--help",), ("decide", "hello"), ("decide", "--explain", "hello"), ("validate-config",), ("serve", "--help")],
)
def test_small_commands_import_nothing_heavy(arguments: tuple[str, ...]) -> None:
    assert imported(*arguments) == []


def test_on_a_terminal_sentences_end_between_words(tmp_path: Path) -> None:
    pytest.importorskip("pty", reason="terminals of this kind are a matter of Unix")
    environ = {**os.environ, "MODEL_ROUTER_HOME": str(tmp_path)}
    machine = Path(__file__).parents[1] / "data" / "machines" / "laptop-8gb.json"
    arguments = ("setup", "recommend", "--hardware", str(machine))
    wide, narrow = (
        subprocess.run(
            [sys.executable, *start, *arguments], capture_output=True, env=environ, timeout=60, check=True
        ).stdout.decode()
        for start in (("-m", "model_router"), ("-c", IN_A_TERMINAL))
    )
    bare = re.sub(r"\x1b\[[0-9;]*m", "", narrow)
    sentences = bare[: bare.index("checked")].splitlines()  # what is said behind the result is a command to copy
    assert max(map(len, wide.splitlines())) > 100
    assert 50 < max(map(len, sentences)) < 60
    assert " ".join(bare.split()).startswith(" ".join(wide.split())), "nothing is lost"


@pytest.mark.parametrize(
    ("arguments", "whole"),
    [
        (("setup", "fit", "qwen3.6-35b-a3b", "--gpu", "RTX 3060:12"), "GB/s"),
        (("decide", "--explain", "drop the production database"), "trade-offs"),
        (("serve",), "`model-router init --preset NAME`"),
        (("init", "--auto", "--preset", "ollama"), "hint:"),
    ],
)
def test_on_a_terminal_rows_and_hints_keep_within_its_width(
    tmp_path: Path, arguments: tuple[str, ...], whole: str
) -> None:
    pytest.importorskip("pty", reason="terminals of this kind are a matter of Unix")
    environ = {**os.environ, "MODEL_ROUTER_HOME": str(tmp_path / "h"), "NO_COLOR": "1"}
    command = [sys.executable, "-c", IN_A_TERMINAL, *arguments]
    shown = subprocess.run(command, capture_output=True, env=environ, timeout=60, check=True).stdout.decode()
    lines = [line for line in shown.splitlines() if str(tmp_path) not in line]
    assert max(map(len, lines)) < 60
    assert any(whole in line for line in lines), "what is to be copied is in one line"


def test_on_a_terminal_a_port_that_is_taken_is_told_within_its_width(tmp_path: Path) -> None:
    pytest.importorskip("pty", reason="terminals of this kind are a matter of Unix")
    path = Path("p.yaml")
    environ = {**os.environ, "MODEL_ROUTER_HOME": str(tmp_path / "h"), "NO_COLOR": "1"}
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        (tmp_path / path).write_text(PROXY.replace("port: 0", f"port: {port}"))
        command = [sys.executable, "-c", IN_A_TERMINAL, "serve", "--config", str(path)]
        shown = subprocess.run(command, capture_output=True, env=environ, cwd=tmp_path, timeout=60, check=True)
    lines = shown.stdout.decode().splitlines()
    assert lines[0] == f"error: Port {port} on 127.0.0.1 is in use"
    assert max(map(len, lines)) < 60
    assert any("`model-router serve --port 8083`" in line for line in lines), "what is to be copied is in one line"


def test_importing_the_package_loads_nothing_from_outside() -> None:
    script = (
        "import sys, model_router; print(0, *({'yaml', 'click', 're2', 'httpx'} & set(sys.modules)), file=sys.stderr)"
    )
    assert imported(script=script) == []


def test_serve_never_loads_the_screen_or_the_hub(tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    path.write_text(PROXY)
    modules = imported("serve", "--config", str(path), script=END_SOON + LOOK)
    assert {"hypercorn", "httpx"} <= set(modules)
    assert not {"textual", "huggingface_hub", "sklearn"} & set(modules)


def test_it_answers_whether_it_is_there_before_the_web_framework_is(tmp_path: Path) -> None:
    (port,) = free_ports(1)
    path = tmp_path / "p.yaml"
    path.write_text(PROXY.replace("port: 0", f"port: {port}"))
    ended = subprocess.run(
        [sys.executable, "-c", ASK, "serve", "--config", str(path)],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
        env={**os.environ, "PORT": str(port)},
    )
    told = json.loads(next(line for line in ended.stderr.splitlines() if line.startswith("{")))
    assert told == {
        "/": [200, []],
        "/health": [503, []],
        "/v1/models": [200, []],
        "/v1/models/model-router": [200, []],
        "/v1/models/other": [404, []],
        "/metrics": [200, ["quart"]],
    }


def test_serve_with_a_bad_catalog_says_so_and_goes_on(tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text("engines: {a: {cost_teir: 1}}\n")
    path = tmp_path / "p.yaml"
    path.write_text(PROXY + "router_config: c.yaml\n")
    with subprocess.Popen(
        [sys.executable, "-m", "model_router", "--serve", "--config", str(path)], stderr=subprocess.PIPE, text=True
    ) as server:
        assert server.stderr is not None
        lines: list[str] = []
        while not lines or "http://127.0.0.1:" not in lines[-1]:
            lines.append(server.stderr.readline())
            assert lines[-1], lines
        server.terminate()
        assert server.wait(timeout=20) == 0
        server.stderr.read()
    assert lines[0] == "warning: the catalog cannot be used, so every request waits for a person\n"
    assert "did you mean 'cost_tier'?" in "".join(lines)


def quickest(*commands: tuple[str, ...], environ: Mapping[str, str], runs: int = 7) -> list[float]:
    """Processor seconds of each command's quickest run, by turns; none of them waits for anything but the processor."""
    resource = pytest.importorskip("resource", reason="the times of other processes are a matter of Unix")

    def spent() -> float:
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        return float(usage.ru_utime + usage.ru_stime)

    times: list[list[float]] = [[] for _ in commands]
    for _ in range(runs):
        for command, taken in zip(commands, times, strict=True):
            before = spent()
            subprocess.run([sys.executable, *command], stdout=subprocess.DEVNULL, check=True, env=environ)
            taken.append(spent() - before)
    return [min(taken) for taken in times]


@pytest.mark.parametrize("arguments", [("--help",), ("decide", "fix the repo and run tests")])
def test_start_up_is_quick(arguments: tuple[str, ...], tmp_path: Path) -> None:
    """At most 0.15 s more than a bare interpreter; on a slower machine as much more as its interpreter is slower.

    What is installed has its bytecode; here the first run leaves it for the others.
    """
    environ = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    environ["PYTHONPYCACHEPREFIX"] = str(tmp_path)
    bare, ours = quickest(("-c", "pass"), ("-m", "model_router", *arguments), environ=environ)
    assert ours - bare < 0.15 * max(1.0, bare / 0.015)


def test_a_pipe_and_no_color_give_plain_text(process: Process) -> None:
    for environ in ({}, {"NO_COLOR": "1"}, {"TERM": "dumb"}):
        ended = process("decide", "hello", **environ)
        assert ended.code == 0
        assert "\x1b" not in ended.out + ended.err


@pytest.mark.skipif(sys.platform == "win32", reason="pseudo-terminals are a matter of Unix")
@pytest.mark.parametrize(("no_color", "colored"), [("", True), ("1", False)])
def test_a_terminal_gets_colour_unless_told_not_to(no_color: str, colored: bool) -> None:
    import pty

    leader, follower = pty.openpty()
    try:
        subprocess.run(
            [sys.executable, "-m", "model_router", "decide", "hello"],
            stdout=follower,
            check=True,
            env={**os.environ, "NO_COLOR": no_color, "TERM": "xterm"},
        )
        out = os.read(leader, 10_000)
    finally:
        os.close(leader)
        os.close(follower)
    assert (b"\x1b[1m" in out) is colored


def test_a_reader_that_leaves_is_no_error() -> None:
    read_end, write_end = os.pipe()
    os.close(read_end)
    try:
        ended = subprocess.run(
            [sys.executable, "-m", "model_router", "decide", "--json", "hello"],
            stdout=write_end,
            stderr=subprocess.PIPE,
            check=False,
        )
    finally:
        os.close(write_end)
    assert (ended.returncode, ended.stderr) == (141, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_disk_is_one_sentence() -> None:
    with open("/dev/full", "wb") as full:
        ended = subprocess.run(
            [sys.executable, "-m", "model_router", "decide", "hello"], stdout=full, stderr=subprocess.PIPE, check=False
        )
    assert ended.returncode == 1
    assert ended.stderr.decode().splitlines() == ["error: No space left on device"]


def test_bytes_that_are_not_text_are_refused(process: Process) -> None:
    ended = process("decide", "-", stdin=b"\xff\xfe")
    assert ended.code == 2
    assert "not UTF-8" in ended.err


def test_an_old_terminal_gets_what_it_can_show(process: Process) -> None:
    ended = process("decide", "--json", "löschen", PYTHONIOENCODING="ascii", PYTHONUTF8="0")
    assert ended.code == 0
    assert ended.json["selected_engine"]


def test_completion_answers_the_shell(process: Process) -> None:
    ended = process(_MODEL_ROUTER_COMPLETE="bash_complete", COMP_WORDS="model-router dec", COMP_CWORD="1")
    assert ended.out == "plain,decide\n"
