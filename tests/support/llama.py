"""Real llama.cpp servers on loopback, each with a scripted model of its own."""

from __future__ import annotations

import contextlib
import platform
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.support.scripted_gguf import ToolCall, dimensions_of, write_scripted_gguf
from tests.support.scripted_projector import write_scripted_projector

ENGINES = (
    "fast_local",
    "balanced_local",
    "reasoning_local",
    "code_agent",
    "web_research",
    "multimodal_vision",
    "image_generation",
)
"""The engines that answer through a model server, in the order of the routes."""

LIST_FILES = ToolCall("list_files", {"path": "."})
"""What the model of ``code_agent`` calls first when it is given tools."""

_ROOT = Path(__file__).parents[2]
_WHEELS = (("Linux", "x86_64"), ("Linux", "aarch64"), ("Darwin", "arm64"), ("Windows", "AMD64"))
"""Where the wheel has builds; the condition in pyproject.toml says the same."""

START_TIMEOUT = 240.0
"""Seconds until a server must be ready. Eight together take about a second on two idle cores; being nice to everybody
else, they have taken a minute on busy ones."""

_LISTENING = re.compile(r"listening on http://127\.0\.0\.1:(\d+)\n")


@dataclass(frozen=True, slots=True)
class ScriptedModel:
    """What one server says. ``context`` is in tokens and shared by its two slots; a prompt takes a token a byte.

    A model that ``sees`` takes image parts; a server refuses them for every other. One that ``thinks`` has thoughts in
    ``<think>`` and ``</think>`` at the beginning of its sentence.
    """

    name: str
    sentence: str
    loop: bool = False
    tool_call: ToolCall | None = None
    sees: bool = False
    thinks: bool = False
    context: int = 65_536


@dataclass(frozen=True, slots=True)
class LlamaServer:
    """A running server. ``log`` is the file with all that it printed."""

    model: ScriptedModel
    port: int
    process: subprocess.Popen[bytes]
    log: Path

    @property
    def base_url(self) -> str:
        """The address as a client's configuration has it."""
        return f"http://127.0.0.1:{self.port}/v1"

    def busy_slots(self) -> int:
        """Generations under way."""
        slots = httpx.get(f"http://127.0.0.1:{self.port}/slots", timeout=5, trust_env=False).json()
        return sum(bool(slot["is_processing"]) for slot in slots)

    def answers_begun(self) -> int:
        """Generations since the start, as the server's own log counts them."""
        return self.log.read_text(errors="replace").count("launch_slot_")

    def stop(self) -> None:
        """End the process and wait for it; twice is fine. It waits for idle connections itself, so it gets no long."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(0.5)
            except subprocess.TimeoutExpired:
                self.kill()

    def kill(self) -> None:
        """End the process at once, as a crash would."""
        self.process.kill()
        self.process.wait(5)


def why_unavailable() -> str:
    """Why this platform has no llama.cpp server to test with; empty when it has one."""
    here = platform.system(), platform.machine()
    return "" if here in _WHEELS else f"the llama.cpp server wheel has no build for {here[0]} on {here[1]}"


def engine_model(engine: str) -> ScriptedModel:
    """The model whose answer names ``engine``. That of the vision engine sees, that of the code engine calls a tool."""
    return ScriptedModel(
        name=f"model-of-{engine}",
        sentence=f"This answer was made by {engine}.",
        sees=engine == "multimodal_vision",
        tool_call=LIST_FILES if engine == "code_agent" else None,
    )


def endless_model() -> ScriptedModel:
    """A model that talks until it is stopped, or for about a minute."""
    return ScriptedModel(name="endless", sentence="round and", loop=True, context=262_144)


@contextlib.contextmanager
def running(models: Sequence[ScriptedModel], folder: Path) -> Iterator[dict[str, LlamaServer]]:
    """Start one server for each model, all at the same time, and give them by model name once all are ready.

    Raises:
        RuntimeError: a server ended or was not ready in time; the message has the end of its log.
    """
    processes: list[tuple[ScriptedModel, subprocess.Popen[bytes], Path]] = []
    servers: dict[str, LlamaServer] = {}
    try:
        for model in models:
            processes.append((model, *_start(model, folder)))
        deadline = time.monotonic() + START_TIMEOUT
        for model, process, log in processes:
            servers[model.name] = LlamaServer(model, _port_of(process, log, deadline), process, log)
        yield servers
    finally:
        for _, process, _ in processes:
            if process.poll() is None:
                process.terminate()
        for model, process, log in processes:
            LlamaServer(model, 0, process, log).stop()


def _start(model: ScriptedModel, folder: Path) -> tuple[subprocess.Popen[bytes], Path]:
    file = write_scripted_gguf(
        folder / f"{model.name}.gguf",
        model.sentence,
        name=model.name,
        loop=model.loop,
        tool_call=model.tool_call,
        thinks=model.thinks,
    )
    log = folder / f"{model.name}.log"
    command = ["nice", "-n", "5", sys.executable, "-m", "tests.support.llama_process"]
    command += [str(file), model.name, str(model.context)]
    if model.sees:
        projector = write_scripted_projector(folder / f"{model.name}.mmproj", dimensions_of(model.sentence))
        command.append(str(projector))
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=_ROOT,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    return process, log


def _port_of(process: subprocess.Popen[bytes], log: Path, deadline: float) -> int:
    """The port that a server found for itself; it says so when its model is loaded."""
    while True:
        found = _LISTENING.search(log.read_text(errors="replace"))
        if found:
            return int(found[1])
        if process.poll() is not None:
            raise RuntimeError(f"llama-server ended with {process.returncode}: {_end_of(log)}")
        if time.monotonic() > deadline:
            raise RuntimeError(f"llama-server is not ready after {START_TIMEOUT} s: {_end_of(log)}")
        time.sleep(0.02)


def _end_of(log: Path) -> str:
    return log.read_text(errors="replace")[-1500:].strip()
