"""What the application costs the person who looks at it: the table of its own goals, in a real terminal of 120 by 40.

Start, a log of a million generated events, 500 events/s live, rest, memory with 50,000 live rows, and requests beside
the screen. Every part starts a process of its own and ends it; the whole takes some minutes. Seconds of readings of the
log are processor time, which is what they take on a machine with nothing else to do; what stands beside them by the
clock, and all that is seen in the terminal, has the machine's other work in it. Exit code 1 when a figure is outside
its bar.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from benchmarks import load, payloads, proxy, systems, upstream
from benchmarks.bars import PACED, SCREEN, middle
from benchmarks.events import generate
from benchmarks.log_times import time_log
from benchmarks.payloads import Payload
from benchmarks.stage import Stage
from benchmarks.window import Window, person
from model_router.hindsight.event_files import event_files
from model_router.hindsight.reading import read_events
from tests.support.ports import free_ports

_PROGRAM = str(Path(__file__).with_name("screen_program.py"))
_RATE = 500
_FILLING_RATE = 5_000
_RING = 50_000
_LOOK_SECONDS = 0.01
_TABS = "Home.*Try.*Log.*Models.*Downloads.*Config.*Doctor"

BARS = {
    "first picture after start, s": 0.6,
    "gateway ready after start, s": 1.0,
    "open and count the log, s": 0.5,
    "first page of the log, s": 0.05,
    "page of 50 rows, s": 0.05,
    "filter, columns built, s": 0.5,
    "filter to 50 rows, columns not built, s": 0.5,
    "500 events/s, share of a core": 0.25,
    "500 events/s, lag p99, ms": 20.0,
    "events lost from the file": 0.0,
    "rows neither shown nor counted as dropped": 0.0,
    "idle, share of a core": 0.01,
    "memory with 50,000 live rows, MB": 150.0,
    "16 clients beside it, p99 to headless": 2.0,
    "the same at 200 requests/s, to headless": 2.0,
}
"""The most that a figure may be. Those without a bar help to understand the others."""

Found = dict[str, float]


@dataclass(frozen=True, slots=True)
class Scale:
    """How much is measured."""

    events: int = 1_000_000
    rows: int = 50_000
    rounds: int = 5
    seconds: float = 10.0
    requests: int = 5_000


class Orders:
    """The measured application's other end: see :mod:`benchmarks.screen_program`."""

    def __init__(self, told: socket.socket) -> None:
        told.settimeout(120)
        self._file = told.makefile("rw", encoding="utf-8")
        self._file.readline()

    def give(self, **order: object) -> dict[str, Any]:
        """What it answers."""
        print(json.dumps(order), file=self._file, flush=True)
        answer: dict[str, Any] = json.loads(self._file.readline())
        return answer

    def settle(self, seconds: float = 30.0) -> dict[str, Any]:
        """The same, once the screen has taken up everything that was handed over."""
        deadline = time.monotonic() + seconds
        while True:
            answer = self.give()
            if answer["total"] + answer["dropped"] >= answer["handed"] or time.monotonic() > deadline:
                return answer
            time.sleep(_LOOK_SECONDS)


def start(folder: Path, scale: Scale) -> Found:
    """From the start of the process to the first picture, and to an answer of the gateway."""
    pictures, ready, bare, used = [], [], [], []
    with upstream.running() as port:
        for number in range(scale.rounds + 1):
            began = time.perf_counter()
            subprocess.run([sys.executable, "-c", "pass"], check=True)
            bare.append(time.perf_counter() - began)
            with _application(folder, port, "home") as (window, own):
                answered: list[float] = []
                looking = threading.Thread(target=_look, args=(own, answered))
                looking.start()
                seen = window.wait(_TABS)
                used.append(window.processor())
                looking.join()
            if number:  # the first fills the caches
                pictures.append(seen - window.began)
                ready.extend(moment - window.began for moment in answered)
    return {
        "first picture after start, s": statistics.median(pictures),
        "first picture after start, best, s": min(pictures),
        "gateway ready after start, s": statistics.median(ready),
        "gateway ready after start, best, s": min(ready),
        "processor time until the first picture, s": min(used),
        "an interpreter that does nothing, s": statistics.median(bare),
    }


def _look(port: int, answered: list[float]) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if systems.answers(port):
            answered.append(time.perf_counter())
            return
        time.sleep(_LOOK_SECONDS)


@contextlib.contextmanager
def _application(folder: Path, port: int, screen: str, log: Path | None = None) -> Iterator[tuple[Window, int]]:
    """The application as a person starts it, and the port of its gateway."""
    folder = Path(tempfile.mkdtemp(dir=folder))
    (own,) = free_ports(1)
    file = _file(folder, own, port, log)
    command = [sys.executable, "-m", "model_router", "tui", screen, "--config", str(file)]
    window = Window(command, folder, environ=person(folder))
    try:
        yield window, own
    finally:
        window.close()


@contextlib.contextmanager
def _measured(folder: Path, port: int) -> Iterator[tuple[Window, Orders, int, Path]]:
    """The application that takes orders, with its log in view; the port of its gateway, and its event log."""
    folder = Path(tempfile.mkdtemp(dir=folder))
    (own,) = free_ports(1)
    mine, theirs = socket.socketpair()
    with mine, theirs:
        command = [sys.executable, _PROGRAM, str(_file(folder, own, port)), str(theirs.fileno())]
        window = Window(command, folder, environ=person(folder), pass_fds=(theirs.fileno(),))
        theirs.close()
        try:
            window.wait(_TABS)
            yield window, Orders(mine), own, folder / "events.jsonl"
        finally:
            window.close()


def _file(folder: Path, own: int, port: int, log: Path | None = None) -> Path:
    """A configuration whose log is never rotated, so that every event is still there to be counted."""
    path = systems.proxy_file(folder, own, port)
    content = yaml.safe_load(path.read_text("utf-8"))
    content["observability"]["max_bytes"] = 4_000_000_000
    if log is not None:
        content["observability"]["log_path"] = str(log)
    path.write_text(yaml.safe_dump(content, sort_keys=False), "utf-8")
    return path


def history(folder: Path, scale: Scale) -> Found:
    """A long log, read in a process of its own, and opened by its key in the terminal."""
    path = folder / "routing-events.jsonl"
    generate(path, scale.events)
    command = [sys.executable, "-m", "benchmarks.screen", "--read", str(path)]
    ended = subprocess.run(command, capture_output=True, text=True, check=True, timeout=600)
    found: Found = json.loads(ended.stdout)
    with upstream.running() as port, _application(folder, port, "log", path) as (window, own):
        window.wait("no requests|No requests|rows", 30)
        _look(own, [])
        window.forget()
        pressed = window.send("H")
        found["H to the first rows in the terminal, by the clock, s"] = window.wait("HISTORY.*ok") - pressed
        found["H to the last row counted, by the clock, s"] = window.wait("newest first {2}") - pressed
    path.unlink()
    return found


def read(path: Path) -> Found:
    """The readings of one log."""
    times = time_log(path, unbuilt=True)
    measured = {
        "open and count the log, s": times.opened,
        "first page of the log, s": times.first_page,
        "page of 50 rows, s": times.page,
        "filter, columns built, s": times.filtered,
        "filter to 50 rows, columns not built, s": times.unbuilt,
        "filter to the end, columns not built, s": times.unbuilt_to_the_end,
        "columns, s": times.columns,
    }
    taken = {name: seconds for name, seconds in measured.items() if seconds is not None}
    clocks = {name.replace(", s", ", by the clock, s"): seconds.clock for name, seconds in taken.items()}
    return {name: seconds.processor for name, seconds in taken.items()} | clocks


def live(folder: Path, scale: Scale) -> Found:
    """Events at 500/s with the log in view; then more at once than the ring between server and screen holds."""
    found: Found = {}
    with upstream.running() as port, _measured(folder, port) as (window, orders, _, log):
        time.sleep(min(1.0, scale.seconds))
        found["lag p99 with nothing to do, ms"], _ = _lag(orders, scale.seconds / 2)
        orders.give(flow=_RATE)
        time.sleep(min(1.0, scale.seconds))
        before, used, began = orders.give(), window.processor(), time.perf_counter()
        time.sleep(scale.seconds)
        after, used, taken = orders.give(), window.processor() - used, time.perf_counter() - began
        found["500 events/s, share of a core"] = used / taken
        found["of which making the events"] = (after["flow"] - before["flow"]) / taken
        found["events/s that came"] = (after["handed"] - before["handed"]) / taken
        late, own = _lag(orders, scale.seconds)
        found["500 events/s, lag p99, ms"] = late
        found["of which the screen's own work, p99, ms"] = own
        orders.give(flow=0)
        found["rows dropped at 500 events/s"] = orders.settle()["dropped"]
        orders.give(burst=_RING + scale.rows // 5)
        told = orders.settle()
        found["rows dropped in a burst of more than the ring holds"] = told["dropped"]
        found["rows neither shown nor counted as dropped"] = told["handed"] - told["total"] - told["dropped"]
    found["events lost from the file"] = told["handed"] - sum(1 for _ in read_events(event_files(log)))
    return found


def _lag(orders: Orders, seconds: float) -> tuple[float, float]:
    """Milliseconds of lateness and of work in between, each at its 99th percentile."""
    orders.give(probe=True)
    time.sleep(seconds)
    told = orders.give(probe=False)
    late, own = (sorted(told[name]) for name in ("late", "own"))
    return 1e3 * float(late[int(0.99 * (len(late) - 1))]), 1e3 * float(own[int(0.99 * (len(own) - 1))])


def idle(folder: Path, scale: Scale) -> Found:
    """Nobody asks and nobody presses a key, Home in view."""
    with upstream.running() as port, _application(folder, port, "home") as (window, own):
        window.wait(_TABS)
        _look(own, [])
        time.sleep(2)
        used, began = window.processor(), time.perf_counter()
        time.sleep(scale.seconds)
        share = (window.processor() - used) / (time.perf_counter() - began)
        return {"idle, share of a core": share, "memory with no row, MB": window.memory()}


def memory(folder: Path, scale: Scale) -> Found:
    """With as many rows as the screen keeps; the newest are requests, whose receipts are kept too."""
    with upstream.running() as port, _measured(folder, port) as (window, orders, own, _):
        orders.give(flow=_FILLING_RATE)
        while orders.give()["handed"] < scale.rows:
            time.sleep(_LOOK_SECONDS)
        orders.give(flow=0)
        orders.settle()
        requests, asked = payloads.requests(Payload.SHORT), 0
        deadline = time.monotonic() + 60
        while asked < scale.requests and time.monotonic() < deadline:
            asked += load.measure(own, requests, clients=4, seconds=0.5).requests
        time.sleep(1)
        told = orders.settle()
        return {
            "memory with 50,000 live rows, MB": window.memory(),
            "rows held": told["rows"],
            "of which requests with receipts, at least": asked,
        }


def beside(folder: Path, scale: Scale) -> Found:
    """Requests through a gateway with the screen, and through one without."""
    core, others = systems.split_cores()
    figures = proxy.Figures()
    with systems.on(others), upstream.running() as port:
        stage = Stage(folder, port, core)
        (headless,) = systems.launches([systems.OURS]).values()
        with stage.running("headless", headless) as alone, stage.running("screen", systems.screen) as screen:
            proxy.beside_screen(alone, screen, scale.rounds, scale.seconds / 5, figures)
    ratios = {row: middle(figures.found[row.title][systems.OURS]) for row in (SCREEN, PACED)}
    return {
        "16 clients beside it, p99 to headless": ratios[SCREEN],
        "the same at 200 requests/s, to headless": ratios[PACED],
        "requests failed": float(sum(figures.failures.values())),
    }


PARTS: Mapping[str, Callable[[Path, Scale], Found]] = {
    "start": start,
    "history": history,
    "live": live,
    "idle": idle,
    "memory": memory,
    "beside": beside,
}


def main(arguments: list[str]) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="scripts/bench screen", description=__doc__)
    usual = Scale()
    parser.add_argument("--only", type=_names, default=tuple(PARTS), help=f"parts, with commas: {' '.join(PARTS)}")
    parser.add_argument("--events", type=int, default=usual.events, help="in the log")
    parser.add_argument("--rows", type=int, default=usual.rows, help="live rows in memory")
    parser.add_argument("--rounds", type=int, default=usual.rounds, help="of starts, and of requests beside the screen")
    parser.add_argument("--seconds", type=float, default=usual.seconds, help="of rest and of live events")
    parser.add_argument("--requests", type=int, default=usual.requests, help="among the live rows")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--read", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.read:
        print(json.dumps(read(options.read)))
        return 0
    if os.name != "posix":
        print("this benchmark needs a pseudo-terminal, which this system does not have", file=sys.stderr)
        return 2
    scale = Scale(options.events, options.rows, options.rounds, options.seconds, options.requests)
    found: Found = {}
    before = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="screen-") as folder:
        for name in options.only:
            found |= PARTS[name](Path(folder), scale)
    after = os.getloadavg()[0]
    outside = [name for name, bar in BARS.items() if name in found and not found[name] <= bar]
    if options.json:
        print(json.dumps({"load_average": [before, after], "figures": found, "outside": outside}, indent=1))
    else:
        print(
            f"{os.cpu_count()} cores, load average {before:.1f} before and {after:.1f} after; {scale.events:,} events"
        )
        print(table(found))
    return 1 if outside else 0


def table(found: Found) -> str:
    """Those with a bar first, in the order of the goals."""
    lines = [f"  {'':58} {'measured':>12}  {'bar':>6}"]
    for name in (*BARS, *(name for name in found if name not in BARS)):
        if name not in found:
            continue
        verdict = ""
        if name in BARS:
            verdict = f"  {BARS[name]:6g}  {'inside' if found[name] <= BARS[name] else 'OUTSIDE'}"
        lines.append(f"  {name:58} {found[name]:12,.3f}{verdict}")
    return "\n".join(lines)


def _names(text: str) -> tuple[str, ...]:
    names = tuple(text.split(","))
    for name in names:
        if name not in PARTS:
            raise argparse.ArgumentTypeError(f"no part is called {name!r}: {', '.join(PARTS)}")
    return names


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
