"""The gateways that are compared: how each is started, in the smallest configuration that forwards to one server.

They run one beside another, each a process tree of its own in a folder of its own, and idle while another is measured.
"""

from __future__ import annotations

import contextlib
import http.client
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil
import yaml

from benchmarks import peer
from tests.support.ports import free_ports

OURS, EXISTING, RUST, HAPROXY, LITELLM = "ours", "hermes-router", "vllm-router", "haproxy", "litellm"
NAMES = (OURS, EXISTING, RUST, HAPROXY)
ON_REQUEST = (LITELLM,)

Launch = Callable[[Path, int, int], list[str]]
"""From a folder to write into, the port to listen on and the port of the model server to a command."""

_START_SECONDS = 60.0
_STOP_SECONDS = 10.0
_LOOK_SECONDS = 0.002
_READY_PATH = "/v1/models"
_ENGINES = (
    "fast_local balanced_local reasoning_local code_agent web_research multimodal_vision image_generation"
).split()
_HAPROXY_FILE = """\
defaults
    mode http
    option http-no-delay
    timeout connect 5s
    timeout client 60s
    timeout server 60s
frontend clients
    bind 127.0.0.1:{port}
    default_backend server
backend server
    server one 127.0.0.1:{upstream}
"""


def proxy_file(folder: Path, port: int, upstream: int, *, logs: bool = True, **proxy: object) -> Path:
    """The file that ours and the existing package read alike: every engine on one backend, the event log on."""
    content = {
        "proxy": {"host": "127.0.0.1", "port": port, "model_ids": ["model-router"], **proxy},
        "observability": {"enabled": logs, "log_path": str(folder / "events.jsonl"), "prompt_capture": "off"},
        "backends": {"one": {"base_url": f"http://127.0.0.1:{upstream}/v1", "model": "ready"}},
        "engine_backends": dict.fromkeys(_ENGINES, "one"),
    }
    path = folder / "routing_proxy.yaml"
    path.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    return path


def installed() -> dict[str, str]:
    """The environment of an installed program, whose bytecode is on the disk: the first start leaves it there."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def launches(names: Sequence[str]) -> dict[str, Launch]:
    """How to start those that can be had; a word on stderr about the others."""
    found = {name: _launch(name) for name in names}
    return {name: launch for name, launch in found.items() if launch is not None}


def _launch(name: str) -> Launch | None:
    if name == OURS:
        return _ours
    if name == HAPROXY:
        program = shutil.which("haproxy", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
        if program is None:
            print("haproxy is left out: its Debian package is called haproxy", file=sys.stderr)
            return None
        return lambda folder, port, upstream: [program, "-db", "-q", "-f", str(_haproxy_file(folder, port, upstream))]
    requirement, start = {
        EXISTING: (f"hermes-router[proxy]=={peer.VERSION}", _existing),
        RUST: ("vllm-router==0.1.17", _rust),
        LITELLM: ("litellm[proxy]==1.106.2", _litellm),
    }[name]
    interpreter = peer.python(requirement, "peer" if name == EXISTING else f"peer-{name}")
    if interpreter is None:
        return None
    return lambda folder, port, upstream: start(interpreter.parent, folder, port, upstream)


def _ours(folder: Path, port: int, upstream: int) -> list[str]:
    return [sys.executable, "-m", "model_router", "serve", "--config", str(proxy_file(folder, port, upstream))]


def screen(folder: Path, port: int, upstream: int) -> list[str]:
    """Our application with its log in view, in a terminal of 130 by 40."""
    terminal = [sys.executable, str(Path(__file__).with_name("terminal.py")), "40", "130", str(folder / "screen")]
    program = [sys.executable, "-m", "model_router", "tui", "log"]
    return [*terminal, *program, "--config", str(proxy_file(folder, port, upstream))]


def _existing(programs: Path, folder: Path, port: int, upstream: int) -> list[str]:
    return [str(programs / "model-router-proxy"), "--config", str(proxy_file(folder, port, upstream))]


def _rust(programs: Path, _: Path, port: int, upstream: int) -> list[str]:
    (metrics,) = free_ports(1)
    program = [str(programs / "vllm-router"), "--host", "127.0.0.1", "--port", str(port), "--policy", "round_robin"]
    return [*program, "--worker-urls", f"http://127.0.0.1:{upstream}", "--prometheus-port", str(metrics)]


def _litellm(programs: Path, folder: Path, port: int, upstream: int) -> list[str]:
    server = {"model": "openai/ready", "api_base": f"http://127.0.0.1:{upstream}/v1", "api_key": "none"}
    content = {
        "model_list": [{"model_name": "model-router", "litellm_params": server}],
        # none of the systems asks for a key; this is how its manual runs it so on loopback
        "general_settings": {"dangerously_permit_weak_or_unset_master_key": True},
    }
    path = folder / "litellm.yaml"
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return [str(programs / "litellm"), "--config", str(path), "--host", "127.0.0.1", "--port", str(port)]


def _haproxy_file(folder: Path, port: int, upstream: int) -> Path:
    path = folder / "haproxy.cfg"
    path.write_text(_HAPROXY_FILE.format(port=port, upstream=upstream), encoding="utf-8")
    return path


@dataclass(frozen=True, slots=True)
class Memory:
    """Megabytes of a process tree; ``shared_out`` counts a page that several processes share once (Linux only)."""

    resident: float
    shared_out: float


class Running:
    """A system that answers. ``ready`` is how many seconds that took from its start."""

    def __init__(self, launch: Launch, folder: Path, upstream: int, cores: set[int] | None) -> None:
        (self.port,) = free_ports(1)
        command = [*ending_with_us(), *launch(folder, self.port, upstream)]
        environ = installed() | {
            "HOME": str(folder),
            "MODEL_ROUTER_HOME": str(folder / "home"),
            "LITELLM_LOCAL_MODEL_COST_MAP": "True",
            "TERM": "xterm-256color",
        }
        self._output = folder / "output"
        began = time.perf_counter()
        with self._output.open("wb") as output, on(cores):
            self.process = psutil.Popen(
                command, cwd=folder, env=environ, stdin=subprocess.PIPE, stdout=output, stderr=subprocess.STDOUT
            )
        try:
            self._wait()
        except BaseException:
            self.stop()
            raise
        self.ready = time.perf_counter() - began

    def _wait(self) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while not answers(self.port):
            if self.process.poll() is not None or time.monotonic() > deadline:
                said = self._output.read_text(errors="replace")[-2_000:]
                raise RuntimeError(f"{self.process.args[0]} does not answer; it said: {said}")
            time.sleep(_LOOK_SECONDS)

    def processor(self) -> float:
        """Seconds of processor time that its processes have used."""
        return sum(sum(each.cpu_times()[:2]) for each in self._tree())

    def memory(self) -> Memory:
        """What its processes hold now."""
        tree = self._tree()
        megabyte = 1_048_576
        shared_out = sum(getattr(each.memory_full_info(), "pss", 0) for each in tree) / megabyte
        return Memory(sum(each.memory_info().rss for each in tree) / megabyte, shared_out or float("nan"))

    def _tree(self) -> list[psutil.Process]:
        return [self.process, *self.process.children(recursive=True)]

    def stop(self) -> None:
        """Ask the processes to end, and wait; those that do not are ended."""
        if self.process.stdin is not None:
            self.process.stdin.close()
        tree = self._tree() if self.process.poll() is None else []
        for each in tree[:1]:
            each.terminate()
        _, left = psutil.wait_procs(tree, _STOP_SECONDS)
        for each in left:
            with contextlib.suppress(psutil.NoSuchProcess):
                each.kill()
        self.process.wait()


def ending_with_us() -> list[str]:
    """What to put before a command, so that its process is ended when this one is, even killed; nothing without Linux.

    To be started from the main thread: the system looks at the end of the thread that started it.
    """
    program = shutil.which("setpriv") if sys.platform == "linux" else None
    return [program, "--pdeathsig", "TERM"] if program is not None else []


def answers(port: int, path: str = _READY_PATH) -> bool:
    """Whether a GET is answered with 200."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path, headers={"Authorization": "Bearer none"})
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def split_cores() -> tuple[set[int] | None, set[int] | None]:
    """One core for the systems and the rest for clients and model server; None twice where that cannot be had."""
    if not hasattr(os, "sched_getaffinity"):
        return None, None
    cores = sorted(os.sched_getaffinity(0))
    return ({cores[-1]}, set(cores[:-1])) if len(cores) > 1 else (None, None)


@contextlib.contextmanager
def on(cores: set[int] | None) -> Iterator[None]:
    """This thread, and what it starts meanwhile, runs on these alone."""
    if cores is None:
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
