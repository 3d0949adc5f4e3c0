"""``model-router serve`` killed at random moments while requests come, again and again over one log and one port.

Nothing that a gateway leaves behind may keep the next one from its port; when all is over no line of the log may be
broken, and of the answers that clients had whole, only those of the last second before a kill may be missing from it.
The log is rotated all the while. A line that a kill tore is cut off by the next start. Exit code 1 when something does
not hold.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import yaml

from benchmarks import upstream
from benchmarks.systems import ending_with_us
from model_router.hindsight.event_files import event_files
from model_router.hindsight.past_event import BrokenLine, PastEvent, read_line

_CLIENTS = 6
_START_SECONDS = 60.0
_LOST_SECONDS = 1.0
"""So much before a kill may be missing from the log; on a machine that keeps processes waiting, that much more."""
_TICK_SECONDS = 0.02
_ENGINES = ("fast_local", "balanced_local", "reasoning_local", "code_agent", "web_research", "multimodal_vision")
_ASKS = ("rewrite this text", "summarize these notes", "fix the repo and run tests", "drop the production database")


@dataclass(slots=True)
class Lives:
    """What was seen. ``answered`` has the request ids of whole answers with the number of their life and when they
    ended, seconds of the monotonic clock; ``kills`` when each life ended; ``starts`` how long each took to answer.
    ``stall`` is the longest that this process, which has little to do, was kept waiting for a processor.
    """

    answered: dict[str, tuple[int, float]] = field(default_factory=dict)
    kills: list[float] = field(default_factory=list)
    starts: list[float] = field(default_factory=list)
    torn: int = 0
    stall: float = 0.0
    stuck: list[str] = field(default_factory=list)


def main(arguments: list[str]) -> int:
    """Print what was seen."""
    parser = argparse.ArgumentParser(prog="scripts/bench kills", description=__doc__)
    parser.add_argument("--times", type=int, default=100, help="how often it is killed")
    parser.add_argument("--longest", type=float, default=2.0, help="seconds of load before a kill, at most")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6), help="of the moments")
    parser.add_argument("--json", action="store_true")
    options, _ = parser.parse_known_args(arguments)
    with tempfile.TemporaryDirectory(prefix="kills-") as name, upstream.running() as port:
        figures, problems = asyncio.run(_lives(Path(name), port, options.times, options.longest, options.seed))
    if options.json:
        print(json.dumps({"seed": options.seed, "figures": figures, "problems": problems}, indent=2))
    else:
        print(f"{options.times} kills, seed {options.seed}")
        for label, value in figures.items():
            print(f"  {label:<52} {value:>12,.3f}")
        for problem in problems:
            print(f"  does not hold: {problem}")
    return int(bool(problems))


async def _lives(
    folder: Path, backend: int, times: int, longest: float, seed: int
) -> tuple[dict[str, float], list[str]]:
    moments = random.Random(seed)
    config, port = _configuration(folder, backend)
    lives = Lives()
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=20) as client:
        for _ in range(times):
            await _life(lives, config, client, moments.uniform(0.0, longest))
        process = await _started(lives, config, client)  # the last one may end as it likes, and leaves a whole log
    if process is not None:
        process.send_signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(20)
        process.kill()
    return judged(lives, *_read(folder / "logs" / "events.jsonl"))


async def _life(lives: Lives, config: Path, client: httpx.AsyncClient, seconds: float) -> None:
    process = await _started(lives, config, client)
    if process is None:
        return
    clients = [asyncio.create_task(_ask(lives, client, number)) for number in range(_CLIENTS)]
    ends = time.monotonic() + seconds
    while (now := time.monotonic()) < ends:
        await asyncio.sleep(_TICK_SECONDS)
        lives.stall = max(lives.stall, time.monotonic() - now - _TICK_SECONDS)
    process.kill()
    lives.kills.append(time.monotonic())
    process.wait()
    await asyncio.gather(*clients)
    log = config.parent / "logs" / "events.jsonl"
    if log.exists() and log.stat().st_size and not log.read_bytes().endswith(b"\n"):
        lives.torn += 1


def _spawn(config: Path, output: Path) -> subprocess.Popen[bytes]:
    with output.open("wb") as stream:
        return subprocess.Popen(
            [*ending_with_us(), sys.executable, "-m", "model_router", "serve", "--config", str(config)],
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT,
            env=os.environ | {"MODEL_ROUTER_HOME": str(config.parent / "home")},
        )


async def _started(lives: Lives, config: Path, client: httpx.AsyncClient) -> subprocess.Popen[bytes] | None:
    """The gateway, once it answers; None when it never does, which is noted."""
    output = config.with_suffix(".output")
    began = time.monotonic()
    process = _spawn(config, output)
    while process.poll() is None and time.monotonic() - began < _START_SECONDS:
        with contextlib.suppress(httpx.TransportError):
            await client.get("/v1/models")
            lives.starts.append(time.monotonic() - began)
            return process
        await asyncio.sleep(0.02)
    process.kill()
    process.wait()
    lives.stuck.append(output.read_text(errors="replace").strip()[-200:] or "it does not answer")
    return None


async def _ask(lives: Lives, client: httpx.AsyncClient, number: int) -> None:
    """Ask, one request after the other, until the gateway is gone; what was answered whole is kept."""
    life = len(lives.kills)
    while True:
        number += 1
        body = {
            "model": "auto",
            "stream": number % 3 == 0,
            "messages": [{"role": "user", "content": f"{_ASKS[number % len(_ASKS)]} {number}"}],
        }
        try:
            answer = await client.post("/v1/chat/completions", json=body)
        except httpx.TransportError:
            return
        lives.answered.setdefault(answer.headers["x-modelrouter-request-id"], (life, time.monotonic()))


def _read(log: Path) -> tuple[set[str], int]:
    """The requests that stand in the log, and how many lines of it are broken."""
    known: set[str] = set()
    broken = 0
    for path in event_files(log):
        for line in path.read_bytes().splitlines():
            found = read_line(line)
            broken += isinstance(found, BrokenLine)
            if isinstance(found, PastEvent):
                known.add(found.request_id)
    return known, broken


def judged(lives: Lives, known: set[str], broken: int) -> tuple[dict[str, float], list[str]]:
    """Figures, and what does not hold of what was promised."""
    lost = [told for name, told in lives.answered.items() if name not in known]
    oldest = max((lives.kills[life] - ended for life, ended in lost), default=0.0)
    figures = {
        "answers that clients had whole": float(len(lives.answered)),
        "events in the log": float(len(known)),
        "answers missing from it": float(len(lost)),
        "the oldest of them, s before the kill": max(0.0, oldest),
        "longest wait for a processor, s": lives.stall,
        "lines that a kill tore, cut off by the next start": float(lives.torn),
        "broken lines at the end": float(broken),
        "longest start, s": max(lives.starts, default=0.0),
        "starts that failed": float(len(lives.stuck)),
    }
    problems = [f"the next one did not start: {word}" for word in lives.stuck]
    if broken:
        problems.append(f"{broken} lines of the log cannot be read")
    if oldest > _LOST_SECONDS + lives.stall:
        problems.append(f"an answer that was {oldest:.2f} s old is not in the log")
    if not known or not lives.answered:
        problems.append("nothing was asked, so nothing is shown")
    return figures, problems


def _configuration(folder: Path, backend: int) -> tuple[Path, int]:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = int(probe.getsockname()[1])
    path = folder / "routing_proxy.yaml"
    content = {
        "proxy": {"port": port},
        "observability": {"log_path": "logs/events.jsonl", "max_bytes": 1_000_000, "backups": 1_000},
        "backends": {"one": {"base_url": f"http://127.0.0.1:{backend}/v1", "model": "ready"}},
        "engine_backends": dict.fromkeys(_ENGINES, "one"),
    }
    path.write_text(yaml.safe_dump(content))
    return path, port
